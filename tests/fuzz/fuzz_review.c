/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the review, by every path: the answer is JSON and names the uid; what is let in by
 * /enforce/pinned has nothing but good names with digests, as another reader of the document finds
 * them; an update is judged by what another reader finds changed; each level asks for all that the
 * one below asks; and neither the order of keys nor white space decides anything.
 */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/json.h"
#include "pinnace/review.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, LARGEST = 128 * 1024, CAUSES_MAX = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct str quoted(struct arena *arena, const char *text)
{
    struct str copy = arena_copy(arena, str_of(text));
    must(copy.ptr != NULL);
    for (char *c = (char *)(uintptr_t)copy.ptr; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

#define HEX16 "0123456789abcdef"
#define DIGEST "sha256:" HEX16 HEX16 HEX16 HEX16

/* What the reviews of the corpus are judged by, made once. */
static struct world {
    struct arena arena;
    struct policy policy;
    struct ledger ledger;
} world;

static void make_world(void)
{
    world.arena.limit = ROOM;
    if (world.ledger.tracks)
        return;
    world.policy = policy_builtin;
    must(policy_add(&world.policy,
                    quoted(&world.arena,
                           "{'apiVersion':'pinnace.dev/v1alpha1','kind':'PinPolicy','metadata':"
                           "{'name':'default'},'spec':{'registries':['docker.io','quay.io',"
                           "'*.azurecr.io'],'free':['docker.io/library/*'],'exemptions':[{'images':"
                           "['quay.io/tools/*'],'namespaces':['shop'],'reason':'tools'}]}}"),
                    &world.arena, NULL) == 0);
    must(ledger_add(&world.ledger,
                    quoted(&world.arena,
                           "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':"
                           "'web','namespace':'shop'},'spec':{'image':'contoso.azurecr.io/shop/web'"
                           ",'targets':[{'kind':'Deployment','name':'web','container':'web'}]},"
                           "'status':{'current':{'digest':'" DIGEST "'},'ledger':[{'tag':'1.4.0',"
                           "'digest':'" DIGEST "','state':'Healthy'}]}}"),
                    &world.arena, NULL) == 0);
}

struct answer {
    struct arena arena;
    struct review review;
    struct review_outcome outcome;
    struct str text;
    struct cJSON *tree;
};

static void answer_end(struct answer *answer)
{
    json_free(&answer->tree);
    arena_free(&answer->arena);
}

#define ANSWER_SCOPED __attribute__((cleanup(answer_end)))

static const cJSON *at(const cJSON *tree, const char *a, const char *b)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(tree, a);
    return b ? cJSON_GetObjectItemCaseSensitive(found, b) : found;
}

static void check_answer(const struct answer *answer, const struct review_context *context)
{
    const cJSON *response = at(answer->tree, "response", NULL);
    const cJSON *message = at(response, "status", "message");
    must(str_eq(str_of(cJSON_GetStringValue(at(response, "uid", NULL))), answer->review.uid));
    must(cJSON_IsBool(at(response, "allowed", NULL)));
    must(cJSON_IsTrue(at(response, "allowed", NULL)) == answer->outcome.allowed);
    must(answer->outcome.allowed || context->path.mode == MODE_ENFORCE);
    must((at(response, "status", NULL) == NULL) == answer->outcome.allowed);
    if (!answer->outcome.allowed)
        must(cJSON_IsString(message) && strlen(message->valuestring) > 0);
    size_t total = 0;
    const cJSON *warnings = at(response, "warnings", NULL);
    for (const cJSON *w = warnings ? warnings->child : NULL; w; w = w->next) {
        must(cJSON_IsString(w) && strlen(w->valuestring) <= 256 && !strchr(w->valuestring, '\n'));
        total += strlen(w->valuestring);
    }
    must(total <= 4096);
}

/* False when the review is not one that can be answered. */
static bool ask(struct answer *answer, struct str text, const struct review_context *context)
{
    struct err err = {ERR_NONE, ""};
    *answer = (struct answer){.arena = ARENA_INIT(ROOM)};
    if (review_decode(text, &answer->arena, &answer->review, &err) < 0) {
        must(err.kind != ERR_NONE && strlen(err.text) > 0 && !answer->review.uid.ptr);
        return false;
    }
    must(answer->review.uid.len > 0);
    must(review_answer(&answer->review, context, &answer->arena, &answer->outcome, &answer->text,
                       &err) == 0);
    must(json_read(answer->text, ROOM, &answer->tree, &err) == 0);
    check_answer(answer, context);
    return true;
}

/*
 * The pod spec of a document that cJSON read, found without the code that is tested, and what it
 * stands in.
 */
static const cJSON *pod_spec_of(const cJSON *object, const char *group, const char *kind,
                                const cJSON **ret_template)
{
    static const struct {
        const char *group, *kind, *path[6];
    } places[] = {
        {"", "Pod", {"spec"}},
        {"", "PodTemplate", {"template", "spec"}},
        {"", "ReplicationController", {"spec", "template", "spec"}},
        {"apps", "Deployment", {"spec", "template", "spec"}},
        {"apps", "StatefulSet", {"spec", "template", "spec"}},
        {"apps", "DaemonSet", {"spec", "template", "spec"}},
        {"apps", "ReplicaSet", {"spec", "template", "spec"}},
        {"batch", "Job", {"spec", "template", "spec"}},
        {"batch", "CronJob", {"spec", "jobTemplate", "spec", "template", "spec"}},
        {"extensions", "Deployment", {"spec", "template", "spec"}},
        {"extensions", "DaemonSet", {"spec", "template", "spec"}},
        {"extensions", "ReplicaSet", {"spec", "template", "spec"}},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i].group, group) != 0 || strcmp(places[i].kind, kind) != 0)
            continue;
        for (size_t k = 0; k < 6 && places[i].path[k]; k++) {
            *ret_template = object;
            object = cJSON_GetObjectItemCaseSensitive(object, places[i].path[k]);
        }
        return object;
    }
    abort(); /* a kind that is not known may not be let in */
}

