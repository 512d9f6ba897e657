/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: see the header. The only file that knows libcurl. How a request becomes a handle comes
 * first, then what curl calls, then the turn.
 */
#include "pinnace/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "pinnace/buf.h"
#include "pinnace/bytes.h"
#include "pinnace/clock.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

enum {
    WATCHED_MAX = 4,
    KEEPALIVE_S = 30,
    CALL_ROOM = 64 * 1024, /* for what curl wants NUL-terminated */
};

struct watched {
    int fd;
    void (*ready)(void *context);
    void *context;
};

struct http {
    CURLM *multi;
    struct http_call *calls; /* all that were started and have not ended */
    struct timers timers;
    struct watched watched[WATCHED_MAX];
    unsigned watched_count;
    int64_t longest_turn_ms;
    bool news; /* some call is to be added or taken away before the next wait */
};

struct http_call {
    struct http *http;
    struct http_call *next;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct arena arena;
    struct str host; /* for messages */
    struct bytes body, answer_headers;
    int (*on_data)(void *context, struct str chunk);
    void (*on_done)(void *context, const struct http_response *response);
    void *context;
    struct timer idle;
    int64_t last_byte;
    int idle_ms;
    bool added, cancelled;
    bool too_large, stopped, fell_silent; /* why we ended it */
    char problem[CURL_ERROR_SIZE];
};

/* --- What curl calls ------------------------------------------------------------------------- */

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

/*
 * curl's own limit on slowness would wake the loop each second for each watch. This wakes it once
 * in the time that a watch may be silent.
 */
static void look_for_silence(void *context)
{
    struct http_call *call = context;
    int64_t until = call->last_byte + call->idle_ms;
    if (clock_boot_ms() < until) {
        timer_set(&call->http->timers, &call->idle, until);
        return;
    }
    call->fell_silent = true;
    call->http->news = true;
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
    struct buf line = BUF_INIT(&call->arena, CALL_ROOM);
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
    struct buf url = BUF_INIT(&call->arena, CALL_ROOM), to = BUF_INIT(&call->arena, CALL_ROOM);
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

/* QUICK_EXIT: or else a nameserver that does not answer holds up the whole loop. */
static bool set_limits(struct http_call *call, const struct http_request *request)
{
    bool own = request->stream;
    return SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS) &&
           SET(CURLOPT_TIMEOUT_MS, (long)request->total_ms) && SET(CURLOPT_TCP_NODELAY, 1L) &&
           SET(CURLOPT_TCP_KEEPALIVE, 1L) && SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) &&
           SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S / 3) &&
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

static bool set_all(struct http_call *call, const struct http_request *request)
{
    if (!set_target(call, request) || !set_headers(call, request))
        return false;
    bool named = request->tls.server_name.len > 0;
    return (named ? set_server_name(call, request)
                  : SET(CURLOPT_URL, arena_copy(&call->arena, request->url).ptr)) &&
           set_method(call, request) && set_tls(call, &request->tls) && set_proxy(call, request) &&
           set_login(call, request) && set_limits(call, request) && set_callbacks(call);
}

static void call_free(struct http_call *call)
{
    timer_clear(&call->http->timers, &call->idle);
    if (call->added)
        curl_multi_remove_handle(call->http->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    bytes_free(&call->body);
    bytes_free(&call->answer_headers);
    arena_free(&call->arena);
    free(call);
}

struct http_call *http_start(struct http *http, const struct http_request *request, struct err *err)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (!call) {
        err_no_memory(err);
        return NULL;
    }
    call->http = http;
    call->arena = ARENA_INIT(16 * CALL_ROOM);
    call->body = BYTES_INIT(request->body_max);
    call->answer_headers = BYTES_INIT(HTTP_ANSWER_HEADERS_MAX);
    call->on_data = request->on_data;
    call->on_done = request->on_done;
    call->context = request->context;
    call->idle = (struct timer){.fire = look_for_silence, .context = call};
    call->idle_ms = request->idle_ms;
    call->last_byte = clock_boot_ms();
    call->easy = curl_easy_init();
    if (!call->easy || !set_all(call, request)) {
        err_set(err, ERR_INPUT, "%.*s: no request can be made of this",
                STR_FMT(url_host(request->url)));
        call_free(call);
        return NULL;
    }
    call->next = http->calls;
    http->calls = call;
    http->news = true;
    return call;
}

void http_cancel(struct http_call *call)
{
    call->cancelled = true;
    call->http->news = true;
}

/* --- The turn ---------------------------------------------------------------------------------- */

static void unlink_call(struct http_call *call)
{
    struct http_call **at = &call->http->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
}

