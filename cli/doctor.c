/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: whether the installation is sound, and what a level would bite. */
#include "auditreport.h"
#include "checkup.h"
#include "looks.h"
#include "scancluster.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { OPTION_BEFORE = CLUSTER_OPTIONS, OPTION_OUTPUT, OPTION_WATCH, OPTION_ASKING };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_BEFORE] = {'\0', "before", "LEVEL", "tagged pinned released",
                       "what could not be made again in NAMESPACE under this level"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide, json or yaml"},
    [OPTION_WATCH] = {'w', "watch", NULL, NULL, "go on, and tell it again when something is other"},
    ASKING_ACCESS_OPTIONS(OPTION_ASKING),
    {0},
};

enum { ROOM = 1 << 30, REGISTRY_MS = 5000, PAUSE_MS = 10000 };

struct request {
    struct kube_options access;
    bool before, watch;
    enum level level;
    enum output_format format;
    struct asking asking; /* as the options have it */

    struct kube *kube;
    struct doctor doctor; /* of the last look */
};

static int take_option(struct cli_args *args, int found, struct request *request)
{
    struct str value = str_of(args->value);
    if (cluster_take(&request->access, found, args->value))
        return EXIT_CLEAN;
    if (found >= OPTION_ASKING)
        return asking_option(&request->asking, args, found - OPTION_ASKING);
    if (found == OPTION_BEFORE) {
        request->before = true;
        if (!level_parse(value, &request->level) || request->level == LEVEL_OFF)
            return cli_usage_error(args->verb, "level \"%s\" is none of tagged, pinned, released",
                                   args->value);
    } else if (found == OPTION_OUTPUT) {
        return output_take(args, &request->format);
    } else if (found == OPTION_WATCH) {
        request->watch = true;
    } else if (found == CLI_OPERAND && request->before) {
        request->access.namespace = args->value;
    } else if (found == CLI_OPERAND) {
        return cli_usage_error(args->verb, "only --before has a namespace, not \"%s\"",
                               args->value);
    } else {
        return EXIT_BAD_INPUT;
    }
    return EXIT_CLEAN;
}

/* ---- before a level ---- */

