/* SPDX-License-Identifier: Apache-2.0 */
/* resolve: which bytes tags mean right now. */
#include "asking.h"

#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { OPTION_OUTPUT, OPTION_ASKING };

static const struct cli_option options[] = {
    [OPTION_OUTPUT] = {'o', "output", "FORMAT", "text json",
                       "text (default) or json: one line an image"},
    ASKING_OPTIONS(OPTION_ASKING),
    {0},
};

struct request {
    struct asking asking;
    struct asking_image *images;
    size_t count;
    bool as_json;
};

static int add_image(const struct cli_args *args, struct request *request)
{
    struct asking_image *image = &request->images[request->count];
    image->text = str_of(args->value);
    enum imageref_fault fault = imageref_parse(image->text, &image->ref);
    if (fault != IMAGEREF_OK)
        return cli_error("\"%s\": %s", args->value, imageref_fault_text(fault));
    request->count++;
    return EXIT_CLEAN;
}

static int read_request(struct cli_args *args, struct request *request)
{
    int code = EXIT_CLEAN;
    for (int found; code == EXIT_CLEAN && (found = cli_next(args)) != CLI_END;) {
        if (found == CLI_BAD)
            return EXIT_BAD_INPUT;
        if (found == CLI_OPERAND)
            code = add_image(args, request);
        else if (found >= OPTION_ASKING)
            code = asking_option(&request->asking, args, found - OPTION_ASKING);
        else if (strcmp(args->value, "json") == 0 || strcmp(args->value, "text") == 0)
            request->as_json = args->value[0] == 'j';
        else
            code =
                cli_usage_error(args->verb, "output \"%s\" is neither text nor json", args->value);
    }
    if (code == EXIT_CLEAN && request->count == 0)
        return cli_usage_error(args->verb, "no image was named");
    return code;
}

static void print_json(struct buf *out, const struct asking_image *image, struct arena *arena)
{
    struct json_writer json = {.buf = out};
    struct buf resolved = BUF_INIT(arena, 8192);
    struct str text = STR_NONE;
    bool fine = image->answer.error.fault == REGISTRY_FINE;
    if (fine)
        buf_add_resolved(&resolved, image);
    buf_finish(&resolved, &text, NULL);
    json_open(&json, '{');
    json_member(&json, "input", image->text);
    json_member(&json, "reference", text);
    json_member(&json, "digest", image->answer.digest);
    json_member(&json, "mediaType", fine ? str_of(media_name(image->answer.media)) : STR(""));
    json_member(&json, "error", fine ? STR("") : str_of(image->answer.error.text));
    json_close(&json, '}');
    buf_add_char(out, '\n');
}

static void print_all(struct buf *out, const struct request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        const struct asking_image *image = &request->images[i];
        if (request->as_json) {
            print_json(out, image, request->asking.arena);
        } else if (image->answer.error.fault == REGISTRY_FINE) {
            buf_add_resolved(out, image);
            buf_add_char(out, '\n');
        }
    }
}

static int resolve(struct request *request, struct buf *out)
{
    struct err err;
    if (asking_open(&request->asking, &err) < 0 ||
        asking_resolve(&request->asking, request->images, request->count, &err) < 0)
        return cli_error("%s", err.text);
    print_all(out, request);
    int code = asking_tell(request->images, request->count);
    return cli_finish(out, code);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(256u << 20);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct buf out = BUF_INIT(&arena, 64u << 20);
    struct request request = {
        .asking = ASKING_INIT(&arena),
        .images = arena_array(&arena, struct asking_image, (size_t)argc + 1),
    };
    int code = request.images ? read_request(&args, &request) : cli_error("no memory");
    if (code == EXIT_CLEAN)
        code = resolve(&request, &out);
    asking_close(&request.asking);
    return code;
}

const struct cli_verb verb_resolve = {
    .name = "resolve",
    .arguments = "[-o text|json] REF...",
    .summary = "Asks registries which digests tags mean.",
    .details =
        "Prints each image with the digest that its tag means now: of an image for several\n"
        "platforms that of the index. Logs in as docker does. Exit status 0 when all are\n"
        "there, 1 when one is not, 2 when a registry could not be asked.\n\n"
        "Example:\n  kubectl pinnace resolve nginx:1.27 contoso.azurecr.io/shop/web:v1.4.0\n",
    .options = options,
    .run = run,
};
