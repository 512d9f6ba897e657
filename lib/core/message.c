/* SPDX-License-Identifier: Apache-2.0 */
/* message: a finding as a sentence, the same in a denial, a warning and on a terminal. */
#include "pinnace/judge.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

const struct str reason_summaries[REASONS] = {
    [REASON_NONE] = STR_INIT(""),
    [REASON_NO_DIGEST] = STR_INIT("The image is not pinned by a digest."),
    [REASON_MUTABLE_TAG] = STR_INIT("The image's tag is one that is moved from image to image."),
    [REASON_NO_TAG] = STR_INIT("The image has neither tag nor digest and so means \"latest\"."),
    [REASON_BAD_REFERENCE] = STR_INIT("The image's name is none that can be pulled."),
    [REASON_BAD_DIGEST] = STR_INIT("What follows the @ is not a digest that can be pulled by."),
    [REASON_REGISTRY_NOT_ALLOWED] = STR_INIT("The PinPolicy does not allow the image's registry."),
    [REASON_NOT_RELEASED] = STR_INIT("The image was not released in this namespace."),
    [REASON_TAG_MISMATCH] = STR_INIT("The tag beside the digest means other bytes."),
    [REASON_TAG_MOVED] = STR_INIT("The tag was moved after its release."),
};

enum { IMAGE_SHOWN = 300 }; /* more than any good name is long */

/* The image without tag and digest, as the person wrote it. */
static struct str repository_as_written(const struct finding *finding)
{
    struct str image = site_image(finding->site);
    size_t end = image.len;
    if (finding->ref.digest.len)
        end -= finding->ref.digest.len + 1;
    if (finding->ref.tag.len)
        end -= finding->ref.tag.len + 1;
    return str_head(image, end);
}

void buf_add_suggestion(struct buf *buf, const struct finding *finding)
{
    bool other_repository = finding->track && finding->fault == IMAGEREF_OK &&
                            !imageref_same_repository(&finding->track->image, &finding->ref);
    if (!finding->row)
        return;
    if (other_repository)
        buf_add_repository(buf, &finding->track->image);
    else
        buf_add(buf, repository_as_written(finding));
    if (finding->row->tag.len)
        buf_addf(buf, ":%.*s", STR_FMT(finding->row->tag));
    buf_add_char(buf, '@');
    buf_add(buf, finding->row->digest);
}

static void add_remedy(struct buf *buf, const struct finding *finding, const char *otherwise)
{
    if (!finding->row) {
        buf_addf(buf, "; %s", otherwise);
        return;
    }
    buf_add(buf, STR("; write "));
    buf_add_suggestion(buf, finding);
}

static void add_not_released(struct buf *buf, const struct finding *finding)
{
    if (!finding->track) {
        buf_add(buf, STR(" is of a repository that no Track of this namespace follows; create a "
                         "Track for it, or list it in the PinPolicy under spec.free"));
        return;
    }
    buf_addf(buf, " was not released here by Track \"%.*s\"", STR_FMT(finding->track->name));
    add_remedy(buf, finding, "no release of it is known that could be used instead");
}

static void add_tag_mismatch(struct buf *buf, const struct finding *finding)
{
    buf_addf(buf, " names a digest that is not what the tag \"%.*s\" means",
             STR_FMT(finding->ref.tag));
    add_remedy(buf, finding, "drop the tag or correct the digest");
}

static void add_reason(struct buf *buf, const struct finding *finding)
{
    switch (finding->reason) {
    case REASON_NONE:
        break;
    case REASON_NO_DIGEST:
        buf_add(buf, STR(" names no digest, so other bytes can come under its name"));
        add_remedy(buf, finding, "append @sha256:... of the image you mean");
        break;
    case REASON_MUTABLE_TAG:
        buf_addf(buf, " has the tag \"%.*s\", which is moved from image to image",
                 STR_FMT(finding->ref.tag));
        add_remedy(buf, finding, "name a release such as 1.4.0, or a digest");
        break;
    case REASON_NO_TAG:
        buf_add(buf, STR(" has neither tag nor digest and so means \"latest\""));
        add_remedy(buf, finding, "name a release such as 1.4.0, or a digest");
        break;
    case REASON_BAD_REFERENCE:
    case REASON_BAD_DIGEST:
        buf_addf(buf, " cannot be pulled: %s", imageref_fault_text(finding->fault));
        break;
    case REASON_REGISTRY_NOT_ALLOWED:
        buf_add(buf, STR(" comes from a registry that the PinPolicy does not allow ("));
        buf_add_host(buf, finding->ref.host);
        buf_add(buf, STR("); its spec.registries lists those that are"));
        break;
    case REASON_NOT_RELEASED:
        add_not_released(buf, finding);
        break;
    case REASON_TAG_MISMATCH:
        add_tag_mismatch(buf, finding);
        break;
    case REASON_TAG_MOVED:
        buf_addf(buf, " has a tag that was moved: by now it means %.*s",
                 STR_FMT(finding->row->moved_to));
        add_remedy(buf, finding, "name a digest");
        break;
    case REASONS:
        break;
    }
}

/* Comes before the reason: a warning may be cut, and who let it in must not be. */
static void add_exemption(struct buf *buf, const struct exemption *exemption)
{
    if (exemption->name.len)
        buf_addf(buf, " is let in by Exemption \"%.*s\"", STR_FMT(exemption->name));
    else
        buf_add(buf, STR(" is let in by the PinPolicy"));
    if (exemption->expires) {
        buf_add(buf, STR(" until "));
        buf_add_when(buf, exemption->expires);
    }
    buf_add(buf, STR(" ("));
    buf_add_quoted(buf, exemption->reason, 120);
    buf_add(buf, STR("), although it"));
}

void buf_add_finding(struct buf *buf, const struct finding *finding)
{
    buf_add_quoted(buf, site_image(finding->site), IMAGE_SHOWN);
    if (finding->exemption)
        add_exemption(buf, finding->exemption);
    add_reason(buf, finding);
    if (finding->injected)
        buf_add(buf, STR("; the container was injected: the owner's template does not have it"));
}
