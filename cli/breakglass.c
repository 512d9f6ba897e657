/* SPDX-License-Identifier: Apache-2.0 */
/* break-glass: an Exemption, in one command, for the night in which nothing else helps. */
#include <stdio.h>

#include "cluster.h"
#include "dryrun.h"

#include "pinnace/file.h"
#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/policy.h"
#include "pinnace/scan.h"
#include "pinnace/when.h"
#include "pinnace/yamlwrite.h"

#include "pinnace/banned.h"

enum {
    OPTION_IMAGES = CLUSTER_OPTIONS,
    OPTION_FOR,
    OPTION_REASON,
    OPTION_NAME,
    OPTION_DRY_RUN,
    OPTION_OUTPUT,
};

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    [OPTION_IMAGES] = {'\0', "images", "IMAGE,...", NULL, "what is let in; patterns may be given"},
    [OPTION_FOR] = {'\0', "for", "DURATION", "15m 1h 4h 24h", "how long (default 1h)"},
    [OPTION_REASON] = {'\0', "reason", "TEXT", NULL, "why, for those who read it later"},
    [OPTION_NAME] = {'\0', "name", "NAME", NULL,
                     "of the Exemption; otherwise the cluster makes one"},
    [OPTION_DRY_RUN] = {'\0', "dry-run", "STRATEGY", DRY_RUN_CHOICES,
                        "none (default); client: only show what would be sent; server: ask "
                        "whether it would be let in, and keep nothing"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json yaml",
                       "text (default), or the Exemption as json or yaml"},
    {0},
};

enum { IMAGES_MAX = 64, TEXT_MAX = 64 * 1024, ROOM = 64 * 1024 * 1024 };

#define GENERATED "break-glass-" /* names begin so, unless one was given */

static const struct kube_resource exemptions = {"/apis/" PINNACE_API_VERSION, "exemptions"};
static const struct kube_resource pin_policies = {"/apis/" PINNACE_API_VERSION, "pinpolicies"};
static const struct kube_resource bindings = {"/apis/admissionregistration.k8s.io/v1",
                                              "validatingadmissionpolicybindings"};

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_YAML };

/* In the order of the values above. */
static const char *const outputs[] = {"text", "json", "yaml", NULL};

struct request {
    struct kube_options access;
    const char *images, *duration, *reason, *name;
    enum dry_run dry_run;
    enum output output;
    int64_t seconds;
    struct str patterns[IMAGES_MAX];
    size_t pattern_count;
};

/* ---- what is asked ---- */

/*
 * A name as it stands in a manifest or in a denial is its own pattern, once it is written out; what
 * a pattern cannot say, the digest, is left away.
 */
static int add_pattern(struct request *request, struct str text, struct arena *arena,
                       struct err *err)
{
    struct image_glob glob;
    struct imageref ref;
    const char *problem = image_glob_parse(text, &glob);
    if (request->pattern_count == IMAGES_MAX)
        return err_set(err, ERR_LIMIT, "--images: at most %d", IMAGES_MAX);
    if (problem && imageref_parse(text, &ref) == IMAGEREF_OK) {
        struct buf name = BUF_INIT(arena, TEXT_MAX);
        buf_add_repository(&name, &ref);
        if (ref.tag.len)
            buf_addf(&name, ":%.*s", STR_FMT(ref.tag));
        if (buf_finish(&name, &text, err) < 0)
            return -1;
        problem = image_glob_parse(text, &glob);
    }
    if (problem)
        return err_set(err, ERR_INPUT, "--images: \"%.*s\" %s", STR_FMT(text), problem);
    request->patterns[request->pattern_count++] = text;
    return 0;
}

static int read_patterns(struct request *request, struct arena *arena, struct err *err)
{
    struct str rest = str_of(request->images);
    while (rest.len) {
        size_t comma = str_find(rest, ',');
        size_t end = comma == STR_NOT_FOUND ? rest.len : comma;
        if (add_pattern(request, str_head(rest, end), arena, err) < 0)
            return -1;
        rest = str_tail(rest, end == rest.len ? end : end + 1);
    }
    return 0;
}