static void check_pinned(const cJSON *image)
{
    struct imageref ref;
    must(cJSON_IsString(image));
    must(imageref_parse(str_of(image->valuestring), &ref) == IMAGEREF_OK && ref.digest.len > 0);
}

enum { LISTS = 4, VOLUMES = 3 };

static const char *const lists[LISTS] = {"containers", "initContainers", "ephemeralContainers",
                                         "volumes"};

/* Whether an element of the list names an image, and which: NULL where a string should be. */
static bool image_of(const cJSON *element, int list, const cJSON **ret_image)
{
    if (list != VOLUMES)
        *ret_image = at(element, "image", NULL);
    else if (cJSON_IsObject(at(element, "image", NULL)))
        *ret_image = at(element, "image", "reference");
    else
        return false;
    return true;
}

/* The object's pod spec, and its template where it has one. */
static const cJSON *spec_of(const cJSON *request, const char *object, const cJSON **ret_template)
{
    const char *group = cJSON_GetStringValue(at(request, "kind", "group"));
    const char *kind = cJSON_GetStringValue(at(request, "kind", "kind"));
    return pod_spec_of(at(request, object, NULL), group ? group : "", kind, ret_template);
}

/* Everything that names an image in what was let in is pinned. */
static void check_let_in(const cJSON *request)
{
    const cJSON *template, *image, *spec = spec_of(request, "object", &template);
    for (int list = 0; list < LISTS; list++) {
        const cJSON *elements = at(spec, lists[list], NULL);
        for (const cJSON *e = elements ? elements->child : NULL; e; e = e->next)
            if (image_of(e, list, &image))
                check_pinned(image);
    }
}

static bool same_text(const cJSON *a, const cJSON *b)
{
    return str_eq(str_of(cJSON_GetStringValue(a)), str_of(cJSON_GetStringValue(b)));
}

/* Whether the old spec has an element of the same name and image in the list. */
static bool was_there(const cJSON *old_spec, int list, const cJSON *element)
{
    const cJSON *image, *old_image, *elements = at(old_spec, lists[list], NULL);
    image_of(element, list, &image);
    for (const cJSON *e = elements ? elements->child : NULL; e; e = e->next)
        if (image_of(e, list, &old_image) && same_text(image, old_image) &&
            same_text(at(element, "name", NULL), at(e, "name", NULL)))
            return true;
    return false;
}

/* How many images there are in the spec that were not there in the old one, which may be NULL. */
static size_t count_new(const cJSON *spec, const cJSON *old_spec)
{
    const cJSON *image;
    size_t count = 0;
    for (int list = 0; list < LISTS; list++) {
        const cJSON *elements = at(spec, lists[list], NULL);
        for (const cJSON *e = elements ? elements->child : NULL; e; e = e->next)
            count += image_of(e, list, &image) && !was_there(old_spec, list, e);
    }
    return count;
}

static bool is_absent(const cJSON *value)
{
    return !value || cJSON_IsNull(value);
}

/* What an update must look at: what is new in a pod, all of a workload whose template changes. */
static size_t count_changed(const cJSON *request)
{
    const cJSON *template, *old_template;
    const cJSON *spec = spec_of(request, "object", &template);
    const cJSON *old_spec = spec_of(request, "oldObject", &old_template);
    if (strcmp(cJSON_GetStringValue(at(request, "kind", "kind")), "Pod") == 0)
        return count_new(spec, old_spec);
    bool same = is_absent(template) || is_absent(old_template)
                    ? is_absent(template) && is_absent(old_template)
                    : cJSON_Compare(template, old_template, true);
    return same ? 0 : count_new(spec, NULL);
}

static bool has_numbers(const cJSON *value)
{
    if (cJSON_IsNumber(value))
        return true;
    for (const cJSON *child = value->child; child; child = child->next)
        if (has_numbers(child))
            return true;
    return false;
}