static enum http_fault fault_of(const struct http_call *call, CURLcode code)
{
    if (call->too_large)
        return HTTP_TOO_LARGE;
    if (call->stopped)
        return HTTP_STOPPED;
    if (call->fell_silent)
        return HTTP_BROKEN;
    long sent = 0;
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    switch ((int)code) {
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

static void describe(const struct http_call *call, enum http_fault fault, CURLcode code,
                     struct err *err)
{
    struct str host = call->host;
    const char *words = call->problem[0] ? call->problem : curl_easy_strerror(code);
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

/* Takes the call off before calling back, so that it may start others or end everything. */
static void finish_call(struct http_call *call, CURLcode code)
{
    struct http_response response = {.fault = fault_of(call, code), .status = status_of(call)};
    unlink_call(call);
    curl_multi_remove_handle(call->http->multi, call->easy);
    call->added = false;
    response.body = bytes_str(&call->body);
    response.headers = bytes_str(&call->answer_headers);
    if (response.fault != HTTP_FINE)
        describe(call, response.fault, code, &response.err);
    if (!call->cancelled)
        call->on_done(call->context, &response);
    call_free(call);
}

/* What was started, cancelled or found silent since the last turn; curl is not at work here. */
static void take_news(struct http *http)
{
    while (http->news) {
        http->news = false;
        for (struct http_call *call = http->calls, *next; call; call = next) {
            next = call->next;
            if (call->cancelled || call->fell_silent) {
                finish_call(call, CURLE_OPERATION_TIMEDOUT);
                http->news = true;
                break; /* the list may be another one now */
            }
            if (call->added)
                continue;
            call->added = true;
            curl_multi_add_handle(http->multi, call->easy);
            if (call->idle_ms)
                timer_set(&http->timers, &call->idle, clock_boot_ms() + call->idle_ms);
        }
    }
}

static void finish_calls(struct http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        finish_call(call, message->data.result);
    }
}

int http_turn(struct http *http, int most_ms, struct err *err)
{
    struct curl_waitfd fds[WATCHED_MAX];
    int running;
    take_news(http);
    for (unsigned i = 0; i < http->watched_count; i++)
        fds[i] = (struct curl_waitfd){.fd = http->watched[i].fd, .events = CURL_WAIT_POLLIN};
    int wait_ms = (int)timers_wait(&http->timers, clock_boot_ms(), most_ms);
    CURLMcode code = curl_multi_poll(http->multi, fds, http->watched_count, wait_ms, NULL);
    int64_t begin = clock_boot_ms();
    if (code == CURLM_OK)
        code = curl_multi_perform(http->multi, &running);
    if (code != CURLM_OK)
        return err_set(err, ERR_SYSTEM, "libcurl: %s", curl_multi_strerror(code));
    finish_calls(http);
    for (unsigned i = 0; i < http->watched_count; i++)
        if (fds[i].revents)
            http->watched[i].ready(http->watched[i].context);
    timers_fire(&http->timers, clock_boot_ms());
    int64_t took = clock_boot_ms() - begin;
    if (took > http->longest_turn_ms)
        http->longest_turn_ms = took;
    return 0;
}

void http_wake(struct http *http)
{
    curl_multi_wakeup(http->multi);
}

struct timers *http_timers(struct http *http)
{
    return &http->timers;
}

int http_watch_fd(struct http *http, int fd, void (*ready)(void *context), void *context,
                  struct err *err)
{
    if (http->watched_count == WATCHED_MAX)
        return err_set(err, ERR_LIMIT, "more than %d descriptors to watch", (int)WATCHED_MAX);
    http->watched[http->watched_count++] = (struct watched){fd, ready, context};
    return 0;
}

int64_t http_longest_turn_ms(struct http *http)
{
    int64_t longest = http->longest_turn_ms;
    http->longest_turn_ms = 0;
    return longest;
}

int http_open(unsigned connections, struct http **ret_http, struct err *err)
{
    struct http *http = calloc(1, sizeof(*http));
    if (!http)
        return err_no_memory(err);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        http->multi = curl_multi_init();
    if (!http->multi ||
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections) != CURLM_OK) {
        http_close(&http);
        return err_set(err, ERR_SYSTEM, "libcurl does not start");
    }
    *ret_http = http;
    return 0;
}

void http_close(struct http **http)
{
    if (!*http)
        return;
    while ((*http)->calls) {
        struct http_call *call = (*http)->calls;
        unlink_call(call);
        call_free(call);
    }
    curl_multi_cleanup((*http)->multi);
    free(*http);
    *http = NULL;
}
