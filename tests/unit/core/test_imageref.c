/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/imageref.h"

#include "pinnace/banned.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32
#define SHA256 "sha256:" HEX64
#define SHA512 "sha512:" HEX64 HEX64

TEST(good_names)
{
    static const struct {
        const char *text, *host, *path, *tag, *digest, *canonical;
        bool in_library;
    } rows[] = {
        {"nginx", "docker.io", "nginx", "", "", "docker.io/library/nginx:latest", true},
        {"nginx:1.27", "docker.io", "nginx", "1.27", "", "docker.io/library/nginx:1.27", true},
        {"nginx@" SHA256, "docker.io", "nginx", "", SHA256, "docker.io/library/nginx@" SHA256,
         true},
        {"nginx:1.27@" SHA256, "docker.io", "nginx", "1.27", SHA256,
         "docker.io/library/nginx:1.27@" SHA256, true},
        {"nginx@" SHA512, "docker.io", "nginx", "", SHA512, "docker.io/library/nginx@" SHA512,
         true},
        {"docker.io/nginx", "docker.io", "nginx", "", "", "docker.io/library/nginx:latest", true},
        {"index.docker.io/nginx", "index.docker.io", "nginx", "", "",
         "docker.io/library/nginx:latest", true},
        {"docker.io/library/nginx", "docker.io", "library/nginx", "", "",
         "docker.io/library/nginx:latest", false},
        {"library/nginx", "docker.io", "library/nginx", "", "", "docker.io/library/nginx:latest",
         false},
        {"contoso/web", "docker.io", "contoso/web", "", "", "docker.io/contoso/web:latest", false},
        {"localhost/web", "localhost", "web", "", "", "localhost/web:latest", false},
        {"localhost:5000/web:1", "localhost:5000", "web", "1", "", "localhost:5000/web:1", false},
        {"localhost:5000", "docker.io", "localhost", "5000", "", "docker.io/library/localhost:5000",
         true},
        {"localhost", "docker.io", "localhost", "", "", "docker.io/library/localhost:latest", true},
        {"registry:5000/a/b", "registry:5000", "a/b", "", "", "registry:5000/a/b:latest", false},
        {"contoso.azurecr.io/shop/web:1.4.0", "contoso.azurecr.io", "shop/web", "1.4.0", "",
         "contoso.azurecr.io/shop/web:1.4.0", false},
        {"Contoso.AzureCR.io/web", "Contoso.AzureCR.io", "web", "", "",
         "contoso.azurecr.io/web:latest", false},
        {"Contoso/web", "Contoso", "web", "", "", "Contoso/web:latest", false},
        {"contoso.azurecr.io:443/web", "contoso.azurecr.io:443", "web", "", "",
         "contoso.azurecr.io/web:latest", false},
        {"contoso.azurecr.io:4430/web", "contoso.azurecr.io:4430", "web", "", "",
         "contoso.azurecr.io:4430/web:latest", false},
        {"[::1]/web", "[::1]", "web", "", "", "[::1]/web:latest", false},
        {"[::1]:5000/web:1", "[::1]:5000", "web", "1", "", "[::1]:5000/web:1", false},
        {"[2001:DB8::1]/web", "[2001:DB8::1]", "web", "", "", "[2001:db8::1]/web:latest", false},
        {"a.b/c", "a.b", "c", "", "", "a.b/c:latest", false},
        {"1.2.3.4/c", "1.2.3.4", "c", "", "", "1.2.3.4/c:latest", false},
        {"a.b:0/c", "a.b:0", "c", "", "", "a.b:0/c:latest", false},
        {"x--y.z/c", "x--y.z", "c", "", "", "x--y.z/c:latest", false},
        {"a.b/c.d_e__f-g--h---i", "a.b", "c.d_e__f-g--h---i", "", "",
         "a.b/c.d_e__f-g--h---i:latest", false},
        {"a.b/0/1/2", "a.b", "0/1/2", "", "", "a.b/0/1/2:latest", false},
        {"a", "docker.io", "a", "", "", "docker.io/library/a:latest", true},
        {"a:_", "docker.io", "a", "_", "", "docker.io/library/a:_", true},
        {"a:A.b-C_9", "docker.io", "a", "A.b-C_9", "", "docker.io/library/a:A.b-C_9", true},
        {"a:" HEX64, "docker.io", "a", HEX64, "", "docker.io/library/a:" HEX64, true},
        {HEX64 ":1", "docker.io", HEX64, "1", "", "docker.io/library/" HEX64 ":1", true},
        {HEX32, "docker.io", HEX32, "", "", "docker.io/library/" HEX32 ":latest", true},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref = {0};
        const char *row = rows[i].text;
        struct str text = exact_copy(str_of(row));
        CHECK_INT(row, imageref_parse(text, &ref), IMAGEREF_OK);
        CHECK_STR(row, ref.host, str_of(rows[i].host));
        CHECK_STR(row, ref.path, str_of(rows[i].path));
        CHECK_STR(row, ref.tag, str_of(rows[i].tag));
        CHECK_STR(row, ref.digest, str_of(rows[i].digest));
        CHECK_INT(row, ref.in_library, rows[i].in_library);
        struct buf buf = BUF_INIT(&arena, 1000);
        buf_add_imageref(&buf, &ref);
        CHECK_STR(row, finished(&buf), str_of(rows[i].canonical));
        exact_free(text);
    }
}

