/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd: see the header. libmicrohttpd reads and writes; deadlines are conn's, bodies body's, and
 * certificates tls's. A response can be queued when the head was read or when the body was, never
 * in between; so what overflows on the way is discarded and told at the end.
 */
#include "pinnace/httpd.h"

#include <malloc.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "pinnace/clock.h"
#include "pinnace/httphead.h"
#include "pinnace/listen.h"

#include "body.h"
#include "conn.h"
#include "ticker.h"
#include "tls.h"

#include "pinnace/banned.h"

enum {
    POOL_BYTES = 24 * 1024, /* of each connection, for its head and what is read at once */
    QUERY_MAX = 2048,
    TICK_MS = 250,
    TICKS_A_SECOND = 1000 / TICK_MS,
};

const struct str httpd_phase_names[HTTPD_PHASES] = {
    [HTTPD_FRESH] = STR_INIT("fresh"),
    [HTTPD_BUSY] = STR_INIT("busy"),
    [HTTPD_IDLE] = STR_INIT("idle"),
};

const struct str httpd_shed_names[HTTPD_SHEDS] = {
    [HTTPD_SHED_NO_REQUEST] = STR_INIT("no_request"),
    [HTTPD_SHED_SLOW] = STR_INIT("slow"),
    [HTTPD_SHED_IDLE] = STR_INIT("idle"),
    [HTTPD_SHED_EVICTED] = STR_INIT("evicted"),
    [HTTPD_SHED_BODY_SIZE] = STR_INIT("body_size"),
    [HTTPD_SHED_BODY_BUDGET] = STR_INIT("body_budget"),
    [HTTPD_SHED_BAD_FRAMING] = STR_INIT("bad_framing"),
};

struct httpd {
    struct httpd_handler handler;
    void (*tell)(void *context, enum httpd_event event, const char *text);
    void *tell_context;
    char address[LISTEN_NAME_SIZE];
    struct MHD_Daemon *daemon;
    struct tls *tls; /* NULL: plain */
    struct conns conns;
    struct body_budget budget;
    atomic_bool draining;
    _Atomic uint64_t shed[HTTPD_SHEDS];
    _Atomic uint64_t last_trouble; /* the second in which one was told */
    struct ticker ticker;
};

/* One connection and, since requests of one follow each other, its request. */
struct client {
    struct conn conn;
    struct body body;
    uint64_t length; /* announced by the head; 0: not */
    uint64_t begun;
    bool head_seen;
    void *memo;      /* the handler's, while its answer waits */
    struct str type; /* lives in the library's pool as long as the request */
    char *query;     /* NULL: none */
};

/* ---- answering ---- */

static void count_shed(struct httpd *httpd, enum httpd_shed cause)
{
    atomic_fetch_add_explicit(&httpd->shed[cause], 1, memory_order_relaxed);
}

static enum MHD_Result send_reply(struct httpd *httpd, struct MHD_Connection *connection,
                                  const struct httpd_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, (void *)(uintptr_t)reply->body.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (reply->allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
    if (reply->challenge)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, reply->challenge);
    if (reply->allows_origin) {
        MHD_add_response_header(response, "WebHook-Allowed-Origin", "*");
        MHD_add_response_header(response, "WebHook-Allowed-Rate", "*");
    }
    if (reply->last || atomic_load_explicit(&httpd->draining, memory_order_relaxed))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct httpd *httpd, struct MHD_Connection *connection,
                              unsigned status, enum httpd_shed cause, const char *sentence)
{
    char text[256];
    snprintf(text, sizeof(text), "%s\n", sentence);
    struct httpd_reply reply = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = str_of(text)};
    count_shed(httpd, cause);
    return send_reply(httpd, connection, &reply);
}

