/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/challenge.h"

#include "pinnace/banned.h"

TEST(read)
{
    static const struct {
        const char *value; /* with ' for " */
        unsigned count;
        enum challenge_scheme scheme;
        const char *realm, *service, *scope; /* of the picked one */
    } rows[] = {
        {"Bearer realm='https://a.b/token',service='a.b',scope='repository:x/y:pull'", 1,
         CHALLENGE_BEARER, "https://a.b/token", "a.b", "repository:x/y:pull"},
        {"bEaReR realm='r',scope='repository:a:pull,push'", 1, CHALLENGE_BEARER, "r", "",
         "repository:a:pull,push"},
        {"Bearer realm = 'r' , service\t=\t's'", 1, CHALLENGE_BEARER, "r", "s", ""},
        {"Bearer realm=r,service=s", 1, CHALLENGE_BEARER, "r", "s", ""},
        {"Bearer realm='a\\'b\\\\c',error='invalid_token'", 1, CHALLENGE_BEARER, "a'b\\c", "", ""},
        {"Basic realm='x', Bearer realm='r'", 2, CHALLENGE_BEARER, "r", "", ""},
        {"Bearer realm='r', Basic realm='x'", 2, CHALLENGE_BEARER, "r", "", ""},
        {"Basic realm='Registry, \\'quoted\\''", 1, CHALLENGE_BASIC, "Registry, 'quoted'", "", ""},
        {"Basic", 1, CHALLENGE_BASIC, "", "", ""},
        {"Bearer, Basic realm=x", 2, CHALLENGE_BASIC, "x", "", ""},
        {"Negotiate YIIab+/==, Basic realm='x'", 2, CHALLENGE_BASIC, "x", "", ""},
        {"Negotiate, Digest qop='auth, auth-int', nonce=a, Basic realm='x'", 3, CHALLENGE_BASIC,
         "x", "", ""},
        {" , ,Basic realm='x',, ", 1, CHALLENGE_BASIC, "x", "", ""},
        {"Digest realm='x'", 1, CHALLENGE_OTHER, NULL, NULL, NULL},
        {"", 0, CHALLENGE_OTHER, NULL, NULL, NULL},
        {"Bearer realm=''", 1, CHALLENGE_OTHER, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct challenges challenges = {.count = 0};
        struct str value = exact_copy(json_of(&arena, rows[i].value));
        if (challenges_add(&challenges, value, &arena, &err) < 0)
            fail_msg("%s: %s", rows[i].value, err.text);
        CHECK_INT(rows[i].value, challenges.count, rows[i].count);
        const struct challenge *picked = challenges_pick(&challenges);
        CHECK(rows[i].value, (picked != NULL) == (rows[i].realm != NULL));
        if (picked) {
            CHECK_INT(rows[i].value, picked->scheme, rows[i].scheme);
            CHECK_STR(rows[i].value, picked->realm, json_of(&arena, rows[i].realm));
            CHECK_STR(rows[i].value, picked->service, str_of(rows[i].service));
            CHECK_STR(rows[i].value, picked->scope, str_of(rows[i].scope));
        }
        exact_free(value);
    }
}

TEST(refused)
{
    static const char *const rows[][2] = {
        {"Bearer realm='r", "closing quote"},
        {"Bearer realm='r\\", "closing quote"},
        {"Bearer realm='r\n'", "control character"},
        {"Bearer realm=", "without a value"},
        {"Bearer realm=,service=s", "without a value"},
        {"realm='r'", "without a scheme"},
        {"Bearer realm='r',realm='s'", "given twice"},
        {"'Bearer'", "neither a scheme nor"},
        {"Bearer realm='r';service='s'", "neither a scheme nor"},
        {"a,b,c,d,e,f,g,h,i", "more than 8"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct challenges challenges = {.count = 0};
        struct str value = exact_copy(json_of(&arena, rows[i][0]));
        CHECK_INT(rows[i][0], challenges_add(&challenges, value, &arena, &err), -1);
        CHECK_HAS(rows[i][0], ERR_TEXT(err), rows[i][1]);
        CHECK_INT(rows[i][0], challenges.count, 0);
        exact_free(value);
    }
}

TEST(several_headers)
{
    TEST_ARENA(arena);
    struct challenges challenges = {.count = 0};
    assert_int_equal(challenges_add(&challenges, STR("Basic realm=x"), &arena, NULL), 0);
    assert_int_equal(challenges_add(&challenges, STR("realm=x"), &arena, NULL), -1);
    assert_int_equal(challenges_add(&challenges, STR("Bearer realm=y"), &arena, NULL), 0);
    assert_int_equal(challenges.count, 2);
    CHECK_STR("picked", challenges_pick(&challenges)->realm, STR("y"));
    assert_int_equal(
        challenges_add(&challenges, run_of(&arena, ',', CHALLENGE_MAX_BYTES + 1), &arena, NULL),
        -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read),
        cmocka_unit_test(refused),
        cmocka_unit_test(several_headers),
    };
    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
