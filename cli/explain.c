/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why a workload runs the bytes it runs. */
#include "looks.h"
#include "output.h"
#include "targetkinds.h"
#include "trackfollow.h"

#include "pinnace/explain.h"
#include "pinnace/file.h"

#include "pinnace/banned.h"

enum { OPTION_OUTPUT = CLUSTER_OPTIONS, OPTION_WATCH };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide (whole digests), json or yaml"},
    [OPTION_WATCH] = {'w', "watch", NULL, NULL, "go on, and explain it again when that changes"},
    {0},
};

struct request {
    struct kube_options access;
    enum output_format format;
    bool watch;
    bool has_kind;
    enum target_kind kind;
    const char *name;

    struct arena *arena;
    struct kube *kube;
    struct track_list list;
    struct explained *items;
    size_t count;
    int64_t began; /* the watch */
};

/* ---- gathering ---- */

/* The kind of the target that has the name; a Deployment if none does. */
static void guess_kind(struct request *request)
{
    for (size_t i = 0; i < request->list.count && !request->has_kind; i++) {
        const struct trackspec *spec = request->list.items[i].spec;
        for (size_t j = 0; j < spec->target_count && !request->has_kind; j++) {
            request->has_kind = str_eq(spec->targets[j].name, str_of(request->name));
            request->kind = spec->targets[j].kind;
        }
    }
    if (!request->has_kind)
        request->kind = TARGET_DEPLOYMENT;
}

/* Who may not see them is told less. */
static void add_sources(struct request *request)
{
    size_t own = request->list.count;
    for (size_t i = 0; i < own; i++) {
        const struct trackspec *spec = request->list.items[i].spec;
        struct kube_error error;
        struct trackview source;
        struct err err;
        if (!spec->from.track.len)
            continue;
        if (track_look(request->kube, spec->from.namespace, spec->from.track, request->arena,
                       &source, &error) == 0)
            track_list_add(&request->list, source, request->arena, &err);
    }
}

static int gather(struct request *request, struct str *ret_json)
{
    struct str namespace = kube_namespace(request->kube);
    struct kube_error error;
    if (track_list(request->kube, namespace, request->arena, &request->list, &error) < 0)
        return cluster_error(&error);
    track_list_tell(&request->list);
    guess_kind(request);
    add_sources(request);
    const struct kube_request asking = {.verb = KUBE_GET,
                                        .path = kube_path(request->arena,
                                                          target_resources[request->kind],
                                                          namespace, str_of(request->name), NULL)};
    if (kube_ask(request->kube, &asking, request->arena, ret_json, &error) < 0)
        return cluster_error(&error);
    return EXIT_CLEAN;
}

/* ---- telling ---- */

static void write_text(struct buf *out, const struct request *request, bool wide, int64_t now)
{
    struct str namespace = kube_namespace(request->kube);
    buf_addf(out, "%.*s/%s of namespace %.*s\n", STR_FMT(target_kind_names[request->kind]),
             request->name, STR_FMT(namespace));
    for (size_t i = 0; i < request->count; i++) {
        buf_add_char(out, '\n');
        explain_text(out, &request->items[i], wide, now);
    }
}

static void write_json(struct json_writer *json, const struct request *request)
{
    json_open(json, '{');
    json_member(json, "kind", target_kind_names[request->kind]);
    json_member(json, "namespace", kube_namespace(request->kube));
    json_member(json, "name", str_of(request->name));
    json_key(json, "containers");
    json_open(json, '[');
    for (size_t i = 0; i < request->count; i++)
        explain_json(json, &request->items[i], clock_now());
    json_close(json, ']');
    json_close(json, '}');
}

static int look(struct request *request)
{
    struct str object = STR_NONE;
    struct err err;
    int code = gather(request, &object);
    if (code != EXIT_CLEAN)
        return code;
    if (explain_workload(object, request->kind, request->list.items, request->list.count,
                         request->arena, &request->items, &request->count, &err) < 0)
        return cli_error("%s/%s: %s", target_resources[request->kind].plural, request->name,
                         err.text);
    return EXIT_CLEAN;
}

