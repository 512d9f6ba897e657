/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/healthpage.h"
#include "pinnace/http.h"

#include "pinnace/banned.h"

enum {
    ANSWER_MAX_BYTES = 4096,
    TIMEOUT_MS = 20 * 1000,
};

static void answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    (void)request;
    *ret_reply = httpd_plain(200, str_of(context));
}

static void tell(void *context, enum httpd_event event, const char *text)
{
    (void)context;
    (void)event;
    (void)text;
}

static struct httpd *started(void)
{
    static char healthy[] = "healthy\n";
    const struct healthpage page = {
        .listen = "127.0.0.1:0", .answer = answer, .context = healthy, .tell = tell};
    struct httpd *httpd = NULL;
    assert_int_equal(healthpage_start(&page, &httpd, NULL), 0);
    return httpd;
}

TEST(three_paths_by_get_and_head)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *body, *allow;
    } rows[] = {
        {"GET", "/healthz", 200, "healthy\n", ""},
        {"GET", "/readyz", 200, "healthy\n", ""},
        {"GET", "/metrics", 200, "healthy\n", ""},
        {"HEAD", "/metrics", 200, "", ""},
        {"POST", "/readyz", 405, "this is read by GET\n", "GET, HEAD"},
        {"DELETE", "/healthz", 405, "this is read by GET\n", "GET, HEAD"},
        {"GET", "/", 404, "there are /healthz, /readyz and /metrics\n", ""},
        {"GET", "/metrics/", 404, "there are /healthz, /readyz and /metrics\n", ""},
        {"POST", "/enforce/pinned", 404, "there are /healthz, /readyz and /metrics\n", ""},
    };
    struct httpd *httpd = started();
    HTTP_SCOPED struct http *http = NULL;
    assert_int_equal(http_open(1, &http, NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct http_response response;
        const struct http_request request = {
            .method = rows[i].method,
            .url = json_format(&arena, "http://%s%s", httpd_address(httpd), rows[i].path),
            .body_max = ANSWER_MAX_BYTES,
            .total_ms = TIMEOUT_MS,
        };
        assert_int_equal(http_ask(http, &request, &arena, &response, NULL), 0);
        CHECK_INT(rows[i].path, response.status, rows[i].status);
        CHECK_STR(rows[i].path, response.body, str_of(rows[i].body));
        CHECK_STR(rows[i].path, http_header(&response, "Allow"), str_of(rows[i].allow));
        CHECK_STR(rows[i].path, http_header(&response, "Content-Type"),
                  STR("text/plain; charset=utf-8"));
    }
    httpd_stop(&httpd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_paths_by_get_and_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
