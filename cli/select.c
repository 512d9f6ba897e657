/* SPDX-License-Identifier: Apache-2.0 */
/* select: which tag a Track would pick, and why not the others. */
#include "pinnace/tagselect.h"

#include "asking.h"

#include "pinnace/bytes.h"
#include "pinnace/file.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum {
    OPTION_SEMVER,
    OPTION_TAG,
    OPTION_PATTERN,
    OPTION_CURRENT,
    OPTION_IMAGE,
    OPTION_OUTPUT,
    OPTION_ASKING,
};

enum { INPUT_MAX = 16 * 1024 * 1024, OUTPUT_MAX = 256 * 1024 * 1024 };

static const struct cli_option options[] = {
    [OPTION_SEMVER] = {'s', "semver", "RANGE", NULL,
                       "the highest version of a range, \">=1.2 <2\""},
    [OPTION_TAG] = {'t', "tag", "TAG", NULL, "this tag"},
    [OPTION_PATTERN] = {'p', "pattern", "REGEX", NULL, "only tags that match (RE2; anywhere)"},
    [OPTION_CURRENT] = {'c', "current", "TAG", NULL,
                        "what runs now, which stays among equal versions"},
    [OPTION_IMAGE] = {'i', "image", "REPO", NULL,
                      "the tags that a registry has of this, not standard input"},
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json", "text (default) or json"},
    ASKING_OPTIONS(OPTION_ASKING),
    {0},
};

struct request {
    const char *range_text, *pattern_text;
    struct tag_follow follow;
    struct semrange range;
    struct regex pattern;
    const char *image_text;
    struct imageref image;
    struct asking asking;
    bool as_json;
};

static int take_option(struct cli_args *args, int found, struct request *request)
{
    if (found >= OPTION_ASKING)
        return asking_option(&request->asking, args, found - OPTION_ASKING);
    switch (found) {
    case OPTION_IMAGE:
        request->image_text = args->value;
        return EXIT_CLEAN;
    case OPTION_SEMVER:
        request->range_text = args->value;
        return EXIT_CLEAN;
    case OPTION_TAG:
        request->follow.tag = str_of(args->value);
        return EXIT_CLEAN;
    case OPTION_PATTERN:
        request->pattern_text = args->value;
        return EXIT_CLEAN;
    case OPTION_CURRENT:
        request->follow.current = str_of(args->value);
        return EXIT_CLEAN;
    case OPTION_OUTPUT:
        request->as_json = strcmp(args->value, "json") == 0;
        if (request->as_json || strcmp(args->value, "text") == 0)
            return EXIT_CLEAN;
        return cli_usage_error(args->verb, "output \"%s\" is neither text nor json", args->value);
    case CLI_OPERAND:
        return cli_usage_error(args->verb, "tags are read from standard input, not \"%s\"",
                               args->value);
    default:
        return EXIT_BAD_INPUT;
    }
}

static int read_image(struct request *request)
{
    enum imageref_fault fault = imageref_parse(str_of(request->image_text), &request->image);
    if (fault != IMAGEREF_OK)
        return cli_error("\"%s\": %s", request->image_text, imageref_fault_text(fault));
    if (request->image.tag.len || request->image.digest.len)
        return cli_error("\"%s\": a repository was expected, without a tag or digest",
                         request->image_text);
    return EXIT_CLEAN;
}

static int read_request(struct cli_args *args, struct request *request)
{
    struct err err;
    int code = EXIT_CLEAN;
    for (int found; code == EXIT_CLEAN && (found = cli_next(args)) != CLI_END;)
        code = take_option(args, found, request);
    if (code != EXIT_CLEAN)
        return code;
    if (!request->range_text == !request->follow.tag.len)
        return cli_usage_error(args->verb, "either --semver or --tag says what to pick");
    if (request->range_text) {
        if (semrange_parse(str_of(request->range_text), &request->range, &err) < 0)
            return cli_error("%s", err.text);
        request->follow.range = &request->range;
    }
    if (request->image_text && read_image(request) != EXIT_CLEAN)
        return EXIT_BAD_INPUT;
    if (request->pattern_text) {
        if (regex_compile(str_of(request->pattern_text), &request->pattern, &err) < 0)
            return cli_error("%s", err.text);
        request->follow.pattern = &request->pattern;
    }
    return EXIT_CLEAN;
}

/* A tag a line; false at the end. Empty lines are none. */
static bool next_tag(struct str *rest, struct str *ret_tag)
{
    struct str tag = STR_NONE;
    while (rest->len && !tag.len) {
        size_t end = str_find(*rest, '\n');
        tag = end == STR_NOT_FOUND ? *rest : str_head(*rest, end);
        *rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, end + 1);
        if (str_ends(tag, STR("\r")))
            tag.len--;
    }
    *ret_tag = tag;
    return tag.len > 0;
}

struct listing {
    struct bytes text;
    bool too_many;
};

