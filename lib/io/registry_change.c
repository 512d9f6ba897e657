/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_change: how each verb is asked, and what is neither a manifest nor a list of tags: what
 * Azure's registries tell of them, locks, and tags that are put and taken away. See registry_inner.h.
 */
#include "pinnace/acrdoc.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

enum { DOCUMENT_ROOM = 64 * 1024 * 1024 };

const struct registry_way registry_ways[] = {
    [REGISTRY_RESOLVE] = {"HEAD", "pull", "", false},
    [REGISTRY_FETCH] = {"GET", "pull", "", false},
    [REGISTRY_TAGS] = {"GET", "pull", "", true},
    [REGISTRY_NEWEST] = {"GET", "pull", "", true},
    [REGISTRY_ATTRIBUTES] = {"GET", "metadata_read", "metadata_read", true},
    [REGISTRY_LOCK] = {"PATCH", "metadata_write,metadata_read", "metadata_write,metadata_read",
                       true},
    [REGISTRY_UNLOCK] = {"PATCH", "metadata_write,metadata_read", "metadata_write,metadata_read",
                         true},
    [REGISTRY_TAG] = {"PUT", "pull,push", "pull,push", true},
    [REGISTRY_UNTAG] = {"DELETE", "delete", "pull,push,delete,*", true},
};

/* --- The request ------------------------------------------------------------------------------- */

void registry_change_url(const struct registry_call *call, struct buf *url)
{
    const struct imageref *ref = &call->request.ref;
    buf_addf(url, "https://%s/acr/v1/%.*s/", call->host->name, STR_FMT(ref->path));
    if (call->request.verb == REGISTRY_NEWEST) {
        buf_add(url, STR("_tags?n=20&orderby=timedesc"));
        return;
    }
    buf_add(url, ref->digest.len ? STR("_manifests/") : STR("_tags/"));
    buf_add(url, ref->digest.len ? ref->digest : ref->tag);
}

/*
 * Nothing can be written over a manifest, and to forbid writing would keep people from giving it
 * another tag; so it is only kept from being deleted.
 */
static struct str change_of(const struct registry_call *call)
{
    bool manifest = call->request.ref.digest.len > 0;
    if (call->request.verb == REGISTRY_LOCK)
        return manifest ? STR("{\"deleteEnabled\":false}")
                        : STR("{\"deleteEnabled\":false,\"writeEnabled\":false}");
    return manifest ? STR("{\"deleteEnabled\":true}")
                    : STR("{\"deleteEnabled\":true,\"writeEnabled\":true}");
}

void registry_change_fill(const struct registry_call *call, struct http_request *http)
{
    enum registry_verb verb = call->request.verb;
    struct str type = STR("application/json");
    if (verb == REGISTRY_TAG) {
        http->body = call->request.body;
        type = str_of(media_name(call->request.media));
    } else if (verb == REGISTRY_LOCK || verb == REGISTRY_UNLOCK) {
        http->body = change_of(call);
    } else {
        return;
    }
    http->headers[http->header_count++] = (struct http_header){"Content-Type", type};
}

static bool names(struct str list, struct str word)
{
    while (list.len) {
        size_t comma = str_find(list, ',');
        if (str_eq(comma == STR_NOT_FOUND ? list : str_head(list, comma), word))
            return true;
        list = comma == STR_NOT_FOUND ? STR_NONE : str_tail(list, comma + 1);
    }
    return false;
}

bool registry_change_allows(const struct registry_call *call, struct str scope)
{
    struct str own = str_head(call->scope, str_rfind(call->scope, ':') + 1);
    struct str allowed = str_of(registry_ways[call->request.verb].allowed);
    if (!allowed.len || !str_starts(scope, own) || scope.len == own.len)
        return false;
    for (struct str rest = str_tail(scope, own.len); rest.len;) {
        size_t comma = str_find(rest, ',');
        if (!names(allowed, comma == STR_NOT_FOUND ? rest : str_head(rest, comma)))
            return false;
        rest = comma == STR_NOT_FOUND ? STR_NONE : str_tail(rest, comma + 1);
    }
    return true;
}

/* --- The answer -------------------------------------------------------------------------------- */

static void take_newest(struct registry_call *call, const struct http_response *response)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(DOCUMENT_ROOM);
    struct registry_answer answer = {.tags = 0};
    struct err err;
    if (acr_newest_read(response->body, &arena, &answer.mark, &err) < 0)
        registry_call_garbled(call, REGISTRY_GARBLED, err.text);
    else
        registry_call_end(call, &answer);
}

/* What was asked for has to be so by now: a registry that says 200 and does nothing protects nothing. */
static void take_attributes(struct registry_call *call, const struct http_response *response)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(DOCUMENT_ROOM);
    struct registry_answer answer = {.tags = 0};
    struct acr_attributes *attributes = &answer.attributes;
    struct str digest = call->request.ref.digest;
    enum registry_verb verb = call->request.verb;
    struct err err;
    if (acr_attributes_read(response->body, &arena, attributes, &err) < 0)
        registry_call_garbled(call, REGISTRY_GARBLED, err.text);
    else if (digest.len && !str_eq(digest, attributes->digest))
        registry_call_garbled(call, REGISTRY_MISMATCH, "the answer is about another manifest");
    else if ((verb == REGISTRY_LOCK && attributes->can_delete) ||
             (verb == REGISTRY_UNLOCK && !attributes->can_delete))
        registry_call_garbled(call, REGISTRY_GARBLED,
                              "the registry says that it has done it, and has not");
    else
        registry_call_end(call, &answer);
}

void registry_change_take(struct registry_call *call, const struct http_response *response)
{
    struct registry_answer answer = {.digest = http_header(response, "Docker-Content-Digest")};
    if (call->request.verb == REGISTRY_NEWEST)
        take_newest(call, response);
    else if (call->request.verb == REGISTRY_TAG || call->request.verb == REGISTRY_UNTAG)
        registry_call_end(call, &answer);
    else
        take_attributes(call, response);
}
