/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: whether the installation is sound, and what a level would bite. */
#include "auditreport.h"
#include "checkup.h"
#include "scancluster.h"

#include "pinnace/file.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { OPTION_BEFORE = CLUSTER_OPTIONS, OPTION_OUTPUT, OPTION_ASKING, REGISTRY_MS = 5000 };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_BEFORE] = {'\0', "before", "LEVEL", "tagged pinned released",
                       "what could not be made again in NAMESPACE under this level"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide, json or yaml"},
    ASKING_ACCESS_OPTIONS(OPTION_ASKING),
    {0},
};

enum { ROOM = 1 << 30 };

struct request {
    struct kube_options access;
    bool before;
    enum level level;
    enum output_format format;
    struct asking asking;
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

static int look_ahead(const struct request *request, struct kube *kube, struct arena *arena)
{
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

static int print(struct buf *out, const struct doctor *doctor, enum output_format format,
                 struct err *err)
{
    struct buf text = BUF_INIT(doctor->arena, ROOM);
    if (doctor->failed)
        return err_no_memory(err);
    if (output_is_text(format)) {
        write_text(out, doctor);
        return 0;
    }
    write_json(&text, doctor);
    return output_json(out, &text, format, err);
}

static int examine(struct request *request, struct kube *kube, struct arena *arena)
{
    struct buf out = BUF_INIT(arena, ROOM);
    struct doctor doctor;
    struct err err;
    doctor_begin(&doctor, arena);
    checkup(&doctor, kube, &request->asking);
    if (print(&out, &doctor, request->format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, doctor.count[DOCTOR_UNKNOWN]   ? EXIT_BAD_INPUT
                            : doctor.count[DOCTOR_PROBLEM] ? EXIT_FINDINGS
                                                           : EXIT_CLEAN);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.format = OUTPUT_TEXT, .asking = ASKING_INIT(&arena)};
    struct err err;
    request.asking.patience_ms = 0;
    request.asking.options.timeout_ms = REGISTRY_MS;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    int code = request.before ? look_ahead(&request, cluster.kube, &arena)
                              : examine(&request, cluster.kube, &arena);
    asking_close(&request.asking);
    return code;
}

const struct cli_verb verb_doctor = {
    .name = "doctor",
    .arguments = "[--before LEVEL [NAMESPACE]] [-o FORMAT]",
    .summary = "Tells whether the installation is sound, and what a level would refuse.",
    .details =
        "Looks at all that Pinnace needs in a cluster, and asks the API server, keeping nothing,\n"
        "whether it would refuse a pod by :latest. Asks the registries, as docker logs in, for "
        "what\n"
        "the Tracks run and would go back to, and Azure's whether that is locked. Each line is ok, "
        "a warning, a problem or not\n"
        "known, and says what to do. With --before: all that could not be made again in the\n"
        "namespace, were it labelled with the level.\n\n"
        "Exit status: 0 all is well, 1 there is a problem, 2 not everything could be asked.\n\n"
        "Example:\n"
        "  kubectl pinnace doctor --before pinned production\n",
    .options = options,
    .run = run,
};