/* again: something was shown before. */
static int show(const struct request *request, bool again)
{
    struct buf out = BUF_INIT(request->arena, TRACK_ROOM);
    struct buf text = BUF_INIT(request->arena, TRACK_ROOM);
    struct json_writer json = {.buf = &text};
    struct err err;
    if (again)
        output_between(&out, request->format);
    if (output_is_text(request->format)) {
        write_text(&out, request, request->format == OUTPUT_WIDE, clock_now());
        return cli_finish(&out, EXIT_CLEAN);
    }
    write_json(&json, request);
    if (output_json(&out, &text, request->format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, EXIT_CLEAN);
}

static int explain(struct request *request)
{
    int code = look(request);
    if (code == EXIT_CLEAN)
        code = show(request, false);
    return code == EXIT_CLEAN && request->list.unread ? EXIT_BAD_INPUT : code;
}

/* ---- watching ---- */

static bool concerns(const struct request *request, const struct trackspec *spec)
{
    if (str_eq(spec->namespace, kube_namespace(request->kube)))
        return true;
    for (size_t i = 0; i < request->list.count; i++)
        if (str_eq(request->list.items[i].spec->namespace, spec->namespace) &&
            str_eq(request->list.items[i].spec->name, spec->name))
            return true;
    return false;
}

/* True for a Track that is not as it was looked at. */
static bool take(void *context, const struct trackview *view, bool deleted)
{
    const struct request *request = context;
    for (size_t i = 0; !deleted && i < request->list.count; i++)
        if (str_eq(request->list.items[i].spec->uid, view->spec->uid) &&
            str_eq(request->list.items[i].spec->resource_version, view->spec->resource_version))
            return false;
    return concerns(request, view->spec);
}

static void tell_trouble(void *context, struct str text)
{
    (void)context;
    cli_error("%.*s", STR_FMT(text));
}

/* What is to be told, and at one and the same time whenever it is looked at. */
static int look_again(void *context, struct arena *arena, struct str *ret_sight)
{
    struct request *request = context;
    struct buf text = BUF_INIT(arena, TRACK_ROOM);
    struct err err;
    request->arena = arena;
    int code = look(request);
    if (code != EXIT_CLEAN)
        return code;
    write_text(&text, request, true, request->began);
    return buf_finish(&text, ret_sight, &err) < 0 ? cli_error("%s", err.text) : EXIT_CLEAN;
}

static int tell(void *context, bool again)
{
    return show(context, again);
}

static bool await_change(void *context)
{
    struct request *request = context;
    const struct track_follower follower = {
        .take = take, .trouble = tell_trouble, .context = request};
    struct track_place places[TRACK_PLACES_MAX];
    size_t count = track_places(kube_namespace(request->kube), &request->list, places);
    return tracks_follow(request->kube, places, count, 0, &follower) == FOLLOW_ENOUGH;
}

static int watch(struct request *request)
{
    const struct looks looks = {.room = TRACKS_ROOM,
                                .look = look_again,
                                .tell = tell,
                                .await = await_change,
                                .context = request};
    request->began = clock_now();
    return looks_go_on(&looks);
}

/* ---- the verb ---- */

static int take_workload(const struct cli_args *args, struct request *request)
{
    const char *slash = strchr(args->value, '/');
    if (request->name)
        return cli_usage_error(args->verb, "one workload at a time, not \"%s\" too", args->value);
    request->name = slash ? slash + 1 : args->value;
    request->has_kind = slash != NULL;
    if (!*request->name || strchr(request->name, '/'))
        return cli_usage_error(args->verb, "\"%s\" is neither KIND/NAME nor NAME", args->value);
    if (slash && !target_kind_parse(str_between(args->value, slash), &request->kind))
        return cli_usage_error(args->verb,
                               "\"%s\": a Deployment, StatefulSet, DaemonSet or CronJob was "
                               "expected",
                               args->value);
    return EXIT_CLEAN;
}

static int take_option(const struct cli_args *args, int found, struct request *request)
{
    if (cluster_take(&request->access, found, args->value))
        return EXIT_CLEAN;
    if (found == CLI_OPERAND)
        return take_workload(args, request);
    if (found == OPTION_OUTPUT)
        return output_take(args, &request->format);
    if (found != OPTION_WATCH)
        return EXIT_BAD_INPUT;
    request->watch = true;
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
    if (!request.name)
        return cli_usage_error(verb, "no workload was named");
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    request.kube = cluster.kube;
    return request.watch ? watch(&request) : explain(&request);
}

const struct cli_verb verb_explain = {
    .name = "explain",
    .arguments = "KIND/NAME|NAME [-n NAMESPACE] [-o FORMAT] [-w]",
    .summary = "Tells why a workload runs the bytes it runs.",
    .details =
        "For each container: the Track that moves it, the row of its ledger, why and by whose\n"
        "word, how the bytes were proved, what comes next and what that waits for, and whether\n"
        "another hand put something else there. KIND is deployment, statefulset, daemonset or\n"
        "cronjob; without it, the target of that name. A watch is one of the Tracks: what\n"
        "they come to know of the workload is explained again.\n\n"
        "Example:\n"
        "  kubectl pinnace explain deploy/web -n production\n",
    .options = options,
    .operand = CLI_COMPLETES_WORKLOAD,
    .run = run,
};
