/* SPDX-License-Identifier: Apache-2.0 */
/* regdoc: see the header. Manifests, pages of tags and tokens; errors are in regerror.c. */
#include "pinnace/regdoc.h"

#include "pinnace/httphead.h"
#include "pinnace/imageref.h"
#include "pinnace/jwt.h"
#include "pinnace/scan.h"
#include "pinnace/semver.h"

#include "pinnace/banned.h"

/* --- Manifests --------------------------------------------------------------------------------- */

static const struct {
    enum media media;
    struct str name;
} medias[] = {
    {MEDIA_OCI_INDEX, STR_INIT("application/vnd.oci.image.index.v1+json")},
    {MEDIA_DOCKER_LIST, STR_INIT("application/vnd.docker.distribution.manifest.list.v2+json")},
    {MEDIA_OCI_MANIFEST, STR_INIT("application/vnd.oci.image.manifest.v1+json")},
    {MEDIA_DOCKER_MANIFEST, STR_INIT("application/vnd.docker.distribution.manifest.v2+json")},
    {MEDIA_SCHEMA1, STR_INIT("application/vnd.docker.distribution.manifest.v1+prettyjws")},
    {MEDIA_SCHEMA1, STR_INIT("application/vnd.docker.distribution.manifest.v1+json")},
};

enum { MEDIAS = sizeof(medias) / sizeof(medias[0]) };

enum media media_of(struct str content_type)
{
    for (size_t i = 0; i < MEDIAS; i++)
        if (http_type_is(content_type, medias[i].name))
            return medias[i].media;
    return MEDIA_OTHER;
}

const char *media_name(enum media media)
{
    for (size_t i = 0; i < MEDIAS; i++)
        if (medias[i].media == media)
            return medias[i].name.ptr;
    return "";
}

struct manifest_parts {
    struct str version, media_type;
    bool has_config, has_layers, has_manifests;
    size_t capacity;
};

static void scan_platform(struct scan *scan, struct manifest_child *child)
{
    static const struct str keys[] = {STR_INIT("os"), STR_INIT("architecture")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;)
        *(key == 0 ? &child->os : &child->architecture) = scan_string(scan);
}

/* A descriptor: of a child with its platform, or of the configuration. */
static void scan_descriptor(struct scan *scan, struct manifest_child *child)
{
    static const struct str keys[] = {STR_INIT("digest"), STR_INIT("platform")};
    size_t at = scan_offset(scan);
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;) {
        if (key == 0)
            child->digest = scan_string(scan);
        else if (scan_peek(scan) == SCAN_NULL)
            scan_value(scan);
        else
            scan_platform(scan, child);
    }
    if (digest_check(child->digest) != IMAGEREF_OK)
        scan_fail(scan, "a descriptor with a valid digest was expected here", at);
}

static void scan_children(struct scan *scan, struct oci_manifest *manifest, size_t *capacity)
{
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        if (manifest->child_count == REGDOC_CHILDREN_MAX) {
            scan_fail(scan, "more than 4096 manifests in one index", scan_offset(scan));
            return;
        }
        if (manifest->child_count == *capacity) {
            size_t more = *capacity ? 2 * *capacity : 16;
            struct manifest_child *bigger = arena_array(scan->arena, struct manifest_child, more);
            if (!bigger) {
                scan_out_of_memory(scan);
                return;
            }
            if (*capacity)
                memcpy(bigger, manifest->children, *capacity * sizeof(*bigger));
            manifest->children = bigger;
            *capacity = more;
        }
        scan_descriptor(scan, &manifest->children[manifest->child_count++]);
    }
}

