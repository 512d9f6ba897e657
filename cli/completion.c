/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion: scripts for shells, and the one engine behind them all, which reads the tables of
 * verbs and options. Its answer has the form that kubectl asks of plugins: a candidate a line,
 * if need be a tab and its meaning, and at the end ":4" (nothing else fits) or ":0" (a file does).
 */
#include <stdio.h>

#include "cli.h"
#include "live.h"

#include "pinnace/banned.h"

static const char bash_script[] =
    "# bash completion for kubectl-pinnace; asks the program itself, so it is never stale.\n"
    "_kubectl_pinnace() {\n"
    "    local line words before candidates=() directive=\n"
    "    read -ra words <<< \"${COMP_LINE:0:COMP_POINT}\"\n"
    "    [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')\n"
    "    words=(\"${words[@]/#\\~\\//$HOME/}\")\n"
    "    # To readline a word also begins behind a colon and at an '@'; $2 is that word.\n"
    "    before=${words[-1]%\"$2\"}\n"
    "    before=${before#-*=}\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :*) directive=$line ;;\n"
    "        *) candidates+=(\"${line#\"$before\"}\") ;;\n"
    "        esac\n"
    "    done < <(\"$1\" completion candidates -- \"${words[@]:1}\" 2> /dev/null)\n"
    "    COMPREPLY=(\"${candidates[@]%%$'\\t'*}\")\n"
    "    [[ $directive != :0 ]] || compopt -o default\n"
    "}\n"
    "complete -F _kubectl_pinnace kubectl-pinnace\n";

static const char zsh_script[] =
    "#compdef kubectl-pinnace\n"
    "# zsh completion for kubectl-pinnace; asks the program itself, so it is never stale.\n"
    "_kubectl-pinnace() {\n"
    "    local line word directive\n"
    "    local -a asked candidates\n"
    "    asked=(\"${(@Q)words[2,CURRENT-1]/#\\~\\//$HOME/}\" \"${(Q)PREFIX}\")\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :*) directive=$line ;;\n"
    "        *)\n"
    "            word=${line%%$'\\t'*}\n"
    "            candidates+=(\"${word//:/\\\\:}${${line#$word}/$'\\t'/:}\")\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"${(Q)words[1]}\" completion candidates -- \"${asked[@]}\" 2> /dev/null)\n"
    "    [[ $PREFIX != -*=* ]] || compset -P '*='\n"
    "    _describe -t candidates candidate candidates\n"
    "    [[ $directive != :0 ]] || _files\n"
    "}\n"
    "if [[ $funcstack[1] == _kubectl-pinnace ]]; then\n"
    "    _kubectl-pinnace \"$@\"\n"
    "else\n"
    "    compdef _kubectl-pinnace kubectl-pinnace\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for kubectl-pinnace; asks the program itself, so it is never stale.\n"
    "function __kubectl_pinnace_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l word (commandline -ct)\n"
    "    set -l before (string match -r -- '^-[^=]*=' $word)\n"
    "    set -l words (string replace -r -- '^~/' \"$HOME/\" $words)\n"
    "    set -l lines ($words[1] completion candidates -- $words[2..-1] \"$word\" 2> /dev/null)\n"
    "    for line in $lines\n"
    "        if test \"$line\" = :0\n"
    "            set lines (__fish_complete_path (string replace -- \"$before\" '' \"$word\"))\n"
    "            printf '%s\\n' \"$before\"$lines\n"
    "        else if not string match -q -- ':*' $line\n"
    "            printf '%s\\n' \"$before$line\"\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c kubectl-pinnace -f -a '(__kubectl_pinnace_complete)'\n";

static const char kubectl_script[] = "#!/bin/sh\n"
                                     "# kubectl_complete-pinnace: kubectl asks this, on the PATH, "
                                     "how \"kubectl pinnace ...\" goes on.\n"
                                     "exec kubectl-pinnace completion candidates -- \"$@\" "
                                     "2> /dev/null\n";

static const struct {
    const char *shell, *help, *text;
} scripts[] = {
    {"bash", "a script for bash", bash_script},
    {"zsh", "a script for zsh", zsh_script},
    {"fish", "a script for fish", fish_script},
    {"kubectl", "the program kubectl_complete-pinnace", kubectl_script},
};

enum {
    SCRIPTS = sizeof(scripts) / sizeof(scripts[0]),
    ROOM = 64 * 1024 * 1024,
    OUTPUT_MAX = 4 * 1024 * 1024,
};

/* What stands before the word that is being written. */
struct place {
    const struct cli_option *option; /* the word is its value */
    struct kube_options access;      /* the cluster that is meant, and as whom */
    int operands;
    const char *operand; /* the first */
    bool only_operands;
};

struct request {
    struct buf *out;
    struct arena *arena;
    struct str word; /* as far as it is written */
    bool wants_file;
};