/* Which of the names the value is; -1: none of them. */
static int find_name(const char *value, const char *const names[])
{
    for (int i = 0; names[i]; i++)
        if (str_eq(str_of(value), str_of(names[i])))
            return i;
    return -1;
}

static int take_output(struct cli_args *args, struct request *request)
{
    int found = find_name(args->value, outputs);
    if (found < 0)
        return cli_usage_error(args->verb, "-o: \"%s\" is none of text, json, yaml", args->value);
    request->output = (enum output)found;
    return EXIT_CLEAN;
}

static int take_option(struct cli_args *args, int found, struct request *request)
{
    if (cluster_take(&request->access, found, args->value))
        return EXIT_CLEAN;
    if (found == OPTION_DRY_RUN)
        return dry_run_take(args, &request->dry_run);
    if (found == OPTION_OUTPUT)
        return take_output(args, request);
    if (found == OPTION_IMAGES)
        request->images = args->value;
    else if (found == OPTION_FOR)
        request->duration = args->value;
    else if (found == OPTION_REASON)
        request->reason = args->value;
    else if (found == OPTION_NAME)
        request->name = args->value;
    else if (found == CLI_OPERAND)
        return cli_usage_error(args->verb, "options only are expected, not \"%s\"", args->value);
    else
        return EXIT_BAD_INPUT;
    return EXIT_CLEAN;
}

static int read_request(struct cli_args *args, struct request *request, struct arena *arena)
{
    struct err err;
    for (int found; (found = cli_next(args)) != CLI_END;)
        if (take_option(args, found, request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (!request->images || !*request->images)
        return cli_usage_error(args->verb, "--images is missing: what is to be let in?");
    if (!request->reason || !*request->reason)
        return cli_usage_error(args->verb, "--reason is missing: why?");
    if (request->name && !*request->name)
        return cli_usage_error(args->verb, "--name is empty; without it the cluster makes one");
    if (!duration_parse(str_of(request->duration), &request->seconds))
        return cli_usage_error(args->verb,
                               "--for: a duration such as 30m or 2h was expected, "
                               "not \"%s\"",
                               request->duration);
    if (read_patterns(request, arena, &err) < 0)
        return cli_error("%s", err.text);
    return EXIT_CLEAN;
}

/* ---- what the cluster knows ---- */

/* A policy that cannot be read here is the webhook's to tell of. */
static int64_t ask_longest(struct kube *kube, struct arena *arena)
{
    const struct kube_request asking = {
        .verb = KUBE_GET, .path = kube_path(arena, pin_policies, STR_NONE, STR("default"), NULL)};
    struct policy policy = policy_builtin;
    struct kube_error error;
    struct str body;
    struct err err;
    bool asked = kube_ask(kube, &asking, arena, &body, &error) == 0;
    if (!asked && error.fault != KUBE_NOT_FOUND)
        return INT64_MAX;
    if (asked && policy_add(&policy, body, arena, &err) < 0)
        return INT64_MAX;
    return policy.longest_exemption;
}

static bool has_second_layer(struct kube *kube, struct arena *arena)
{
    const struct kube_request asking = {
        .verb = KUBE_GET,
        .path = kube_path(arena, bindings, STR_NONE, STR("pinnace-pinned"), NULL)};
    struct kube_error error;
    struct str body;
    return kube_ask(kube, &asking, arena, &body, &error) == 0;
}

/* ---- the Exemption ---- */

/* What there is to know of it, once it is made or would be. */
struct glass {
    struct str namespace, name, by;
    int64_t expires;
    struct str json;
};

static void write_metadata(struct json_writer *json, const struct request *request,
                           const struct glass *glass)
{
    json_key(json, "metadata");
    json_open(json, '{');
    if (request->name)
        json_member(json, "name", glass->name);
    else
        json_member(json, "generateName", STR(GENERATED));
    json_member(json, "namespace", glass->namespace);
    json_close(json, '}');
}

static int write_exemption(const struct request *request, struct arena *arena, struct glass *glass,
                           struct err *err)
{
    struct buf text = BUF_INIT(arena, 2 * TEXT_MAX), when = BUF_INIT(arena, 64);
    struct json_writer json = {.buf = &text};
    struct str end;
    buf_add_when(&when, glass->expires);
    if (buf_finish(&when, &end, err) < 0)
        return -1;
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR(PINNACE_API_VERSION));
    json_member(&json, "kind", STR("Exemption"));
    write_metadata(&json, request, glass);
    json_key(&json, "spec");
    json_open(&json, '{');
    json_key(&json, "images");
    json_open(&json, '[');
    for (size_t i = 0; i < request->pattern_count; i++)
        json_string(&json, request->patterns[i]);
    json_close(&json, ']');
    json_member(&json, "reason", str_of(request->reason));
    json_member(&json, "expires", end);
    json_member(&json, "by", glass->by);
    json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&text, &glass->json, err);
}

