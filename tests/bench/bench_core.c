/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_core: how fast the pure core is, as a table. Figures are CPU time of this process, the
 * median of several rounds; each stands beside something everybody knows, taken in the same run,
 * since machines differ and ratios do not.
 */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

#include "pinnace/imageref.h"
#include "pinnace/manifest.h"
#include "pinnace/review.h"

#include "pinnace/banned.h"

enum { ROUNDS = 9 };

static const char digest[] =
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The median CPU seconds of one call, each round making as many as fill 20 ms. */
static double measure(void (*call)(void *), void *context)
{
    double rounds[ROUNDS];
    size_t calls = 1;
    for (;;) {
        double begin = cpu_seconds();
        for (size_t i = 0; i < calls; i++)
            call(context);
        if (cpu_seconds() - begin > 0.02)
            break;
        calls *= 2;
    }
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_seconds();
        for (size_t i = 0; i < calls; i++)
            call(context);
        rounds[round] = (cpu_seconds() - begin) / (double)calls;
    }
    qsort(rounds, ROUNDS, sizeof(rounds[0]), by_value);
    return rounds[ROUNDS / 2];
}

static void die(const char *what)
{
    fprintf(stderr, "bench_core: %s\n", what);
    exit(1);
}

struct sample {
    struct str text;
    struct arena arena;
    struct review_context context;
    bool expect_allowed;
};

/* ---- the things measured ---- */

static void call_scan(void *context)
{
    struct sample *sample = context;
    struct scan scan;
    scan_begin(&scan, sample->text, &sample->arena);
    scan_value(&scan);
    if (scan_finish(&scan, NULL) < 0)
        die("the sample is not JSON");
}

static void call_cjson(void *context)
{
    struct sample *sample = context;
    cJSON *tree = cJSON_ParseWithLength(sample->text.ptr, sample->text.len);
    if (!tree)
        die("cJSON refuses the sample");
    cJSON_Delete(tree);
}

static void call_review(void *context)
{
    struct sample *sample = context;
    struct review review;
    struct review_outcome outcome;
    struct str answer;
    struct err err;
    if (review_decode(sample->text, &sample->arena, &review, &err) < 0 ||
        review_answer(&review, &sample->context, &sample->arena, &outcome, &answer, &err) < 0)
        die(err.text);
    if (outcome.allowed != sample->expect_allowed)
        die("the verdict is not the one expected");
    arena_reset(&sample->arena);
}

static const char *const names[] = {
    "nginx",
    "nginx:1.27.3",
    "contoso.azurecr.io/shop/web:v1.4.0",
    ("contoso.azurecr.io/shop/web@sha256:"
     "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void call_parse(void *context)
{
    const struct str *name = context;
    struct imageref ref;
    if (imageref_parse(*name, &ref) != IMAGEREF_OK)
        die("the name is not valid");
}

static void call_check(void *context)
{
    struct sample *sample = context;
    struct manifest manifest;
    struct err err;
    size_t images = 0;
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)1 << 30);
    if (manifest_parse("bench.yaml", sample->text, &arena, &manifest, &err) < 0)
        die(err.text);
    for (const struct manifest_object *m = manifest.objects; m; m = m->next) {
        struct object object;
        struct verdict verdict;
        struct question question = {
            .level = LEVEL_PINNED, .policy = &policy_builtin, .object = &object, .keep = SIZE_MAX};
        if (object_read(m->json, &arena, &object, &err) < 0 ||
            judge(&question, &arena, &verdict, &err) < 0)
            die(err.text);
        images += verdict.images;
    }
    if (images != 2000)
        die("images were missed");
}

/* What any reader of YAML pays before it knows a thing: libyaml's events, thrown away. */
static void call_yaml_events(void *context)
{
    struct sample *sample = context;
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)sample->text.ptr,
                                 sample->text.len);
    while (more) {
        if (!yaml_parser_parse(&parser, &event))
            die("libyaml refuses the sample");
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

/* ---- the samples ---- */

static void add_container(struct buf *buf, size_t i, const char *tail)
{
    buf_addf(buf,
             "{\"name\":\"c%zu\",\"image\":\"contoso.azurecr.io/shop/web:1.4.%zu%s\","
             "\"imagePullPolicy\":\"IfNotPresent\"}",
             i, i % 10, tail);
}

static void add_pod(struct buf *buf, size_t containers, size_t filler, const char *image_tail)
{
    buf_add(buf, STR("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\","
                     "\"namespace\":\"production\",\"annotations\":{"));
    for (size_t i = 0; i < filler; i++)
        buf_addf(buf, "%s\"example.com/note-%zu\":\"some text of the usual length, nothing odd\"",
                 i ? "," : "", i);
    buf_add(buf, STR("}},\"spec\":{\"containers\":["));
    for (size_t i = 0; i < containers; i++) {
        if (i)
            buf_add_char(buf, ',');
        add_container(buf, i, image_tail);
    }
    buf_add(buf, STR("],\"restartPolicy\":\"Always\"}}"));
}

static struct str make_review(struct arena *arena, size_t containers, size_t filler,
                              const char *tail, const char *old_tail)
{
    struct buf buf = BUF_INIT(arena, 64u << 20);
    struct str text;
    buf_addf(&buf,
             "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
             "\"uid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"kind\":{\"group\":\"\","
             "\"version\":\"v1\",\"kind\":\"Pod\"},\"namespace\":\"production\","
             "\"operation\":\"%s\",\"object\":",
             old_tail ? "UPDATE" : "CREATE");
    add_pod(&buf, containers, filler, tail);
    buf_add(&buf, STR(",\"oldObject\":"));
    if (old_tail)
        add_pod(&buf, containers, filler, old_tail);
    else
        buf_add(&buf, STR("null"));
    buf_add(&buf, STR("}}"));
    if (buf_finish(&buf, &text, NULL) < 0)
        die("no memory");
    return text;
}

/* The same as an update of a Deployment whose template changes in its last byte. */
static struct str make_workload_review(struct arena *arena, size_t containers)
{
    struct buf buf = BUF_INIT(arena, 64u << 20);
    struct str text;
    buf_add(&buf, STR("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                      "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"apps\",\"version\":\"v1\","
                      "\"kind\":\"Deployment\"},\"namespace\":\"production\","
                      "\"operation\":\"UPDATE\""));
    for (int old = 0; old < 2; old++) {
        buf_addf(&buf,
                 ",\"%s\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{"
                 "\"template\":{\"spec\":{\"containers\":[",
                 old ? "oldObject" : "object");
        for (size_t i = 0; i < containers; i++) {
            if (i)
                buf_add_char(&buf, ',');
            add_container(&buf, i, "");
        }
        buf_addf(&buf, "],\"restartPolicy\":\"%s\"}}}}", old ? "Always" : "Never");
    }
    buf_add(&buf, STR("}}"));
    if (buf_finish(&buf, &text, NULL) < 0)
        die("no memory");
    return text;
}

static struct str make_yaml(struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 64u << 20);
    struct str text;
    for (int i = 0; i < 1000; i++)
        buf_addf(&buf,
                 "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-%d\n"
                 "  namespace: production\n  labels:\n    app: web\nspec:\n  replicas: 3\n"
                 "  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n"
                 "      labels:\n        app: web\n    spec:\n      initContainers:\n"
                 "      - name: init\n        image: busybox:1.37.0\n      containers:\n"
                 "      - name: web\n        image: contoso.azurecr.io/shop/web@%s\n"
                 "        ports:\n        - containerPort: 8080\n        resources:\n"
                 "          requests: {cpu: 100m, memory: 64Mi}\n---\n",
                 i, digest);
    if (buf_finish(&buf, &text, NULL) < 0)
        die("no memory");
    return text;
}

