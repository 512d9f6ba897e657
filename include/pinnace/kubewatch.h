/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubewatch: all objects of a kind, and every change of them, for as long as it lasts: a list in
 * pages, then a watch from where the list stood, again and again. Whoever follows keeps what it
 * was told: a list begins, its objects come, then it is whole, and what was not in it is no more.
 */
#ifndef PINNACE_KUBEWATCH_H
#define PINNACE_KUBEWATCH_H

#include "pinnace/kube.h"
#include "pinnace/watch.h"

struct kube_watch;

enum kube_change {
    KUBE_LISTED,  /* in the list that has begun; of a built-in kind, it does not say which */
    KUBE_CHANGED, /* new, or other than before */
    KUBE_DELETED, /* as it was last */
};

/* None may stop the watch; what is handed to them lives until they return. */
struct kube_watch_handlers {
    void (*begin)(void *context);
    void (*object)(void *context, enum kube_change change, struct str json);
    void (*whole)(void *context);
    /* It is tried again, by itself, in so many milliseconds. */
    void (*trouble)(void *context, const struct kube_error *error, int64_t again_ms);
    void *context;
};

/* path: of the collection, with "?labelSelector=…" or the like if wanted. */
int kube_watch_start(struct kube *kube, struct str path, const struct kube_watch_handlers *handlers,
                     struct kube_watch **ret_watch, struct err *err);
void kube_watch_stop(struct kube_watch **watch);

/* Lists anew: for whoever could not keep all that came. Not from within a handler. */
void kube_watch_list_again(struct kube_watch *watch);

/*
 * Goes on from where it stands, on another connection: for whoever knows that the server was away.
 * What was lost on this one may come as late again as that took. Not from within a handler.
 */
void kube_watch_ask_again(struct kube_watch *watch);

/* How often in a row it has failed by now, up to some number; from so many on a person should know. */
enum { KUBE_WATCH_FAILURES = 4 };
unsigned kube_watch_failures(const struct kube_watch *watch);

/* More than one try has failed since the last sign: what it brought may not be so any more. */
bool kube_watch_is_behind(const struct kube_watch *watch);

/* When, on clock_boot_ms, the cluster last gave a sign of being followed; 0: never yet. */
int64_t kube_watch_fresh_at(const struct kube_watch *watch);

#endif
