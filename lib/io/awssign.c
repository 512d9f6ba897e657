/* SPDX-License-Identifier: Apache-2.0 */
/* awssign: see the header. */
#include "awssign.h"

#include "pinnace/pki.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

enum { HEADER_MAX = 4096 };

static void add_hex(struct buf *buf, const struct sha256 *sum)
{
    for (size_t i = 0; i < sizeof(sum->bytes); i++)
        buf_addf(buf, "%02x", sum->bytes[i]);
}

static int hex_sum_of(struct str data, struct arena *arena, struct str *ret_hex, struct err *err)
{
    struct buf hex = BUF_INIT(arena, 2 * sizeof(struct sha256) + 1);
    struct sha256 sum;
    if (sha256_of(data, &sum, err) < 0)
        return -1;
    add_hex(&hex, &sum);
    return buf_finish(&hex, ret_hex, err);
}

/* Only a key made of the day, the region and the service signs; it tells nothing of the secret. */
static int signature_of(const struct sigv4_signing *signing, struct str text, struct arena *arena,
                        struct str *ret_hex, struct err *err)
{
    struct buf first = BUF_INIT(arena, HEADER_MAX), day = BUF_INIT(arena, 64);
    struct buf hex = BUF_INIT(arena, 2 * sizeof(struct sha256) + 1);
    struct str secret, date;
    struct sha256 sum;
    buf_add(&first, STR("AWS4"));
    buf_add(&first, signing->secret);
    buf_add_sigv4_day(&day, signing->scope.at);
    if (buf_finish(&first, &secret, err) < 0 || buf_finish(&day, &date, err) < 0)
        return -1;
    const struct str parts[] = {date, signing->scope.region, signing->scope.service,
                                STR("aws4_request"), text};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct sha256 last = sum;
        struct str key = i ? (struct str){(const char *)last.bytes, sizeof(last.bytes)} : secret;
        if (!hook_tools.hmac(HOOK_SHA256, key, parts[i], sum.bytes))
            return err_set(err, ERR_SYSTEM, "HMAC-SHA-256 cannot be computed");
    }
    add_hex(&hex, &sum);
    return buf_finish(&hex, ret_hex, err);
}

int aws_authorize(const struct sigv4_signing *signing, struct str body,
                  struct sigv4_request *request, struct arena *arena, struct str *ret_header,
                  struct err *err)
{
    struct buf canonical = BUF_INIT(arena, SIGV4_REQUEST_MAX), text = BUF_INIT(arena, HEADER_MAX);
    struct buf header = BUF_INIT(arena, HEADER_MAX);
    struct str canonical_text, sum, to_sign, signature;
    if (hex_sum_of(body, arena, &request->body_sum, err) < 0)
        return -1;
    buf_add_sigv4_request(&canonical, request);
    if (buf_finish(&canonical, &canonical_text, err) < 0 ||
        hex_sum_of(canonical_text, arena, &sum, err) < 0)
        return -1;
    buf_add_sigv4_string(&text, &signing->scope, sum);
    if (buf_finish(&text, &to_sign, err) < 0 ||
        signature_of(signing, to_sign, arena, &signature, err) < 0)
        return -1;
    buf_add_sigv4_header(&header, signing, request, signature);
    return buf_finish(&header, ret_header, err);
}

/* "/" and none where the URL ends with the host. */
static void split_url(struct str url, struct sigv4_request *request)
{
    struct str host = url_host(url);
    struct str rest = str_tail(url, (size_t)(host.ptr + host.len - url.ptr));
    size_t mark = str_find(rest, '?');
    request->path = mark == STR_NOT_FOUND ? rest : str_head(rest, mark);
    request->query = mark == STR_NOT_FOUND ? STR_NONE : str_tail(rest, mark + 1);
    if (!request->path.len)
        request->path = STR("/");
}

static void add(struct http_request *http, const char *name, struct str value)
{
    http->headers[http->header_count++] = (struct http_header){name, value};
}

int aws_sign(const struct sigv4_signing *signing, struct arena *arena, struct http_request *http,
             struct err *err)
{
    struct sigv4_header headers[SIGV4_HEADERS_MAX] = {{STR("Host"), url_host(http->url)}};
    struct sigv4_request request = {.method = str_of(http->method), .headers = headers};
    struct buf when = BUF_INIT(arena, 64);
    struct str when_text, authorization;
    buf_add_sigv4_when(&when, signing->scope.at);
    if (buf_finish(&when, &when_text, err) < 0)
        return -1;
    if (http->header_count + 3 > HTTP_HEADERS_MAX)
        return err_set(err, ERR_LIMIT, "more headers than can be signed");
    add(http, "X-Amz-Date", when_text);
    if (signing->token.len)
        add(http, "X-Amz-Security-Token", signing->token);
    request.header_count = 1;
    for (size_t i = 0; i < http->header_count; i++)
        headers[request.header_count++] =
            (struct sigv4_header){str_of(http->headers[i].name), http->headers[i].value};
    split_url(http->url, &request);
    if (aws_authorize(signing, http->body, &request, arena, &authorization, err) < 0)
        return -1;
    add(http, "Authorization", authorization);
    return 0;
}