TEST(bad_names)
{
    static const struct {
        struct str text;
        enum imageref_fault fault;
    } rows[] = {
        {STR_INIT(""), IMAGEREF_EMPTY},
        {{NULL, 0}, IMAGEREF_EMPTY},
        {STR_INIT(" "), IMAGEREF_SPACE},
        {STR_INIT(" nginx"), IMAGEREF_SPACE},
        {STR_INIT("nginx "), IMAGEREF_SPACE},
        {STR_INIT("nginx\n"), IMAGEREF_SPACE},
        {STR_INIT("ng\tinx"), IMAGEREF_SPACE},
        {STR_INIT("nginx\0"), IMAGEREF_SPACE},
        {STR_INIT("nginx:1\0@" SHA256), IMAGEREF_SPACE},
        {STR_INIT("nginx\x7f"), IMAGEREF_SPACE},
        {STR_INIT("nginx@" SHA256 "\n"), IMAGEREF_SPACE},
        {STR_INIT("ngin\xd1\x85"), IMAGEREF_NOT_ASCII},
        {STR_INIT("nginx\xc2\xa0"), IMAGEREF_NOT_ASCII},
        {STR_INIT("nginx\xff"), IMAGEREF_NOT_ASCII},
        {STR_INIT("Nginx"), IMAGEREF_UPPER_CASE},
        {STR_INIT("a.b/Web"), IMAGEREF_UPPER_CASE},
        {STR_INIT("contoso/Web:1"), IMAGEREF_UPPER_CASE},
        {STR_INIT(HEX64), IMAGEREF_HEX64},
        {STR_INIT("-a.b/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a-.b/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a..b/c"), IMAGEREF_BAD_HOST},
        {STR_INIT(".a.b/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a.b./c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a_b.c/d"), IMAGEREF_BAD_HOST},
        {STR_INIT("a.b:/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a.b:80x/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a.b:-1/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("a.b:80:81/c"), IMAGEREF_BAD_HOST},
        {STR_INIT(":80/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[::1/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("::1]/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[]:80/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[::g]/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[::1%25eth0]/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[::ffff:1.2.3.4]/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("[::1]x/c.d"), IMAGEREF_BAD_HOST},
        {STR_INIT("user:pw@a.b/c"), IMAGEREF_DIGEST_FORM},
        {STR_INIT("https://a.b/c"), IMAGEREF_BAD_HOST},
        {STR_INIT("/nginx"), IMAGEREF_BAD_PATH},
        {STR_INIT("nginx/"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b//c"), IMAGEREF_BAD_PATH},
        {STR_INIT("contoso//web"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/.c"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c."), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c..d"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c___d"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c._d"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c-_d"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/../c"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c+d"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c%2fd"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/c-"), IMAGEREF_BAD_PATH},
        {STR_INIT("a.b/-c"), IMAGEREF_BAD_PATH},
        {STR_INIT(":1"), IMAGEREF_BAD_PATH},
        {STR_INIT("@" SHA256), IMAGEREF_BAD_PATH},
        {STR_INIT("nginx:1:2"), IMAGEREF_BAD_PATH},
        {STR_INIT("$IMAGE"), IMAGEREF_UPPER_CASE},
        {STR_INIT("${image}"), IMAGEREF_BAD_PATH},
        {STR_INIT("{{.image}}"), IMAGEREF_BAD_PATH},
        {STR_INIT("nginx:"), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx:.1"), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx:-1"), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx:1+2"), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx:1$"), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx:@" SHA256), IMAGEREF_BAD_TAG},
        {STR_INIT("nginx@"), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@sha256"), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@sha256:"), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@" HEX64), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@:" HEX64), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@sha1:" HEX32), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@sha384:" HEX64 HEX32), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@SHA256:" HEX64), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@sha256+b64:" HEX64), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@" SHA256 "0"), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@sha256:" HEX32), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@sha512:" HEX64), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@sha256:" HEX64 HEX64), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@" SHA512 "0"), IMAGEREF_DIGEST_LENGTH},
        {STR_INIT("nginx@sha256:0123456789ABCDEF" HEX32 "0123456789abcdef"),
         IMAGEREF_DIGEST_UPPER_CASE},
        {STR_INIT("nginx@sha256:g" HEX32 "0123456789abcdef0123456789abcde"), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@" SHA256 ":1"), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@" SHA256 "@" SHA256), IMAGEREF_DIGEST_FORM},
        {STR_INIT("nginx@@" SHA256), IMAGEREF_DIGEST_ALGORITHM},
        {STR_INIT("nginx@sha256:" HEX64 "/x"), IMAGEREF_DIGEST_FORM},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref = {.host = STR("untouched")};
        const char *row = rows[i].text.ptr ? rows[i].text.ptr : "none";
        struct str text = exact_copy(rows[i].text);
        enum imageref_fault fault = imageref_parse(text, &ref);
        exact_free(text);
        CHECK_STR(row, str_of(imageref_fault_text(fault)),
                  str_of(imageref_fault_text(rows[i].fault)));
        CHECK_INT(row, fault, rows[i].fault);
        CHECK_STR(row, ref.host, STR("untouched"));
    }
}