/* What the cluster made of it is what is told of. */
static int create(struct kube *kube, const struct request *request, struct arena *arena,
                  struct glass *glass, struct kube_error *error)
{
    const char *tail = request->dry_run == DRY_SERVER ? "?dryRun=All" : NULL;
    const struct kube_request asking = {
        .verb = KUBE_CREATE,
        .path = kube_path(arena, exemptions, glass->namespace, STR_NONE, tail),
        .body = glass->json};
    struct policy policy = policy_builtin;
    struct err err;
    if (kube_ask(kube, &asking, arena, &glass->json, error) < 0)
        return -1;
    err_set(&err, ERR_INPUT, "it is no Exemption");
    if (policy_add(&policy, glass->json, arena, &err) < 0 || !policy.exemptions) {
        kube_error_set(error, (struct kube_question){"POST", asking.path}, KUBE_GARBLED, &err);
        return -1;
    }
    glass->name = policy.exemptions->name;
    glass->by = policy.exemptions->by;
    glass->expires = policy.exemptions->expires;
    return 0;
}

/* ---- what is told ---- */

static const char *const beginnings[] = {
    [DRY_NONE] = "There is now",
    [DRY_CLIENT] = "Nothing was sent; it would be",
    [DRY_SERVER] = "Nothing is kept; there would be",
};

static void add_second_layer(struct buf *out, struct str namespace)
{
    buf_addf(out,
             "This cluster also has Pinnace's policies in the API server, which know no "
             "Exemptions.\nWhoever may set levels puts them aside, and back:\n"
             "  kubectl label namespace %.*s pinnace.dev/second-layer=off\n"
             "  kubectl label namespace %.*s pinnace.dev/second-layer-\n",
             STR_FMT(namespace), STR_FMT(namespace));
}

static void tell(struct buf *out, const struct request *request, const struct glass *glass,
                 struct kube *kube, struct arena *arena)
{
    buf_addf(out, "%s Exemption \"%.*s\" of namespace \"%.*s\", until ",
             beginnings[request->dry_run], STR_FMT(glass->name), STR_FMT(glass->namespace));
    buf_add_when(out, glass->expires);
    buf_addf(out, " by %.*s, for\n", STR_FMT(glass->by));
    for (size_t i = 0; i < request->pattern_count; i++)
        buf_addf(out, "  %.*s\n", STR_FMT(request->patterns[i]));
    if (request->dry_run != DRY_NONE)
        return;
    buf_addf(out, "To end it sooner: kubectl delete exemption %.*s -n %.*s\n", STR_FMT(glass->name),
             STR_FMT(glass->namespace));
    if (has_second_layer(kube, arena))
        add_second_layer(out, glass->namespace);
}

static void copy_member(struct json_writer *json, struct scan *scan, struct str key)
{
    json_string(json, key);
    buf_add_char(json->buf, ':');
    buf_add(json->buf, scan_value(scan));
}