static void offer_about(struct request *request, struct str candidate, struct str help)
{
    if (candidate.len == 0 || !str_starts(candidate, request->word))
        return;
    buf_add(request->out, candidate);
    if (help.len)
        buf_addf(request->out, "\t%.*s", STR_FMT(help));
    buf_add_char(request->out, '\n');
}

static void offer(struct request *request, struct str candidate, const char *help)
{
    offer_about(request, candidate, help ? str_of(help) : STR_NONE);
}

static void offer_verbs(struct request *request)
{
    for (size_t i = 0; cli_verbs[i]; i++)
        offer(request, str_of(cli_verbs[i]->name), cli_verbs[i]->summary);
}

static bool consists_of(struct str name, struct str others)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.ptr[i]) && !ascii_is_digit(name.ptr[i]) &&
            str_find(others, name.ptr[i]) == STR_NOT_FOUND)
            return false;
    return true;
}

/* A name from outside must not be more than a word to any shell, and what it is no more than words. */
static void offer_live(void *context, struct str name, struct str about)
{
    if (consists_of(name, STR("-_.:/@+,%")) && consists_of(about, STR("-_.:/@+,% ()")))
        offer_about(context, name, about);
}

static void offer_values(struct request *request, const struct place *place)
{
    struct str rest = str_of(place->option->choices);
    if (str_eq(rest, STR("FILE"))) {
        request->wants_file = true;
        return;
    }
    if (str_eq(rest, STR("CONTEXT"))) {
        live_contexts(&place->access, request->arena, offer_live, request);
        return;
    }
    if (str_eq(rest, STR("NAMESPACE"))) {
        live_namespaces(&place->access, request->arena, offer_live, request);
        return;
    }
    if (str_eq(rest, STR("RELEASE"))) {
        if (place->operand)
            live_releases(&place->access, place->operand, request->arena, offer_live, request);
        return;
    }
    while (rest.len) {
        size_t blank = str_find(rest, ' ');
        size_t end = blank == STR_NOT_FOUND ? rest.len : blank;
        offer(request, str_head(rest, end), NULL);
        rest = str_tail(rest, end < rest.len ? end + 1 : end);
    }
}

static void offer_options(struct request *request, const struct cli_verb *verb)
{
    char text[128];
    for (const struct cli_option *option = verb->options; option->name; option++) {
        snprintf(text, sizeof(text), "--%s", option->name);
        offer(request, str_of(text), option->help);
        snprintf(text, sizeof(text), "-%c", option->letter);
        if (option->letter)
            offer(request, str_of(text), option->help);
    }
    offer(request, STR("--help"), "how the verb is used");
}

static void offer_objects(struct request *request, enum cli_operand operand,
                          const struct place *place)
{
    bool is_track = operand == CLI_COMPLETES_TRACK || operand == CLI_COMPLETES_WAITING;
    if (is_track && place->operands == 0)
        live_tracks(&place->access, request->arena, offer_live, request);
    if (operand == CLI_COMPLETES_WAITING && place->operands == 1)
        live_waiting(&place->access, place->operand, request->arena, offer_live, request);
    if (operand == CLI_COMPLETES_WORKLOAD && place->operands == 0)
        live_workloads(&place->access, request->word, request->arena, offer_live, request);
}

static void offer_operands(struct request *request, const struct cli_verb *verb,
                           const struct place *place)
{
    for (size_t i = 0; verb == &verb_completion && place->operands == 0 && i < SCRIPTS; i++)
        offer(request, str_of(scripts[i].shell), scripts[i].help);
    offer_objects(request, verb->operand, place);
    /* Who takes manifests by --filename takes them as operands too. */
    for (const struct cli_option *option = verb->options; option->name; option++)
        request->wants_file |= strcmp(option->name, "filename") == 0;
}

/* The option that is called "--name" or "-n", and takes a value; or NULL. */
static const struct cli_option *option_with_value(const struct cli_verb *verb, struct str text)
{
    for (const struct cli_option *option = verb->options; option->name; option++) {
        const char letter[] = {'-', option->letter, '\0'};
        bool is_long =
            str_starts(text, STR("--")) && str_eq(str_tail(text, 2), str_of(option->name));
        if (option->value && (is_long || (option->letter && str_eq(text, str_of(letter)))))
            return option;
    }
    return NULL;
}

static void take_value(struct place *place, const struct cli_option *option, const char *value)
{
    if (strcmp(option->name, "kubeconfig") == 0)
        place->access.kubeconfig = value;
    else if (strcmp(option->name, "context") == 0)
        place->access.context = value;
    else if (strcmp(option->name, "namespace") == 0)
        place->access.namespace = value;
    else if (strcmp(option->name, "as") == 0)
        place->access.as = value;
}

