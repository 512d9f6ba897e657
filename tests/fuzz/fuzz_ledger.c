/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the objects: a ledger takes each whole or not at all, and what it then answers fits what
 * it holds. Objects are separated by the byte 0x1e, the record separator.
 */
#include <stdlib.h>

#include "pinnace/ledger.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, OBJECTS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void add(struct ledger *ledger, struct str text, struct arena *arena)
{
    struct ledger before = *ledger;
    struct err err = {ERR_NONE, ""};
    if (ledger_add(ledger, text, arena, &err) < 0) {
        must(memcmp(ledger, &before, sizeof(before)) == 0);
        must(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        must(strlen(err.text) > 0);
    } else {
        must((ledger->tracks != before.tracks) != (ledger->workloads != before.workloads));
    }
}

static bool rows_release(const struct track *track, struct str digest)
{
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (row->released && str_eq(row->digest, digest))
            return true;
    return false;
}

static void check_track(const struct ledger *ledger, const struct track *track)
{
    const struct ledger_row *current = track_current(track);
    must(track->namespace.len > 0 && track->image.path.len > 0);
    must(!track->image.tag.len && !track->image.digest.len);
    must(!current || str_eq(current->digest, track->current));
    must(!ledger_released(ledger, track, STR_NONE));
    for (const struct ledger_row *row = track->rows; row; row = row->next) {
        must(digest_check(row->digest) == IMAGEREF_OK);
        bool released = ledger_released(ledger, track, row->digest);
        must(released || !rows_release(track, row->digest));
        must(!released || rows_release(track, row->digest) || ledger->workloads);
    }
}

/* What is kept of a Track lets the same bytes run. */
static void check_kept(const struct track *track, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, ROOM);
    struct ledger kept = {0};
    struct err err;
    struct str text;
    buf_add_track(&buf, track);
    if (buf_finish(&buf, &text, &err) < 0)
        return;
    must(ledger_add(&kept, text, arena, &err) == 0 || err.kind == ERR_MEMORY ||
         err.kind == ERR_LIMIT);
    if (!kept.tracks)
        return;
    must(imageref_same_repository(&kept.tracks->image, &track->image));
    must(str_eq(kept.tracks->current, track->current));
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        must(rows_release(kept.tracks, row->digest) == rows_release(track, row->digest));
}

static void ask(const struct ledger *ledger, const struct object *object,
                const struct image_site *site, struct str namespace)
{
    struct imageref ref;
    if (imageref_parse(site_image(site), &ref) != IMAGEREF_OK)
        return;
    struct ledger_query query = {
        .namespace = namespace, .object = object, .container = site_name(site), .ref = &ref};
    const struct track *track = ledger_track(ledger, &query);
    must(!track ||
         (str_eq(track->namespace, namespace) && imageref_same_repository(&track->image, &ref)));
    const struct track *owner = ledger_track_of(ledger, &query);
    must(!owner || str_eq(owner->namespace, namespace));
    const struct ledger_row *row = ledger_tag(ledger, &query);
    must(!row || (ref.tag.len && str_eq(row->tag, ref.tag)));
    must(!ledger_tag_meant(ledger, &ref) || row || !ref.tag.len);
    ledger_owner_has(ledger, &query, site);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct ledger ledger = {0};
    struct str rest = {(const char *)data, size};
    for (int i = 0; i < OBJECTS_MAX && rest.ptr; i++) {
        size_t end = str_find(rest, 0x1e);
        struct str text = end == STR_NOT_FOUND ? rest : str_head(rest, end);
        rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(rest, end + 1);
        add(&ledger, text, &arena);
    }
    for (const struct track *track = ledger.tracks; track; track = track->next)
        check_track(&ledger, track);
    for (const struct track *track = ledger.tracks; track; track = track->next)
        check_kept(track, &arena);
    for (const struct workload *w = ledger.workloads; w; w = w->next) {
        const struct image_site *site;
        for (struct image_cursor at = {0}; (site = object_next_image(&w->object, &at));) {
            ask(&ledger, &w->object, site, w->object.namespace);
            ask(&ledger, &w->object, site, STR("shop"));
        }
    }
    return 0;
}
