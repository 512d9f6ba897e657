/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl: see http_inner.h. The only file that knows libcurl: what it calls comes first, then how
 * a request becomes a handle, then how it went.
 */
#include <curl/curl.h>
#include <sys/socket.h>

#include "pinnace/clock.h"
#include "pinnace/url.h"

#include "http_inner.h"

#include "pinnace/banned.h"

enum {
    KEEPALIVE_S = 30,
    KEPT_S = 3600, /* or else curl ends after 118 s what would have served the next poll */
    HEADER_ROOM = 64 * 1024, /* for what curl wants NUL-terminated */
};

_Static_assert(HTTP_PROBLEM_MAX >= CURL_ERROR_SIZE, "what curl says fits");

/* --- What curl calls ------------------------------------------------------------------------- */

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    const struct http *http = context;
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE)
        poller_leave(&http->poller, fd);
    else if (!poller_follow(&http->poller, fd, what & CURL_POLL_IN, what & CURL_POLL_OUT))
        return -1;
    return 0;
}

static int due_changed(CURLM *multi, long wait_ms, void *context)
{
    struct http *http = context;
    (void)multi;
    if (wait_ms < 0)
        timer_clear(&http->timers, &http->due);
    else
        timer_set(&http->timers, &http->due, clock_boot_ms() + wait_ms);
    return 0;
}

static int status_of(const struct http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    struct str chunk = {bytes, size * count};
    int status = status_of(call);
    if (call->cancelled)
        return 0;
    call->last_byte = clock_boot_ms();
    if (call->on_data && status >= 200 && status < 300)
        call->stopped = call->on_data(call->context, chunk) < 0;
    else
        call->too_large = !bytes_add(&call->body, chunk);
    return call->stopped || call->too_large || call->cancelled ? 0 : chunk.len;
}

/* Of several answers to one request, such as "100 Continue" first, the last one's stay. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    struct str line = {bytes, size * count};
    call->last_byte = clock_boot_ms();
    if (str_starts(line, STR("HTTP/")))
        call->answer_headers.len = 0;
    call->too_large = !bytes_add(&call->answer_headers, line);
    return call->too_large || call->cancelled ? 0 : line.len;
}

/* curl itself would let a child process inherit the connection. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- From a request to a handle ---------------------------------------------------------------- */

#define SET(option, value) (curl_easy_setopt(call->easy, (option), (value)) == CURLE_OK)

static bool set_blob(struct http_call *call, CURLoption option, struct str bytes)
{
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)bytes.ptr, .len = bytes.len, .flags = CURL_BLOB_COPY};
    return bytes.len == 0 || SET(option, &blob);
}

/*
 * CAPATH must go, or else everything in the system's folder is trusted beside the CA that is
 * given; and with it in place curl would not keep the parsed bundle of the system's either.
 */
static bool set_tls(struct http_call *call, const struct http_tls *tls)
{
    return SET(CURLOPT_CAPATH, NULL) && SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           set_blob(call, CURLOPT_CAINFO_BLOB, tls->ca) &&
           set_blob(call, CURLOPT_SSLCERT_BLOB, tls->cert) &&
           set_blob(call, CURLOPT_SSLKEY_BLOB, tls->key) &&
           SET(CURLOPT_SSL_VERIFYPEER, tls->insecure ? 0L : 1L) &&
           SET(CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L);
}

static bool add_to(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;
    if (!longer)
        return false;
    *list = longer;
    return true;
}

static bool add_header(struct http_call *call, const char *name, const char *before,
                       struct str value)
{
    struct buf line = BUF_INIT(&call->arena, HEADER_ROOM);
    struct str text;
    /* A line break in a token would be a header of somebody else's. */
    if (str_find(value, '\r') != STR_NOT_FOUND || str_find(value, '\n') != STR_NOT_FOUND)
        return false;
    buf_addf(&line, "%s: %s", name, before);
    buf_add(&line, value);
    return buf_finish(&line, &text, NULL) == 0 && add_to(&call->headers, text.ptr);
}

static bool set_headers(struct http_call *call, const struct http_request *request)
{
    /* No "100 Continue" first: it costs a round trip for each body. */
    if (!add_to(&call->headers, "Expect:"))
        return false;
    for (size_t i = 0; i < request->header_count; i++)
        if (!add_header(call, request->headers[i].name, "", request->headers[i].value))
            return false;
    if (request->bearer.len && !add_header(call, "Authorization", "Bearer ", request->bearer))
        return false;
    return SET(CURLOPT_HTTPHEADER, call->headers);
}

