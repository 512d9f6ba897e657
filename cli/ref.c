/* SPDX-License-Identifier: Apache-2.0 */
/* ref: how an image name is read. */
#include "cli.h"

#include "pinnace/imageref.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { OPTION_OUTPUT };

static const struct cli_option options[] = {
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json",
                       "text (default) or json: one line a name"},
    {0},
};

struct parts {
    struct str registry, repository, tag, canonical;
};

static struct str finished(struct buf *buf)
{
    struct str text = STR_NONE;
    buf_finish(buf, &text, NULL);
    return text;
}

static struct parts parts_of(const struct imageref *ref, struct arena *arena)
{
    struct buf registry = BUF_INIT(arena, 4096), canonical = BUF_INIT(arena, 8192);
    buf_add_host(&registry, ref->host);
    buf_add_imageref(&canonical, ref);
    struct parts parts = {.registry = finished(&registry), .canonical = finished(&canonical)};
    struct buf repository = BUF_INIT(arena, 4096);
    buf_add(&repository, ref->in_library ? STR("library/") : STR(""));
    buf_add(&repository, ref->path);
    parts.repository = finished(&repository);
    parts.tag = ref->tag.len || ref->digest.len ? ref->tag : STR("latest");
    return parts;
}

static void print_json(struct buf *out, struct str input, enum imageref_fault fault,
                       const struct imageref *ref, struct arena *arena)
{
    struct json_writer json = {.buf = out};
    bool valid = fault == IMAGEREF_OK;
    struct parts parts = {0};
    if (valid)
        parts = parts_of(ref, arena);
    json_open(&json, '{');
    json_member(&json, "input", input);
    json_key(&json, "valid");
    json_bool(&json, valid);
    json_member(&json, "registry", parts.registry);
    json_member(&json, "repository", parts.repository);
    json_member(&json, "tag", parts.tag);
    json_member(&json, "digest", ref->digest);
    json_member(&json, "canonical", parts.canonical);
    json_member(&json, "error", valid ? STR("") : str_of(imageref_fault_text(fault)));
    json_close(&json, '}');
    buf_add_char(out, '\n');
}

static void print_text(struct buf *out, struct str input, enum imageref_fault fault,
                       const struct imageref *ref, struct arena *arena)
{
    buf_add_quoted(out, input, 8192);
    buf_add_char(out, '\n');
    if (fault != IMAGEREF_OK) {
        buf_addf(out, "  invalid     %s\n", imageref_fault_text(fault));
        return;
    }
    struct parts parts = parts_of(ref, arena);
    buf_addf(out, "  registry    %.*s\n", STR_FMT(parts.registry));
    buf_addf(out, "  repository  %.*s\n", STR_FMT(parts.repository));
    if (parts.tag.len)
        buf_addf(out, "  tag         %.*s%s\n", STR_FMT(parts.tag),
                 ref->tag.len ? "" : "  (none was written)");
    if (ref->digest.len)
        buf_addf(out, "  digest      %.*s\n", STR_FMT(ref->digest));
    buf_addf(out, "  canonical   %.*s\n", STR_FMT(parts.canonical));
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64u << 20);
    struct buf out = BUF_INIT(&arena, 32u << 20);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    const char **names = arena_array(&arena, const char *, (size_t)argc);
    int count = 0, code = EXIT_CLEAN;
    bool as_json = false;
    for (int found; (found = cli_next(&args)) != CLI_END;) {
        if (found == CLI_BAD)
            return EXIT_BAD_INPUT;
        if (found == CLI_OPERAND)
            names[count++] = args.value;
        else if (strcmp(args.value, "json") == 0 || strcmp(args.value, "text") == 0)
            as_json = args.value[0] == 'j';
        else
            return cli_usage_error(verb, "output \"%s\" is neither text nor json", args.value);
    }
    if (count == 0)
        return cli_usage_error(verb, "no image name was given");
    for (int i = 0; i < count; i++) {
        struct imageref ref = {0};
        enum imageref_fault fault = imageref_parse(str_of(names[i]), &ref);
        if (fault != IMAGEREF_OK)
            code = EXIT_BAD_INPUT;
        (as_json ? print_json : print_text)(&out, str_of(names[i]), fault, &ref, &arena);
    }
    return cli_finish(&out, code);
}

const struct cli_verb verb_ref = {
    .name = "ref",
    .arguments = "[-o text|json] REF...",
    .summary = "Explains how an image name is read.",
    .details =
        "Takes image names apart as container runtimes do, with the defaults that they add.\n"
        "Exit status 2 if any of them is not one.\n\n"
        "Example:\n  kubectl pinnace ref nginx contoso.azurecr.io/shop/web:1.4.0\n",
    .options = options,
    .run = run,
};
