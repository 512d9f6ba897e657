/* SPDX-License-Identifier: Apache-2.0 */
/* kubectl-pinnace: finds the verb and hands over. Installed on the PATH, it is "kubectl pinnace". */
#include <signal.h>
#include <stdio.h>

#include "cli.h"

#include "pinnace/banned.h"

const struct cli_verb *const cli_verbs[] = {
    &verb_check,      &verb_ref,     &verb_review,   &verb_audit,  &verb_break_glass, &verb_doctor,
    &verb_select,     &verb_resolve, &verb_pin,      &verb_status, &verb_history,     &verb_explain,
    &verb_promote,    &verb_approve, &verb_rollback, &verb_resume, &verb_suspend,     &verb_hook,
    &verb_completion, &verb_version, NULL,
};

static int run_version(const struct cli_verb *verb, int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return cli_usage_error(verb, "version takes no arguments");
    puts("pinnace " PINNACE_VERSION);
    return EXIT_CLEAN;
}

const struct cli_verb verb_version = {
    .name = "version",
    .arguments = "",
    .summary = "Prints the version.",
    .details = "",
    .options = (const struct cli_option[]){{0}},
    .run = run_version,
};

static void print_overview(FILE *out)
{
    fputs("Pinnace keeps a Kubernetes cluster on immutable images.\n\n"
          "Usage:\n  kubectl pinnace VERB [OPTIONS]\n\nVerbs:\n",
          out);
    for (size_t i = 0; cli_verbs[i]; i++)
        fprintf(out, "  %-12s %s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
    fputs("\n'kubectl pinnace VERB --help' tells more of each.\n", out);
}

static const struct cli_verb *find_verb(struct str name)
{
    for (size_t i = 0; cli_verbs[i]; i++)
        if (str_eq(str_of(cli_verbs[i]->name), name))
            return cli_verbs[i];
    return NULL;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of the write, told as such */
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_BAD_INPUT;
    }
    struct str name = str_of(argv[1]);
    bool help = str_eq(name, STR("help"));
    if (argc == 2 && (help || str_eq(name, STR("--help")) || str_eq(name, STR("-h")))) {
        print_overview(stdout);
        return EXIT_CLEAN;
    }
    if (str_eq(name, STR("--version")))
        name = STR("version");
    const struct cli_verb *verb = find_verb(help ? str_of(argv[2]) : name);
    if (!verb)
        return cli_error("there is no verb \"%s\"; 'kubectl pinnace --help' lists them",
                         help ? argv[2] : argv[1]);
    if (help || asks_for_help(argc - 2, argv + 2)) {
        cli_print_help(verb);
        return EXIT_CLEAN;
    }
    return verb->run(verb, argc - 2, argv + 2);
}
