/* SPDX-License-Identifier: Apache-2.0 */
/* history: which bytes ran on a Track, when, why, and by whose word. */
#include "output.h"
#include "trackfollow.h"

#include <stdio.h>

#include "pinnace/trackhistory.h"

#include "pinnace/banned.h"

enum { OPTION_OUTPUT = CLUSTER_OPTIONS, OPTION_WATCH };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide, json or yaml"},
    [OPTION_WATCH] = {'w', "watch", NULL, NULL, "go on, and show each row that comes or changes"},
    {0},
};

struct request {
    struct kube_options access;
    const char *track;
    bool watch, told;
    enum output_format format;

    struct arena *arena;
    struct kube *kube;
    struct table table;                   /* its heads and widths so far */
    struct history_rows older;            /* that the ledger has no more */
    struct book_row shown[BOOK_ROWS_MAX]; /* as they were printed */
    size_t shown_count;
    bool gone;
};

/* ---- one look ---- */

/* The text of a row may change by itself only with its state or its end. */
static bool is_new(const struct request *request, const struct book_row *row)
{
    for (size_t i = 0; i < request->shown_count; i++) {
        const struct book_row *shown = &request->shown[i];
        if (shown->revision == row->revision)
            return shown->state != row->state || shown->ended_at != row->ended_at;
    }
    return true;
}

static void keep_shown(struct request *request, const struct trackbook *book)
{
    request->shown_count = book->row_count;
    for (size_t i = 0; i < book->row_count; i++) {
        const struct book_row *row = &book->rows[i];
        request->shown[i] = (struct book_row){
            .revision = row->revision, .state = row->state, .ended_at = row->ended_at};
    }
}

/* In a watch the first look shows the newest on top, later ones what is new below. */
static int add_table(struct request *request, const struct trackview *view, struct buf *out,
                     struct arena *arena, struct err *err)
{
    struct table table;
    table_go_on(&table, &request->table, arena);
    for (size_t i = 0; i < view->book->row_count; i++)
        if (is_new(request, &view->book->rows[i]))
            history_row(&table, view, &view->book->rows[i]);
    for (size_t i = 0; i < request->older.count; i++)
        history_row(&table, view, &request->older.items[i]);
    if (table_print(&table, out, err) < 0)
        return -1;
    table_keep(&request->table, &table);
    keep_shown(request, view->book);
    return 0;
}

static int show(struct request *request, const struct trackview *view)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct buf out = BUF_INIT(&arena, TRACK_ROOM), text = BUF_INIT(&arena, TRACK_ROOM);
    struct json_writer json = {.buf = &text};
    struct err err;
    int code;
    if (output_is_text(request->format)) {
        code = add_table(request, view, &out, &arena, &err);
    } else {
        history_json(&json, view, request->older.items, request->older.count);
        if (request->told)
            output_between(&out, request->format);
        request->told = true;
        code = output_json(&out, &text, request->format, &err);
    }
    return code < 0 ? cli_error("%s", err.text) : cli_finish(&out, EXIT_CLEAN);
}

/* ---- the watch ---- */

static bool take(void *context, const struct trackview *view, bool deleted)
{
    struct request *request = context;
    request->gone = deleted;
    return deleted || show(request, view) != EXIT_CLEAN;
}

static void tell_trouble(void *context, struct str text)
{
    (void)context;
    cli_error("%.*s", STR_FMT(text));
}

static int watch(struct request *request)
{
    const struct track_follower follower = {
        .take = take, .trouble = tell_trouble, .context = request};
    const struct track_place place = {kube_namespace(request->kube), str_of(request->track)};
    tracks_follow(request->kube, &place, 1, 0, &follower);
    if (request->gone)
        return cli_error("there is no Track %s in namespace %.*s (any more)", request->track,
                         STR_FMT(place.namespace));
    return EXIT_BAD_INPUT;
}

/* ---- what the ledger has no more ---- */