/*
 * Another name in the certificate than in the URL: the URL gets that name, the connection goes
 * where it went, and the Host header says what it said.
 */
static bool set_server_name(struct http_call *call, const struct http_request *request)
{
    struct buf url = BUF_INIT(&call->arena, HEADER_ROOM), to = BUF_INIT(&call->arena, HEADER_ROOM);
    struct str url_text, to_text, host = call->host;
    size_t before = (size_t)(url_host(request->url).ptr - request->url.ptr);
    bool has_port = str_rfind(host, ':') != STR_NOT_FOUND && host.ptr[host.len - 1] != ']';
    buf_add(&url, str_head(request->url, before));
    buf_add(&url, request->tls.server_name);
    buf_add(&url, str_tail(request->url, before + host.len));
    buf_addf(&to, "::%.*s%s", STR_FMT(host), has_port ? "" : ":443");
    return buf_finish(&url, &url_text, NULL) == 0 && buf_finish(&to, &to_text, NULL) == 0 &&
           add_to(&call->connect_to, to_text.ptr) && add_header(call, "Host", "", host) &&
           SET(CURLOPT_CONNECT_TO, call->connect_to) && SET(CURLOPT_URL, url_text.ptr);
}

static bool set_target(struct http_call *call, const struct http_request *request)
{
    struct str url = arena_copy(&call->arena, request->url);
    if (!url.ptr)
        return false;
    call->host = url_host(url);
    bool plain = str_starts(request->url, STR("http://"));
    /* As it is: names such as ".." are the server's to refuse. */
    return SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
}

static bool set_method(struct http_call *call, const struct http_request *request)
{
    if (strcmp(request->method, "GET") == 0)
        return SET(CURLOPT_HTTPGET, 1L);
    if (strcmp(request->method, "HEAD") == 0)
        return SET(CURLOPT_NOBODY, 1L);
    bool bare = request->body.len == 0 && strcmp(request->method, "DELETE") == 0;
    return (bare || (SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) &&
                     SET(CURLOPT_COPYPOSTFIELDS, request->body.len ? request->body.ptr : ""))) &&
           SET(CURLOPT_CUSTOMREQUEST, request->method);
}

static bool set_proxy(struct http_call *call, const struct http_request *request)
{
    if (request->proxy == HTTP_PROXY_GIVEN)
        return SET(CURLOPT_PROXY, arena_copy(&call->arena, request->proxy_url).ptr) &&
               SET(CURLOPT_NOPROXY, "");
    if (request->proxy == HTTP_PROXY_FROM_ENVIRONMENT && !host_is_local(call->host))
        return true;
    return SET(CURLOPT_PROXY, "");
}

static bool set_login(struct http_call *call, const struct http_request *request)
{
    return request->username.len == 0 ||
           (SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) &&
            SET(CURLOPT_USERNAME, arena_copy(&call->arena, request->username).ptr) &&
            SET(CURLOPT_PASSWORD, arena_copy(&call->arena, request->password).ptr));
}

/* Others that rested beside one that was dead are as dead, most likely: none is used that was not since. */
static long kept_s(const struct http *http)
{
    int64_t since_s = (clock_boot_ms() - http->found_dead_at) / 1000;
    return http->found_dead_at && since_s < KEPT_S ? (long)since_s : KEPT_S;
}

/* QUICK_EXIT: or else a nameserver that does not answer holds up the whole loop. */
static bool set_limits(struct http_call *call, const struct http_request *request)
{
    bool own = request->stream;
    return SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS) &&
           SET(CURLOPT_TIMEOUT_MS, (long)request->total_ms) && SET(CURLOPT_TCP_NODELAY, 1L) &&
           SET(CURLOPT_TCP_KEEPALIVE, 1L) && SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) &&
           SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S / 3) &&
           SET(CURLOPT_MAXAGE_CONN, kept_s(call->http)) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(CURLOPT_FRESH_CONNECT, own ? 1L : 0L) && SET(CURLOPT_FORBID_REUSE, own ? 1L : 0L) &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_FOLLOWLOCATION, 0L);
}

static bool set_callbacks(struct http_call *call)
{
    return SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, call) &&
           SET(CURLOPT_HEADERFUNCTION, take_header) && SET(CURLOPT_HEADERDATA, call) &&
           SET(CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
           SET(CURLOPT_ERRORBUFFER, call->problem) && SET(CURLOPT_PRIVATE, call);
}

