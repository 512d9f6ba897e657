/* SPDX-License-Identifier: Apache-2.0 */
/* check: manifests judged offline, with the verdict that the cluster would give. */
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "report.h"

#include "pinnace/file.h"
#include "pinnace/load.h"

#include "pinnace/banned.h"

enum { OPTION_FILE, OPTION_LEVEL, OPTION_NAMESPACE, OPTION_POLICY, OPTION_LEDGER, OPTION_OUTPUT };

static const struct cli_option options[] = {
    [OPTION_FILE] = {'f', "filename", "FILE", "FILE",
                     "a manifest, a folder of them, or - (repeatable)"},
    [OPTION_LEVEL] = {'l', "level", "LEVEL", "tagged pinned released",
                      "what to ask for (default pinned)"},
    [OPTION_NAMESPACE] = {'n', "namespace", "NAME", NULL,
                          "of objects that name none (default \"default\")"},
    [OPTION_POLICY] = {'\0', "policy", "FILE", "FILE", "PinPolicy and Exemptions to judge by"},
    [OPTION_LEDGER] = {'\0', "ledger", "FILE", "FILE", "Tracks (and ReplicaSets) to judge by"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json sarif github",
                       "text (default), json, sarif or github"},
    {0},
};

struct request {
    const char **files;
    size_t file_count;
    const char *policy_file, *ledger_file;
    struct str namespace;
    enum level level;
    enum report_format format;
};

struct checker {
    const struct request *request;
    struct arena *arena;
    struct policy policy;
    struct ledger ledger;
    struct report report;
};

static bool read_format(struct str name, enum report_format *ret_format)
{
    static const struct str names[] = {
        [REPORT_TEXT] = STR_INIT("text"),
        [REPORT_JSON] = STR_INIT("json"),
        [REPORT_SARIF] = STR_INIT("sarif"),
        [REPORT_GITHUB] = STR_INIT("github"),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!str_eq(name, names[i]))
            continue;
        *ret_format = (enum report_format)i;
        return true;
    }
    return false;
}

static int take_option(struct cli_args *args, int found, struct request *request)
{
    struct str value = str_of(args->value);
    switch (found) {
    case CLI_OPERAND: /* "check deploy.yaml" can only mean one thing */
    case OPTION_FILE:
        request->files[request->file_count++] = args->value;
        return EXIT_CLEAN;
    case OPTION_NAMESPACE:
        request->namespace = value;
        return EXIT_CLEAN;
    case OPTION_POLICY:
        request->policy_file = args->value;
        return EXIT_CLEAN;
    case OPTION_LEDGER:
        request->ledger_file = args->value;
        return EXIT_CLEAN;
    case OPTION_LEVEL:
        if (level_parse(value, &request->level))
            return EXIT_CLEAN;
        return cli_usage_error(args->verb, "level \"%s\" is none of off, tagged, pinned, released",
                               args->value);
    case OPTION_OUTPUT:
        if (read_format(value, &request->format))
            return EXIT_CLEAN;
        return cli_usage_error(args->verb, "output \"%s\" is none of text, json, sarif, github",
                               args->value);
    default:
        return EXIT_BAD_INPUT;
    }
}

static int read_request(struct cli_args *args, struct request *request)
{
    int code = EXIT_CLEAN;
    for (int found; code == EXIT_CLEAN && (found = cli_next(args)) != CLI_END;)
        code = take_option(args, found, request);
    if (code == EXIT_CLEAN && request->file_count == 0)
        return cli_usage_error(args->verb, "no manifest was given; name one with -f");
    if (code == EXIT_CLEAN && request->level == LEVEL_RELEASED && !request->ledger_file)
        return cli_usage_error(args->verb, "level released is judged by a ledger; give it with "
                                           "--ledger (kubectl get tracks,replicasets -o yaml)");
    return code;
}

static int note_skipped(struct checker *checker, const struct object *object, struct err *err)
{
    struct report *report = &checker->report;
    for (struct report_skipped *s = report->skipped; s; s = s->next) {
        if (!str_eq(s->kind_name, object->kind_name) ||
            !str_eq(s->api_version, object->api_version))
            continue;
        s->count++;
        return 0;
    }
    struct report_skipped *skipped = arena_new(checker->arena, struct report_skipped);
    if (!skipped)
        return err_no_memory(err);
    *skipped = (struct report_skipped){report->skipped, object->api_version, object->kind_name, 1};
    report->skipped = skipped;
    return 0;
}

static int add_findings(struct checker *checker, const struct manifest_object *source,
                        const struct object *object, const struct verdict *verdict, struct err *err)
{
    struct report *report = &checker->report;
    for (size_t i = 0; i < verdict->kept; i++) {
        const struct finding *finding = &verdict->findings[i];
        struct report_entry *entry = arena_new(checker->arena, struct report_entry);
        if (!entry)
            return err_no_memory(err);
        *entry = (struct report_entry){.source = source,
                                       .object = object,
                                       .finding = finding,
                                       .place = manifest_place_of(source, finding->site->offset)};
        *report->tail = entry;
        report->tail = &entry->next;
    }
    return 0;
}

