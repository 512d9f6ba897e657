/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controller reads of objects that it follows: who they are, which pull secrets they name, the
 * history of a Track, certificates and webhook configurations. What is kept of an object is one that
 * says the same of itself; what is written of a Secret is read as the same.
 */
#include <stdlib.h>

#include "pinnace/certsecret.h"
#include "pinnace/hookconfig.h"
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
    must(!history.foreign || (book->quarantined_count == 0 && !book->current.revision));
    must(book->current.revision >= 0 && book->current.revision < BOOK_REVISION_END);
    must(!book->begun && book->row_count == 0 && book->proof_count == 0);
    if (track_history_write(&history, spec, book, arena, &text, &err) < 0)
        return;
    must(track_history_read(text, arena, &again, &err) == 0 && !again.foreign);
    must(again.rows.len <= HISTORY_ROWS_MAX_BYTES);
}

static void check_secret(struct str json, struct arena *arena)
{
    struct certsecret secret = {.version = STR_NONE}, again = {.version = STR_NONE};
    struct buf buf = BUF_INIT(arena, 2 * CERTSECRET_MAX_BYTES);
    struct err err = {ERR_NONE, ""};
    struct str text;
    if (certsecret_read(json, arena, &secret, &err) < 0) {
        must(err.kind != ERR_NONE && !secret.version.ptr);
        return;
    }
    must(secret.version.len > 0);
    buf_add_certsecret(&buf, STR("s"), &secret);
    if (buf_finish(&buf, &text, &err) < 0)
        return;
    must(certsecret_read(text, arena, &again, &err) == 0);
    must(str_eq(again.version, secret.version) && str_eq(again.cert, secret.cert));
    must(str_eq(again.key, secret.key) && str_eq(again.previous, secret.previous));
}

static void check_hooks(struct str json, struct arena *arena)
{
    struct hookconfig config = {.count = 4711};
    struct hookconfig_owner owner = {.name = STR_NONE};
    struct buf buf = BUF_INIT(arena, 16 * 1024 * 1024);
    struct err err = {ERR_NONE, ""};
    struct str patch;
    if (hookconfig_owner_read(json, arena, &owner, &err) == 0)
        must(owner.name.len > 0 && owner.uid.len > 0);
    if (hookconfig_read(json, STR("u"), arena, &config, &err) < 0) {
        must(err.kind != ERR_NONE && config.count == 4711);
        return;
    }
    must(config.version.len > 0 && config.count <= HOOKCONFIG_MAX_ENTRIES);
    must(!config.is_owned || config.has_owners);
    buf_add_hookconfig_patch(&buf, &config, STR("b"), NULL);
    must(buf_finish(&buf, &patch, &err) == 0 && patch.ptr[0] == '[');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    const struct str json = {(const char *)data, size};
    check_meta(json, &arena);
    check_names(json, &arena);
    check_history(json, &arena);
    check_secret(json, &arena);
    check_hooks(json, &arena);
    return 0;
}
