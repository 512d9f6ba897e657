/* SPDX-License-Identifier: Apache-2.0 */
/* err: see the header. */
#include "pinnace/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pinnace/banned.h"

/* Input is quoted as it came: what is not printable ASCII must not reach a terminal or a log. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

int(err_set)(struct err *err, enum err_kind kind, const char *format, ...)
{
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    err->kind = kind;
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (kind == ERR_INPUT || kind == ERR_LIMIT)
        make_printable(err->text);
    return -1;
}

int(err_prefix)(struct err *err, const char *format, ...)
{
    if (!err)
        return -1;
    char what[sizeof(err->text)];
    memcpy(what, err->text, sizeof(what));
    va_list args;
    va_start(args, format);
    int where = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (where >= 0 && (size_t)where < sizeof(err->text))
        snprintf(err->text + where, sizeof(err->text) - (size_t)where, "%s", what);
    return -1;
}

int(err_add_line)(struct err *err, size_t line, size_t column)
{
    if (!err)
        return -1;
    size_t len = strlen(err->text);
    snprintf(err->text + len, sizeof(err->text) - len, " (line %zu, column %zu)", line, column);
    return -1;
}

int(err_no_memory)(struct err *err)
{
    return err_set(err, ERR_MEMORY, "not enough memory for this input");
}