static int tell_unread(const char *name, const char *why)
{
    return cli_error("older rows, of ConfigMap %s, are left out: %s", name, why);
}

/* answer: what the API server said to the question for the ConfigMap. */
static int read_older(struct request *request, const struct trackbook *book,
                      const struct cluster_question *answer, const char *name)
{
    struct track_history history;
    struct err err;
    if (answer->error.fault == KUBE_NOT_FOUND)
        return EXIT_CLEAN;
    if (answer->error.fault != KUBE_FINE)
        return tell_unread(name, answer->error.text);
    if (track_history_read(answer->body, request->arena, &history, &err) < 0 ||
        track_history_older(&history, book, request->arena, &request->older, &err) < 0)
        return tell_unread(name, err.text);
    if (history.foreign)
        return tell_unread(name, "it is not the controller's");
    if (request->older.unread)
        return cli_error("%zu lines of ConfigMap %s are no rows of a ledger", request->older.unread,
                         name);
    return EXIT_CLEAN;
}

static int look(struct request *request)
{
    static const struct kube_resource configmaps = {"/api/v1", "configmaps"};
    struct str namespace = kube_namespace(request->kube), track = str_of(request->track), name;
    struct buf buf = BUF_INIT(request->arena, 1024);
    struct kube_error error;
    struct trackview view;
    struct err err;
    buf_addf(&buf, "%s-history", request->track);
    if (buf_finish(&buf, &name, &err) < 0)
        return cli_error("%s", err.text);
    struct cluster_question asked[] = {
        {.request = track_request(namespace, track, request->arena)},
        {.request = {.verb = KUBE_GET,
                     .path = kube_path(request->arena, configmaps, namespace, name, NULL)}}};
    cluster_ask_all(request->kube, asked, 2, request->arena);
    if (asked[0].error.fault != KUBE_FINE)
        return cluster_error(&asked[0].error);
    if (track_view(asked[0].body, track, request->arena, &view, &error) < 0)
        return cluster_error(&error);
    int code = read_older(request, view.book, &asked[1], name.ptr);
    if (view.book->row_count || request->older.count || !output_is_text(request->format)) {
        int shown = show(request, &view);
        return shown == EXIT_CLEAN ? code : shown;
    }
    fprintf(stderr, "Nothing ran on Track %s yet.\n", request->track);
    return code;
}

/* ---- the verb ---- */

static int take_option(const struct cli_args *args, int found, struct request *request)
{
    if (cluster_take(&request->access, found, args->value))
        return EXIT_CLEAN;
    if (found == CLI_OPERAND)
        return track_operand(args, &request->track);
    if (found == OPTION_OUTPUT)
        return output_take(args, &request->format);
    if (found != OPTION_WATCH)
        return EXIT_BAD_INPUT;
    request->watch = true;
    return EXIT_CLEAN;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.format = OUTPUT_TEXT, .arena = &arena};
    struct err err;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (!request.track)
        return cli_usage_error(verb, "no Track was named");
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    request.kube = cluster.kube;
    const struct trackview_look columns = {.wide = request.format == OUTPUT_WIDE};
    history_begin(&request.table, &arena, &columns);
    return request.watch ? watch(&request) : look(&request);
}

const struct cli_verb verb_history = {
    .name = "history",
    .arguments = "TRACK [-n NAMESPACE] [-o FORMAT] [-w]",
    .summary = "Shows which bytes ran on a Track, when, why, and by whose word.",
    .details =
        "The newest comes first; \"*\" marks what is meant to run now. Every row of the ledger "
        "can\n"
        "be gone back to by its revision, its tag or its digest: 'kubectl pinnace rollback --to'.\n"
        "What the ledger has no more follows, out of the ConfigMap TRACK-history; by its digest "
        "or\n"
        "its tag that can be gone back to as well. A watch is one of the ledger.\n\n"
        "Exit status: 0, or 2 if not everything could be read.\n\n"
        "Example:\n"
        "  kubectl pinnace history web -n production -o wide\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
