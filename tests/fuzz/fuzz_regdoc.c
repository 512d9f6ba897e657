/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as a manifest, a page of tags, a token and an error: a manifest is index or image
 * and never both, all its digests are good ones, a token is one word, and messages can be shown.
 */
#include <stdlib.h>

#include "pinnace/imageref.h"
#include "pinnace/regdoc.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_manifest(struct str text, struct str type)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct oci_manifest manifest;
    struct err err = {ERR_NONE, ""};
    if (oci_manifest_read(text, type, &arena, &manifest, &err) < 0) {
        must(err.text[0]);
        return;
    }
    bool is_index = manifest.media == MEDIA_OCI_INDEX || manifest.media == MEDIA_DOCKER_LIST;
    must(manifest.media != MEDIA_SCHEMA1 && manifest.media != MEDIA_OTHER);
    must(media_of(type) == MEDIA_OTHER || media_of(type) == manifest.media);
    must(is_index ? manifest.config.len == 0 : manifest.child_count == 0);
    must(is_index || digest_check(manifest.config) == IMAGEREF_OK);
    for (size_t i = 0; i < manifest.child_count; i++)
        must(digest_check(manifest.children[i].digest) == IMAGEREF_OK);
}

static void check_token(struct str text, struct arena *arena)
{
    struct registry_token token;
    if (registry_token_read(text, arena, &token, NULL) < 0)
        return;
    must(token.token.len > 0 && token.life_s >= 0 && token.life_s <= 86400);
    for (size_t i = 0; i < token.token.len; i++)
        must(token.token.ptr[i] > ' ' && token.token.ptr[i] <= '~');
}

static void check_error(struct str text, int status)
{
    struct registry_error error;
    registry_error_read(text, status, text, &error);
    must(error.fault != REGISTRY_FINE && error.text[0]);
    for (const char *at = error.text; *at; at++)
        must(*at >= ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct tags_page page;
    check_manifest(text, STR(""));
    check_manifest(text, STR("application/vnd.oci.image.index.v1+json"));
    check_manifest(text, STR("application/vnd.docker.distribution.manifest.v2+json"));
    if (tags_page_read(text, &arena, &page, NULL) == 0)
        must(page.count <= size);
    check_token(text, &arena);
    check_error(text, 404);
    check_error(text, 503);
    return 0;
}