static void scan_manifest(struct scan *scan, struct manifest_parts *parts,
                          struct oci_manifest *manifest)
{
    enum { VERSION, MEDIA_TYPE, CONFIG, LAYERS, MANIFESTS, KEYS };
    static const struct str keys[] = {
        [VERSION] = STR_INIT("schemaVersion"), [MEDIA_TYPE] = STR_INIT("mediaType"),
        [CONFIG] = STR_INIT("config"),         [LAYERS] = STR_INIT("layers"),
        [MANIFESTS] = STR_INIT("manifests"),
    };
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        struct manifest_child config = {0};
        if (key == VERSION) {
            parts->version = scan_value(scan);
        } else if (key == MEDIA_TYPE) {
            parts->media_type = scan_string(scan);
        } else if (key == CONFIG) {
            parts->has_config = true;
            scan_descriptor(scan, &config);
            manifest->config = config.digest;
        } else if (key == LAYERS) {
            parts->has_layers = true;
            scan_value(scan);
        } else {
            parts->has_manifests = true;
            scan_children(scan, manifest, &parts->capacity);
        }
    }
}

static int check_media(const struct manifest_parts *parts, enum media announced,
                       struct oci_manifest *manifest, struct err *err)
{
    enum media own = media_of(parts->media_type);
    if (announced == MEDIA_SCHEMA1 || own == MEDIA_SCHEMA1 || str_eq(parts->version, STR("1")))
        return err_set(err, ERR_INPUT,
                       "a manifest of schema 1, whose digest does not stay: push the image again "
                       "with a newer client");
    if (!str_eq(parts->version, STR("2")))
        return err_set(err, ERR_INPUT, "schemaVersion: 2 was expected; this is no manifest");
    if (parts->has_manifests && (parts->has_layers || parts->has_config))
        return err_set(err, ERR_INPUT, "index and manifest at once: readers would disagree");
    if (parts->has_manifests == parts->has_config)
        return err_set(err, ERR_INPUT, "neither manifests nor config is there");
    if (own != MEDIA_OTHER && announced != MEDIA_OTHER && own != announced)
        return err_set(err, ERR_INPUT, "mediaType is %s, but it was sent as %s", media_name(own),
                       media_name(announced));
    manifest->media = announced != MEDIA_OTHER ? announced : own;
    if (manifest->media == MEDIA_OTHER)
        manifest->media = parts->has_manifests ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
    bool is_index = manifest->media == MEDIA_OCI_INDEX || manifest->media == MEDIA_DOCKER_LIST;
    if (is_index != parts->has_manifests)
        return err_set(err, ERR_INPUT, "%s, but it does not look like one",
                       media_name(manifest->media));
    return 0;
}

int oci_manifest_read(struct str body, struct str content_type, struct arena *arena,
                      struct oci_manifest *ret_manifest, struct err *err)
{
    struct oci_manifest manifest = {.media = MEDIA_OTHER};
    struct manifest_parts parts = {.has_config = false};
    struct scan scan;
    if (body.len > REGDOC_MANIFEST_MAX)
        return err_set(err, ERR_LIMIT, "a manifest of %zu bytes; at most %d are read", body.len,
                       (int)REGDOC_MANIFEST_MAX);
    scan_begin(&scan, body, arena);
    scan_manifest(&scan, &parts, &manifest);
    if (scan_finish(&scan, err) < 0)
        return err_prefix(err, "what came is no manifest: ");
    if (check_media(&parts, media_of(content_type), &manifest, err) < 0)
        return -1;
    *ret_manifest = manifest;
    return 0;
}

static bool is_image(const struct manifest_child *child)
{
    return !str_eq(child->os, STR("unknown"));
}

/* Returns how many images it has; 0 as well if one of them is not among the others. */
static size_t images_among(const struct oci_manifest *index, const struct oci_manifest *others)
{
    size_t count = 0;
    for (size_t i = 0; i < index->child_count; i++) {
        size_t j = 0;
        if (!is_image(&index->children[i]))
            continue;
        while (j < others->child_count &&
               !str_eq(index->children[i].digest, others->children[j].digest))
            j++;
        if (j == others->child_count)
            return 0;
        count++;
    }
    return count;
}

bool oci_same_images(const struct oci_manifest *a, const struct oci_manifest *b)
{
    return images_among(a, b) > 0 && images_among(b, a) > 0;
}

/* --- Pages of tags ----------------------------------------------------------------------------- */

/* The quotes of a list: there are at least twice as many as strings. */
static size_t most_strings(struct str text)
{
    size_t quotes = 0;
    for (size_t i = 0; i < text.len; i++)
        quotes += text.ptr[i] == '"';
    return quotes / 2;
}