/* The longest of each part that is taken, and one byte more. */
TEST(limits)
{
    TEST_ARENA(arena);
    const struct {
        const char *name, *before, *behind;
        size_t longest;
        enum imageref_fault beyond;
    } rows[] = {
        {"path", "a.b/", ":1", 255, IMAGEREF_TOO_LONG},
        {"path with digest", "a.b/", "@" SHA256, 255, IMAGEREF_TOO_LONG},
        {"path on the hub", "docker.io/x/", "", 253, IMAGEREF_TOO_LONG},
        {"path on the hub without host", "x/", "", 253, IMAGEREF_TOO_LONG},
        {"path that stands for library/", "", "", 247, IMAGEREF_TOO_LONG},
        {"path of the hub that stands for library/", "docker.io/", "", 247, IMAGEREF_TOO_LONG},
        {"host", "a.b.", "/c", 257, IMAGEREF_BAD_HOST},
        {"host with a port", "a.b.", ":5000/c", 252, IMAGEREF_BAD_HOST},
        {"tag", "a.b/c:", "", 128, IMAGEREF_BAD_TAG},
        {"tag before a digest", "a.b/c:", "@" SHA256, 128, IMAGEREF_BAD_TAG},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t more = 0; more < 2; more++) {
            struct buf buf = BUF_INIT(&arena, 2000);
            struct imageref ref;
            buf_add(&buf, str_of(rows[i].before));
            buf_add(&buf, run_of(&arena, 'x', rows[i].longest + more));
            buf_add(&buf, str_of(rows[i].behind));
            CHECK_INT(rows[i].name, imageref_parse(finished(&buf), &ref),
                      more ? rows[i].beyond : IMAGEREF_OK);
        }
}

/* One hex digit less, as many as it takes, one more. */
TEST(digests_are_of_one_length)
{
    TEST_ARENA(arena);
    for (size_t len = 0; len < 200; len++) {
        char row[32];
        snprintf(row, sizeof(row), "%zu digits", len);
        struct str hex = run_of(&arena, 'a', len);
        struct buf small = BUF_INIT(&arena, 300), large = BUF_INIT(&arena, 300);
        buf_addf(&small, "sha256:%s", hex.ptr);
        buf_addf(&large, "sha512:%s", hex.ptr);
        CHECK_INT(row, digest_check(finished(&small)),
                  len == 64 ? IMAGEREF_OK : IMAGEREF_DIGEST_LENGTH);
        CHECK_INT(row, digest_check(finished(&large)),
                  len == 128 ? IMAGEREF_OK : IMAGEREF_DIGEST_LENGTH);
    }
    assert_int_equal(digest_check(STR_NONE), IMAGEREF_DIGEST_FORM);
    assert_int_equal(digest_check(STR("sha256")), IMAGEREF_DIGEST_FORM);
}