static struct httpd_request request_of(struct MHD_Connection *connection,
                                       const struct client *client, const char *url,
                                       const char *method)
{
    return (struct httpd_request){.connection = (struct httpd_connection *)(void *)connection,
                                  .method = str_of(method),
                                  .path = str_of(url),
                                  .query = str_of(client->query),
                                  .content_type = client->type,
                                  .begun = client->begun,
                                  .memo = client->memo};
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    http_head_add(context, (struct str){name, name_len}, (struct str){value, value_len});
    return MHD_YES;
}

struct wanted_header {
    struct str name, value;
    size_t count;
};

static enum MHD_Result find_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct wanted_header *wanted = context;
    (void)kind;
    if (str_eq_nocase((struct str){name, name_len}, wanted->name)) {
        wanted->value = (struct str){value, value_len};
        wanted->count++;
    }
    return MHD_YES;
}

size_t httpd_header(const struct httpd_request *request, const char *name, struct str *ret_value)
{
    struct wanted_header wanted = {.name = str_of(name)};
    MHD_get_connection_values_n((struct MHD_Connection *)(void *)request->connection,
                                MHD_HEADER_KIND, find_header, &wanted);
    if (wanted.count)
        *ret_value = wanted.value;
    return wanted.count;
}

/* Queueing an answer here ends the connection: the library will not look for where the body ends. */
static enum MHD_Result on_head(struct httpd *httpd, struct MHD_Connection *connection,
                               struct client *client, const struct httpd_request *request,
                               const char *version)
{
    struct http_head head = {.version_1_0 = str_eq(str_of(version), STR("HTTP/1.0"))};
    struct httpd_reply reply = {0};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_header, &head);
    const char *fault = http_head_fault(&head);
    if (fault)
        return refuse(httpd, connection, MHD_HTTP_BAD_REQUEST, HTTPD_SHED_BAD_FRAMING, fault);
    client->length = http_head_length(&head);
    client->type = head.type;
    struct httpd_request looked_at = *request;
    looked_at.content_type = head.type;
    httpd->handler.look(httpd->handler.context, &looked_at, &reply);
    if (reply.status)
        return send_reply(httpd, connection, &reply);
    if (client->length > httpd->budget.max_body)
        return refuse(httpd, connection, MHD_HTTP_CONTENT_TOO_LARGE, HTTPD_SHED_BODY_SIZE,
                      "the body is larger than is read");
    return MHD_YES;
}

/* Suspended first: whoever resumes it may be quicker than this thread. */
static enum MHD_Result wait_for_answer(struct httpd *httpd, struct MHD_Connection *connection,
                                       struct client *client, void *memo)
{
    client->memo = memo;
    MHD_suspend_connection(connection);
    httpd->handler.wait(httpd->handler.context, memo, (struct httpd_waiting *)(void *)connection);
    return MHD_YES;
}

void httpd_resume(struct httpd_waiting *waiting)
{
    MHD_resume_connection((struct MHD_Connection *)(void *)waiting);
}

static void drop_memo(struct httpd *httpd, struct client *client)
{
    if (client->memo)
        httpd->handler.drop(httpd->handler.context, client->memo);
    client->memo = NULL;
}

static enum MHD_Result on_end(struct httpd *httpd, struct MHD_Connection *connection,
                              struct client *client, struct httpd_request *request)
{
    struct httpd_reply reply = {0};
    if (client->body.fault == BODY_TOO_LARGE)
        return refuse(httpd, connection, MHD_HTTP_CONTENT_TOO_LARGE, HTTPD_SHED_BODY_SIZE,
                      "the body is larger than is read");
    if (client->body.fault == BODY_NO_ROOM)
        return refuse(httpd, connection, MHD_HTTP_SERVICE_UNAVAILABLE, HTTPD_SHED_BODY_BUDGET,
                      "too many large requests at once; try again");
    request->body = (struct str){client->body.bytes, client->body.len};
    httpd->handler.answer(httpd->handler.context, request, &reply);
    if (reply.memo)
        return wait_for_answer(httpd, connection, client, reply.memo);
    drop_memo(httpd, client);
    body_free(&client->body, &httpd->budget);
    if (reply.proven)
        conns_prove(&httpd->conns, &client->conn);
    return send_reply(httpd, connection, &reply);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *chunk,
                                  size_t *chunk_size, void **request_context)
{
    struct httpd *httpd = context;
    struct client *client = *request_context;
    if (!client)
        return MHD_NO;
    struct httpd_request request = request_of(connection, client, url, method);
    if (!client->head_seen) {
        client->head_seen = true;
        return on_head(httpd, connection, client, &request, version);
    }
    if (*chunk_size == 0)
        return on_end(httpd, connection, client, &request);
    body_add(&client->body, &httpd->budget, (struct str){chunk, *chunk_size}, client->length,
             conn_is_proven(&client->conn));
    *chunk_size = 0;
    return MHD_YES;
}