bool http_curl_make(struct http_call *call, const struct http_request *request)
{
    call->easy = curl_easy_init();
    if (!call->easy || !set_target(call, request) || !set_headers(call, request))
        return false;
    bool named = request->tls.server_name.len > 0;
    return (named ? set_server_name(call, request)
                  : SET(CURLOPT_URL, arena_copy(&call->arena, request->url).ptr)) &&
           set_method(call, request) && set_tls(call, &request->tls) && set_proxy(call, request) &&
           set_login(call, request) && set_limits(call, request) && set_callbacks(call);
}

void http_curl_free(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
}

/* --- Its life ---------------------------------------------------------------------------------- */

/* For curl all that are open count: with as many in use it would close each as soon as it is done. */
static CURLMcode set_room(const struct http *http)
{
    return curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->kept + http->under_way);
}

void http_curl_add(struct http_call *call)
{
    call->added = true;
    call->http->under_way++;
    set_room(call->http);
    curl_multi_add_handle(call->http->multi, call->easy);
}

void http_curl_remove(struct http_call *call)
{
    if (!call->added)
        return;
    curl_multi_remove_handle(call->http->multi, call->easy);
    call->http->under_way--;
    set_room(call->http);
    call->added = false;
}

static void act(struct http *http, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(http->multi, fd, what, &running);
    if (code != CURLM_OK)
        http->broken = curl_multi_strerror(code);
}

void http_curl_act(struct http *http, const struct poller_event *event)
{
    act(http, event->fd,
        (event->readable ? CURL_CSELECT_IN : 0) | (event->writable ? CURL_CSELECT_OUT : 0) |
            (event->broken ? CURL_CSELECT_ERR : 0));
}

void http_curl_act_due(struct http *http)
{
    act(http, CURL_SOCKET_TIMEOUT, 0);
}

/* No answer on a connection that had been kept: its other end may be gone without a word. */
static bool found_dead(const struct http_call *call, int code)
{
    long made = 1;
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &made);
    return code == CURLE_OPERATION_TIMEDOUT && made == 0 && status_of(call) == 0;
}

struct http_call *http_curl_ended(struct http *http, int *ret_code)
{
    int left;
    struct http_call *call = NULL;
    const CURLMsg *message = curl_multi_info_read(http->multi, &left);
    if (!message)
        return NULL;
    *ret_code = (int)message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    if (found_dead(call, *ret_code))
        http->found_dead_at = clock_boot_ms();
    return call;
}

static enum http_fault fault_of(const struct http_call *call, int code)
{
    if (call->too_large)
        return HTTP_TOO_LARGE;
    if (call->stopped)
        return HTTP_STOPPED;
    if (call->fell_silent)
        return HTTP_BROKEN;
    long sent = 0;
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
    case CURLE_OK:
        return HTTP_FINE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
        return HTTP_UNTRUSTED;
    default:
        return sent == 0 ? HTTP_NOT_SENT : HTTP_BROKEN;
    }
}

static void describe(const struct http_call *call, enum http_fault fault, int code, struct err *err)
{
    struct str host = call->host;
    const char *words = call->problem[0] ? call->problem : curl_easy_strerror((CURLcode)code);
    if (fault == HTTP_TOO_LARGE)
        err_set(err, ERR_LIMIT, "%.*s: an answer of more than %zu bytes", STR_FMT(host),
                call->body.limit);
    else if (fault == HTTP_STOPPED)
        err_set(err, ERR_INPUT, "%.*s: the answer was not read to its end", STR_FMT(host));
    else if (call->fell_silent)
        err_set(err, ERR_SYSTEM, "%.*s: silent for %d s", STR_FMT(host), call->idle_ms / 1000);
    else
        err_set(err, ERR_SYSTEM, "%.*s: %s", STR_FMT(host), words);
}

void http_curl_judge(const struct http_call *call, int code, struct http_response *ret_response)
{
    *ret_response =
        (struct http_response){.fault = fault_of(call, code), .status = status_of(call)};
    if (ret_response->fault != HTTP_FINE)
        describe(call, ret_response->fault, code, &ret_response->err);
}

/* --- All of them ------------------------------------------------------------------------------- */

static bool set_multi(struct http *http)
{
    CURLM *multi = http->multi;
    return set_room(http) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, due_changed) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) == CURLM_OK;
}

bool http_curl_open(struct http *http, unsigned connections)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        http->multi = curl_multi_init();
    http->kept = connections;
    return http->multi && set_multi(http);
}

void http_curl_close(struct http *http)
{
    curl_multi_cleanup(http->multi);
}
