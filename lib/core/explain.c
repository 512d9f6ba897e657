/* SPDX-License-Identifier: Apache-2.0 */
/* explain: see the header. */
#include "pinnace/explain.h"

#include "pinnace/when.h"

#include "pinnace/banned.h"

/* ---- what is known ---- */

static bool means(const struct trackspec *spec, enum target_kind kind, const struct object *object,
                  const struct explained *item, const struct imageref *ref)
{
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct trackspec_target *target = &spec->targets[i];
        if (target->kind != kind || !str_eq(target->name, object->name))
            continue;
        if (target->container.len ? str_eq(target->container, item->name)
                                  : ref && imageref_same_repository(ref, &spec->image))
            return true;
    }
    return false;
}

static const struct trackview *find_source(const struct trackview *views, size_t count,
                                           const struct trackview *track)
{
    for (size_t i = 0; i < count; i++)
        if (trackview_follows(track, &views[i]))
            return &views[i];
    return NULL;
}

static void find_track(struct explained *item, enum target_kind kind, const struct object *object,
                       const struct imageref *ref, const struct trackview *views, size_t count)
{
    for (size_t i = 0; i < count && !item->track; i++)
        if (str_eq(views[i].spec->namespace, object->namespace) &&
            means(views[i].spec, kind, object, item, ref))
            item->track = &views[i];
    if (!item->track)
        return;
    item->source = find_source(views, count, item->track);
    item->row = book_newest(item->track->book, item->digest);
    item->own = book_proof_of(item->track->book, item->digest);
    if (item->source)
        item->at_source = book_proof_of(item->source->book, item->digest);
    item->drifts = item->track->book->current.digest.len &&
                   !str_eq(item->digest, item->track->book->current.digest);
}

int explain_workload(struct str json, enum target_kind kind, const struct trackview *views,
                     size_t count, struct arena *arena, struct explained **ret_items,
                     size_t *ret_count, struct err *err)
{
    struct object object;
    struct image_cursor cursor = {0};
    size_t containers = 0;
    if (object_read(json, arena, &object, err) < 0)
        return -1;
    while (object_next_image(&object, &cursor))
        containers++;
    struct explained *items = arena_array(arena, struct explained, containers);
    if (!items)
        return err_no_memory(err);
    cursor = (struct image_cursor){0};
    containers = 0;
    for (const struct image_site *site; (site = object_next_image(&object, &cursor));) {
        struct imageref ref;
        if (site->list != LIST_CONTAINERS && site->list != LIST_INIT_CONTAINERS)
            continue;
        struct explained *item = &items[containers++];
        item->name = site_name(site);
        item->image = site_image(site);
        item->init = site->list == LIST_INIT_CONTAINERS;
        bool sound = imageref_parse(item->image, &ref) == IMAGEREF_OK;
        if (sound)
            item->digest = ref.digest;
        find_track(item, kind, &object, sound ? &ref : NULL, views, count);
    }
    *ret_items = items;
    *ret_count = containers;
    return 0;
}

/* ---- for people ---- */

static void label(struct buf *buf, const char *text)
{
    buf_addf(buf, "  %-9s ", text);
}

static void add_row(struct buf *buf, const struct book_row *row)
{
    label(buf, "Released");
    if (!row) {
        buf_add(buf, STR("never: these bytes are not on the Track's ledger\n"));
        return;
    }
    buf_addf(buf, "as revision %lld, %.*s since ", (long long)row->revision,
             STR_FMT(row_state_names[row->state]));
    buf_add_when(buf, row->ended_at ? row->ended_at : row->started_at);
    buf_add_char(buf, '\n');
    label(buf, "Because");
    buf_addf(buf, "%.*s\n", STR_FMT(row->why));
    label(buf, "By");
    if (row->by.len)
        buf_addf(buf, "%.*s\n", STR_FMT(row->by));
    else
        buf_add(buf, STR("the Track itself\n"));
}

static void add_span(struct buf *buf, const struct book_proof *proof, int64_t now)
{
    buf_add_duration(buf, proof ? proof_seconds(proof, now) : 0);
}