/* ---- the life of connections and requests ---- */

static struct client *client_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The library takes it apart, and a "+" for a blank. Without memory there is none. */
static void keep_query(struct client *client, const char *line)
{
    const char *mark = strchr(line, '?');
    free(client->query);
    client->query = mark ? strndup(mark + 1, QUERY_MAX) : NULL;
}

static void *on_request_line(void *context, const char *line, struct MHD_Connection *connection)
{
    (void)context;
    struct client *client = client_of(connection);
    struct timespec now;
    if (!client)
        return NULL;
    clock_gettime(CLOCK_MONOTONIC, &now);
    client->begun = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    client->head_seen = false;
    keep_query(client, line);
    conn_begin(&client->conn);
    return client;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode why)
{
    struct httpd *httpd = context;
    struct client *client = *request_context;
    (void)connection;
    (void)why;
    if (!client)
        return;
    drop_memo(httpd, client);
    body_free(&client->body, &httpd->budget);
    conn_end(&client->conn);
}

static void on_started(struct httpd *httpd, struct MHD_Connection *connection, void **client_out)
{
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct client *client = calloc(1, sizeof(*client));
    *client_out = client;
    if (!client) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    conns_add(&httpd->conns, &client->conn, fd,
              MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    if (httpd->tls)
        tls_greet(
            httpd->tls,
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **client_out,
                          enum MHD_ConnectionNotificationCode what)
{
    struct httpd *httpd = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        on_started(httpd, connection, client_out);
        return;
    }
    struct client *client = *client_out;
    if (!client)
        return;
    conns_remove(&httpd->conns, &client->conn);
    drop_memo(httpd, client);
    body_free(&client->body, &httpd->budget);
    free(client->query);
    free(client);
    *client_out = NULL;
}

/* ---- what happens now and then ---- */

__attribute__((format(printf, 2, 0))) static void on_trouble(void *context, const char *format,
                                                             va_list args)
{
    struct httpd *httpd = context;
    char text[256];
    uint64_t second = (uint64_t)clock_boot_ms() / 1000, last = atomic_load(&httpd->last_trouble);
    if (second == last || !atomic_compare_exchange_strong(&httpd->last_trouble, &last, second))
        return;
    int len = vsnprintf(text, sizeof(text), format, args);
    for (size_t i = 0; len > 0 && i < sizeof(text) && text[i]; i++)
        if (text[i] == '\n')
            text[i] = text[i + 1] ? ' ' : '\0';
    httpd->tell(httpd->tell_context, HTTPD_TROUBLE, text);
}

static void refresh_tls(struct httpd *httpd)
{
    struct err err;
    bool changed = false;
    if (!httpd->tls)
        return;
    if (tls_refresh(httpd->tls, &changed, &err) < 0)
        httpd->tell(httpd->tell_context, HTTPD_CERTIFICATE_BAD, err.text);
    else if (changed)
        httpd->tell(httpd->tell_context, HTTPD_CERTIFICATE_LOADED,
                    "certificate and key were read again");
}

static void on_tick(void *context, unsigned number)
{
    struct httpd *httpd = context;
    conns_cut_late(&httpd->conns);
    if (number % TICKS_A_SECOND != 0)
        return;
    refresh_tls(httpd);
    if (conns_calm_after_burst(&httpd->conns))
        malloc_trim(0);
}

/* ---- starting and stopping ---- */

/* Paths have nothing to unescape; what comes escaped is not one of them. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static int start_daemon(struct httpd *httpd, const struct httpd_options *options, int listen_fd,
                        struct err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    if (httpd->handler.wait)
        flags |= MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, tls_retrieve_function()},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    httpd->daemon = MHD_start_daemon(
        flags | (httpd->tls ? MHD_USE_TLS : 0u), 0, NULL, NULL, on_request, httpd,
        MHD_OPTION_EXTERNAL_LOGGER, on_trouble, httpd, /* first, to hear of the others */
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, httpd,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, httpd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, httpd, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        options->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections / 2,
        MHD_OPTION_ARRAY, httpd->tls ? tls : tls + 2, MHD_OPTION_ARRAY,
        options->threads > 1 ? pool : pool + 1, MHD_OPTION_END);
    if (!httpd->daemon)
        return err_set(err, ERR_SYSTEM, "the HTTP server at %s does not start", httpd->address);
    return 0;
}

