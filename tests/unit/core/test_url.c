/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/bytes.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

TEST(hosts)
{
    static const struct {
        struct str url, host;
        bool local;
    } rows[] = {
        {STR_INIT("https://a.example:6443/x/y"), STR_INIT("a.example:6443"), false},
        {STR_INIT("https://a.example"), STR_INIT("a.example"), false},
        {STR_INIT("https://a.example?x"), STR_INIT("a.example"), false},
        {STR_INIT("https://[::1]:6443/"), STR_INIT("[::1]:6443"), true},
        {STR_INIT("http://127.0.0.1:80/"), STR_INIT("127.0.0.1:80"), true},
        {STR_INIT("http://localhost:80/"), STR_INIT("localhost:80"), true},
        {STR_INIT("http://localhost.example/"), STR_INIT("localhost.example"), false},
        {STR_INIT("no url"), STR_INIT("no url"), false},
        {STR_INIT(""), STR_INIT(""), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str url = exact_copy(rows[i].url);
        CHECK_STR(rows[i].url.ptr, url_host(url), rows[i].host);
        CHECK_INT(rows[i].url.ptr, host_is_local(rows[i].host), rows[i].local);
        exact_free(url);
    }
}

TEST(parts)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 256);
    buf_add_url_part(&buf, STR("aZ09-._~/..?%&+ \xc3\xa4\n"));
    CHECK_STR("all of it", finished(&buf), STR("aZ09-._~%2F..%3F%25%26%2B%20%C3%A4%0A"));
}

TEST(gathering)
{
    struct bytes bytes BYTES_SCOPED = BYTES_INIT(10000);
    char piece[100];
    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < 100; i++)
        assert_true(bytes_add(&bytes, (struct str){piece, sizeof(piece)}));
    assert_false(bytes_add(&bytes, STR("y")));
    assert_int_equal(bytes.len, 10000);
    assert_true(bytes_add(&bytes, STR("")));
    bytes_free(&bytes);
    assert_true(bytes_add(&bytes, STR("y")));
    CHECK_STR("again", bytes_str(&bytes), STR("y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(parts),
        cmocka_unit_test(gathering),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
