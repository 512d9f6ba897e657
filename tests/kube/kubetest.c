/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubetest: the client of lib/io/kube.c on a command line, for tests/kube/run. A command is a line
 * of standard input, so that a test can change the world between two calls of one process:
 *
 *   call VERB PATH [BODY]     prints "ok BODY" or "fault NUMBER STATUS TEXT"
 *   list PATH                 prints "ok COUNT DISTINCT": objects, and those that were told apart
 *   watch PATH                follows, and prints an event a line; ends with the next line that comes
 *   storm PATH COUNT          creates ConfigMaps, eight at a time, and prints "ok COUNT"
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinnace/kubelist.h"
#include "pinnace/kubewatch.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, LINE_SIZE = 64 * 1024, WORDS = 4, STORM_WIDTH = 8 };

struct program {
    struct http *http;
    struct kube *kube;
    struct str words[WORDS]; /* of the line; the last one is its rest */
    bool stop;
};

static void say(const char *word, struct str text)
{
    printf("%s %.*s\n", word, (int)text.len, text.ptr ? text.ptr : "");
    fflush(stdout);
}

static void say_fault(const char *word, const struct kube_error *error)
{
    printf("%s %d %d %s\n", word, (int)error->fault, error->status, error->text);
    fflush(stdout);
}

static struct str name_of(struct str json)
{
    static const struct str root_keys[] = {STR_INIT("metadata")}, keys[] = {STR_INIT("name")};
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    static char kept[256];
    struct str name = STR_NONE;
    struct scan scan;
    scan_begin(&scan, json, &arena);
    struct scan_members root = scan_object(&scan);
    while (scan_member(&scan, &root, root_keys, 1) != SCAN_END) {
        struct scan_members metadata = scan_object(&scan);
        while (scan_member(&scan, &metadata, keys, 1) != SCAN_END)
            name = scan_string(&scan);
    }
    if (scan_finish(&scan, NULL) < 0 || name.len > sizeof(kept))
        return STR("?");
    memcpy(kept, name.ptr, name.len);
    return (struct str){kept, name.len};
}

static bool verb_of(struct str name, enum kube_verb *ret_verb)
{
    static const struct str names[] = {
        [KUBE_GET] = STR_INIT("get"),         [KUBE_CREATE] = STR_INIT("create"),
        [KUBE_REPLACE] = STR_INIT("replace"), [KUBE_PATCH_MERGE] = STR_INIT("merge"),
        [KUBE_PATCH_JSON] = STR_INIT("json"), [KUBE_PATCH_STRATEGIC] = STR_INIT("strategic"),
        [KUBE_DELETE] = STR_INIT("delete"),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(name, names[i])) {
            *ret_verb = (enum kube_verb)i;
            return true;
        }
    return false;
}

static void run_call(struct program *program)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct kube_request request = {.path = program->words[2], .body = program->words[3]};
    struct kube_error error;
    struct str body;
    if (!verb_of(program->words[1], &request.verb))
        say("usage", program->words[1]);
    else if (kube_ask(program->kube, &request, &arena, &body, &error) < 0)
        say_fault("fault", &error);
    else
        say("ok", body);
}

struct count {
    size_t objects, distinct;
    char last[256];
};

/* Lists come sorted by name, so each name that is another than the last one counts. */
static int count_object(void *context, const struct watch_page *page, struct str json,
                        struct err *err)
{
    struct count *count = context;
    struct str name = name_of(json);
    (void)page;
    (void)err;
    count->objects++;
    if (!str_eq(name, str_of(count->last)))
        count->distinct++;
    snprintf(count->last, sizeof(count->last), "%.*s", STR_FMT(name));
    return 0;
}

static void run_list(struct program *program)
{
    struct count count = {0};
    struct kube_error error;
    if (kube_list(program->kube, program->words[1], count_object, &count, &error) < 0) {
        say_fault("fault", &error);
        return;
    }
    printf("ok %zu %zu\n", count.objects, count.distinct);
    fflush(stdout);
}

static void list_began(void *context)
{
    (void)context;
    say("BEGIN", STR(""));
}

static void object_came(void *context, enum kube_change change, struct str json)
{
    static const char *const words[] = {
        [KUBE_LISTED] = "LISTED", [KUBE_CHANGED] = "CHANGED", [KUBE_DELETED] = "DELETED"};
    (void)context;
    say(words[change], name_of(json));
}

static void list_whole(void *context)
{
    (void)context;
    say("WHOLE", STR(""));
}

static void trouble_came(void *context, const struct kube_error *error, int64_t again_ms)
{
    (void)context;
    (void)again_ms;
    say_fault("TROUBLE", error);
}