static void scan_tags(struct scan *scan, struct tags_page *page)
{
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        size_t at = scan_offset(scan);
        struct str tag = scan_string(scan);
        if (page->count == REGDOC_PAGE_TAGS_MAX)
            scan_fail(scan, "more than 100000 tags on one page", at);
        else if (!tag.ptr)
            scan_fail(scan, "a tag was expected here", at);
        else
            page->tags[page->count++] = tag;
        if (scan->problem)
            return;
    }
}

int tags_page_read(struct str body, struct arena *arena, struct tags_page *ret_page,
                   struct err *err)
{
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("tags")};
    struct tags_page page = {.count = 0};
    struct scan scan;
    bool has_name = false;
    if (body.len > REGDOC_PAGE_MAX)
        return err_set(err, ERR_LIMIT, "a page of tags of %zu bytes; at most %d are read", body.len,
                       (int)REGDOC_PAGE_MAX);
    size_t most = most_strings(body);
    page.tags =
        arena_array(arena, struct str, most < REGDOC_PAGE_TAGS_MAX ? most : REGDOC_PAGE_TAGS_MAX);
    if (!page.tags)
        return err_no_memory(err);
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;) {
        if (key == 0)
            has_name = scan_string(&scan).ptr != NULL;
        else if (scan_peek(&scan) == SCAN_NULL)
            scan_value(&scan); /* of a repository that is empty */
        else
            scan_tags(&scan, &page);
    }
    if (scan_finish(&scan, err) < 0)
        return err_prefix(err, "what came is no list of tags: ");
    if (!has_name)
        return err_set(err, ERR_INPUT, "name: is missing; this is no list of tags");
    *ret_page = page;
    return 0;
}

/* --- Tokens ------------------------------------------------------------------------------------ */

enum { TOKEN_LIFE_DEFAULT = 60, TOKEN_LIFE_MOST = 86400 };

/* Some say only within the token when it ends, which is then a JWT that says when it was made. */
static int64_t life_within(struct str token, struct arena *arena)
{
    struct jwt jwt;
    if (jwt_read(token, arena, &jwt, NULL) < 0 || !jwt.issued || !jwt.expires)
        return TOKEN_LIFE_DEFAULT;
    int64_t life = jwt_life(&jwt, jwt.issued);
    return life > TOKEN_LIFE_MOST ? TOKEN_LIFE_MOST : life;
}

/* Whole seconds; a fraction is cut off. What is none counts as not given. */
static int64_t life_of(struct str number)
{
    uint64_t seconds = 0;
    size_t dot = str_find(number, '.');
    struct str whole = dot == STR_NOT_FOUND ? number : str_head(number, dot);
    if (number.len && number.ptr[0] == '-')
        return 0;
    if (!semver_number(whole, &seconds))
        return TOKEN_LIFE_DEFAULT;
    return seconds > TOKEN_LIFE_MOST ? TOKEN_LIFE_MOST : (int64_t)seconds;
}

int registry_token_read(struct str body, struct arena *arena, struct registry_token *ret_token,
                        struct err *err)
{
    enum { TOKEN, ACCESS_TOKEN, EXPIRES_IN, KEYS };
    static const struct str keys[] = {[TOKEN] = STR_INIT("token"),
                                      [ACCESS_TOKEN] = STR_INIT("access_token"),
                                      [EXPIRES_IN] = STR_INIT("expires_in")};
    struct str token = STR_NONE, access_token = STR_NONE, expires_in = STR_NONE;
    struct scan scan;
    if (body.len > REGDOC_TOKEN_MAX)
        return err_set(err, ERR_LIMIT, "a token of more than 256 KiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == TOKEN)
            token = scan_string(&scan);
        else if (key == ACCESS_TOKEN)
            access_token = scan_string(&scan);
        else
            expires_in = scan_value(&scan);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!token.len)
        token = access_token;
    if (!str_is_word(token))
        return err_set(err, ERR_INPUT, "token: is missing, or cannot be one");
    *ret_token = (struct registry_token){token, expires_in.len ? life_of(expires_in)
                                                               : life_within(token, arena)};
    return 0;
}
