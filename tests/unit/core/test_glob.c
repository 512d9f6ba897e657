/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/glob.h"

#include "pinnace/banned.h"

TEST(matching)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"abc", "abcd", false},
        {"abc", "Abc", false},
        {"?", "a", true},
        {"?", "", false},
        {"?", "ab", false},
        {"?", "/", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"??", "ab", true},
        {"*", "", true},
        {"*", "abc", true},
        {"*", "a/b", false},
        {"*", "/", false},
        {"a*", "a", true},
        {"*a", "a", true},
        {"*a", "ba", true},
        {"*a", "ab", false},
        {"a*b*c", "abc", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYcZ", false},
        {"*aab", "aaaab", true},
        {"*ab*ab", "abab", true},
        {"*ab*ab", "ab", false},
        {"*?", "", false},
        {"*?", "a", true},
        {"?*?", "a", false},
        {"*/*", "a/b", true},
        {"*/*", "a/b/c", false},
        {"*/*", "ab", false},
        {"*/", "a/", true},
        {"*b/c", "ab/bb/c", false},
        {"**", "", true},
        {"**", "a/b/c", true},
        {"**/c", "a/b/c", true},
        {"**/c", "c", false},
        {"a/**", "a/", true},
        {"a/**", "a", false},
        {"a/**/c", "a/b/c", true},
        {"a/**/c", "a/b/x/c", true},
        {"a/**/c", "a/c", false},
        {"a**c", "ac", true},
        {"a**c", "a/c", true},
        {"***", "a/b", true},
        {"***a", "x/a", true},
        {"****", "a/b", true},
        {"**a*", "x/a/b", false},
        {"**a*", "x/a/ab", true},
        {"**a*b", "a/axb/b", false},
        {"**a*b", "a/b/axb", true},
        {"*a**b", "xa/y/b", true},
        {"*a**b", "x/a/b", false},
        {"**b*c**", "b/bc/", true},
        {"a/*/c/**", "a/b/c/d/e", true},
        {"a/*/c/**", "a/b/x/c/d", false},
        {"[ab]", "a", false},
        {"[ab]", "[ab]", true},
        {"a.c", "abc", false},
        {"\\*", "\\x", true},
        {"\\*", "*", false},
        {"{a,b}", "a", false},
        {"*.azurecr.io", "contoso.azurecr.io", true},
        {"*.azurecr.io", "evil.example/x.azurecr.io", false},
        {"*.azurecr.io", "azurecr.io", false},
        {"*.azurecr.io", "contoso.azurecr.io.evil.example", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[100];
        snprintf(row, sizeof(row), "%s on %s", rows[i].pattern, rows[i].text);
        struct str pattern = exact_copy(str_of(rows[i].pattern));
        struct str text = exact_copy(str_of(rows[i].text));
        CHECK_INT(row, glob_match(pattern, text), rows[i].match);
        exact_free(pattern);
        exact_free(text);
    }
}

TEST(bytes_have_no_meaning)
{
    assert_true(glob_match(STR("a\0*"), STR("a\0b")));
    assert_false(glob_match(STR("a"), STR("a\0")));
    assert_true(glob_match(STR("*\xff"), STR("x\xff")));
    assert_true(glob_match(STR_NONE, STR_NONE));
    assert_true(glob_match(STR("*"), STR_NONE));
    assert_false(glob_match(STR_NONE, STR("a")));
}

TEST(steps)
{
    size_t enough = 100, few = 3, none = 0;
    assert_true(glob_match_within(STR("a*c"), STR("abbc"), &enough));
    assert_true(enough < 100);
    assert_false(glob_match_within(STR("a*c"), STR("abbc"), &few));
    assert_int_equal(few, 0);
    assert_false(glob_match_within(STR("*"), STR("a"), &none));
    assert_int_equal(none, 0);
}

/* What makes backtracking matchers run for years ends here before the test's time does. */
TEST(many_stars)
{
    TEST_ARENA(arena);
    struct buf stars = BUF_INIT(&arena, 4096), double_stars = BUF_INIT(&arena, 4096);
    for (int i = 0; i < 60; i++) {
        buf_add(&stars, STR("*a"));
        buf_add(&double_stars, STR("**a*"));
    }
    buf_add_char(&stars, 'b');
    buf_add_char(&double_stars, 'b');
    struct str text = run_of(&arena, 'a', 3000);
    assert_false(glob_match(finished(&stars), text));
    assert_false(glob_match(finished(&double_stars), text));
}