static void line_waits(void *context)
{
    struct program *program = context;
    program->stop = true;
}

static int run_watch(struct program *program, struct err *err)
{
    static const struct kube_watch_handlers handlers = {
        .begin = list_began, .object = object_came, .whole = list_whole, .trouble = trouble_came};
    struct kube_watch *watch;
    if (kube_watch_start(program->kube, program->words[1], &handlers, &watch, err) < 0 ||
        http_watch_fd(program->http, STDIN_FILENO, line_waits, program, err) < 0)
        return -1;
    program->stop = false;
    int code = 0;
    while (!program->stop && code == 0)
        code = http_turn(program->http, 10000, err);
    kube_watch_stop(&watch);
    return code;
}

struct storm {
    struct program *program;
    int next, count, running;
    struct kube_error error;
};

static void storm_on(struct storm *storm);

static void storm_made(void *context, struct str body, const struct kube_error *error)
{
    struct storm *storm = context;
    (void)body;
    storm->running--;
    if (error->fault != KUBE_FINE)
        storm->error = *error;
    storm_on(storm);
}

static void storm_on(struct storm *storm)
{
    while (storm->running < STORM_WIDTH && storm->next < storm->count) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{\"metadata\":{\"name\":\"storm-%06d\"},\"data\":{\"a\":\"b\"}}", storm->next++);
        struct kube_request request = {.verb = KUBE_CREATE,
                                       .path = storm->program->words[1],
                                       .body = str_of(body),
                                       .on_done = storm_made,
                                       .context = storm};
        if (!kube_send(storm->program->kube, &request, &storm->error))
            return;
        storm->running++;
    }
}

static int run_storm(struct program *program, struct err *err)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%.*s", STR_FMT(program->words[2]));
    struct storm storm = {.program = program, .count = (int)strtol(digits, NULL, 10)};
    storm_on(&storm);
    while (storm.running > 0)
        if (http_turn(program->http, 1000, err) < 0)
            return -1;
    if (storm.error.fault != KUBE_FINE)
        say_fault("fault", &storm.error);
    else
        say("ok", program->words[2]);
    return 0;
}

static void split(struct program *program, char *line)
{
    struct str rest = str_of(line);
    while (rest.len && ascii_is_space(rest.ptr[rest.len - 1]))
        rest.len--;
    for (int i = 0; i < WORDS; i++) {
        size_t end = i == WORDS - 1 ? STR_NOT_FOUND : str_find(rest, ' ');
        program->words[i] = end == STR_NOT_FOUND ? rest : str_head(rest, end);
        rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(rest, end + 1);
    }
}

static int run_line(struct program *program, char *line, struct err *err)
{
    split(program, line);
    if (str_eq(program->words[0], STR("watch")))
        return run_watch(program, err);
    if (str_eq(program->words[0], STR("storm")))
        return run_storm(program, err);
    if (str_eq(program->words[0], STR("list")))
        run_list(program);
    else if (str_eq(program->words[0], STR("call")))
        run_call(program);
    else
        say("usage", program->words[0]);
    return 0;
}

static void read_options(char **argv, struct kube_options *options)
{
    for (; *argv && argv[1]; argv += 2) {
        if (strcmp(*argv, "--kubeconfig") == 0)
            options->kubeconfig = argv[1];
        else if (strcmp(*argv, "--context") == 0)
            options->context = argv[1];
        else if (strcmp(*argv, "-n") == 0)
            options->namespace = argv[1];
        else if (strcmp(*argv, "--as") == 0)
            options->as = argv[1];
        else if (strcmp(*argv, "--in-pod") == 0)
            options->in_pod = strcmp(argv[1], "yes") == 0;
    }
}

int main(int argc, char **argv)
{
    HTTP_SCOPED struct http *http = NULL;
    KUBE_SCOPED struct kube *kube = NULL;
    struct kube_options options = {0};
    struct err err;
    static char line[LINE_SIZE];
    (void)argc;
    setvbuf(stdin, NULL, _IONBF, 0); /* what is not yet read must show on the descriptor */
    read_options(argv + 1, &options);
    if (http_open(4, &http, &err) < 0 || kube_open(http, &options, &kube, &err) < 0) {
        say("refused", str_of(err.text));
        return 1;
    }
    say("namespace", kube_namespace(kube));
    struct program program = {.http = http, .kube = kube};
    while (fgets(line, sizeof(line), stdin))
        if (run_line(&program, line, &err) < 0) {
            say("broken", str_of(err.text));
            return 1;
        }
    return 0;
}
