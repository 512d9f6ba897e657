/* SPDX-License-Identifier: Apache-2.0 */
/* trackviews: operations on Tracks as people see and change them; see operations.h. */
#ifndef PINNACE_TESTS_TRACKVIEWS_H
#define PINNACE_TESTS_TRACKVIEWS_H

#include "../world.h"

#include "pinnace/explain.h"
#include "pinnace/trackword.h"
#include "pinnace/workloadpatch.h"

static struct str seen_track, seen_workload;

static inline void make_track_views(struct arena *arena)
{
    seen_track = json_of(
        arena,
        "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'w\\u0065b',"
        "'namespace':'shop','resourceVersion':'1','generation':2},'spec':{'image':'" WEB
        "','follow':{'tag':'latest'},'from':{'namespace':'s','track':'web'},'targets':[{'kind':"
        "'Deployment','name':'web'}],'hold':{'digest':'" D1 "','by':'ann','reason':'slow'}},"
        "'status':{'begun':true,'phase':'Held','current':{'tag':'a','digest':'" D1
        "','revision':1,'since':'2026-11-21T09:00:00Z'},'candidate':{'digest':'" D2
        "','waits':'Turn','waitsFor':'w'},'ledger':[{'revision':1,'tag':'a','digest':'" D1
        "','state':'Healthy','startedAt':'2026-11-21T09:00:00Z','why':'y'}]}}");
    seen_workload = json_of(arena, "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':"
                                   "'web','namespace':'shop','uid':'u'},'spec':{'template':{'spec':"
                                   "{'containers':[{'name':'w\\u0065b','image':'" WEB "'}]}}}}");
}

static inline int run_track_tables(struct arena *arena, struct err *err)
{
    static const struct trackview_look look = {true, true};
    struct buf buf = BUF_INIT(arena, 1000000);
    struct trackview view;
    struct table table;
    struct str text;
    if (trackview_read(seen_track, arena, &view, err) < 0 ||
        trackview_order(&view, 1, arena, err) < 0)
        return -1;
    trackview_begin(&table, arena, &look);
    trackview_row(&table, &view, 0);
    if (table_print(&table, &buf, err) < 0)
        return -1;
    history_begin(&table, arena, &look);
    history_row(&table, &view, &view.book->rows[0]);
    return table_print(&table, &buf, err) < 0 ? -1 : buf_finish(&buf, &text, err);
}

static inline int run_track_word(struct arena *arena, struct err *err)
{
    const struct track_word word = {true, STR(D1), STR("slow"), STR("ann"), 1};
    struct buf buf = BUF_INIT(arena, 1000000);
    struct trackview view;
    struct str text;
    if (trackview_read(seen_track, arena, &view, err) < 0 ||
        track_patch(view.spec, WISH_HOLD, &word, arena, &text, err) < 0)
        return -1;
    const struct track_goal goal = track_goal(&view, view.book, WISH_HOLD, &word);
    track_progress(&view, &goal, 0, &buf);
    return buf_finish(&buf, &text, err);
}

static inline int run_explain(struct arena *arena, struct err *err)
{
    struct buf buf = BUF_INIT(arena, 1000000);
    struct json_writer json = {.buf = &buf};
    struct explained *items;
    struct trackview view;
    size_t count;
    struct str text;
    if (trackview_read(seen_track, arena, &view, err) < 0 ||
        explain_workload(seen_workload, TARGET_DEPLOYMENT, &view, 1, arena, &items, &count, err) <
            0)
        return -1;
    explain_text(&buf, &items[0], true, 0);
    explain_json(&json, &items[0], 0);
    return buf_finish(&buf, &text, err);
}

static inline int run_workload_patch(struct arena *arena, struct err *err)
{
    struct trackview view;
    struct workload_facts workload;
    struct workload_patch patch = {.workload = &workload, .revision = 1, .cause = STR("why")};
    struct str body;
    if (trackview_read(seen_track, arena, &view, err) < 0 ||
        workload_read(seen_workload, TARGET_DEPLOYMENT, arena, &workload, err) < 0 ||
        workload_patch_image(view.spec, STR("a"), STR(D1), arena, &patch.image, err) < 0)
        return -1;
    patch.spec = view.spec;
    patch.target = &view.spec->targets[0];
    return workload_patch_write(&patch, arena, &body, err);
}

#endif
