/* SPDX-License-Identifier: Apache-2.0 */
/* registry_call: one request and its answer, see registry_inner.h. */
#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/pki.h"
#include "pinnace/url.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

enum { HEAD_BODY_MAX = 64 * 1024, NEXT_URL_MAX = 32 * 1024 };

static void answered(void *context, const struct http_response *response);

/* --- The request ------------------------------------------------------------------------------- */

static void end_with(struct registry_call *call, const struct registry_error *error)
{
    struct registry_answer answer = {.error = *error};
    registry_call_end(call, &answer);
}

void registry_call_fail(struct registry_call *call, const struct registry_error *error)
{
    int64_t now = clock_boot_ms();
    int64_t wait = error->retry_after_s ? error->retry_after_s * 1000
                                        : backoff_next(&call->backoff, random_u32());
    if (!registry_fault_is_passing(error->fault) || now + wait > call->deadline ||
        call->on_mirror) {
        end_with(call, error);
        return;
    }
    registry_host_release(call);
    timer_set(http_timers(call->registry->http), &call->again, now + wait);
}

static size_t body_max(const struct registry_call *call)
{
    if (registry_verb_lists(call->request.verb))
        return REGDOC_PAGE_MAX;
    return strcmp(call->method, "HEAD") == 0 ? HEAD_BODY_MAX : REGDOC_MANIFEST_MAX;
}

/* A manifest that is fetched counts as a pull, and one more would only be refused. */
static bool is_used_up(struct registry_call *call)
{
    const struct registry_host *host = call->host;
    int64_t left_ms = host->used_up_until - clock_boot_ms();
    struct registry_error error = {.status = 0};
    if (left_ms <= 0 || call->foreign || registry_ways[call->request.verb].documents ||
        strcmp(call->method, "HEAD") == 0)
        return false;
    registry_error_set(&error, REGISTRY_TOO_MANY, call->about,
                       "%s lets %lld images be pulled in %lld s, and there have been that many; "
                       "credentials would raise the limit",
                       host->name, (long long)host->rate.limit, (long long)host->rate.window_s);
    error.retry_after_s = (left_ms + 999) / 1000;
    registry_call_fail(call, &error);
    return true;
}

void registry_call_send(struct registry_call *call, enum sent how, struct str token)
{
    if (is_used_up(call))
        return;
    if (!call->foreign)
        registry_host_spend(call->host);
    struct err err;
    struct http_request http = {
        .method = call->method,
        .url = call->url,
        .tls = {.ca = call->registry->options.ca},
        .proxy = HTTP_PROXY_FROM_ENVIRONMENT,
        .total_ms = call->registry->options.timeout_ms,
        .body_max = body_max(call),
        .on_done = answered,
        .context = call,
    };
    bool documents = registry_ways[call->request.verb].documents;
    http.headers[http.header_count++] =
        (struct http_header){"Accept", documents ? STR("application/json") : STR(MEDIA_ACCEPT)};
    http.headers[http.header_count++] = (struct http_header){"User-Agent", STR("pinnace")};
    registry_change_fill(call, &http);
    call->sent = call->foreign ? SENT_NOTHING : how;
    if (call->sent == SENT_BASIC) {
        http.username = call->login->username;
        http.password = call->login->password;
    } else if (call->sent != SENT_NOTHING) {
        http.bearer = token;
    }
    call->http = http_start(call->registry->http, &http, &err);
    if (call->http)
        return;
    struct registry_error error = {.status = 0};
    registry_error_set(&error, REGISTRY_GARBLED, call->about, "%s", err.text);
    end_with(call, &error);
}

/* --- What no answer, or a bad one, means ------------------------------------------------------- */

static bool is_success(const struct registry_call *call, int status)
{
    bool changes = call->request.verb >= REGISTRY_LOCK;
    return status == 200 || (changes && status > 200 && status <= 204);
}

