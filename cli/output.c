/* SPDX-License-Identifier: Apache-2.0 */
/* output: see the header. */
#include "output.h"

#include "pinnace/yamlwrite.h"

#include "pinnace/banned.h"

int output_take(const struct cli_args *args, enum output_format *ret_format)
{
    static const struct str names[OUTPUT_FORMATS] = {
        [OUTPUT_TEXT] = STR_INIT("text"),
        [OUTPUT_WIDE] = STR_INIT("wide"),
        [OUTPUT_JSON] = STR_INIT("json"),
        [OUTPUT_YAML] = STR_INIT("yaml"),
    };
    for (int i = 0; i < OUTPUT_FORMATS; i++) {
        if (!str_eq(str_of(args->value), names[i]))
            continue;
        *ret_format = (enum output_format)i;
        return EXIT_CLEAN;
    }
    return cli_usage_error(args->verb, "output \"%s\" is none of text, wide, json, yaml",
                           args->value);
}

void output_between(struct buf *out, enum output_format format)
{
    if (output_is_text(format))
        buf_add_char(out, '\n');
    else if (format == OUTPUT_YAML)
        buf_add(out, STR("---\n"));
}

int output_json(struct buf *out, struct buf *json, enum output_format format, struct err *err)
{
    struct str text;
    if (buf_finish(json, &text, err) < 0)
        return -1;
    if (format == OUTPUT_YAML)
        return buf_add_yaml(out, text, out->arena, err);
    buf_add(out, text);
    if (!str_ends(text, STR("\n")))
        buf_add_char(out, '\n');
    return 0;
}