/* Every byte at every place of a digest: only sixteen will do. */
TEST(digests_are_lower_case_hex)
{
    char digest[] = SHA256;
    for (size_t i = 7; i < sizeof(digest) - 1; i++) {
        char good = digest[i];
        for (int c = 0; c < 256; c++) {
            digest[i] = (char)c;
            bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if ((digest_check((struct str){digest, sizeof(digest) - 1}) == IMAGEREF_OK) != hex)
                fail_msg("byte %02x at %zu", (unsigned)c, i);
        }
        digest[i] = good;
    }
}

TEST(faults_have_texts)
{
    for (int fault = IMAGEREF_OK; fault <= IMAGEREF_DIGEST_FORM; fault++) {
        const char *text = imageref_fault_text((enum imageref_fault)fault);
        assert_non_null(text);
        assert_true(strlen(text) > 10 && strlen(text) < 256);
        assert_true(text[strlen(text) - 1] != '.' && !strchr(text, '\n'));
        for (int other = IMAGEREF_OK; other < fault; other++)
            assert_string_not_equal(text, imageref_fault_text((enum imageref_fault)other));
    }
    assert_false(imageref_fault_in_digest(IMAGEREF_OK));
    assert_false(imageref_fault_in_digest(IMAGEREF_BAD_TAG));
    assert_true(imageref_fault_in_digest(IMAGEREF_DIGEST_ALGORITHM));
    assert_true(imageref_fault_in_digest(IMAGEREF_DIGEST_LENGTH));
    assert_true(imageref_fault_in_digest(IMAGEREF_DIGEST_UPPER_CASE));
    assert_true(imageref_fault_in_digest(IMAGEREF_DIGEST_FORM));
}

TEST(hosts)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"contoso.azurecr.io", "contoso.azurecr.io", true},
        {"contoso.azurecr.io", "Contoso.AZURECR.io", true},
        {"contoso.azurecr.io", "contoso.azurecr.io:443", true},
        {"contoso.azurecr.io", "contoso.azurecr.io:80", false},
        {"contoso.azurecr.io", "contoso.azurecr.io:4430", false},
        {"contoso.azurecr.io", "contoso.azurecr.io:0443", false},
        {"contoso.azurecr.io:5000", "contoso.azurecr.io:5001", false},
        {"contoso.azurecr.io", "fabrikam.azurecr.io", false},
        {"contoso.azurecr.io", "contoso.azurecr.io.evil.example", false},
        {"docker.io", "index.docker.io", true},
        {"docker.io", "registry-1.docker.io", true},
        {"docker.io", "registry.hub.docker.com", true},
        {"docker.io", "INDEX.docker.io:443", true},
        {"docker.io", "Docker.io", true},
        {"docker.io", "hub.docker.com", false},
        {"docker.io", "evil.docker.io", false},
        {"docker.io", "index.docker.io:80", false},
        {"[::1]", "[::1]:443", true},
        {"[::1]", "[::1]:5000", false},
        {"[::a]", "[::A]", true},
        {"[::1]", "[::443]", false},
        {"localhost", "localhost:443", true},
        {"registry:443", "Registry:443", true},
        {"registry:443", "registry:80", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[100];
        snprintf(row, sizeof(row), "%s and %s", rows[i].a, rows[i].b);
        CHECK_INT(row, host_same(str_of(rows[i].a), str_of(rows[i].b)), rows[i].same);
        CHECK_INT(row, host_same(str_of(rows[i].b), str_of(rows[i].a)), rows[i].same);
        CHECK(row, host_same(str_of(rows[i].b), str_of(rows[i].b)));
    }
}

TEST(repositories)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"nginx", "nginx:1.27@" SHA256, true},
        {"nginx", "docker.io/library/nginx", true},
        {"nginx", "library/nginx", true},
        {"nginx", "index.docker.io/library/nginx", true},
        {"nginx", "registry-1.docker.io/library/nginx", true},
        {"nginx", "DOCKER.IO/library/nginx", true},
        {"library/nginx", "index.docker.io/library/nginx", true},
        {"nginx", "library/nginx2", false},
        {"nginx", "contoso/nginx", false},
        {"nginx", "library/library/nginx", false},
        {"nginx", "quay.io/nginx", false},
        {"nginx", "quay.io/library/nginx", false},
        {"nginx", "nginx2", false},
        {"contoso/nginx", "nginx", false},
        {"a.b/c", "A.B:443/c:1", true},
        {"a.b/c", "a.b:80/c", false},
        {"a.b/c", "a.b/c/d", false},
        {"a.b/c", "a.b/d", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[200];
        struct imageref a, b;
        snprintf(row, sizeof(row), "%s and %s", rows[i].a, rows[i].b);
        CHECK_INT(row, imageref_parse(str_of(rows[i].a), &a), IMAGEREF_OK);
        CHECK_INT(row, imageref_parse(str_of(rows[i].b), &b), IMAGEREF_OK);
        CHECK_INT(row, imageref_same_repository(&a, &b), rows[i].same);
        CHECK_INT(row, imageref_same_repository(&b, &a), rows[i].same);
    }
}

