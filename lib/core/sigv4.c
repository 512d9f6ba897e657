/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4: see the header. */
#include "pinnace/sigv4.h"

#include "pinnace/when.h"

#include "pinnace/banned.h"

/* --- When, and for what ------------------------------------------------------------------------ */

/* "2015-08-30T12:36:00Z" without what stands between the digits. */
static void add_when(struct buf *buf, int64_t at, size_t max)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(1024);
    struct buf usual = BUF_INIT(&arena, 64);
    struct str text;
    buf_add_when(&usual, at);
    if (buf_finish(&usual, &text, NULL) < 0) {
        buf->failed = true;
        return;
    }
    for (size_t i = 0, kept = 0; i < text.len && kept < max; i++) {
        if (text.ptr[i] == '-' || text.ptr[i] == ':')
            continue;
        buf_add_char(buf, text.ptr[i]);
        kept++;
    }
}

void buf_add_sigv4_when(struct buf *buf, int64_t at)
{
    add_when(buf, at, sizeof("20150830T123600Z") - 1);
}

void buf_add_sigv4_day(struct buf *buf, int64_t at)
{
    add_when(buf, at, sizeof("20150830") - 1);
}

static void add_scope(struct buf *buf, const struct sigv4_scope *scope)
{
    buf_add_sigv4_day(buf, scope->at);
    buf_addf(buf, "/%.*s/%.*s/aws4_request", STR_FMT(scope->region), STR_FMT(scope->service));
}

/* --- The query --------------------------------------------------------------------------------- */

struct field {
    struct str name, value;
};

static bool field_before(const struct field *a, const struct field *b)
{
    int order = str_compare(a->name, b->name);
    return order ? order < 0 : str_compare(a->value, b->value) < 0;
}

static struct field take_field(struct str *query)
{
    size_t end = str_find(*query, '&');
    struct str text = end == STR_NOT_FOUND ? *query : str_head(*query, end);
    size_t equals = str_find(text, '=');
    *query = str_tail(*query, end == STR_NOT_FOUND ? query->len : end + 1);
    if (equals == STR_NOT_FOUND)
        return (struct field){text, str_tail(text, text.len)};
    return (struct field){str_head(text, equals), str_tail(text, equals + 1)};
}

static void add_query(struct buf *buf, struct str query)
{
    struct field fields[SIGV4_FIELDS_MAX];
    size_t count = 0;
    while (query.len) {
        struct field field = take_field(&query);
        size_t at = count;
        if (count++ == SIGV4_FIELDS_MAX) {
            buf->failed = true;
            return;
        }
        for (; at > 0 && field_before(&field, &fields[at - 1]); at--)
            fields[at] = fields[at - 1];
        fields[at] = field;
    }
    for (size_t i = 0; i < count; i++) {
        buf_add(buf, i ? STR("&") : STR_NONE);
        buf_add(buf, fields[i].name);
        buf_add_char(buf, '=');
        buf_add(buf, fields[i].value);
    }
}

/* --- Headers ----------------------------------------------------------------------------------- */

static int name_compare(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return ascii_lower(a.ptr[i]) < ascii_lower(b.ptr[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

/* Of equal names the first stays first. */
static bool sort(const struct sigv4_request *request,
                 const struct sigv4_header *ret_sorted[SIGV4_HEADERS_MAX])
{
    if (request->header_count > SIGV4_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[i];
        size_t at = i;
        for (; at > 0 && name_compare(header->name, ret_sorted[at - 1]->name) < 0; at--)
            ret_sorted[at] = ret_sorted[at - 1];
        ret_sorted[at] = header;
    }
    return true;
}

static void add_name(struct buf *buf, struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(buf, ascii_lower(name.ptr[i]));
}

/* Without spaces at its ends, and with one where there were several. */
static void add_value(struct buf *buf, struct str value)
{
    bool space = false, begun = false;
    for (size_t i = 0; i < value.len; i++) {
        bool is_space = ascii_is_space(value.ptr[i]);
        if (!is_space && space && begun)
            buf_add_char(buf, ' ');
        if (!is_space)
            buf_add_char(buf, value.ptr[i]);
        begun = begun || !is_space;
        space = is_space;
    }
}

static bool is_repeated(const struct sigv4_header *const sorted[], size_t i)
{
    return i > 0 && name_compare(sorted[i]->name, sorted[i - 1]->name) == 0;
}

static void add_names(struct buf *buf, const struct sigv4_header *const sorted[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_repeated(sorted, i))
            continue;
        buf_add(buf, i ? STR(";") : STR_NONE);
        add_name(buf, sorted[i]->name);
    }
}

/* --- What is signed ---------------------------------------------------------------------------- */

void buf_add_sigv4_request(struct buf *buf, const struct sigv4_request *request)
{
    const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];
    if (!sort(request, sorted)) {
        buf->failed = true;
        return;
    }
    buf_add(buf, request->method);
    buf_add_char(buf, '\n');
    buf_add(buf, request->path);
    buf_add_char(buf, '\n');
    add_query(buf, request->query);
    for (size_t i = 0; i < request->header_count; i++) {
        if (is_repeated(sorted, i)) {
            buf_add_char(buf, ',');
        } else {
            buf_add_char(buf, '\n');
            add_name(buf, sorted[i]->name);
            buf_add_char(buf, ':');
        }
        add_value(buf, sorted[i]->value);
    }
    buf_add(buf, STR("\n\n"));
    add_names(buf, sorted, request->header_count);
    buf_add_char(buf, '\n');
    buf_add(buf, request->body_sum);
}

void buf_add_sigv4_string(struct buf *buf, const struct sigv4_scope *scope, struct str request_sum)
{
    buf_add(buf, STR("AWS4-HMAC-SHA256\n"));
    buf_add_sigv4_when(buf, scope->at);
    buf_add_char(buf, '\n');
    add_scope(buf, scope);
    buf_add_char(buf, '\n');
    buf_add(buf, request_sum);
}

void buf_add_sigv4_header(struct buf *buf, const struct sigv4_signing *signing,
                          const struct sigv4_request *request, struct str signature)
{
    const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];
    if (!sort(request, sorted)) {
        buf->failed = true;
        return;
    }
    buf_add(buf, STR("AWS4-HMAC-SHA256 Credential="));
    buf_add(buf, signing->key_id);
    buf_add_char(buf, '/');
    add_scope(buf, &signing->scope);
    buf_add(buf, STR(", SignedHeaders="));
    add_names(buf, sorted, request->header_count);
    buf_add(buf, STR(", Signature="));
    buf_add(buf, signature);
}
