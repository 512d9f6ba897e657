/* SPDX-License-Identifier: Apache-2.0 */
/* args: options, help and errors, in the habits of kubectl; see cli.h. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"

#include "pinnace/banned.h"

int cli_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("kubectl-pinnace: error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_BAD_INPUT;
}

int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("kubectl-pinnace: error: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: kubectl pinnace %s %s\n", verb->name, verb->arguments);
    fprintf(stderr, "See 'kubectl pinnace %s --help'.\n", verb->name);
    return EXIT_BAD_INPUT;
}

void cli_print_help(const struct cli_verb *verb)
{
    printf("%s\n\nUsage:\n  kubectl pinnace %s %s\n\n%s", verb->summary, verb->name,
           verb->arguments, verb->details);
    if (verb->options[0].name)
        puts("\nOptions:");
    for (const struct cli_option *option = verb->options; option->name; option++) {
        char left[64];
        const char *value = option->value ? option->value : "";
        if (option->letter)
            snprintf(left, sizeof(left), "-%c, --%s %s", option->letter, option->name, value);
        else
            snprintf(left, sizeof(left), "    --%s %s", option->name, value);
        printf("  %-26s %s\n", left, option->help);
    }
}

static int find_long(const struct cli_verb *verb, struct str name)
{
    for (int i = 0; verb->options[i].name; i++)
        if (str_eq(str_of(verb->options[i].name), name))
            return i;
    return -1;
}

static int find_letter(const struct cli_verb *verb, char letter)
{
    for (int i = 0; verb->options[i].name; i++)
        if (verb->options[i].letter == letter)
            return i;
    return -1;
}

static int bad(struct cli_args *args, const char *what, const char *option)
{
    cli_usage_error(args->verb, "%s %s", what, option);
    return CLI_BAD;
}

static int next_argument(struct cli_args *args, const char *option, int found)
{
    if (args->next == args->argc)
        return bad(args, "a value is missing after", option);
    args->value = args->argv[args->next++];
    return found;
}

static int take_long(struct cli_args *args, const char *text)
{
    const char *equals = strchr(text, '=');
    struct str name = equals ? str_between(text, equals) : str_of(text);
    int found = find_long(args->verb, name);
    if (found < 0)
        return bad(args, "there is no option", text - 2);
    bool wants = args->verb->options[found].value != NULL;
    if (equals && !wants)
        return bad(args, "no value belongs to", text - 2);
    args->value = equals ? equals + 1 : NULL;
    return wants && !equals ? next_argument(args, text - 2, found) : found;
}

static int take_letter(struct cli_args *args)
{
    char option[] = {'-', *args->letters++, '\0'};
    int found = find_letter(args->verb, option[1]);
    if (found < 0)
        return bad(args, "there is no option", option);
    bool wants = args->verb->options[found].value != NULL;
    const char *rest = args->letters;
    if (wants || *rest == '\0')
        args->letters = NULL;
    args->value = NULL;
    if (!wants)
        return found;
    if (*rest == '\0')
        return next_argument(args, option, found);
    args->value = *rest == '=' ? rest + 1 : rest;
    return found;
}

int cli_next(struct cli_args *args)
{
    if (args->letters)
        return take_letter(args);
    if (args->next == args->argc)
        return CLI_END;
    const char *text = args->argv[args->next++];
    if (args->only_operands || text[0] != '-' || text[1] == '\0') {
        args->value = text;
        return CLI_OPERAND;
    }
    if (strcmp(text, "--") == 0) {
        args->only_operands = true;
        return cli_next(args);
    }
    if (text[1] == '-')
        return take_long(args, text + 2);
    args->letters = text + 1;
    return take_letter(args);
}

int cli_finish(struct buf *text, int code)
{
    struct str whole;
    if (buf_finish(text, &whole, NULL) < 0)
        return cli_error("the output is larger than memory allows");
    if (fwrite(whole.ptr, 1, whole.len, stdout) != whole.len || fflush(stdout) != 0)
        return cli_error("standard output cannot be written");
    return code;
}