static void print_repository(struct arena *arena, const struct imageref *ref, struct str *ret_text)
{
    struct buf buf = BUF_INIT(arena, 1000);
    buf_add_repository(&buf, ref);
    *ret_text = finished(&buf);
}

/* A printed repository is read as the one it was printed from, or a person is sent elsewhere. */
TEST(printed_repositories_mean_the_same)
{
    static const char *const rows[] = {
        "nginx",
        "docker.io/nginx",
        "contoso/web",
        "a.b:443/c",
        "A.b/c",
        "Contoso/web",
        "Contoso:443/web",
        "contoso:443/web",
        "[::A]:443/c",
        "registry-1.docker.io/library/nginx",
        "registry-1.docker.io/nginx",
        "docker.io:443/nginx",
        "DOCKER.io/nginx",
        "registry.hub.docker.com/nginx",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref, back;
        struct str text;
        CHECK_INT(rows[i], imageref_parse(str_of(rows[i]), &ref), IMAGEREF_OK);
        print_repository(&arena, &ref, &text);
        CHECK_INT(rows[i], imageref_parse(text, &back), IMAGEREF_OK);
        CHECK(rows[i], imageref_same_repository(&ref, &back));
    }
}

TEST(normal_hosts)
{
    static const struct {
        const char *host, *normal;
    } rows[] = {
        {"docker.io", "docker.io"},
        {"Index.Docker.io:443", "docker.io"},
        {"registry.hub.docker.com", "docker.io"},
        {"[::1]:5000", "[::1]:5000"},
        {"[::1]:443", "[::1]"},
        {"Contoso.azurecr.io", "contoso.azurecr.io"},
        {"contoso.azurecr.io:443", "contoso.azurecr.io"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[64];
        size_t len = strlen(rows[i].normal);
        struct buf buf = BUF_INIT(&arena, 100);
        struct str host = str_of(rows[i].host);
        CHECK_STR(rows[i].host, host_normal(host, out, sizeof(out)), str_of(rows[i].normal));
        CHECK_STR(rows[i].host, host_normal(host, out, len), str_of(rows[i].normal));
        CHECK(rows[i].host, host_normal(host, out, len - 1).ptr == NULL);
        CHECK(rows[i].host, host_normal(host, out, 0).ptr == NULL);
        buf_add_host(&buf, host);
        CHECK_STR(rows[i].host, finished(&buf), str_of(rows[i].normal));
    }
}

/* Each byte in each place of a good name: it is refused or printed in ASCII, and never misread. */
TEST(every_byte_everywhere)
{
    static const char name[] = "a-b.c:5/d_e:f@" SHA256;
    char text[sizeof(name)];
    for (size_t i = 0; i < sizeof(name) - 1; i++)
        for (int c = 0; c < 256; c++) {
            struct imageref ref;
            memcpy(text, name, sizeof(name));
            text[i] = (char)c;
            enum imageref_fault fault = imageref_parse((struct str){text, sizeof(name) - 1}, &ref);
            if (fault == IMAGEREF_OK && (c <= ' ' || c >= 0x7f || strchr("%$+!*()[]{}\\\"'", c)))
                fail_msg("byte %02x at %zu was taken", (unsigned)c, i);
            if (fault == IMAGEREF_OK && i > 14 && ref.digest.len != 71)
                fail_msg("byte %02x at %zu cost the digest", (unsigned)c, i);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(limits),
        cmocka_unit_test(digests_are_of_one_length),
        cmocka_unit_test(digests_are_lower_case_hex),
        cmocka_unit_test(faults_have_texts),
        cmocka_unit_test(hosts),
        cmocka_unit_test(repositories),
        cmocka_unit_test(printed_repositories_mean_the_same),
        cmocka_unit_test(normal_hosts),
        cmocka_unit_test(every_byte_everywhere),
    };
    return cmocka_run_group_tests_name("imageref", tests, NULL, NULL);
}