TEST(image_patterns)
{
    static const struct {
        const char *pattern, *host, *path, *tag;
    } rows[] = {
        {"contoso.azurecr.io", "contoso.azurecr.io", "", ""},
        {"contoso.azurecr.io/shop/web", "contoso.azurecr.io", "shop/web", ""},
        {"contoso.azurecr.io/shop/web:1.4.*", "contoso.azurecr.io", "shop/web", "1.4.*"},
        {"contoso.azurecr.io/**", "contoso.azurecr.io", "**", ""},
        {"*.azurecr.io/base/*", "*.azurecr.io", "base/*", ""},
        {"*", "*", "", ""},
        {"*/shop/web", "*", "shop/web", ""},
        {"localhost", "localhost", "", ""},
        {"localhost:5000", "localhost:5000", "", ""},
        {"localhost:5000/web:1", "localhost:5000", "web", "1"},
        {"registry:5000/web", "registry:5000", "web", ""},
        {"registry:*/web", "registry:*", "web", ""},
        {"[::1]:5000/web", "[::1]:5000", "web", ""},
        {"[::1]/web", "[::1]", "web", ""},
        {"quay.io/~web!", "quay.io", "~web!", ""},
        {"docker.io/library/nginx", "docker.io", "library/nginx", ""},
        {"docker.io/**", "docker.io", "**", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct image_glob glob = {0};
        const char *problem = image_glob_parse(str_of(rows[i].pattern), &glob);
        CHECK_STR(rows[i].pattern, str_of(problem ? problem : ""), STR(""));
        CHECK_STR(rows[i].pattern, glob.host, str_of(rows[i].host));
        CHECK_STR(rows[i].pattern, glob.path, str_of(rows[i].path));
        CHECK_STR(rows[i].pattern, glob.tag, str_of(rows[i].tag));
    }
}

TEST(no_image_patterns)
{
    static const struct {
        struct str pattern;
        const char *why;
    } rows[] = {
        {STR_INIT(""), "empty"},
        {STR_INIT("nginx"), "registry"},
        {STR_INIT("nginx:1.27"), "registry"},
        {STR_INIT("library/nginx"), "registry"},
        {STR_INIT("shop/web:1"), "registry"},
        {STR_INIT("/web"), "registry"},
        {STR_INIT("web:v1"), "registry"},
        {STR_INIT("contoso.azurecr.io/"), "nothing between"},
        {STR_INIT("contoso.azurecr.io/:1"), "nothing between"},
        {STR_INIT("contoso.azurecr.io/web:"), "no tag"},
        {STR_INIT("docker.io/nginx"), "docker.io/library/"},
        {STR_INIT("docker.io/*"), "docker.io/library/"},
        {STR_INIT("docker.io/nginx:1.27"), "docker.io/library/"},
        {STR_INIT("contoso.azurecr.io/web @"), "white space"},
        {STR_INIT("contoso.azurecr.io/a b"), "white space"},
        {STR_INIT("contoso.azurecr.io/web\n"), "white space"},
        {STR_INIT("contoso.azurecr.io/web\x7f"), "white space"},
        {STR_INIT("contoso.azurecr.io/web\0"), "white space"},
        {STR_INIT("contoso.azurecr.io/web@sha256:*"), "'@'"},
        {STR_INIT("c\xd0\xbentoso.azurecr.io/web"), "ASCII"},
        {STR_INIT("Contoso.azurecr.io/web"), "upper-case"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct image_glob glob = {.host = STR("untouched")};
        const char *problem = image_glob_parse(rows[i].pattern, &glob);
        CHECK(rows[i].pattern.ptr, problem != NULL);
        CHECK_HAS(rows[i].pattern.ptr, str_of(problem), rows[i].why);
        CHECK_STR(rows[i].pattern.ptr, glob.host, STR("untouched"));
    }
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(image_pattern_matching)
{
    static const struct {
        const char *pattern, *image;
        bool match;
    } rows[] = {
        {"contoso.azurecr.io", "contoso.azurecr.io/shop/web:1", true},
        {"contoso.azurecr.io", "contoso.azurecr.io/web", true},
        {"contoso.azurecr.io", "fabrikam.azurecr.io/web", false},
        {"contoso.azurecr.io", "contoso.azurecr.io:5000/web", false},
        {"contoso.azurecr.io", "evil.example/contoso.azurecr.io/web", false},
        {"contoso.azurecr.io", "CONTOSO.azurecr.IO:443/web", true},
        {"*.azurecr.io", "contoso.azurecr.io/web", true},
        {"*.azurecr.io", "evil.example/x.azurecr.io/web", false},
        {"*.azurecr.io", "azurecr.io/web", false},
        {"*", "nginx", true},
        {"*", "localhost:5000/web", true},
        {"*/shop/web", "contoso.azurecr.io/shop/web", true},
        {"docker.io", "nginx", true},
        {"docker.io", "index.docker.io/library/nginx", true},
        {"docker.io", "registry-1.docker.io/library/nginx", true},
        {"docker.io/library/nginx", "nginx", true},
        {"docker.io/library/nginx", "docker.io/nginx", true},
        {"docker.io/library/nginx", "docker.io/library/nginx:1.27", true},
        {"docker.io/library/*", "contoso/nginx", false},
        {"docker.io/contoso/*", "contoso/nginx", true},
        {"docker.io/**", "nginx", true},
        {"docker.io/library/nginx", "nginx2", false},
        {"contoso.azurecr.io/*", "contoso.azurecr.io/web", true},
        {"contoso.azurecr.io/*", "contoso.azurecr.io/shop/web", false},
        {"contoso.azurecr.io/**", "contoso.azurecr.io/shop/web", true},
        {"contoso.azurecr.io/shop/*", "contoso.azurecr.io/shop/web", true},
        {"contoso.azurecr.io/shop/*", "contoso.azurecr.io/shop", false},
        {"contoso.azurecr.io/web:1.*", "contoso.azurecr.io/web:1.4", true},
        {"contoso.azurecr.io/web:1.*", "contoso.azurecr.io/web:2.4", false},
        {"contoso.azurecr.io/web:1.*", "contoso.azurecr.io/web", false},
        {"contoso.azurecr.io/web:latest", "contoso.azurecr.io/web", true},
        {"contoso.azurecr.io/web:latest", "contoso.azurecr.io/web@sha256:" HEX64, false},
        {"contoso.azurecr.io/web:1", "contoso.azurecr.io/web:1@sha256:" HEX64, true},
        {"contoso.azurecr.io/web", "contoso.azurecr.io/web@sha256:" HEX64, true},
        {"contoso.azurecr.io/web", "contoso.azurecr.io/web:any", true},
        {"localhost:5000", "localhost:5000/web", true},
        {"localhost:*", "localhost:5001/web", true},
        {"localhost", "localhost:5000/web", false},
        {"[::1]:5000/web", "[::1]:5000/web", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[200];
        struct image_glob glob;
        struct imageref ref;
        snprintf(row, sizeof(row), "%s on %s", rows[i].pattern, rows[i].image);
        CHECK(row, image_glob_parse(str_of(rows[i].pattern), &glob) == NULL);
        CHECK_INT(row, imageref_parse(str_of(rows[i].image), &ref), IMAGEREF_OK);
        CHECK_INT(row, image_glob_match(&glob, &ref), rows[i].match);
    }
}

/* A pattern in which a host is written otherwise fits that host, or is refused: none fits nothing. */
TEST(hosts_written_otherwise)
{
    static const struct {
        const char *pattern, *image;
    } rows[] = {
        {"index.docker.io/library/nginx", "index.docker.io/library/nginx"},
        {"registry-1.docker.io", "registry-1.docker.io/library/nginx"},
        {"registry.hub.docker.com", "nginx"},
        {"contoso.azurecr.io:443/web", "contoso.azurecr.io:443/web"},
        {"registry:443/web", "registry:443/web"},
        {"[::1]:443/web", "[::1]/web"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct image_glob glob;
        struct imageref ref;
        CHECK_INT(rows[i].pattern, imageref_parse(str_of(rows[i].image), &ref), IMAGEREF_OK);
        const char *problem = image_glob_parse(str_of(rows[i].pattern), &glob);
        CHECK(rows[i].pattern, problem || image_glob_match(&glob, &ref));
    }
}

/* The longest host there is, with a port, is compared whole. */
TEST(longest_hosts_are_compared_whole)
{
    TEST_ARENA(arena);
    struct str host = run_of(&arena, 'h', 261 - strlen(".azurecr.io:5000"));
    struct str image = json_format(&arena, "%s.azurecr.io:5000/web", host.ptr);
    struct image_glob glob;
    struct imageref ref;
    assert_int_equal(imageref_parse(image, &ref), IMAGEREF_OK);
    assert_null(image_glob_parse(STR("*.azurecr.io:5000"), &glob));
    assert_true(image_glob_match(&glob, &ref));
    assert_null(image_glob_parse(STR("*.azurecr.io"), &glob));
    assert_false(image_glob_match(&glob, &ref));
}

/* The longest path that is one, with "library/" in front. */
TEST(longest_paths_are_compared_whole)
{
    TEST_ARENA(arena);
    struct str name = run_of(&arena, 'a', 255 - 8);
    struct image_glob glob;
    struct imageref ref;
    assert_null(image_glob_parse(STR("docker.io/library/*"), &glob));
    assert_int_equal(imageref_parse(name, &ref), IMAGEREF_OK);
    assert_true(image_glob_match(&glob, &ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matching),
        cmocka_unit_test(bytes_have_no_meaning),
        cmocka_unit_test(steps),
        cmocka_unit_test(many_stars),
        cmocka_unit_test(image_patterns),
        cmocka_unit_test(no_image_patterns),
        cmocka_unit_test(image_pattern_matching),
        cmocka_unit_test(hosts_written_otherwise),
        cmocka_unit_test(longest_hosts_are_compared_whole),
        cmocka_unit_test(longest_paths_are_compared_whole),
    };
    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