static void read_fault(const struct registry_call *call, const struct http_response *response,
                       struct registry_error *error)
{
    static const enum registry_fault faults[] = {
        [HTTP_FINE] = REGISTRY_FINE,           [HTTP_NOT_SENT] = REGISTRY_UNREACHABLE,
        [HTTP_UNTRUSTED] = REGISTRY_UNTRUSTED, [HTTP_BROKEN] = REGISTRY_UNREACHABLE,
        [HTTP_TOO_LARGE] = REGISTRY_TOO_LARGE, [HTTP_STOPPED] = REGISTRY_GARBLED,
    };
    *error = (struct registry_error){.status = response->status};
    if (response->fault != HTTP_FINE) {
        registry_error_set(error, faults[response->fault], call->about, "%s", response->err.text);
    } else if (!is_success(call, response->status)) {
        registry_error_read(call->about, response->status, response->body, error);
        error->retry_after_s = retry_after_read(http_header(response, "Retry-After"), clock_now());
    }
}

/* The target of a redirect, as a URL of its own. */
static int location_of(struct registry_call *call, const struct http_response *response,
                       struct str *ret_url)
{
    struct str location = http_header(response, "Location");
    struct buf url = BUF_INIT(&call->arena, NEXT_URL_MAX);
    if (location.len == 0)
        return -1;
    if (location.ptr[0] == '/' && !str_starts(location, STR("//"))) {
        struct str host = url_host(call->url);
        buf_add(&url, str_between(call->url.ptr, host.ptr + host.len));
    }
    buf_add(&url, location);
    return buf_finish(&url, ret_url, NULL);
}

/* Elsewhere without credentials, and never from https to http. */
static bool follow_redirect(struct registry_call *call, const struct http_response *response)
{
    struct str url;
    if (response->status < 301 || response->status > 308 || call->redirects++ == REDIRECTS_MAX ||
        registry_ways[call->request.verb].documents || location_of(call, response, &url) < 0)
        return false;
    struct str name = str_of(call->host->name);
    if (realm_trust(url, name, call->host->plain) == REALM_REFUSED)
        return false;
    call->foreign = !str_eq_nocase(url_host(url), name) ||
                    str_starts(url, STR("https://")) == call->host->plain;
    call->url = url;
    registry_auth_begin(call);
    return true;
}

/* --- Manifests --------------------------------------------------------------------------------- */

void registry_call_garbled(struct registry_call *call, enum registry_fault fault, const char *what)
{
    struct registry_error error = {.status = 200};
    registry_error_set(&error, fault, call->about, "%s", what);
    end_with(call, &error);
}

static void get_body(struct registry_call *call)
{
    call->method = "GET";
    registry_auth_begin(call);
}

/* A digest by word of mouth is taken of a HEAD only, and only with a type that we asked for. */
static void take_head(struct registry_call *call, const struct http_response *response)
{
    struct str digest = http_header(response, "Docker-Content-Digest");
    enum media media = media_of(http_header(response, "Content-Type"));
    struct str wanted = call->request.ref.digest;
    if (media == MEDIA_OTHER || media == MEDIA_SCHEMA1 || digest_check(digest) != IMAGEREF_OK ||
        (wanted.len && !str_eq(wanted, digest))) {
        get_body(call); /* which says what it is, and has the digest it has */
        return;
    }
    struct registry_answer answer = {.digest = digest, .media = media};
    registry_call_end(call, &answer);
}

/* The body has the digest that was asked for, and the one that the answer claims. */
static int check_digests(const struct registry_call *call, const struct http_response *response,
                         struct arena *arena, struct str *ret_digest, struct err *err)
{
    struct str claims[] = {call->request.ref.digest,
                           http_header(response, "Docker-Content-Digest")};
    struct str digest;
    if (digest_of(response->body, STR("sha256"), arena, &digest, err) < 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        struct str own = digest;
        if (digest_check(claims[i]) != IMAGEREF_OK)
            continue;
        if (str_starts(claims[i], STR("sha512:")) &&
            digest_of(response->body, STR("sha512"), arena, &own, err) < 0)
            return -1;
        if (!str_eq(own, claims[i]))
            return err_set(err, ERR_INPUT,
                           "the bytes that came have the digest %.*s, not %.*s; somebody tampers "
                           "with them, or the registry is broken",
                           STR_FMT(own), STR_FMT(claims[i]));
        digest = own;
    }
    *ret_digest = digest;
    return 0;
}