static void destroy(struct httpd *httpd)
{
    tls_close(&httpd->tls);
    conns_destroy(&httpd->conns);
    free(httpd);
}

static int start(struct httpd *httpd, const struct httpd_options *options, struct err *err)
{
    int fd;
    if (options->tls && tls_open(options->tls, &httpd->tls, err) < 0)
        return -1;
    if (listen_open(options->listen, &fd, err) < 0)
        return -1;
    listen_name(fd, httpd->address);
    if (start_daemon(httpd, options, fd, err) < 0)
        return -1;
    httpd->ticker = (struct ticker){.tick = on_tick, .context = httpd, .pause_ms = TICK_MS};
    if (ticker_start(&httpd->ticker, err) == 0)
        return 0;
    MHD_stop_daemon(httpd->daemon);
    return -1;
}

int httpd_start(const struct httpd_options *options, struct httpd **ret_httpd, struct err *err)
{
    struct httpd *httpd = calloc(1, sizeof(*httpd));
    if (!httpd)
        return err_no_memory(err);
    httpd->handler = options->handler;
    httpd->tell = options->tell;
    httpd->tell_context = options->tell_context;
    httpd->budget.max_body = options->max_body;
    httpd->budget.max_bodies = options->max_bodies;
    conns_init(&httpd->conns, options->connections);
    if (start(httpd, options, err) < 0) {
        destroy(httpd);
        return -1;
    }
    *ret_httpd = httpd;
    return 0;
}

const char *httpd_address(const struct httpd *httpd)
{
    return httpd->address;
}

int httpd_reload(struct httpd *httpd, struct err *err)
{
    if (!httpd->tls)
        return 0;
    pthread_mutex_lock(&httpd->ticker.lock);
    int done = tls_reload(httpd->tls, err);
    pthread_mutex_unlock(&httpd->ticker.lock);
    return done;
}

void httpd_drain(struct httpd *httpd)
{
    atomic_store(&httpd->draining, true);
}

void httpd_stop(struct httpd **httpd_in)
{
    struct httpd *httpd = *httpd_in;
    if (!httpd)
        return;
    MHD_stop_daemon(httpd->daemon);
    ticker_stop(&httpd->ticker);
    destroy(httpd);
    *httpd_in = NULL;
}

void httpd_get_stats(struct httpd *httpd, struct httpd_stats *ret_stats)
{
    struct httpd_stats stats = {0};
    for (int cause = 0; cause < HTTPD_SHEDS; cause++)
        stats.shed[cause] = atomic_load_explicit(&httpd->shed[cause], memory_order_relaxed);
    conns_count(&httpd->conns, &stats);
    stats.body_bytes = atomic_load(&httpd->budget.taken);
    stats.certificate_expires = httpd->tls ? tls_expires(httpd->tls) : 0;
    *ret_stats = stats;
}