/* "--name=value", or an option whose value is the next word. */
static void take_option(struct place *place, const struct cli_verb *verb, const char *word)
{
    const char *equals = strchr(word, '=');
    place->option = option_with_value(verb, equals ? str_between(word, equals) : str_of(word));
    if (!equals)
        return;
    if (place->option)
        take_value(place, place->option, equals + 1);
    place->option = NULL;
}

/* "web", or "track/web". */
static void take_operand(struct place *place, const char *word)
{
    const char *slash = strrchr(word, '/');
    if (place->operands++ == 0)
        place->operand = slash ? slash + 1 : word;
}

static struct place place_of(const struct cli_verb *verb, int count, char **words)
{
    struct place place = {0};
    for (int i = 0; i < count; i++) {
        if (place.option) {
            take_value(&place, place.option, words[i]);
            place.option = NULL;
        } else if (place.only_operands || words[i][0] != '-' || words[i][1] == '\0')
            take_operand(&place, words[i]);
        else if (strcmp(words[i], "--") == 0)
            place.only_operands = true;
        else
            take_option(&place, verb, words[i]);
    }
    return place;
}

static void complete_verb(struct request *request, const struct cli_verb *verb, int before,
                          char **words)
{
    struct place place = place_of(verb, before, words);
    bool is_option = !place.option && !place.only_operands && str_starts(request->word, STR("-"));
    size_t equals = str_find(request->word, '=');
    if (is_option && equals != STR_NOT_FOUND) {
        place.option = option_with_value(verb, str_head(request->word, equals));
        request->word = str_tail(request->word, equals + 1);
        is_option = false;
        if (!place.option)
            return;
    }
    if (place.option)
        offer_values(request, &place);
    else if (is_option)
        offer_options(request, verb);
    else
        offer_operands(request, verb, &place);
}

/* The last of the words is the one to complete. */
static void complete(struct request *request, int count, char **words)
{
    request->word = count ? str_of(words[count - 1]) : STR("");
    if (count <= 1) {
        offer_verbs(request);
        offer(request, STR("help"), "how a verb is used");
        if (str_starts(request->word, STR("-"))) {
            offer(request, STR("--help"), "lists the verbs");
            offer(request, STR("--version"), "prints the version");
        }
        return;
    }
    struct str name = str_of(words[0]);
    if (count == 2 && str_eq(name, STR("help")))
        offer_verbs(request);
    for (size_t i = 0; cli_verbs[i]; i++)
        if (str_eq(str_of(cli_verbs[i]->name), name))
            complete_verb(request, cli_verbs[i], count - 2, words + 1);
}

static int print_candidates(struct buf *out, struct arena *arena, int count, char **words)
{
    struct request request = {.out = out, .arena = arena};
    complete(&request, count, words);
    buf_add(out, request.wants_file ? STR(":0\n") : STR(":4\n"));
    return cli_finish(out, EXIT_CLEAN);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct buf out = BUF_INIT(&arena, OUTPUT_MAX);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    if (argc >= 2 && strcmp(argv[0], "candidates") == 0 && strcmp(argv[1], "--") == 0)
        return print_candidates(&out, &arena, argc - 2, argv + 2);
    int found = cli_next(&args);
    if (found == CLI_BAD)
        return EXIT_BAD_INPUT;
    if (found == CLI_END)
        return cli_usage_error(verb, "no shell was named");
    const char *shell = args.value;
    if (cli_next(&args) != CLI_END)
        return cli_usage_error(verb, "one shell at a time");
    for (size_t i = 0; i < SCRIPTS; i++) {
        if (strcmp(shell, scripts[i].shell) != 0)
            continue;
        buf_add(&out, str_of(scripts[i].text));
        return cli_finish(&out, EXIT_CLEAN);
    }
    return cli_usage_error(verb, "there is no script for \"%s\"", shell);
}

const struct cli_verb verb_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish|kubectl",
    .summary = "Prints a script that completes verbs, options and values in a shell.",
    .details =
        "A script of bash, zsh or fish completes \"kubectl-pinnace\". For \"kubectl pinnace\",\n"
        "kubectl 1.26 or later asks a program kubectl_complete-pinnace on the PATH: \"kubectl\"\n"
        "prints that one. Packages install all four. Contexts are those of the kubeconfig;\n"
        "namespaces and Tracks are asked of the cluster, for two seconds at most.\n\n"
        "Examples:\n"
        "  source <(kubectl-pinnace completion bash)\n"
        "  kubectl-pinnace completion zsh > \"${fpath[1]}/_kubectl-pinnace\"\n"
        "  kubectl-pinnace completion fish > ~/.config/fish/completions/kubectl-pinnace.fish\n"
        "  kubectl-pinnace completion kubectl > ~/.local/bin/kubectl_complete-pinnace\n"
        "  chmod +x ~/.local/bin/kubectl_complete-pinnace\n",
    .options = (const struct cli_option[]){{0}},
    .run = run,
};
