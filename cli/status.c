/* SPDX-License-Identifier: Apache-2.0 */
/* status: what runs on Tracks, what comes next and what it waits for; staging beside production. */
#include "output.h"
#include "trackfollow.h"

#include <stdio.h>

#include "pinnace/file.h"
#include "pinnace/protect.h"

#include "pinnace/banned.h"

enum { OPTION_ALL = CLUSTER_OPTIONS, OPTION_OUTPUT, OPTION_WATCH, VERSION_SIZE = 64 };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_ALL] = {'A', "all-namespaces", NULL, NULL, "every namespace"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide, json or yaml"},
    [OPTION_WATCH] = {'w', "watch", NULL, NULL, "go on, and show each Track again as it changes"},
    {0},
};

/* What was printed of a Track last. */
struct shown {
    struct str namespace, name;
    char version[VERSION_SIZE]; /* of the object */
};

struct request {
    struct kube_options access;
    const char *track;
    bool all, watch, told;
    enum output_format format;

    struct arena *arena;
    struct kube *kube;
    struct track_list list;
    struct table table;  /* its heads and widths so far */
    struct shown *shown; /* TRACKS_MAX of them, in a watch */
    size_t shown_count;
};

/* ---- gathering ---- */

static bool is_listed(const struct track_list *list, struct str namespace, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i].spec->namespace, namespace) &&
            str_eq(list->items[i].spec->name, name))
            return true;
    return false;
}

/*
 * Those that the Tracks take from, and whom those take from in turn: the list grows while it is
 * gone through. Who may not see them sees the rest.
 */
static int add_sources(struct request *request)
{
    struct track_list *list = &request->list;
    struct kube_error error;
    struct trackview source;
    struct err err;
    for (size_t i = 0; i < list->count; i++) {
        const struct trackspec *taker = list->items[i].spec;
        if (!taker->from.track.len || is_listed(list, taker->from.namespace, taker->from.track))
            continue;
        if (track_look(request->kube, taker->from.namespace, taker->from.track, request->arena,
                       &source, &error) < 0) {
            cluster_error(&error);
            list->unread++;
        } else if (track_list_add(list, source, request->arena, &err) < 0) {
            return cli_error("%s", err.text);
        }
    }
    return EXIT_CLEAN;
}

/*
 * Those of any namespace that take from what is listed, and who takes from those in turn. Whoever
 * may not list everywhere is told what is not known, and has what was asked for.
 */
static int add_takers(struct request *request)
{
    struct track_list *list = &request->list, all;
    struct kube_error error;
    struct err err;
    if (track_list(request->kube, STR_NONE, request->arena, &all, &error) < 0) {
        fprintf(stderr, "Whether Tracks of other namespaces take from these is not known: %s\n",
                error.text);
        return EXIT_CLEAN;
    }
    track_list_tell(&all);
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < all.count; j++)
            if (trackview_follows(&all.items[j], &list->items[i]) &&
                !is_listed(list, all.items[j].spec->namespace, all.items[j].spec->name) &&
                track_list_add(list, all.items[j], request->arena, &err) < 0)
                return cli_error("%s", err.text);
    return EXIT_CLEAN;
}

static int gather(struct request *request)
{
    struct str namespace = request->all ? STR_NONE : kube_namespace(request->kube);
    struct kube_error error;
    struct trackview view;
    struct err err;
    if (request->track) {
        if (track_look(request->kube, namespace, str_of(request->track), request->arena, &view,
                       &error) < 0)
            return cluster_error(&error);
        if (track_list_add(&request->list, view, request->arena, &err) < 0)
            return cli_error("%s", err.text);
    } else if (track_list(request->kube, namespace, request->arena, &request->list, &error) < 0) {
        return cluster_error(&error);
    }
    track_list_tell(&request->list);
    if (!request->all && request->list.count &&
        (add_sources(request) != EXIT_CLEAN || add_takers(request) != EXIT_CLEAN))
        return EXIT_BAD_INPUT;
    if (trackview_order(request->list.items, request->list.count, request->arena, &err) < 0)
        return cli_error("%s", err.text);
    return EXIT_CLEAN;
}

static bool several_namespaces(const struct track_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (!str_eq(list->items[i].spec->namespace, list->items[0].spec->namespace))
            return true;
    return false;
}

/* ---- showing ---- */

static int add_table(struct request *request, const struct trackview *views, size_t count,
                     struct buf *out, struct arena *arena, struct err *err)
{
    struct table table;
    table_go_on(&table, &request->table, arena);
    for (size_t i = 0; i < count; i++)
        trackview_row(&table, &views[i], clock_now());
    if (table_print(&table, out, err) < 0)
        return -1;
    table_keep(&request->table, &table);
    return 0;
}

static int add_json(struct request *request, const struct trackview *views, size_t count,
                    struct buf *out, struct arena *arena, struct err *err)
{
    struct buf text = BUF_INIT(arena, TRACKS_ROOM);
    struct json_writer json = {.buf = &text};
    json_open(&json, '{');
    json_key(&json, "tracks");
    json_open(&json, '[');
    for (size_t i = 0; i < count; i++)
        trackview_json(&json, &views[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    if (request->told)
        output_between(out, request->format);
    request->told = true;
    return output_json(out, &text, request->format, err);
}

static int show(struct request *request, const struct trackview *views, size_t count)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACKS_ROOM);
    struct buf out = BUF_INIT(&arena, TRACKS_ROOM);
    struct err err;
    int code = output_is_text(request->format)
                   ? add_table(request, views, count, &out, &arena, &err)
                   : add_json(request, views, count, &out, &arena, &err);
    return code < 0 ? cli_error("%s", err.text) : cli_finish(&out, EXIT_CLEAN);
}

