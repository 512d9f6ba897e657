/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as a notification, as what a pipeline sends, as a file of secrets and as a header:
 * every hint can be written as an image's name and read again, and a secret fits into a header.
 */
#include <stdlib.h>

#include "pinnace/pushevent.h"

#include "pinnace/banned.h"

enum { ROOM = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_hint(const struct push_hint *hint, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct imageref ref;
    struct str text;
    buf_add(&buf, hint->host.len ? hint->host : STR("localhost"));
    buf_add_char(&buf, '/');
    buf_add(&buf, hint->repository);
    buf_add_char(&buf, ':');
    buf_add(&buf, hint->tag);
    must(buf_finish(&buf, &text, NULL) == 0);
    must(imageref_parse(text, &ref) == IMAGEREF_OK && ref.digest.len == 0);
    must(str_eq(ref.tag, hint->tag) && str_eq(ref.path, hint->repository));
    struct tag_follow follow = {.tag = ref.tag};
    struct push_hint own = *hint;
    ref.host = own.host = STR_NONE;
    struct semver version;
    must(push_concerns(&own, &ref, &follow) == (tag_judge(&follow, ref.tag, &version) == TAG_FITS));
}

static void check_hints(int result, const struct push_hints *hints, const struct err *err,
                        struct arena *arena)
{
    if (result < 0) {
        must(err->text[0] && hints->count == 0);
        return;
    }
    must(hints->count <= PUSH_HINTS_MAX);
    for (size_t i = 0; i < hints->count; i++)
        check_hint(&hints->items[i], arena);
}

static void check_secrets(struct str text)
{
    struct push_secrets secrets = {.count = 0};
    if (push_secrets_read(text, &secrets, NULL) < 0)
        return;
    must(secrets.count > 0 && secrets.count <= PUSH_SECRETS_MAX);
    for (size_t i = 0; i < secrets.count; i++) {
        must(secrets.items[i].len >= PUSH_SECRET_MIN_BYTES);
        for (size_t j = 0; j < secrets.items[i].len; j++)
            must(secrets.items[i].ptr[j] > ' ' && secrets.items[i].ptr[j] <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct push_hints hints = {.count = 0}, one = {.count = 0};
    struct err err = {ERR_NONE, ""};
    unsigned char sum[PUSH_SIGNATURE_BYTES];
    check_hints(push_read_distribution(text, &arena, &hints, &err), &hints, &err, &arena);
    check_hints(push_read_generic(text, &arena, &one, &err), &one, &err, &arena);
    check_secrets(text);
    must(push_signature_read(text, sum) ? size == 71 : true);
    must(push_bearer_read(text).len < size || size == 0);
    return 0;
}