/* Turns the order of the members of every object around. */
static void reverse(cJSON *value)
{
    for (cJSON *child = value->child; child; child = child->next)
        reverse(child);
    if (!cJSON_IsObject(value))
        return;
    cJSON *reversed = NULL;
    while (value->child) {
        cJSON *last = value->child;
        while (last->next)
            last = last->next;
        cJSON_DetachItemViaPointer(value, last);
        last->prev = last->next = NULL;
        if (reversed) {
            reversed->prev->next = last;
            last->prev = reversed->prev;
            reversed->prev = last;
        } else {
            reversed = last;
            last->prev = last;
        }
    }
    value->child = reversed;
}

static bool has_cause(const struct verdict *verdict, const struct finding *like)
{
    for (size_t i = 0; i < verdict->kept; i++) {
        const struct finding *finding = &verdict->findings[i];
        if (finding->reason == like->reason && finding->weight == like->weight &&
            finding->site->index == like->site->index && finding->site->list == like->site->list)
            return true;
    }
    return false;
}

static void must_be_same(const struct answer *a, const struct answer *b)
{
    const struct verdict *one = &a->outcome.verdict, *two = &b->outcome.verdict;
    must(a->outcome.allowed == b->outcome.allowed);
    must(one->images == two->images);
    for (int weight = 0; weight < FINDING_WEIGHTS; weight++) {
        must(one->count[weight] == two->count[weight]);
        if (one->count[weight] > CAUSES_MAX)
            return; /* of more than are named the first ones are named */
    }
    must(one->kept == two->kept);
    for (size_t i = 0; i < one->kept; i++)
        must(has_cause(two, &one->findings[i]));
}

/* Numbers do not survive cJSON to the letter, and an update compares them to the letter. */
static void check_order(const struct answer *answer, const cJSON *document,
                        const struct review_context *context)
{
    if (answer->review.operation == OPERATION_UPDATE && has_numbers(document))
        return;
    cJSON *copy = cJSON_Duplicate(document, true);
    must(copy != NULL);
    reverse(copy);
    char *text = cJSON_PrintUnformatted(copy);
    must(text != NULL);
    struct answer other ANSWER_SCOPED;
    must(ask(&other, str_of(text), context));
    must_be_same(answer, &other);
    cJSON_free(text);
    cJSON_Delete(copy);
}

/* Spaces and line breaks wherever JSON lets them be. */
static struct str spaced(struct arena *arena, struct str text)
{
    struct buf buf = BUF_INIT(arena, 8 * (size_t)LARGEST);
    struct str result = STR_NONE;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool structural = !in_string && strchr("{}[],:", c);
        if (structural)
            buf_add(&buf, STR(" \n"));
        buf_add_char(&buf, c);
        if (structural)
            buf_add(&buf, STR("\t "));
        if (in_string && c == '\\')
            buf_add_char(&buf, text.ptr[++i]);
        else if (c == '"')
            in_string = !in_string;
    }
    must(buf_finish(&buf, &result, NULL) == 0);
    return result;
}

static void check_space(const struct answer *answer, struct str text,
                        const struct review_context *context)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct answer other ANSWER_SCOPED;
    must(ask(&other, spaced(&arena, text), context));
    must(str_eq(answer->text, other.text));
}

/* By the strictest path there is without a policy, which no exemption and no ledger softens. */
static void check_pinned_path(struct str text, const cJSON *document)
{
    struct review_context context = {.policy = &policy_builtin, .key = {1, 2}};
    struct answer answer ANSWER_SCOPED;
    must(review_path_parse(STR("/enforce/pinned"), &context.path));
    must(ask(&answer, text, &context));
    enum operation operation = answer.review.operation;
    bool whole =
        operation == OPERATION_CREATE || (operation == OPERATION_UPDATE && !answer.review.has_old);
    if (document && whole && answer.outcome.allowed)
        check_let_in(at(document, "request", NULL));
    if (document && operation == OPERATION_UPDATE && answer.review.has_old &&
        answer.review.object.kind && !has_numbers(document))
        must(answer.outcome.verdict.images == count_changed(at(document, "request", NULL)));
    if (document)
        check_order(&answer, document, &context);
    check_space(&answer, text, &context);
}

static void check_paths(struct str text)
{
    struct review_context context = {.policy = &world.policy, .key = {1, 2}};
    for (int with_ledger = 0; with_ledger < 2; with_ledger++)
        for (int mode = 0; mode < MODES; mode++) {
            bool below = true;
            context.ledger = with_ledger ? &world.ledger : NULL;
            for (int level = LEVEL_TAGGED; level <= LEVELS; level++) {
                struct answer answer ANSWER_SCOPED;
                context.path =
                    (struct review_path){.mode = (enum mode)mode,
                                         .level = level < LEVELS ? (enum level)level : LEVEL_OFF,
                                         .unknown = level == LEVELS};
                must(ask(&answer, text, &context));
                must(!answer.outcome.allowed || below || level == LEVELS);
                below = answer.outcome.allowed;
            }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct review review;
    JSON_SCOPED struct cJSON *document = NULL;
    if (size > LARGEST || review_decode(text, &arena, &review, NULL) < 0)
        return 0;
    make_world();
    json_read(text, LARGEST, &document, NULL); /* none where a key is given twice */
    check_pinned_path(text, document);
    check_paths(text);
    return 0;
}