/* Below the table, as none of its cells: what nobody keeps from being cleaned away. */
static void tell_exposed(const struct track_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct trackspec *spec = list->items[i].spec;
        struct str few = digest_short(list->items[i].book->previous_good.digest);
        if (!protect_is_exposed(spec, list->items[i].book))
            continue;
        fprintf(
            stderr,
            "%.*s/%.*s would go back to %.*s, which has no tag of its own any more: a retention "
            "policy or a purge of the registry may take it.\n"
            "  kubectl patch track %.*s -n %.*s --type merge -p '{\"spec\":{\"protect\":true}}'\n",
            STR_FMT(spec->namespace), STR_FMT(spec->name), STR_FMT(few), STR_FMT(spec->name),
            STR_FMT(spec->namespace));
    }
}

static int show_all(struct request *request)
{
    const struct track_list *list = &request->list;
    const struct trackview_look columns = {.wide = request->format == OUTPUT_WIDE,
                                           .namespaces = request->all || several_namespaces(list)};
    trackview_begin(&request->table, request->arena, &columns);
    if (!list->count && output_is_text(request->format)) {
        struct str namespace = kube_namespace(request->kube);
        if (request->all)
            fputs("There are no Tracks.\n", stderr);
        else
            fprintf(stderr, "There are no Tracks in namespace %.*s.\n", STR_FMT(namespace));
        return EXIT_CLEAN;
    }
    int code = show(request, list->items, list->count);
    if (output_is_text(request->format) && !request->watch)
        tell_exposed(list);
    return code;
}

/* ---- watching ---- */

/* NULL: it is not among those that are shown, or there are too many. */
static struct shown *shown_of(struct request *request, const struct trackspec *spec)
{
    for (size_t i = 0; i < request->shown_count; i++)
        if (str_eq(request->shown[i].namespace, spec->namespace) &&
            str_eq(request->shown[i].name, spec->name))
            return &request->shown[i];
    bool is_own = str_eq(spec->namespace, kube_namespace(request->kube));
    if (request->track || (!request->all && !is_own) || request->shown_count == TRACKS_MAX)
        return NULL;
    struct shown *shown = &request->shown[request->shown_count++];
    shown->namespace = arena_copy(request->arena, spec->namespace);
    shown->name = arena_copy(request->arena, spec->name);
    return shown;
}

static void keep_version(struct shown *shown, const struct trackspec *spec)
{
    snprintf(shown->version, sizeof(shown->version), "%.*s", STR_FMT(spec->resource_version));
}

static bool take(void *context, const struct trackview *view, bool deleted)
{
    struct request *request = context;
    if (!view) /* none is asked for by its name */
        return false;
    struct trackspec spec = *view->spec;
    struct trackview now = *view;
    now.spec = &spec;
    struct shown *shown = shown_of(request, &spec);
    if (!shown || (!deleted && str_eq(str_of(shown->version), spec.resource_version)))
        return false;
    keep_version(shown, &spec);
    spec.deleted |= deleted;
    return show(request, &now, 1) != EXIT_CLEAN;
}

static void tell_trouble(void *context, struct str text)
{
    (void)context;
    cli_error("%.*s", STR_FMT(text));
}

static size_t places_of(const struct request *request, struct track_place *places)
{
    if (!request->all)
        return track_places(kube_namespace(request->kube), &request->list, places);
    places[0] = (struct track_place){STR_NONE, STR_NONE};
    return 1;
}

static int watch(struct request *request)
{
    const struct track_follower follower = {
        .take = take, .trouble = tell_trouble, .context = request};
    struct track_place places[TRACK_PLACES_MAX];
    request->shown = arena_array(request->arena, struct shown, TRACKS_MAX);
    if (!request->shown)
        return cli_error("there is no memory");
    for (size_t i = 0; i < request->list.count; i++) {
        const struct trackspec *spec = request->list.items[i].spec;
        struct shown *shown = &request->shown[request->shown_count++];
        *shown = (struct shown){.namespace = spec->namespace, .name = spec->name};
        keep_version(shown, spec);
    }
    tracks_follow(request->kube, places, places_of(request, places), 0, &follower);
    return EXIT_BAD_INPUT; /* it has no end of its own */
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
    if (found == OPTION_ALL)
        request->all = true;
    else if (found == OPTION_WATCH)
        request->watch = true;
    else
        return EXIT_BAD_INPUT;
    return EXIT_CLEAN;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACKS_ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.format = OUTPUT_TEXT, .arena = &arena};
    struct err err;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (request.all && request.track)
        return cli_usage_error(verb, "a Track by name is of one namespace: -n, not -A");
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    request.kube = cluster.kube;
    int code = gather(&request);
    if (code == EXIT_CLEAN)
        code = show_all(&request);
    if (code == EXIT_CLEAN && request.watch)
        code = watch(&request);
    return code == EXIT_CLEAN && request.list.unread ? EXIT_BAD_INPUT : code;
}

const struct cli_verb verb_status = {
    .name = "status",
    .arguments = "[TRACK] [-n NAMESPACE | -A] [-o FORMAT] [-w]",
    .summary = "Shows what runs on Tracks, what comes next, and what it waits for.",
    .details =
        "The Tracks of the namespace, whom they take from and who takes from them, wherever that\n"
        "is, each below the one that it takes from: staging beside production. Who may not list\n"
        "Tracks everywhere is told so, and shown the rest. SINCE is how long it has been meant to\n"
        "run; NEXT is what would come then, and MESSAGE what that waits for, until when, and\n"
        "whatever else should be known. What would be gone back to, and nothing keeps in the\n"
        "registry, is named below the table.\n\n"
        "Exit status: 0, or 2 if not everything could be read.\n\n"
        "Example:\n"
        "  kubectl pinnace status -A -w\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