/* As kubectl shows an object: without what tells who wrote which field. */
static void copy_metadata(struct json_writer *json, struct scan *scan)
{
    struct scan_members members = scan_object(scan);
    struct str key;
    json_key(json, "metadata");
    json_open(json, '{');
    while (scan_any_member(scan, &members, &key))
        if (str_eq(key, STR("managedFields")))
            scan_value(scan);
        else
            copy_member(json, scan, key);
    json_close(json, '}');
}

static int shown(struct str object, struct arena *arena, struct str *ret_json, struct err *err)
{
    struct buf text = BUF_INIT(arena, 2 * KUBE_MAX_BYTES);
    struct json_writer json = {.buf = &text};
    struct scan scan;
    struct str key;
    scan_begin(&scan, object, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    json_open(&json, '{');
    while (scan_any_member(&scan, &members, &key))
        if (str_eq(key, STR("metadata")))
            copy_metadata(&json, &scan);
        else
            copy_member(&json, &scan, key);
    json_close(&json, '}');
    return scan_finish(&scan, err) < 0 ? -1 : buf_finish(&text, ret_json, err);
}

static int print_object(struct buf *out, enum output output, struct str object, struct arena *arena,
                        struct err *err)
{
    struct str json;
    if (shown(object, arena, &json, err) < 0)
        return -1;
    if (output == OUTPUT_YAML)
        return buf_add_yaml(out, json, arena, err);
    buf_add(out, json);
    buf_add_char(out, '\n');
    return 0;
}

static int break_glass(const struct request *request, struct kube *kube, struct arena *arena)
{
    struct glass glass = {.namespace = kube_namespace(kube),
                          .name = request->name ? str_of(request->name) : STR(GENERATED "*")};
    struct buf out = BUF_INIT(arena, 2 * KUBE_MAX_BYTES);
    struct kube_error error;
    struct err err;
    int64_t now = 0;
    if (cluster_who(kube, arena, &glass.by, &now, &error) < 0)
        return cluster_error(&error);
    int64_t longest = ask_longest(kube, arena);
    if (request->seconds > longest)
        return cli_error("--for: the PinPolicy lets an Exemption last %lld minutes at most",
                         (long long)(longest / 60));
    glass.expires = now + request->seconds;
    if (write_exemption(request, arena, &glass, &err) < 0)
        return cli_error("%s", err.text);
    if (request->dry_run != DRY_CLIENT && create(kube, request, arena, &glass, &error) < 0)
        return cluster_error(&error);
    if (request->output == OUTPUT_TEXT)
        tell(&out, request, &glass, kube, arena);
    else if (print_object(&out, request->output, glass.json, arena, &err) < 0)
        return cli_error("the Exemption cannot be shown: %s", err.text);
    return cli_finish(&out, EXIT_CLEAN);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {.duration = "1h"};
    struct err err;
    int code = read_request(&args, &request, &arena);
    if (code != EXIT_CLEAN)
        return code;
    if (cluster_open(&cluster, &request.access, &err) < 0)
        return cli_error("%s", err.text);
    return break_glass(&request, cluster.kube, &arena);
}

const struct cli_verb verb_break_glass = {
    .name = "break-glass",
    .arguments = "--images IMAGE,... --reason TEXT [--for DURATION] [-n NAMESPACE] [-o FORMAT]",
    .summary = "Lets images into a namespace for a time, in spite of its level.",
    .details =
        "Writes an Exemption in your name. It ends by itself; each image let in by it is a\n"
        "warning, and an annotation in the audit log. Who may do this is a matter of RBAC: the\n"
        "role pinnace-break-glass.\n\n"
        "An image is named as in a manifest; a pattern may be given too, with \"*\" for anything\n"
        "without a slash and \"**\" for anything.\n\n"
        "Who you are, what time it is and how long an Exemption may last, the cluster is asked\n"
        "even by --dry-run=client, which then sends it nothing.\n\n"
        "Example:\n"
        "  kubectl pinnace break-glass -n production --images contoso.azurecr.io/shop/web:1.4.1 "
        "\\\n"
        "      --for 1h --reason 'the release pipeline is down'\n",
    .options = options,
    .run = run,
};
