/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackapply: see the header. Each image is tested to be what was read before it is replaced. What
 * an update leaves as it was is left: an annotation must not roll anything out.
 */
#include "pinnace/trackapply.h"

#include "response.h"

#include "pinnace/banned.h"

enum { PATCH_MAX = 256 * 1024, PATH_MAX_BYTES = 256, IMAGE_MAX_BYTES = 1024 };

struct apply {
    const struct review *review;
    const struct ledger *ledger;
    struct arena *arena;
    struct buf patch, told;
    struct json_writer json;
    size_t replaced;
};

/* ---- what is meant ---- */

/* The tags by which a manifest says "what is current". */
static bool follows(const struct track *track, const struct imageref *ref)
{
    return !ref->tag.len || str_eq(ref->tag, STR("latest")) ||
           (track->follow_tag.len && str_eq(ref->tag, track->follow_tag));
}

static bool is_target(const struct apply *apply, const struct track_target *target,
                      const struct image_site *site)
{
    const struct object *object = &apply->review->object;
    struct str name = object->name.len ? object->name : apply->review->name;
    return str_eq(target->kind, object->kind_name) && str_eq(target->name, name) &&
           (!target->container.len || str_eq(target->container, site_name(site)));
}

static const struct track *track_of(const struct apply *apply, const struct image_site *site,
                                    const struct imageref *ref)
{
    for (const struct track *track = apply->ledger->tracks; track; track = track->next) {
        if (!str_eq(track->namespace, apply->review->namespace) ||
            !imageref_same_repository(&track->image, ref))
            continue;
        for (const struct track_target *target = track->targets; target; target = target->next)
            if (is_target(apply, target, site))
                return track;
    }
    return NULL;
}

static bool was_there(const struct apply *apply, const struct image_site *site)
{
    const struct image_site *old;
    if (apply->review->operation != OPERATION_UPDATE || !apply->review->has_old)
        return false;
    for (struct image_cursor at = {0}; (old = object_next_image(&apply->review->old, &at));)
        if (old->list == site->list && str_eq(site_name(old), site_name(site)))
            return str_eq(site_image(old), site_image(site));
    return false;
}

/* ---- the patch ---- */

/* "/spec/template/spec/containers/0/image" */
static int field_pointer(const struct apply *apply, const struct image_site *site,
                         const char *member, struct str *ret_pointer, struct err *err)
{
    static const char *const places[POD_PLACES] = {
        [POD_AT_SPEC] = "/spec",
        [POD_AT_TEMPLATE] = "/template/spec",
        [POD_AT_SPEC_TEMPLATE] = "/spec/template/spec",
        [POD_AT_JOB_TEMPLATE] = "/spec/jobTemplate/spec/template/spec",
    };
    struct buf buf = BUF_INIT(apply->arena, PATH_MAX_BYTES);
    buf_addf(&buf, "%s/%s/%u/%s", places[site->place],
             site->list == LIST_INIT_CONTAINERS ? "initContainers" : "containers",
             (unsigned)site->index, member);
    return buf_finish(&buf, ret_pointer, err);
}

static void add_operation(struct apply *apply, const char *operation, struct str pointer,
                          struct str value)
{
    struct json_writer *json = &apply->json;
    json_open(json, '{');
    json_member(json, "op", str_of(operation));
    json_member(json, "path", pointer);
    json_member(json, "value", value);
    json_close(json, '}');
}

/* "contoso.azurecr.io/shop/web:1.4.0@sha256:…", the repository as it was written. */
static int image_of(const struct apply *apply, const struct ledger_row *row, struct str written,
                    const struct imageref *ref, struct str *ret_image, struct err *err)
{
    struct buf buf = BUF_INIT(apply->arena, IMAGE_MAX_BYTES);
    buf_add(&buf, str_head(written, written.len - (ref->tag.len ? ref->tag.len + 1 : 0)));
    if (row->tag.len)
        buf_addf(&buf, ":%.*s", STR_FMT(row->tag));
    buf_addf(&buf, "@%.*s", STR_FMT(row->digest));
    return buf_finish(&buf, ret_image, err);
}

static int replace(struct apply *apply, const struct image_site *site, const struct ledger_row *row,
                   const struct imageref *ref, struct err *err)
{
    struct str image, name_at, image_at;
    if (image_of(apply, row, site_image(site), ref, &image, err) < 0 ||
        field_pointer(apply, site, "name", &name_at, err) < 0 ||
        field_pointer(apply, site, "image", &image_at, err) < 0)
        return -1;
    add_operation(apply, "test", name_at, site_name(site));
    add_operation(apply, "test", image_at, site_image(site));
    add_operation(apply, "replace", image_at, image);
    if (apply->replaced++ < RESPONSE_NAMED_MAX) {
        buf_addf(&apply->told, "%s", apply->told.len ? "; " : "");
        buf_add_quoted(&apply->told, site_name(site), 63);
        buf_addf(&apply->told, " %.*s", STR_FMT(image));
    }
    return 0;
}

static int look_at(struct apply *apply, const struct image_site *site, struct err *err)
{
    struct imageref ref;
    if ((site->list != LIST_CONTAINERS && site->list != LIST_INIT_CONTAINERS) ||
        imageref_parse(site_image(site), &ref) != IMAGEREF_OK || ref.digest.len ||
        was_there(apply, site))
        return 0;
    const struct track *track = track_of(apply, site, &ref);
    const struct ledger_row *row = track && follows(track, &ref) ? track_current(track) : NULL;
    return row && row->released ? replace(apply, site, row, &ref, err) : 0;
}

static int make_patch(struct apply *apply, struct err *err)
{
    const struct object *object = &apply->review->object;
    const struct image_site *site;
    json_open(&apply->json, '[');
    for (struct image_cursor at = {0}; (site = object_next_image(object, &at));)
        if (look_at(apply, site, err) < 0)
            return -1;
    json_close(&apply->json, ']');
    return 0;
}

static int write_answer(struct apply *apply, struct str *ret_answer, struct err *err)
{
    struct response response;
    struct str patch, told;
    response_begin(&response, apply->arena, apply->review->uid, true);
    if (apply->replaced) {
        if (buf_finish(&apply->patch, &patch, err) < 0 || buf_finish(&apply->told, &told, err) < 0)
            return -1;
        response_patch(&response, patch);
        response_annotate(&response, "replaced", told);
    }
    return response_finish(&response, ret_answer, err);
}

int trackapply_answer(const struct review *review, const struct ledger *ledger, struct arena *arena,
                      size_t *ret_replaced, struct str *ret_answer, struct err *err)
{
    struct apply apply = {.review = review, .ledger = ledger, .arena = arena};
    apply.patch = BUF_INIT(arena, PATCH_MAX);
    apply.told = BUF_INIT(arena, PATCH_MAX);
    apply.json.buf = &apply.patch;
    if (review_writes(review) && review->object.kind && ledger && make_patch(&apply, err) < 0)
        return -1;
    if (write_answer(&apply, ret_answer, err) < 0)
        return -1;
    *ret_replaced = apply.replaced;
    return 0;
}
