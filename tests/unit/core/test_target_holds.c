/* SPDX-License-Identifier: Apache-2.0 */
#include "../rolloutobjects.h"

#include "pinnace/banned.h"

TEST(holds)
{
    static const struct {
        const char *container;
        struct workload_image images[3];
        enum target_holds want;
        const char *tag, *digest;
    } rows[] = {
        {"", {{{0}, {0}, false}}, HOLDS_NOTHING, "", ""},
        {"", {{STR_INIT("web"), STR_INIT(WEB "@" A), false}}, HOLDS_ONE, "", A},
        {"", {{STR_INIT("web"), STR_INIT(WEB ":1.2@" A), false}}, HOLDS_ONE, "1.2", A},
        {"",
         {{STR_INIT("web"), STR_INIT("REGISTRY.example:443/shop/web:1@" A), false}},
         HOLDS_ONE,
         "1",
         A},
        {"", {{STR_INIT("web"), STR_INIT(WEB), false}}, HOLDS_TAG, "", ""},
        {"", {{STR_INIT("web"), STR_INIT(WEB ":1"), false}}, HOLDS_TAG, "1", ""},
        {"",
         {{STR_INIT("web"), STR_INIT("other.example/shop/web@" A), false}},
         HOLDS_NOTHING,
         "",
         ""},
        {"", {{STR_INIT("web"), STR_INIT("UPPER@" A), false}}, HOLDS_NOTHING, "", ""},
        {"",
         {{STR_INIT("side"), STR_INIT("envoy:1"), false},
          {STR_INIT("web"), STR_INIT(WEB "@" A), false}},
         HOLDS_ONE,
         "",
         A},
        /* Init containers count like all others. */
        {"",
         {{STR_INIT("web"), STR_INIT(WEB ":1@" A), false},
          {STR_INIT("prepare"), STR_INIT(WEB ":1@" A), true}},
         HOLDS_ONE,
         "1",
         A},
        {"",
         {{STR_INIT("web"), STR_INIT(WEB ":1@" A), false},
          {STR_INIT("prepare"), STR_INIT(WEB ":2@" B), true}},
         HOLDS_SEVERAL,
         "1",
         ""},
        {"",
         {{STR_INIT("web"), STR_INIT(WEB ":1@" A), false},
          {STR_INIT("prepare"), STR_INIT(WEB ":2@" B), true},
          {STR_INIT("more"), STR_INIT(WEB ":2@" A), false}},
         HOLDS_SEVERAL,
         "1",
         ""},
        {"",
         {{STR_INIT("web"), STR_INIT(WEB ":1@" A), false},
          {STR_INIT("prepare"), STR_INIT(WEB ":2"), true}},
         HOLDS_TAG,
         "2",
         ""},
        /* One that is named is meant, whatever stands there. */
        {"web",
         {{STR_INIT("web"), STR_INIT(WEB ":1@" A), false},
          {STR_INIT("prepare"), STR_INIT(WEB ":2"), true}},
         HOLDS_ONE,
         "1",
         A},
        {"web", {{STR_INIT("web"), STR_INIT("nginx:1.27@" A), false}}, HOLDS_TAG, "", ""},
        {"web", {{STR_INIT("web"), STR_INIT("UPPER"), false}}, HOLDS_TAG, "", ""},
        {"web", {{STR_INIT("api"), STR_INIT(WEB "@" A), false}}, HOLDS_NOTHING, "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trackspec spec = spec_of(WEB, rows[i].container);
        struct workload_facts facts = {0};
        struct str tag = STR("?"), digest = STR("?");
        char row[8];
        snprintf(row, sizeof(row), "%zu", i);
        for (; facts.image_count < 3 && rows[i].images[facts.image_count].container.len;
             facts.image_count++)
            facts.images[facts.image_count] = rows[i].images[facts.image_count];
        CHECK_INT(row, target_holds(&spec, &spec.targets[0], &facts, &tag, &digest), rows[i].want);
        CHECK_STR(row, tag, str_of(rows[i].tag));
        CHECK_STR(row, digest, str_of(rows[i].digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