static void add_proof(struct buf *buf, const struct explained *item, int64_t now)
{
    const struct trackspec *spec = item->track->spec;
    label(buf, "Proof");
    buf_add(buf, STR("ran soundly here for "));
    add_span(buf, item->own, now);
    if (item->source) {
        buf_addf(buf, ", on %.*s/%.*s for ", STR_FMT(spec->from.namespace),
                 STR_FMT(spec->from.track));
        add_span(buf, item->at_source, now);
        buf_add(buf, STR(" ("));
        buf_add_duration(buf, spec->from.soak);
        buf_add(buf, STR(" are asked for)"));
    } else if (spec->from.track.len) {
        buf_addf(buf, "; what %.*s/%.*s says of it is not known", STR_FMT(spec->from.namespace),
                 STR_FMT(spec->from.track));
    }
    buf_add_char(buf, '\n');
}

static void add_bytes(struct buf *buf, struct str tag, struct str digest, bool wide)
{
    if (wide)
        buf_addf(buf, "%.*s%s%.*s", STR_FMT(tag), tag.len ? "@" : "", STR_FMT(digest));
    else
        buf_add_bytes(buf, tag, digest);
}

static void add_next(struct buf *buf, const struct trackview *track, bool wide, int64_t now)
{
    label(buf, "Phase");
    buf_addf(buf, "%.*s; ", STR_FMT(track_phase_names[track->book->phase]));
    buf_add_trackview_message(buf, track, now);
    if (buf->len >= 2 && buf->ptr[buf->len - 1] == ' ')
        buf->len -= 2;
    buf_add_char(buf, '\n');
    if (!track->book->candidate.digest.len)
        return;
    label(buf, "Next");
    add_bytes(buf, track->book->candidate.tag, track->book->candidate.digest, wide);
    buf_add_char(buf, '\n');
}

static void add_drift(struct buf *buf, const struct explained *item, bool wide)
{
    const struct trackbook *book = item->track->book;
    const struct trackspec *spec = item->track->spec;
    label(buf, "Drift");
    if (!item->drifts) {
        buf_add(buf, STR("none: it is what the Track means\n"));
        return;
    }
    buf_add(buf, STR("the Track means "));
    add_bytes(buf, book->current.tag, book->current.digest, wide);
    if (book->phase == PHASE_ROLLING || book->phase == PHASE_STALLED) {
        buf_add(buf, STR(", whose rollout has not come here yet\n"));
        return;
    }
    buf_addf(buf, "; keep what runs with\n            kubectl pinnace rollback %.*s -n %.*s --to ",
             STR_FMT(spec->name), STR_FMT(spec->namespace));
    buf_add(buf, item->digest.len ? item->digest : STR("DIGEST"));
    buf_addf(buf,
             "\n            or have the Track's again with\n            kubectl pinnace "
             "resume %.*s -n %.*s\n",
             STR_FMT(spec->name), STR_FMT(spec->namespace));
}

void explain_text(struct buf *buf, const struct explained *item, bool wide, int64_t now)
{
    buf_addf(buf, "%s %.*s runs %.*s\n", item->init ? "Init container" : "Container",
             STR_FMT(item->name), STR_FMT(item->image));
    label(buf, "Track");
    if (!item->track) {
        buf_addf(buf, "none: nobody but who wrote it moves it%s\n",
                 item->digest.len ? "" : ", and it names no digest");
        return;
    }
    struct str follows = trackspec_follows(item->track->spec);
    buf_addf(buf, "%.*s, which follows %.*s\n", STR_FMT(item->track->spec->name), STR_FMT(follows));
    if (item->digest.len) {
        add_row(buf, item->row);
        add_proof(buf, item, now);
    }
    add_next(buf, item->track, wide, now);
    add_drift(buf, item, wide);
}

/* ---- for programs ---- */

static void write_seconds(struct json_writer *json, const char *key, const struct book_proof *proof,
                          int64_t now)
{
    json_key(json, key);
    json_number(json, proof ? proof_seconds(proof, now) : 0);
}

static void write_track(struct json_writer *json, const struct explained *item, int64_t now)
{
    json_key(json, "track");
    trackview_json(json, item->track);
    if (item->row) {
        json_key(json, "row");
        history_row_json(json, item->track, item->row);
    }
    write_seconds(json, "provedSeconds", item->own, now);
    if (item->source)
        write_seconds(json, "sourceProvedSeconds", item->at_source, now);
    json_key(json, "drifts");
    json_bool(json, item->drifts);
}

void explain_json(struct json_writer *json, const struct explained *item, int64_t now)
{
    json_open(json, '{');
    json_member(json, "name", item->name);
    json_key(json, "init");
    json_bool(json, item->init);
    json_member(json, "image", item->image);
    json_member(json, "digest", item->digest);
    if (item->track)
        write_track(json, item, now);
    json_close(json, '}');
}
