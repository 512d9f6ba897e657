/* SPDX-License-Identifier: Apache-2.0 */
/* What we make is held against OpenSSL's own verification, as a server's peer would do it. */
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "../check.h"

#include "pinnace/pki.h"

#include "pinnace/banned.h"

#define T0 INT64_C(1795000000)
#define DAY INT64_C(86400)

static const struct pki_span year = {T0 - 300, T0 + 365 * DAY};
static const struct pki_span month = {T0 - 300, T0 + 30 * DAY};
static const struct str names[] = {STR_INIT("pinnace-webhook.pinnace-system.svc"),
                                   STR_INIT("pinnace-webhook")};

static struct pki_pair make_ca(struct arena *arena)
{
    struct pki_pair ca = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(pki_make_ca("pinnace", year, arena, &ca, &err), 0);
    return ca;
}

static struct pki_pair make_leaf(const struct pki_pair *ca, struct arena *arena)
{
    struct pki_pair leaf = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(pki_make_leaf(ca, names, COUNT(names), month, arena, &leaf, &err), 0);
    return leaf;
}

static X509 *parsed(struct str text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

/* As a client does: chain, purpose, name and time. 0: trusted. */
static int verdict(struct str leaf_text, struct str ca_text, const char *host, int64_t now)
{
    X509 *leaf = parsed(leaf_text), *ca = parsed(ca_text);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_verify_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(ca);
    return error;
}

TEST(peers_trust_it)
{
    TEST_ARENA(arena);
    struct pki_pair ca = make_ca(&arena), other = make_ca(&arena);
    struct pki_pair leaf = make_leaf(&ca, &arena);
    const struct {
        const char *name;
        struct str ca;
        const char *host;
        int64_t now;
        int want;
    } rows[] = {
        {"trusted", ca.cert, "pinnace-webhook.pinnace-system.svc", T0, X509_V_OK},
        {"by the other name", ca.cert, "pinnace-webhook", T0, X509_V_OK},
        {"another name", ca.cert, "elsewhere", T0, X509_V_ERR_HOSTNAME_MISMATCH},
        {"too early", ca.cert, "pinnace-webhook", T0 - DAY, X509_V_ERR_CERT_NOT_YET_VALID},
        {"too late", ca.cert, "pinnace-webhook", T0 + 31 * DAY, X509_V_ERR_CERT_HAS_EXPIRED},
        {"another CA of the same name", other.cert, "pinnace-webhook", T0,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name, verdict(leaf.cert, rows[i].ca, rows[i].host, rows[i].now),
                  rows[i].want);
}

TEST(facts)
{
    TEST_ARENA(arena);
    struct pki_pair ca = make_ca(&arena), leaf = make_leaf(&ca, &arena);
    struct pki_facts facts = {0};
    struct err err = ERR_CLEAN;
    CHECK_INT("CA", pki_read(ca.cert, &arena, &facts, &err), 0);
    CHECK("CA", facts.is_ca && facts.name_count == 0);
    CHECK_INT("CA", facts.span.not_before, year.not_before);
    CHECK_INT("CA", facts.span.not_after, year.not_after);
    CHECK_INT("leaf", pki_read(leaf.cert, &arena, &facts, &err), 0);
    CHECK("leaf", !facts.is_ca);
    CHECK_INT("leaf", facts.name_count, COUNT(names));
    CHECK_STR("leaf", facts.names[0], names[0]);
    CHECK_STR("leaf", facts.names[1], names[1]);
    CHECK_INT("leaf", facts.span.not_after, month.not_after);
}

TEST(who_belongs_to_whom)
{
    TEST_ARENA(arena);
    struct pki_pair ca = make_ca(&arena), other = make_ca(&arena);
    struct pki_pair leaf = make_leaf(&ca, &arena);
    struct pki_pair mixed = {leaf.cert, ca.key};
    CHECK("signed", pki_signed_by(leaf.cert, ca.cert));
    CHECK("by another of the same name", !pki_signed_by(leaf.cert, other.cert));
    CHECK("by itself", pki_signed_by(ca.cert, ca.cert));
    CHECK("the other way round", !pki_signed_by(ca.cert, leaf.cert));
    CHECK("rubbish", !pki_signed_by(leaf.cert, STR("rubbish")) && !pki_signed_by(STR(""), ca.cert));
    CHECK("its key", pki_key_fits(&leaf) && pki_key_fits(&ca));
    CHECK("another key", !pki_key_fits(&mixed));
    CHECK("no key", !pki_key_fits(&(struct pki_pair){leaf.cert, STR("")}));
}

TEST(bundles)
{
    TEST_ARENA(arena);
    struct pki_pair ca = make_ca(&arena), other = make_ca(&arena), third = make_ca(&arena);
    struct str bundle =
        json_format(&arena, "%.*s\n  \n%.*s\n", STR_FMT(ca.cert), STR_FMT(other.cert));
    struct sha256 *sums = NULL;
    size_t count = 77;
    struct pki_facts facts;
    struct str picked = STR_NONE;
    struct err err = ERR_CLEAN;
    CHECK_INT("two", pki_read_bundle(bundle, &arena, &sums, &count, &err), 0);
    CHECK_INT("two", count, 2);
    pki_read(other.cert, &arena, &facts, &err);
    CHECK("in their order", sha256_eq(&sums[1], &facts.sum) && !sha256_eq(&sums[0], &facts.sum));
    CHECK_INT("one of them", pki_pick(bundle, &facts.sum, &arena, &picked, &err), 0);
    CHECK_STR("one of them", picked, other.cert);
    pki_read(third.cert, &arena, &facts, &err);
    CHECK_INT("none of them", pki_pick(bundle, &facts.sum, &arena, &picked, &err), -1);
    CHECK_INT("empty", pki_read_bundle(STR(""), &arena, &sums, &count, &err), 0);
    CHECK_INT("empty", count, 0);
    CHECK_INT("white space", pki_read_bundle(STR("\n \n"), &arena, &sums, &count, &err), 0);
    CHECK_INT("rubbish", pki_read_bundle(STR("rubbish"), &arena, &sums, &count, &err), -1);
    bundle = json_format(&arena, "%.*srubbish", STR_FMT(ca.cert));
    CHECK_INT("rubbish behind", pki_read_bundle(bundle, &arena, &sums, &count, &err), -1);
    CHECK_INT("rubbish", err.kind, ERR_INPUT);
}

TEST(refused)
{
    TEST_ARENA(arena);
    struct pki_pair ca = make_ca(&arena), leaf = {STR("untouched"), STR("untouched")};
    struct pki_pair no_ca = {STR("rubbish"), ca.key}, no_key = {ca.cert, STR("")};
    static const struct str bad[] = {STR_INIT(""), STR_INIT("a b"), STR_INIT("a\0b"),
                                     STR_INIT("a,DNS:b"), STR_INIT("\xc3\xa4")};
    struct err err = ERR_CLEAN;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_INT(bad[i].ptr, pki_make_leaf(&ca, &bad[i], 1, month, &arena, &leaf, &err), -1);
    CHECK_INT("no name", pki_make_leaf(&ca, names, 0, month, &arena, &leaf, &err), -1);
    CHECK_INT("no CA", pki_make_leaf(&no_ca, names, 1, month, &arena, &leaf, &err), -1);
    CHECK_INT("no key", pki_make_leaf(&no_key, names, 1, month, &arena, &leaf, &err), -1);
    CHECK_STR("untouched", leaf.cert, STR("untouched"));
    struct pki_facts facts = {.name_count = 77};
    CHECK_INT("rubbish", pki_read(STR("rubbish"), &arena, &facts, &err), -1);
    CHECK_INT("half a certificate", pki_read(str_head(ca.cert, 200), &arena, &facts, &err), -1);
    CHECK_INT("untouched", facts.name_count, 77);
}

TEST(sums)
{
    static const unsigned char want[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    struct sha256 sum, empty;
    struct err err = ERR_CLEAN;
    assert_int_equal(sha256_of(STR("abc"), &sum, &err), 0);
    assert_memory_equal(sum.bytes, want, sizeof(want));
    assert_int_equal(sha256_of(STR_NONE, &empty, &err), 0);
    assert_int_equal(empty.bytes[0], 0xe3);
}

TEST(keyed_sums)
{
    static const struct {
        const char *key, *data, *first; /* four bytes of the sum, of published vectors */
    } rows[] = {
        {"Jefe", "what do ya want for nothing?", "\x5b\xdc\xc1\x46"},
        {"It's a Secret to Everybody", "Hello, World!", "\x75\x71\x07\xea"},
        {"", "", "\xb6\x13\x67\x9a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sha256 sum, other;
        struct str key = str_of(rows[i].key), data = str_of(rows[i].data);
        assert_int_equal(hook_tools.hmac(HOOK_SHA256, key, data, sum.bytes), 32);
        CHECK_INT(rows[i].data, memcmp(sum.bytes, rows[i].first, 4), 0);
        assert_int_equal(hook_tools.hmac(HOOK_SHA256, STR("another"), data, other.bytes), 32);
        CHECK(rows[i].data, !sha256_eq(&sum, &other));
    }
}

TEST(compared_secrets)
{
    static const struct {
        const char *a, *b;
    } rows[] = {{"", ""},         {"a", "a"},       {"a", "b"},       {"a", ""},
                {"abcd", "abce"}, {"abcd", "bbcd"}, {"abcd", "abcd"}, {"abcd", "abcde"}};
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].b, hook_tools.equal(str_of(rows[i].a), str_of(rows[i].b)),
                  strcmp(rows[i].a, rows[i].b) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_trust_it),
        cmocka_unit_test(facts),
        cmocka_unit_test(who_belongs_to_whom),
        cmocka_unit_test(bundles),
        cmocka_unit_test(refused),
        cmocka_unit_test(sums),
        cmocka_unit_test(keyed_sums),
        cmocka_unit_test(compared_secrets),
    };
    return cmocka_run_group_tests_name("pki", tests, NULL, NULL);
}
