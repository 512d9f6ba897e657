/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as an event, as a page of a list, as a Status and as a Lease: what is found is a
 * part of them and an object by itself, and every message can be shown.
 */
#include <stdlib.h>

#include "pinnace/kubestatus.h"
#include "pinnace/lease.h"
#include "pinnace/scan.h"
#include "pinnace/watch.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_object(struct str object, struct str text)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct scan scan;
    must(object.ptr >= text.ptr && object.ptr + object.len <= text.ptr + text.len);
    must(object.len >= 2 && object.ptr[0] == '{' && object.ptr[object.len - 1] == '}');
    scan_begin(&scan, object, &arena);
    scan_value(&scan);
    must(scan_finish(&scan, NULL) == 0);
}

static void check_words(const char *text)
{
    must(text[0] != '\0');
    for (; *text; text++)
        must((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_event(struct str text, struct arena *arena)
{
    struct watch_event event;
    struct err err = {ERR_NONE, ""};
    if (watch_event_read(text, arena, &event, &err) < 0) {
        must(err.kind == ERR_INPUT && err.text[0]);
        return;
    }
    check_object(event.object, text);
    must(event.type == WATCH_ERROR || event.resource_version.len > 0);
}

static void check_page(struct str text, struct arena *arena)
{
    struct watch_page page;
    struct err err = {ERR_NONE, ""};
    if (watch_page_read(text, arena, &page, &err) < 0) {
        must(err.kind == ERR_INPUT && err.text[0]);
        return;
    }
    must(page.resource_version.len > 0);
    for (size_t i = 0; i < page.count; i++) {
        check_object(page.items[i], text);
        must(i == 0 || page.items[i].ptr > page.items[i - 1].ptr);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct kube_error error;
    struct lease_record record;
    check_event(text, &arena);
    check_page(text, &arena);
    kube_status_read((struct kube_question){"GET", STR("/x")}, 0, text, &error);
    must(error.fault != KUBE_FINE);
    check_words(error.text);
    if (lease_record_read(text, &arena, &record, NULL) == 0)
        must(record.duration_s >= 0 && record.transitions >= 0 && record.version.len > 0);
    return 0;
}
