/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as a kubelet may write it. What is read are parts of it, and a digest that is found is one
 * that can be pasted behind a name.
 */
#include <stdlib.h>

#include "pinnace/imageref.h"
#include "pinnace/podstatus.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_digest(struct str digest, struct arena *arena)
{
    struct buf name = BUF_INIT(arena, 1024);
    struct imageref ref;
    struct str text;
    if (!digest.len)
        return;
    buf_add(&name, STR("r.io/x@"));
    buf_add(&name, digest);
    must(buf_finish(&name, &text, NULL) == 0);
    must(imageref_parse(text, &ref) == IMAGEREF_OK && str_eq(ref.digest, digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * 1024 * 1024);
    struct pod_container *containers = NULL;
    const struct str json = {(const char *)data, size};
    struct err err = {ERR_NONE, ""};
    size_t count = 0;
    check_digest(image_id_digest(json), &arena);
    if (podstatus_read(json, &arena, &containers, &err) < 0) {
        must(err.kind != ERR_NONE && !containers);
        return 0;
    }
    for (; containers; containers = containers->next) {
        must(containers->list < LIST_VOLUMES && containers->image_id.len <= size);
        check_digest(image_id_digest(containers->image_id), &arena);
        count++;
    }
    must(count <= size);
    return 0;
}
