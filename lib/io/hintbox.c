/* SPDX-License-Identifier: Apache-2.0 */
/* hintbox: see the header. One batch is filled while the other is taken. */
#include "pinnace/hintbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pinnace/file.h"

#include "pinnace/banned.h"

enum { STRINGS_MAX_BYTES = 1024 * 1024, NAME_SIZE = 1024 };

struct batch {
    struct arena arena; /* the strings */
    struct push_hint hints[PUSH_HINTS_MAX];
    struct hash128 sums[PUSH_HINTS_MAX];
    size_t count;
};

struct hintbox {
    pthread_mutex_t lock; /* of the batch that is filled, and of which one that is */
    struct batch *filling, *taken;
    struct batch batches[2];
    struct siphash_key key; /* else a sender could make two hints look like one */
    int event;
};

int hintbox_open(struct hintbox **ret_box, struct err *err)
{
    struct hintbox *box = calloc(1, sizeof(*box));
    if (!box)
        return err_no_memory(err);
    box->event = -1;
    pthread_mutex_init(&box->lock, NULL);
    box->filling = &box->batches[0];
    box->taken = &box->batches[1];
    for (int i = 0; i < 2; i++)
        box->batches[i].arena = ARENA_INIT(STRINGS_MAX_BYTES);
    if (random_key(&box->key, err) < 0) {
        hintbox_close(&box);
        return -1;
    }
    box->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->event < 0) {
        err_set(err, ERR_SYSTEM, "no event descriptor: %s", strerror(errno));
        hintbox_close(&box);
        return -1;
    }
    *ret_box = box;
    return 0;
}

void hintbox_close(struct hintbox **box_at)
{
    struct hintbox *box = *box_at;
    if (!box)
        return;
    if (box->event >= 0)
        close(box->event);
    for (int i = 0; i < 2; i++)
        arena_free(&box->batches[i].arena);
    pthread_mutex_destroy(&box->lock);
    free(box);
    *box_at = NULL;
}

int hintbox_fd(const struct hintbox *box)
{
    return box->event;
}

static struct hash128 sum_of(const struct hintbox *box, const struct push_hint *hint)
{
    char text[NAME_SIZE];
    int len = snprintf(text, sizeof(text), "%.*s %.*s %.*s", STR_FMT(hint->host),
                       STR_FMT(hint->repository), STR_FMT(hint->tag));
    return siphash128(box->key, (struct str){text, (size_t)len});
}

static bool is_in(const struct batch *batch, struct hash128 sum)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->sums[i].low == sum.low && batch->sums[i].high == sum.high)
            return true;
    return false;
}

/* An empty string is a copy of nothing, and in order. */
static bool copy(struct arena *arena, struct str text, struct str *ret_copy)
{
    *ret_copy = text.len ? arena_copy(arena, text) : STR_NONE;
    return !text.len || ret_copy->ptr;
}

static bool add(struct hintbox *box, const struct push_hint *hint)
{
    struct batch *batch = box->filling;
    struct hash128 sum = sum_of(box, hint);
    struct push_hint own;
    if (is_in(batch, sum))
        return true;
    if (batch->count == PUSH_HINTS_MAX || !copy(&batch->arena, hint->host, &own.host) ||
        !copy(&batch->arena, hint->repository, &own.repository) ||
        !copy(&batch->arena, hint->tag, &own.tag))
        return false;
    batch->hints[batch->count] = own;
    batch->sums[batch->count++] = sum;
    return true;
}

bool hintbox_put(struct hintbox *box, const struct push_hints *hints)
{
    const uint64_t one = 1;
    bool all = true;
    pthread_mutex_lock(&box->lock);
    size_t before = box->filling->count;
    for (size_t i = 0; i < hints->count && all; i++)
        all = add(box, &hints->items[i]);
    if (!all)
        box->filling->count = before;
    bool more = box->filling->count > before;
    pthread_mutex_unlock(&box->lock);
    /* A counter that is full, which is the only way to fail, wakes the loop as well. */
    if (more && write(box->event, &one, sizeof(one)) < 0)
        return true;
    return all;
}

void hintbox_take(struct hintbox *box, void (*each)(void *context, const struct push_hint *hint),
                  void *context)
{
    uint64_t times;
    if (read(box->event, &times, sizeof(times)) < 0)
        return; /* nothing was put in */
    pthread_mutex_lock(&box->lock);
    struct batch *batch = box->filling;
    box->filling = box->taken;
    box->taken = batch;
    pthread_mutex_unlock(&box->lock);
    for (size_t i = 0; i < batch->count; i++)
        each(context, &batch->hints[i]);
    arena_reset(&batch->arena);
    batch->count = 0;
}
