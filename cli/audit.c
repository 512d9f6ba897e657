/* SPDX-License-Identifier: Apache-2.0 */
/* audit: what runs in a cluster against the levels. */
#include "auditreport.h"
#include "scancluster.h"

#include "pinnace/file.h"

#include "pinnace/banned.h"

enum { OPTION_LEVEL = CLUSTER_OPTIONS, OPTION_ALL, OPTION_OUTPUT };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_LEVEL] = {'l', "level", "LEVEL", "tagged pinned released",
                      "ask this of all, whatever the namespaces' labels say"},
    [OPTION_ALL] = {'A', "all-namespaces", NULL, NULL, "every namespace"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", OUTPUT_CHOICES,
                       "text (default), wide, json or yaml"},
    {0},
};

enum { ROOM = 1 << 30 };

struct request {
    struct kube_options access;
    bool all, has_level;
    enum level level;
    enum output_format format;
};

static int take_option(struct cli_args *args, int found, struct request *request)
{
    struct str value = str_of(args->value);
    if (cluster_take(&request->access, found, args->value))
        return EXIT_CLEAN;
    if (found == OPTION_ALL) {
        request->all = true;
    } else if (found == OPTION_LEVEL) {
        request->has_level = true;
        if (!level_parse(value, &request->level) || request->level == LEVEL_OFF)
            return cli_usage_error(args->verb, "level \"%s\" is none of tagged, pinned, released",
                                   args->value);
    } else if (found == OPTION_OUTPUT) {
        return output_take(args, &request->format);
    } else if (found == CLI_OPERAND) {
        return cli_usage_error(args->verb, "options only are expected, not \"%s\"", args->value);
    } else {
        return EXIT_BAD_INPUT;
    }
    return EXIT_CLEAN;
}

static int audit_cluster(const struct request *request, struct kube *kube, struct arena *arena)
{
    struct str namespace = request->all ? STR_NONE : kube_namespace(kube);
    struct audit *audit = arena_new(arena, struct audit);
    struct buf out = BUF_INIT(arena, ROOM);
    struct policy policy;
    struct err err;
    if (!audit)
        return cli_error("there is no memory");
    audit->arena = arena;
    audit->policy = &policy;
    audit->now = clock_now();
    audit->has_level = request->has_level;
    audit->level = request->level;
    scan_policy(kube, namespace, arena, &policy, &audit->unread);
    scan_cluster(kube, namespace, audit);
    if (audit_sort(audit, &err) < 0 || audit_report(&out, audit, request->format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, audit->unread     ? EXIT_BAD_INPUT
                            : audit->findings ? EXIT_FINDINGS
                                              : EXIT_CLEAN);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.format = OUTPUT_TEXT};
    struct err err;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    return audit_cluster(&request, cluster.kube, &arena);
}

const struct cli_verb verb_audit = {
    .name = "audit",
    .arguments = "[--level LEVEL] [-n NAMESPACE | -A] [-o FORMAT]",
    .summary = "Tells what runs in a cluster against the levels.",
    .details =
        "Looks at everything that makes pods, at old revisions that still run, and at the pods,\n"
        "static ones among them. Each namespace is asked for the strictest level that its labels\n"
        "name, or for \"pinned\" when they name none; --level asks all for one. What an Exemption\n"
        "lets in is shown, and is no finding. -o wide shows which bytes run: the line to paste.\n\n"
        "Exit status: 0 nothing was found, 1 something was, 2 not everything could be read.\n\n"
        "Example:\n"
        "  kubectl pinnace audit -A -o wide\n",
    .options = options,
    .run = run,
};
