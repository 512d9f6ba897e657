/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as every object of a cluster that the command line reads: levels of a namespace, a
 * workload to be audited or explained, a Track to be shown, and all that doctor looks at. What is read
 * can be told, and what cannot be has a reason.
 */
#include <stdlib.h>

#include "pinnace/audit.h"
#include "pinnace/doctor.h"
#include "pinnace/explain.h"
#include "pinnace/kubestatus.h"
#include "pinnace/ledger.h"
#include "pinnace/nslook.h"
#include "pinnace/yamlwrite.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, NOW = 1790000000, OUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_told(int result, struct err *err)
{
    must(result == 0 || (err->text[0] && err->kind != ERR_MEMORY));
    *err = (struct err){ERR_NONE, ""};
}

static void must_finish(struct buf *buf)
{
    struct str text;
    must(buf_finish(buf, &text, NULL) == 0);
}

static void audit(struct str json, struct arena *arena)
{
    struct audit *audit = arena_new(arena, struct audit);
    struct err err = {ERR_NONE, ""};
    *audit = (struct audit){.arena = arena,
                            .policy = &policy_builtin,
                            .now = NOW,
                            .has_level = true,
                            .level = LEVEL_PINNED};
    must_be_told(audit_add_namespace(audit, json, &err), &err);
    for (const struct kind *kind = kinds; kind->name.len; kind++)
        must_be_told(audit_add_object(audit, kind, json, &err), &err);
    audit_forget_old(audit);
    must(audit_sort(audit, &err) == 0);
    for (const struct audit_row *row = audit->rows; row; row = row->next)
        must(row->sentence.len > 0);
}

static void look(struct str json, struct arena *arena)
{
    struct nslevels levels;
    struct err err = {ERR_NONE, ""};
    struct question question = {.policy = &policy_builtin, .level = LEVEL_PINNED, .now = NOW};
    must_be_told(nslevels_read(json, arena, &levels, &err), &err);
    for (const struct kind *kind = kinds; kind->name.len; kind++) {
        struct nslook look = {.level = LEVEL_PINNED};
        must_be_told(nslook_add(&look, &question, kind, json, arena, arena, &err), &err);
        must(look.kept <= NSLOOK_LINES && look.kept <= look.count);
    }
}

static void show(struct str json, const struct trackview *views, size_t count, struct arena *arena)
{
    struct err err = {ERR_NONE, ""};
    struct buf text = BUF_INIT(arena, OUT_MAX), all = BUF_INIT(arena, OUT_MAX);
    struct json_writer writer = {.buf = &all};
    for (size_t i = 0; i < count; i++) {
        buf_add_trackview_message(&text, &views[i], NOW);
        buf_add_trackview_rollout(&text, &views[i], NOW);
        trackview_json(&writer, &views[i]);
    }
    json_open(&writer, '[');
    for (int kind = 0; kind < TARGET_KINDS; kind++) {
        struct explained *items;
        size_t found = 0;
        int result = explain_workload(json, (enum target_kind)kind, views, count, arena, &items,
                                      &found, &err);
        for (size_t i = 0; result == 0 && i < found; i++) {
            explain_text(&text, &items[i], i & 1, NOW);
            explain_json(&writer, &items[i], NOW);
        }
        must_be_told(result, &err);
    }
    must_finish(&text);
    must_finish(&all);
}

static void examine(struct str json, const struct trackview *view, struct arena *arena)
{
    struct doctor doctor;
    struct doctor_census census = {0};
    enum doctor_profile profile;
    doctor_begin(&doctor, arena);
    doctor_version(&doctor, json);
    doctor_kind(&doctor, STR("tracks"), json);
    doctor_deployment(&doctor, STR("pinnace-webhook"), json);
    doctor_endpoints(&doctor, json);
    doctor_lease(&doctor, json, NOW);
    doctor_hooks(&doctor, json, &profile);
    doctor_namespace(&doctor, &census, json);
    doctor_census_tell(&doctor, &census);
    if (view)
        doctor_track(&doctor, view, NOW);
    must(!doctor.failed);
    for (const struct doctor_line *line = doctor.lines; line; line = line->next)
        must(line->weight < DOCTOR_WEIGHTS && line->text.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str json = {(const char *)data, size};
    struct ledger ledger = {0};
    struct trackview view;
    struct err err = {ERR_NONE, ""};
    bool is_track = trackview_read(json, &arena, &view, &err) == 0;
    must_be_told(is_track ? 0 : -1, &err);
    must_be_told(ledger_add_listed(&ledger, STR("apps/v1"), STR("ReplicaSet"), json, &arena, &err),
                 &err);
    struct buf yaml = BUF_INIT(&arena, OUT_MAX);
    must_be_told(buf_add_yaml(&yaml, json, &arena, &err), &err);
    must_finish(&yaml);
    audit(json, &arena);
    look(json, &arena);
    show(json, &view, is_track, &arena);
    examine(json, is_track ? &view : NULL, &arena);
    return 0;
}
