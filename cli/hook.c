/* SPDX-License-Identifier: Apache-2.0 */
/* hook: what the controller would make of what a registry or pipeline sends it; by the same code. */
#include "pinnace/hook.h"

#include "cli.h"

#include "pinnace/file.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/pki.h"

#include "pinnace/banned.h"

enum {
    HEADERS_MAX = 64,
    ROOM = 256 * 1024 * 1024,
    BODY_MAX = 32 * 1024 * 1024, /* what is too large for the controller is told by its answer */
    OUTPUT_MAX = 4 * 1024 * 1024,
};

enum { OPTION_PATH, OPTION_HEADER, OPTION_SECRET, OPTION_OUTPUT };

static const struct cli_option options[] = {
    [OPTION_PATH] = {'\0', "path", "PATH",
                     "/hooks/acr /hooks/distribution /hooks/dockerhub /hooks/ecr /hooks/eventgrid "
                     "/hooks/gcr /hooks/generic /hooks/gitea /hooks/github /hooks/gitlab "
                     "/hooks/harbor /hooks/jfrog /hooks/nexus /hooks/quay",
                     "where it is sent: /hooks/NAME, with a query if it has one"},
    [OPTION_HEADER] = {'\0', "header", "'K: V'", NULL,
                       "a header field that is sent with it (repeatable)"},
    [OPTION_SECRET] = {'\0', "secret", "FILE", "FILE",
                       "the receiver's secrets, one a line; without it nothing has to be proved"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json", "text (default) or json"},
    {0},
};

struct header {
    struct str name, value;
};

struct request {
    const char *path, *secret_file;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    bool json;
};

/* --- The request -------------------------------------------------------------------------------- */

static int add_header(const struct cli_verb *verb, struct request *request, const char *text)
{
    struct str whole = str_of(text);
    size_t colon = str_find(whole, ':');
    if (colon == STR_NOT_FOUND || colon == 0)
        return cli_usage_error(verb, "'NAME: VALUE' was expected after --header, not \"%s\"", text);
    if (request->header_count == HEADERS_MAX)
        return cli_usage_error(verb, "there are more than %d header fields", (int)HEADERS_MAX);
    request->headers[request->header_count++] =
        (struct header){str_head(whole, colon), str_trimmed(str_tail(whole, colon + 1))};
    return EXIT_CLEAN;
}

static int take_option(const struct cli_args *args, int option, struct request *request)
{
    if (option == OPTION_HEADER)
        return add_header(args->verb, request, args->value);
    if (option == OPTION_PATH)
        request->path = args->value;
    else if (option == OPTION_SECRET)
        request->secret_file = args->value;
    else if (strcmp(args->value, "json") == 0 || strcmp(args->value, "text") == 0)
        request->json = args->value[0] == 'j';
    else
        return cli_usage_error(args->verb, "the output is text or json, not \"%s\"", args->value);
    return EXIT_CLEAN;
}

static int read_arguments(struct cli_args *args, struct request *request)
{
    for (int found; (found = cli_next(args)) != CLI_END;) {
        if (found == CLI_BAD)
            return EXIT_BAD_INPUT;
        if (found == CLI_OPERAND)
            return cli_usage_error(args->verb, "the body is read from standard input, not \"%s\"",
                                   args->value);
        if (take_option(args, found, request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    }
    if (!request->path)
        return cli_usage_error(args->verb, "--path is missing: it is one of " HOOK_PATHS);
    return EXIT_CLEAN;
}

static size_t header_of(const void *context, const char *name, struct str *ret_value)
{
    const struct request *request = context;
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!str_eq_nocase(request->headers[i].name, str_of(name)))
            continue;
        *ret_value = request->headers[i].value;
        count++;
    }
    return count;
}

static struct hook_request as_sent(const struct request *request, struct str body)
{
    struct str path = str_of(request->path), type = STR("application/json");
    size_t mark = str_find(path, '?');
    header_of(request, "Content-Type", &type);
    return (struct hook_request){
        .method = STR("POST"),
        .path = mark == STR_NOT_FOUND ? path : str_head(path, mark),
        .query = mark == STR_NOT_FOUND ? STR_NONE : str_tail(path, mark + 1),
        .type = type,
        .body = body,
        .header = header_of,
        .context = request,
    };
}

static int judge(const struct request *request, struct arena *arena,
                 struct hook_verdict *ret_verdict, struct err *err)
{
    struct push_secrets secrets;
    struct str body, text;
    if (request->secret_file &&
        (file_read(request->secret_file, PUSH_SECRETS_FILE_MAX, arena, &text, err) < 0 ||
         (push_secrets_read(text, &secrets, err) < 0 &&
          err_prefix(err, "%s: ", request->secret_file) < 0)))
        return -1;
    if (file_read("-", BODY_MAX, arena, &body, err) < 0)
        return -1;
    const struct hook_request sent = as_sent(request, body);
    const struct hook_receiver *receiver = hook_find(sent.path);
    if (receiver)
        hook_judge(receiver, &sent, request->secret_file ? &secrets : NULL, &hook_tools, arena,
                   ret_verdict);
    else
        hook_refuse_path(ret_verdict);
    return 0;
}

/* --- The verdict -------------------------------------------------------------------------------- */

static void print_json(struct buf *out, const struct hook_verdict *verdict)
{
    struct json_writer writer = {.buf = out};
    json_open(&writer, '{');
    json_key(&writer, "accepted");
    json_bool(&writer, verdict->accepted);
    json_key(&writer, "status");
    json_number(&writer, verdict->status);
    json_key(&writer, "hints");
    json_open(&writer, '[');
    for (size_t i = 0; i < verdict->hints.count; i++) {
        json_open(&writer, '{');
        json_member(&writer, "registry", verdict->hints.items[i].host);
        json_member(&writer, "repository", verdict->hints.items[i].repository);
        json_member(&writer, "tag", verdict->hints.items[i].tag);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_member(&writer, "reason", verdict->reason.len ? verdict->reason : STR(""));
    if (verdict->answer.len)
        json_member(&writer, "answer", verdict->answer);
    json_close(&writer, '}');
    buf_add_char(out, '\n');
}

static void print_text(struct buf *out, const struct hook_verdict *verdict)
{
    buf_addf(out, "%u %s", verdict->status, verdict->accepted ? "accepted" : "refused");
    if (verdict->reason.len)
        buf_addf(out, ": %.*s", STR_FMT(verdict->reason));
    buf_add_char(out, '\n');
    for (size_t i = 0; i < verdict->hints.count; i++) {
        const struct push_hint *hint = &verdict->hints.items[i];
        buf_addf(out, "%.*s%s%.*s:%.*s\n", STR_FMT(hint->host), hint->host.len ? "/" : "",
                 STR_FMT(hint->repository), STR_FMT(hint->tag));
    }
    if (verdict->answer.len)
        buf_addf(out, "%.*s\n", STR_FMT(verdict->answer));
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct buf out = BUF_INIT(&arena, OUTPUT_MAX);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {0};
    struct hook_verdict verdict;
    struct err err;
    int code = read_arguments(&args, &request);
    if (code != EXIT_CLEAN)
        return code;
    if (judge(&request, &arena, &verdict, &err) < 0)
        return cli_error("%s", err.text);
    if (request.json)
        print_json(&out, &verdict);
    else
        print_text(&out, &verdict);
    return cli_finish(&out, verdict.accepted ? EXIT_CLEAN : EXIT_FINDINGS);
}

const struct cli_verb verb_hook = {
    .name = "hook",
    .arguments = "--path /hooks/NAME [--header 'K: V'...] [--secret FILE] [-o json] < body",
    .summary = "Tells what the controller would make of a webhook's request.",
    .details =
        "Reads the body from standard input, judges the request as the controller would, and\n"
        "prints the answer and each image that it would look at; one without a registry is\n"
        "looked for in any. Nothing is sent to anybody. Without a Content-Type the body is taken\n"
        "for application/json.\n\n"
        "Exit status 0 if it would be accepted, be it without an image to look at; 1 if refused;\n"
        "2 for what cannot be read.\n\n"
        "Example:\n"
        "  kubectl pinnace hook --path /hooks/acr < body.json\n"
        "  kubectl pinnace hook --path /hooks/github --secret secrets \\\n"
        "    --header 'X-Hub-Signature-256: sha256=...' -o json < body.json\n",
    .options = options,
    .run = run,
};
