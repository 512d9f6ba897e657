/* SPDX-License-Identifier: Apache-2.0 */
/* http_ask: one request at a time for programs with nothing else to do, and reading its answer. */
#include "pinnace/http.h"

#include "pinnace/banned.h"

struct asked {
    struct arena *arena;
    struct http_response *ret_response;
    bool done, no_memory;
};

static void keep_answer(void *context, const struct http_response *response)
{
    struct asked *asked = context;
    struct http_response copy = *response;
    copy.body = arena_copy(asked->arena, response->body);
    copy.headers = arena_copy(asked->arena, response->headers);
    asked->no_memory = !copy.body.ptr || !copy.headers.ptr;
    *asked->ret_response = copy;
    asked->done = true;
}

int http_ask(struct http *http, const struct http_request *request, struct arena *arena,
             struct http_response *ret_response, struct err *err)
{
    struct http_response response = {0};
    struct asked asked = {.arena = arena, .ret_response = &response};
    struct http_request asking = *request;
    asking.on_done = keep_answer;
    asking.context = &asked;
    struct http_call *call = http_start(http, &asking, err);
    if (!call)
        return -1;
    while (!asked.done) {
        if (http_turn(http, 1000, err) == 0)
            continue;
        http_cancel(call);
        return -1;
    }
    if (asked.no_memory)
        return err_no_memory(err);
    *ret_response = response;
    return 0;
}

bool http_next_header(struct http_headers *headers, struct str *ret_value)
{
    struct str rest = str_tail(headers->response->headers, headers->at);
    struct str wanted = str_of(headers->name);
    for (size_t end; (end = str_find(rest, '\n')) != STR_NOT_FOUND;
         rest = str_tail(rest, end + 1)) {
        struct str line = str_head(rest, end);
        size_t colon = str_find(line, ':');
        headers->at += end + 1;
        if (colon == STR_NOT_FOUND || !str_eq_nocase(str_head(line, colon), wanted))
            continue;
        struct str value = str_tail(line, colon + 1);
        while (value.len && ascii_is_space(value.ptr[0]))
            value = str_tail(value, 1);
        while (value.len && ascii_is_space(value.ptr[value.len - 1]))
            value.len--;
        *ret_value = value;
        return true;
    }
    return false;
}

struct str http_header(const struct http_response *response, const char *name)
{
    struct http_headers headers = {.response = response, .name = name};
    struct str value = STR_NONE;
    http_next_header(&headers, &value);
    return value;
}
