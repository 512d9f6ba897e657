/* SPDX-License-Identifier: Apache-2.0 */
/* kube_list: see kubelist.h. */
#include "pinnace/buf.h"
#include "pinnace/kubelist.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

enum { PAGE = 250, PAGE_ROOM = 8 * KUBE_MAX_BYTES, LIST_MAX_BYTES = 4 * KUBE_MAX_BYTES };

static struct str page_path(struct str path, struct str next, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 128 * 1024);
    struct str text = STR_NONE;
    buf_add(&buf, path);
    buf_addf(&buf, "%climit=%d", str_find(path, '?') == STR_NOT_FOUND ? '?' : '&', PAGE);
    if (next.len) {
        buf_add(&buf, STR("&continue="));
        buf_add_url_part(&buf, next);
    }
    buf_finish(&buf, &text, NULL);
    return text;
}

/* *next is copied to kept, since the page it came with goes. */
static int list_page(struct kube *kube, struct str path, struct str *next, struct arena *kept,
                     kube_list_object *object, void *context, struct kube_error *error)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct kube_request request = {
        .verb = KUBE_GET, .path = page_path(path, *next, &arena), .max_bytes = LIST_MAX_BYTES};
    struct watch_page page;
    struct str body;
    struct err err;
    if (kube_ask(kube, &request, &arena, &body, error) < 0)
        return -1;
    int code = watch_page_read(body, &arena, &page, &err);
    for (size_t i = 0; code == 0 && i < page.count; i++)
        code = object(context, &page, page.items[i], &err);
    if (code == 0 && page.next.len) {
        arena_reset(kept);
        page.next = arena_copy(kept, page.next);
        code = page.next.ptr ? 0 : err_no_memory(&err);
    }
    if (code < 0) {
        kube_error_set(error, (struct kube_question){"GET", path}, KUBE_GARBLED, &err);
        return -1;
    }
    *next = page.next;
    return 0;
}

int kube_list(struct kube *kube, struct str path, kube_list_object *object, void *context,
              struct kube_error *error)
{
    struct arena kept ARENA_SCOPED = ARENA_INIT(1024 * 1024);
    struct str next = STR_NONE;
    do {
        if (list_page(kube, path, &next, &kept, object, context, error) < 0)
            return -1;
    } while (next.len);
    return 0;
}