static int look_ahead(const struct request *request, struct arena *arena)
{
    struct kube *kube = request->kube;
    struct str namespace = kube_namespace(kube);
    struct audit *audit = arena_new(arena, struct audit);
    struct buf out = BUF_INIT(arena, ROOM);
    struct policy policy;
    struct err err;
    if (!audit)
        return cli_error("there is no memory");
    audit->arena = arena;
    audit->policy = &policy;
    audit->now = clock_now();
    audit->has_level = true;
    audit->level = request->level;
    scan_policy(kube, namespace, arena, &policy, &audit->unread);
    scan_cluster(kube, namespace, audit);
    audit_forget_old(audit);
    if (audit_sort(audit, &err) < 0 || audit_report(&out, audit, request->format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, audit->unread     ? EXIT_BAD_INPUT
                            : audit->findings ? EXIT_FINDINGS
                                              : EXIT_CLEAN);
}

/* ---- the installation ---- */

static void write_text(struct buf *out, const struct doctor *doctor)
{
    for (const struct doctor_line *line = doctor->lines; line; line = line->next) {
        buf_addf(out, "%-8.*s %-12s %.*s\n", STR_FMT(doctor_weight_names[line->weight]),
                 line->subject, STR_FMT(line->text));
        if (line->remedy)
            buf_addf(out, "%-8s %-12s -> %s\n", "", "", line->remedy);
    }
    buf_addf(out, "\nok: %zu, warnings: %zu, problems: %zu, not known: %zu\n",
             doctor->count[DOCTOR_OK], doctor->count[DOCTOR_WARNING], doctor->count[DOCTOR_PROBLEM],
             doctor->count[DOCTOR_UNKNOWN]);
}

static void write_json(struct buf *out, const struct doctor *doctor)
{
    struct json_writer json = {.buf = out};
    json_open(&json, '{');
    json_key(&json, "lines");
    json_open(&json, '[');
    for (const struct doctor_line *line = doctor->lines; line; line = line->next) {
        json_open(&json, '{');
        json_member(&json, "weight", doctor_weight_names[line->weight]);
        json_member(&json, "subject", str_of(line->subject));
        json_member(&json, "text", line->text);
        if (line->remedy)
            json_member(&json, "remedy", str_of(line->remedy));
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

/* again: something was told before. */
static int print(const struct doctor *doctor, enum output_format format, bool again)
{
    struct buf out = BUF_INIT(doctor->arena, ROOM);
    struct buf text = BUF_INIT(doctor->arena, ROOM);
    struct err err;
    if (again)
        output_between(&out, format);
    if (output_is_text(format)) {
        write_text(&out, doctor);
        return cli_finish(&out, EXIT_CLEAN);
    }
    write_json(&text, doctor);
    if (output_json(&out, &text, format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, EXIT_CLEAN);
}

/* Whoever looks again knows nothing of registries from before: who we are to them may be other. */
static int look(struct request *request, struct arena *arena)
{
    struct asking asking = request->asking;
    asking.arena = arena;
    doctor_begin(&request->doctor, arena);
    checkup(&request->doctor, request->kube, &asking);
    asking_close(&asking);
    return request->doctor.failed ? cli_error("there is no memory") : EXIT_CLEAN;
}

static int examine(struct request *request, struct arena *arena)
{
    const struct doctor *doctor = &request->doctor;
    int code = look(request, arena);
    if (code == EXIT_CLEAN)
        code = print(doctor, request->format, false);
    if (code != EXIT_CLEAN)
        return code;
    return doctor->count[DOCTOR_UNKNOWN]   ? EXIT_BAD_INPUT
           : doctor->count[DOCTOR_PROBLEM] ? EXIT_FINDINGS
                                           : EXIT_CLEAN;
}

/* ---- the watch ---- */

static int look_again(void *context, struct arena *arena, struct str *ret_sight)
{
    struct request *request = context;
    struct buf text = BUF_INIT(arena, ROOM);
    struct err err;
    int code = look(request, arena);
    if (code != EXIT_CLEAN)
        return code;
    doctor_sight(&text, &request->doctor);
    return buf_finish(&text, ret_sight, &err) < 0 ? cli_error("%s", err.text) : EXIT_CLEAN;
}

static int tell(void *context, bool again)
{
    const struct request *request = context;
    return print(&request->doctor, request->format, again);
}

/* Nothing could be watched that tells of all that is asked, registries among it. */
static bool await_turn(void *context)
{
    struct http *http = kube_http(((struct request *)context)->kube);
    int64_t end = clock_boot_ms() + PAUSE_MS;
    struct err err;
    for (int64_t left = PAUSE_MS; left > 0; left = end - clock_boot_ms()) {
        if (http_turn(http, (int)left, &err) == 0)
            continue;
        cli_error("%s", err.text);
        return false;
    }
    return true;
}

static int watch(struct request *request)
{
    const struct looks looks = {
        .room = ROOM, .look = look_again, .tell = tell, .await = await_turn, .context = request};
    return looks_go_on(&looks);
}

/* ---- the verb ---- */

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.format = OUTPUT_TEXT, .asking = ASKING_INIT(NULL)};
    struct err err;
    request.asking.patience_ms = 0;
    request.asking.options.timeout_ms = REGISTRY_MS;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (request.before && request.watch)
        return cli_usage_error(verb, "--before looks once: not with -w");
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    request.kube = cluster.kube;
    if (request.before)
        return look_ahead(&request, &arena);
    return request.watch ? watch(&request) : examine(&request, &arena);
}

const struct cli_verb verb_doctor = {
    .name = "doctor",
    .arguments = "[--before LEVEL [NAMESPACE] | -w] [-o FORMAT]",
    .summary = "Tells whether the installation is sound, and what a level would refuse.",
    .details =
        "Looks at all that Pinnace needs in a cluster, and asks the API server, keeping nothing,\n"
        "whether it would refuse a pod by :latest. Asks the registries, as docker logs in, for "
        "what\n"
        "the Tracks run and would go back to, and Azure's whether that is locked. Each line is ok, "
        "a warning, a problem or not\n"
        "known, and says what to do. With --before: all that could not be made again in the\n"
        "namespace, were it labelled with the level. A watch looks every ten seconds or so, and\n"
        "tells all of it again when something is other than it was; an age alone is nothing "
        "new.\n\n"
        "Exit status: 0 all is well, 1 there is a problem, 2 not everything could be asked.\n"
        "A watch has no end of its own.\n\n"
        "Example:\n"
        "  kubectl pinnace doctor --before pinned production\n",
    .options = options,
    .run = run,
};