/* ---- the table ---- */

static struct sample make_sample(struct str text, bool expect_allowed)
{
    return (struct sample){
        .text = text,
        .arena = ARENA_INIT(REVIEW_MAX_MEMORY),
        .context = {.path = {.mode = MODE_ENFORCE, .level = LEVEL_PINNED},
                    .policy = &policy_builtin,
                    .key = {1, 2}},
        .expect_allowed = expect_allowed,
    };
}

static void row_bytes(const char *what, struct sample *sample, void (*call)(void *))
{
    double seconds = measure(call, sample);
    printf("| %s | %.1f kB | %.2f µs | %.0f MB/s |\n", what, (double)sample->text.len / 1e3,
           seconds * 1e6, (double)sample->text.len / seconds / 1e6);
}

static void row_large(const char *what, struct str text, bool expect_allowed)
{
    struct sample sample = make_sample(text, expect_allowed);
    double seconds = measure(call_review, &sample);
    printf("| %s | %.2f MB | %.1f ms |\n", what, (double)text.len / 1e6, seconds * 1e3);
    arena_free(&sample.arena);
}

static void print_small(struct arena *arena)
{
    char pinned[128];
    snprintf(pinned, sizeof(pinned), "@%s", digest);
    struct sample allowed = make_sample(make_review(arena, 3, 82, pinned, NULL), true);
    struct sample denied = make_sample(make_review(arena, 3, 86, "", NULL), false);
    puts("| one AdmissionReview of a pod | size | CPU | |\n|---|---|---|---|");
    row_bytes("a tree by cJSON, built and freed, for comparison", &allowed, call_cjson);
    row_bytes("strict scan of every byte", &allowed, call_scan);
    row_bytes("decoded, judged, answered: allowed", &allowed, call_review);
    row_bytes("decoded, judged, answered: refused, three images named", &denied, call_review);
    arena_free(&allowed.arena);
    arena_free(&denied.arena);
}

static void print_large(struct arena *arena)
{
    char pinned[128];
    snprintf(pinned, sizeof(pinned), "@%s", digest);
    puts("\n| one AdmissionReview of 3 MB objects | size | CPU |\n|---|---|---|");
    row_large("CREATE of a pod, all pinned", make_review(arena, 17600, 0, pinned, NULL), true);
    row_large("UPDATE of a pod, all images changed", make_review(arena, 17600, 0, pinned, ""),
              true);
    row_large("UPDATE of a pod, no image changed", make_review(arena, 31000, 0, "", ""), true);
    row_large("UPDATE of a Deployment, template changed, all refused",
              make_workload_review(arena, 31000), false);
}

static void print_names(void)
{
    puts("\n| reading a name | CPU |\n|---|---|");
    for (int i = 0; i < NAMES; i++) {
        struct str name = str_of(names[i]);
        printf("| `%.60s%s` | %.0f ns |\n", name.ptr, name.len > 60 ? "…" : "",
               measure(call_parse, &name) * 1e9);
    }
}

static void print_check(struct arena *arena)
{
    struct sample sample = make_sample(make_yaml(arena), true);
    double events = measure(call_yaml_events, &sample), check = measure(call_check, &sample);
    puts("\n| 1,000 manifests, 2,000 images | size | CPU | × plain load |\n|---|---|---|---|");
    printf("| libyaml's events alone, for comparison | %.0f kB | %.1f ms | 1 |\n",
           (double)sample.text.len / 1e3, events * 1e3);
    printf("| `check`: read, converted, judged | %.0f kB | %.1f ms | %.2f |\n",
           (double)sample.text.len / 1e3, check * 1e3, check / events);
}

int main(void)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)1 << 30);
    print_small(&arena);
    print_large(&arena);
    print_names();
    print_check(&arena);
    return 0;
}
