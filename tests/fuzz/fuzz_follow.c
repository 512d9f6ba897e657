/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controller reads of objects that it follows: who they are, which pull secrets they name, and
 * the history of a Track. What is kept of an object is one that says the same of itself.
 */
#include <stdlib.h>

#include "pinnace/objectmeta.h"
#include "pinnace/pullnames.h"
#include "pinnace/trackhistory.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_meta(struct str json, struct arena *arena)
{
    struct object_meta meta = {.name = STR_NONE}, again = {.name = STR_NONE};
    struct err err = {ERR_NONE, ""};
    if (object_meta_read(json, arena, &meta, &err) < 0) {
        must(err.kind != ERR_NONE && !meta.name.ptr);
        return;
    }
    size_t len = object_meta_bare_len(json, &meta);
    char *bare = arena_alloc(arena, len + 1);
    must(bare && len <= json.len + 4);
    object_meta_bare(json, &meta, bare);
    must(object_meta_read((struct str){bare, len}, arena, &again, &err) == 0);
    must(str_eq(again.name, meta.name) && str_eq(again.uid, meta.uid));
    must(str_eq(again.owner_uid, meta.owner_uid));
    must(str_eq(again.resource_version, meta.resource_version));
    must(!object_version_older(meta.resource_version, meta.resource_version));
}

static void check_names(struct str json, struct arena *arena)
{
    struct pullnames names = {.count = 0};
    struct err err = {ERR_NONE, ""};
    if (pullnames_add_workload(&names, json, arena, &err) < 0)
        must(err.kind != ERR_NONE && names.count == 0);
    else
        must(names.account.len > 0 && names.count <= PULLNAMES_MAX);
    pullnames_add_account(&names, json, arena, &err);
    must(names.count <= PULLNAMES_MAX);
}

static void check_history(struct str json, struct arena *arena)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct track_history history = {.foreign = false}, again = {.foreign = false};
    struct history_rows older = {0};
    struct err err = {ERR_NONE, ""};
    struct str text;
    must(book && spec);
    if (track_history_read(json, arena, &history, &err) < 0)
        return;
    if (track_history_older(&history, book, arena, &older, &err) == 0)
        must(older.count + older.unread <= history.rows.len);
    track_history_recall(&history, arena, book, &err);
    must(!history.foreign || book->quarantined_count == 0);
    if (track_history_write(&history, spec, book, arena, &text, &err) < 0)
        return;
    must(track_history_read(text, arena, &again, &err) == 0 && !again.foreign);
    must(again.rows.len <= HISTORY_ROWS_MAX_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    const struct str json = {(const char *)data, size};
    check_meta(json, &arena);
    check_names(json, &arena);
    check_history(json, &arena);
    return 0;
}
