/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the name: its parts are made of the bytes the grammar has, what is printed of it is read
 * as the same, and names of one registry or repository are so in both directions. A newline
 * separates two names.
 */
#include <stdlib.h>

#include "pinnace/imageref.h"

#include "pinnace/banned.h"

enum { ROOM = 16 * 1024 * 1024, NAME_MAX_LEN = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_bytes(struct str part, bool upper, const char *others)
{
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        must(ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') ||
             (c != '\0' && strchr(others, c)));
    }
}

static void check_parts(struct str text, const struct imageref *ref)
{
    check_bytes(ref->host, true, ".-:[]");
    check_bytes(ref->path, false, "._-/");
    check_bytes(ref->tag, true, "._-");
    check_bytes(ref->digest, false, ":");
    must(ref->host.len > 0 && ref->path.len > 0 && ref->path.len <= 255 && ref->tag.len <= 128);
    must(!ref->in_library || str_find(ref->path, '/') == STR_NOT_FOUND);
    must(ref->digest.len == 0 || digest_check(ref->digest) == IMAGEREF_OK);
    must(ref->digest.len == 0 ||
         (str_starts(ref->digest, STR("sha256:")) && ref->digest.len == 7 + 64) ||
         (str_starts(ref->digest, STR("sha512:")) && ref->digest.len == 7 + 128));
    must((ref->digest.len > 0) == (str_find(text, '@') != STR_NOT_FOUND));
    size_t tail =
        (ref->tag.len ? ref->tag.len + 1 : 0) + (ref->digest.len ? ref->digest.len + 1 : 0);
    must(text.len == ref->path.len + tail || text.len == ref->host.len + 1 + ref->path.len + tail);
}

static struct str print(struct arena *arena, const struct imageref *ref)
{
    struct buf buf = BUF_INIT(arena, 2 * NAME_MAX_LEN);
    struct str text = STR_NONE;
    buf_add_imageref(&buf, ref);
    must(buf_finish(&buf, &text, NULL) == 0);
    return text;
}

static void check_hosts(struct arena *arena, struct str host)
{
    struct str lower = arena_copy(arena, host);
    for (size_t i = 0; i < lower.len; i++)
        ((char *)(uintptr_t)lower.ptr)[i] = ascii_lower(lower.ptr[i]);
    must(host_same(host, lower));
    char *out = arena_alloc(arena, host.len + sizeof("docker.io"));
    must(out != NULL);
    struct str normal = host_normal(host, out, host.len + sizeof("docker.io"));
    must(normal.ptr && host_same(host, host) && host_same(host, normal));
    struct str copy = arena_copy(arena, normal);
    must(str_eq(host_normal(copy, out, copy.len), copy));
    must(copy.len == 0 || !host_normal(copy, out, copy.len - 1).ptr);
}

/* What is printed means the same, and is printed as it is. */
static void check_printed(struct arena *arena, const struct imageref *ref)
{
    struct imageref back;
    struct str text = print(arena, ref);
    must(imageref_parse(text, &back) == IMAGEREF_OK);
    must(imageref_same_repository(ref, &back) && imageref_same_repository(&back, ref));
    must(host_same(ref->host, back.host) && str_eq(ref->digest, back.digest));
    must(str_eq(back.tag, ref->tag.len || ref->digest.len ? ref->tag : STR("latest")));
    must(str_eq(print(arena, &back), text));
}

static enum imageref_fault check_name(struct arena *arena, struct str text,
                                      struct imageref *ret_ref)
{
    const struct imageref untouched = {.in_library = true, .host = text};
    *ret_ref = untouched;
    enum imageref_fault fault = imageref_parse(text, ret_ref);
    if (fault == IMAGEREF_OK) {
        check_parts(text, ret_ref);
        check_printed(arena, ret_ref);
        check_hosts(arena, ret_ref->host);
        must(imageref_same_repository(ret_ref, ret_ref));
    } else {
        must(memcmp(ret_ref, &untouched, sizeof(untouched)) == 0);
        must(strlen(imageref_fault_text(fault)) > 0);
        must(!imageref_fault_in_digest(fault) || str_find(text, '@') != STR_NOT_FOUND);
    }
    digest_check(text);
    return fault;
}

static struct str repository(struct arena *arena, const struct imageref *ref)
{
    struct buf buf = BUF_INIT(arena, 2 * NAME_MAX_LEN);
    struct str text = STR_NONE;
    buf_add_repository(&buf, ref);
    must(buf_finish(&buf, &text, NULL) == 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > NAME_MAX_LEN)
        return 0;
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size}, first = text, second = STR_NONE;
    struct imageref a, b;
    size_t newline = str_find(text, '\n');
    if (newline != STR_NOT_FOUND) {
        first = str_head(text, newline);
        second = str_tail(text, newline + 1);
    }
    bool good = check_name(&arena, first, &a) == IMAGEREF_OK;
    if (check_name(&arena, second, &b) != IMAGEREF_OK || !good)
        return 0;
    must(host_same(a.host, b.host) == host_same(b.host, a.host));
    bool same = imageref_same_repository(&a, &b);
    must(same == imageref_same_repository(&b, &a));
    /* "Contoso/web" cannot be printed in lower case, where it would be a path. */
    must(same == str_eq_nocase(repository(&arena, &a), repository(&arena, &b)));
    return 0;
}