static void take_manifest(struct registry_call *call, const struct http_response *response)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    struct oci_manifest manifest;
    struct registry_answer answer = {.tags = 0};
    struct err err;
    if (check_digests(call, response, &arena, &answer.digest, &err) < 0) {
        registry_call_garbled(call, REGISTRY_MISMATCH, err.text);
        return;
    }
    if (oci_manifest_read(response->body, http_header(response, "Content-Type"), &arena, &manifest,
                          &err) < 0) {
        registry_call_garbled(call, REGISTRY_GARBLED, err.text);
        return;
    }
    answer.media = manifest.media;
    answer.body = response->body;
    registry_call_end(call, &answer);
}

/* --- Tags -------------------------------------------------------------------------------------- */

/* Pages that lead round in a circle pass the one that was marked last, however long it is. */
static bool leads_back(const struct registry_call *call, struct str next)
{
    return str_eq(next, call->url) || str_eq(next, bytes_str(&call->marked_url));
}

static int next_page(struct registry_call *call, const struct http_response *response,
                     struct arena *arena, struct str *ret_next, struct err *err)
{
    if (link_next(http_header(response, "Link"), call->url, arena, ret_next, err) < 0)
        return -1;
    if (ret_next->len && (leads_back(call, *ret_next) || ++call->pages == PAGES_MAX))
        return err_set(err, ERR_INPUT, "the list of tags has no end: its pages lead back");
    if (ret_next->len > NEXT_URL_MAX)
        return err_set(err, ERR_LIMIT, "the address of the next page is too long");
    return 0;
}

static bool keep(struct bytes *place, struct str url)
{
    if (place->cap == 0)
        *place = BYTES_INIT(NEXT_URL_MAX);
    place->len = 0;
    return bytes_add(place, url);
}

/*
 * The call's arena keeps no more than the places of two pages, however many there are: the next, and
 * the marked one, which is the 1st, 2nd, 4th, 8th…
 */
static bool keep_url(struct registry_call *call, struct str url)
{
    bool marks = (call->pages & (call->pages - 1)) == 0;
    if (!keep(&call->next_url, url) || (marks && !keep(&call->marked_url, url)))
        return false;
    call->url = bytes_str(&call->next_url);
    return true;
}

static void take_page(struct registry_call *call, const struct http_response *response)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    struct tags_page page;
    struct str next;
    struct err err;
    if (tags_page_read(response->body, &arena, &page, &err) < 0 ||
        next_page(call, response, &arena, &next, &err) < 0) {
        registry_call_garbled(call, REGISTRY_GARBLED, err.text);
        return;
    }
    call->tags += page.count;
    if (call->tags > REGISTRY_TAGS_MAX || !keep_url(call, next)) {
        registry_call_garbled(call, REGISTRY_TOO_LARGE, "more than 200000 tags");
        return;
    }
    for (size_t i = 0; i < page.count && call->request.on_tag; i++)
        call->request.on_tag(call->request.context, page.tags[i]);
    if (next.len) {
        registry_host_release(call);
        registry_host_add(call); /* behind others: a list may have thousands of pages */
        return;
    }
    struct registry_answer answer = {.tags = call->tags};
    registry_call_end(call, &answer);
}

/* --- The answer -------------------------------------------------------------------------------- */

static bool head_is_refused(const struct registry_call *call, const struct registry_error *error)
{
    return strcmp(call->method, "HEAD") == 0 && (error->status == 405 || error->status == 501);
}

static void answered(void *context, const struct http_response *response)
{
    struct registry_call *call = context;
    struct registry_error error;
    call->http = NULL;
    read_fault(call, response, &error);
    if (!call->foreign)
        registry_host_note_rate(call->host, response);
    if (!call->foreign && !call->request.aside)
        registry_host_note(call->host, &error);
    if (error.fault == REGISTRY_FINE) {
        if (call->request.verb == REGISTRY_TAGS)
            take_page(call, response);
        else if (registry_ways[call->request.verb].documents)
            registry_change_take(call, response);
        else if (strcmp(call->method, "HEAD") == 0)
            take_head(call, response);
        else
            take_manifest(call, response);
        return;
    }
    if (response->fault == HTTP_FINE) {
        if (follow_redirect(call, response) || registry_auth_refused(call, response, &error))
            return;
        if (head_is_refused(call, &error)) {
            get_body(call);
            return;
        }
    }
    registry_call_fail(call, &error);
}
