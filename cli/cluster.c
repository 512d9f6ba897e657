/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: see the header. */
#include "cluster.h"

#include "pinnace/file.h"
#include "pinnace/json.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { HOSTS = 4, TEXT_MAX = 64 * 1024 };

static const struct kube_resource self_reviews = {"/apis/authentication.k8s.io/v1",
                                                  "selfsubjectreviews"};

bool cluster_take(struct kube_options *options, int found, const char *value)
{
    switch (found) {
    case CLUSTER_KUBECONFIG:
        options->kubeconfig = value;
        return true;
    case CLUSTER_CONTEXT:
        options->context = value;
        return true;
    case CLUSTER_NAMESPACE:
        options->namespace = value;
        return true;
    case CLUSTER_AS:
        options->as = value;
        return true;
    default:
        return false;
    }
}

int cluster_open(struct cluster *cluster, const struct kube_options *options, struct err *err)
{
    if (http_open(HOSTS, &cluster->http, err) < 0)
        return -1;
    return kube_open(cluster->http, options, &cluster->kube, err);
}

void cluster_close(struct cluster *cluster)
{
    kube_close(&cluster->kube);
    http_close(&cluster->http);
}

int cluster_error(const struct kube_error *error)
{
    return cli_error("%s", error->text);
}

/* ---- several questions at once ---- */

static void keep_answer(void *context, struct str body, const struct kube_error *error)
{
    struct cluster_question *question = context;
    question->error = *error;
    question->body = arena_copy(question->arena, body);
    question->call = NULL;
}

void cluster_send(struct kube *kube, struct cluster_question *question, struct arena *arena)
{
    struct err ignored;
    question->arena = arena;
    question->request.on_done = keep_answer;
    question->request.context = question;
    question->call = kube_send(kube, &question->request, &question->error);
    http_turn(kube_http(kube), 0, &ignored); /* off it goes; what went wrong, the next one tells */
}

void cluster_await(struct kube *kube, struct cluster_question *question)
{
    struct err err;
    while (question->call) {
        if (http_turn(kube_http(kube), 1000, &err) == 0)
            continue;
        kube_cancel(question->call);
        question->call = NULL;
        kube_error_set(&question->error, (struct kube_question){"ask", question->request.path},
                       KUBE_UNREACHABLE, &err);
    }
}

void cluster_ask_all(struct kube *kube, struct cluster_question *questions, size_t count,
                     struct arena *arena)
{
    for (size_t i = 0; i < count; i++)
        cluster_send(kube, &questions[i], arena);
    for (size_t i = 0; i < count; i++)
        cluster_await(kube, &questions[i]);
}

/* ---- who we are ---- */

struct kube_request cluster_who_request(struct arena *arena)
{
    return (struct kube_request){
        .verb = KUBE_CREATE,
        .path = kube_path(arena, self_reviews, STR_NONE, STR_NONE, NULL),
        .body =
            STR("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}")};
}

int cluster_who_read(struct str body, struct arena *arena, struct str *ret_user, int64_t *ret_now,
                     struct kube_error *error)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, status = {0}, user = {0}, metadata = {0};
    struct str created = STR_NONE;
    struct err err;
    if (json_read(body, TEXT_MAX, &tree, &err) == 0) {
        root.object = tree;
        if (json_get_object(&root, "status", &status, &err) == 0 &&
            json_get_object(&status, "userInfo", &user, &err) == 0 &&
            json_get_string(&user, "username", arena, ret_user, &err) == 0 &&
            json_get_object(&root, "metadata", &metadata, &err) == 0 &&
            json_get_string(&metadata, "creationTimestamp", arena, &created, &err) == 0 &&
            ret_user->len) {
            if (!created.len || !when_parse(created, ret_now))
                *ret_now = clock_now();
            return 0;
        }
    }
    err_set(&err, ERR_INPUT, "status.userInfo.username: is missing");
    kube_error_set(error, (struct kube_question){"POST", STR("SelfSubjectReview")}, KUBE_GARBLED,
                   &err);
    return -1;
}

int cluster_who(struct kube *kube, struct arena *arena, struct str *ret_user, int64_t *ret_now,
                struct kube_error *error)
{
    const struct kube_request asking = cluster_who_request(arena);
    struct str body;
    if (kube_ask(kube, &asking, arena, &body, error) < 0)
        return -1;
    return cluster_who_read(body, arena, ret_user, ret_now, error);
}