static int check_object(struct checker *checker, const struct manifest_object *source,
                        struct err *err)
{
    struct object *object = arena_new(checker->arena, struct object);
    struct verdict verdict = {0};
    struct scan scan;
    size_t at = 0;
    if (!object)
        return err_no_memory(err);
    scan_begin(&scan, source->json, checker->arena);
    scan.deep = true;
    scan.derived = true;
    object_scan(&scan, object);
    if (scan_finish(&scan, err) < 0 || object_check(object, &at, err) < 0)
        return manifest_prefix(source, at, err);
    if (!object->kind_name.len) {
        err_set(err, ERR_INPUT, "kind: is missing; this is no Kubernetes object");
        return manifest_prefix(source, 0, err);
    }
    checker->report.objects++;
    if (!object->kind)
        return note_skipped(checker, object, err);
    struct question question = {
        .level = checker->request->level,
        .namespace = object->namespace.len ? object->namespace : checker->request->namespace,
        .policy = &checker->policy,
        .ledger = checker->request->ledger_file ? &checker->ledger : NULL,
        .now = clock_now(),
        .object = object,
        .keep = SIZE_MAX,
    };
    if (judge(&question, checker->arena, &verdict, err) < 0)
        return -1;
    checker->report.images += verdict.images;
    checker->report.violations += verdict.count[FINDING_REFUSED];
    return add_findings(checker, source, object, &verdict, err);
}

/* What cannot be read is told and counted, and does not keep the rest from being judged. */
static void tell(struct checker *checker, const struct err *err)
{
    cli_error("%s", err->text);
    checker->report.unread++;
}

static void check_file(struct checker *checker, const char *file)
{
    struct err err;
    struct manifest *manifest = arena_new(checker->arena, struct manifest);
    if (!manifest)
        err_no_memory(&err);
    if (!manifest || manifest_read(file, checker->arena, manifest, &err) < 0) {
        tell(checker, &err);
        return;
    }
    checker->report.files++;
    for (const struct manifest_object *object = manifest->objects; object; object = object->next)
        if (check_object(checker, object, &err) < 0)
            tell(checker, &err);
}

static int check_path(struct checker *checker, const char *path, struct err *err)
{
    bool is_folder = false;
    struct file_names names;
    if (strcmp(path, "-") != 0 && file_is_folder(path, &is_folder, err) < 0)
        return -1;
    if (!is_folder) {
        check_file(checker, path);
        return 0;
    }
    if (file_list_manifests(path, checker->arena, &names, err) < 0)
        return -1;
    if (names.count == 0)
        return err_set(err, ERR_INPUT, "%s: no .yaml, .yml or .json file is in this folder", path);
    for (size_t i = 0; i < names.count; i++)
        check_file(checker, names.items[i]);
    return 0;
}

static int check_all(struct checker *checker, struct err *err)
{
    const struct request *request = checker->request;
    if (load_policy(request->policy_file, checker->arena, &checker->policy, err) < 0 ||
        load_ledger(request->ledger_file, checker->arena, &checker->ledger, err) < 0)
        return -1;
    for (size_t i = 0; i < request->file_count; i++)
        if (check_path(checker, request->files[i], err) < 0)
            return -1;
    return 0;
}

static void print_report(struct buf *out, const struct report *report, enum report_format format)
{
    if (format == REPORT_JSON)
        report_json(out, report);
    else if (format == REPORT_SARIF)
        report_sarif(out, report);
    else if (format == REPORT_GITHUB)
        report_github(out, report);
    else
        report_text(out, report, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)4 << 30);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.files = arena_array(&arena, const char *, (size_t)argc + 1),
                              .namespace = STR("default"),
                              .level = LEVEL_PINNED};
    struct checker checker = {.request = &request, .arena = &arena};
    struct buf out = BUF_INIT(&arena, (size_t)1 << 30);
    struct err err;
    int code = request.files ? read_request(&args, &request) : cli_error("no memory");
    if (code != EXIT_CLEAN)
        return code;
    checker.report.arena = &arena;
    checker.report.level = request.level;
    checker.report.tail = &checker.report.entries;
    if (check_all(&checker, &err) < 0)
        return cli_error("%s", err.text);
    print_report(&out, &checker.report, request.format);
    code = checker.report.violations ? EXIT_FINDINGS : EXIT_CLEAN;
    return cli_finish(&out, checker.report.unread ? EXIT_BAD_INPUT : code);
}

const struct cli_verb verb_check = {
    .name = "check",
    .arguments = "-f FILE|DIR|- ... [--level L] [--policy FILE] [--ledger FILE] [-o FORMAT]",
    .summary = "Judges manifests as the cluster would, offline.",
    .details =
        "Reads YAML or JSON, many documents in a file, Lists too, and names every image that\n"
        "does not meet the level, with its line. Exit status 0 when all do, 1 when some do\n"
        "not, 2 for what cannot be read.\n\n"
        "Example:\n  kubectl pinnace check -f deploy/ --level pinned -o github\n",
    .options = options,
    .run = run,
};