/* One a line, as they are on standard input; a line break in a tag makes no two of it. */
static void take_tag(void *context, struct str tag)
{
    struct listing *listing = context;
    size_t begin = listing->text.len;
    if (!bytes_add(&listing->text, tag) || !bytes_add(&listing->text, STR("\n")))
        listing->too_many = true;
    for (size_t i = begin; i + 1 < listing->text.len; i++)
        if (listing->text.ptr[i] == '\n')
            listing->text.ptr[i] = '?';
}

static int list_tags(struct request *request, struct listing *listing)
{
    struct asking *asking = &request->asking;
    struct registry_answer answer;
    struct err err;
    if (asking_open(asking, &err) < 0 || asking_prepare(asking, &request->image, &err) < 0)
        return cli_error("%s", err.text);
    struct registry_request question = {.verb = REGISTRY_TAGS,
                                        .ref = request->image,
                                        .logins = &asking->logins,
                                        .patience_ms = asking->patience_ms,
                                        .on_tag = take_tag,
                                        .context = listing};
    if (registry_ask(asking->registry, &question, asking->arena, &answer) < 0)
        return cli_error("%s", answer.error.text);
    if (listing->too_many)
        return cli_error("%s: its tags are more than 16 MiB", request->image_text);
    return EXIT_CLEAN;
}

/* Why a tag is not the one that was picked; NULL for that one. */
static const char *why_not(const struct request *request, const struct tag_pick *pick,
                           struct str tag)
{
    struct semver version;
    enum tag_verdict verdict = tag_judge(&request->follow, tag, &version);
    if (verdict != TAG_FITS)
        return tag_verdict_text(verdict);
    if (str_eq(tag, tag_picked(pick)))
        return NULL;
    if (semver_compare(&version, &pick->version) < 0)
        return "is a lower version";
    return "is the same version under another name";
}

static void print_text(struct buf *out, const struct request *request, const struct tag_pick *pick,
                       struct str tags)
{
    struct str tag;
    buf_add(out, tag_picked(pick));
    buf_add_char(out, '\n');
    while (next_tag(&tags, &tag)) {
        const char *why = why_not(request, pick, tag);
        if (!why)
            continue;
        buf_add(out, STR("  "));
        buf_add_quoted(out, tag, 2 * TAG_MAX_BYTES);
        buf_addf(out, " %s\n", why);
    }
}

static void print_json(struct buf *out, const struct request *request, const struct tag_pick *pick,
                       struct str tags)
{
    struct json_writer json = {.buf = out};
    struct str tag;
    json_open(&json, '{');
    json_member(&json, "picked", tag_picked(pick));
    json_key(&json, "others");
    json_open(&json, '[');
    while (next_tag(&tags, &tag)) {
        const char *why = why_not(request, pick, tag);
        if (!why)
            continue;
        json_open(&json, '{');
        json_member(&json, "tag", tag);
        json_member(&json, "why", str_of(why));
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    buf_add_char(out, '\n');
}

static int read_tags(struct request *request, struct listing *listing, struct str *ret_tags)
{
    struct err err;
    if (request->image_text) {
        int code = list_tags(request, listing);
        *ret_tags = bytes_str(&listing->text);
        return code;
    }
    if (file_read("-", INPUT_MAX, request->asking.arena, ret_tags, &err) < 0)
        return cli_error("%s", err.text);
    return EXIT_CLEAN;
}

static int select_tag(struct request *request, struct buf *out)
{
    struct listing listing = {.text = BYTES_INIT(INPUT_MAX)};
    struct tag_pick pick = {.len = 0};
    struct str tags, tag;
    int code = read_tags(request, &listing, &tags);
    if (code == EXIT_CLEAN) {
        for (struct str rest = tags; next_tag(&rest, &tag);)
            tag_pick_add(&pick, &request->follow, tag);
        (request->as_json ? print_json : print_text)(out, request, &pick, tags);
        code = cli_finish(out, pick.len ? EXIT_CLEAN : EXIT_FINDINGS);
    }
    bytes_free(&listing.text);
    return code;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)1 << 30);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct buf out = BUF_INIT(&arena, OUTPUT_MAX);
    struct request request = {.asking = ASKING_INIT(&arena)};
    int code = read_request(&args, &request);
    if (code == EXIT_CLEAN)
        code = select_tag(&request, &out);
    asking_close(&request.asking);
    return code;
}

const struct cli_verb verb_select = {
    .name = "select",
    .arguments = "--semver RANGE|--tag TAG [--pattern REGEX] [--image REPO | < tags]",
    .summary = "Tells which tag a Track would pick.",
    .details =
        "Reads tags, one a line, or lists those of a repository, and prints the one that is picked "
        "alone on the first line,\n"
        "then why not the others. Ranges are those of Helm and Flux. Exit status 0 when one was\n"
        "picked, 1 when none fits (the first line is empty), 2 for a range that cannot be "
        "meant.\n\n"
        "Examples:\n  kubectl pinnace select --semver '>=1.0 <2' --image "
        "contoso.azurecr.io/shop/web\n"
        "  printf '%s\\n' v1.2.0 v1.10.0 v2.0.0 latest |\n"
        "    kubectl pinnace select --semver '>=1.0 <2'\n",
    .options = options,
    .run = run,
};
