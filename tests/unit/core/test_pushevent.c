/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/pushevent.h"

#include "pinnace/banned.h"

TEST(concerns)
{
    static const struct {
        const char *name, *host, *repository, *tag, *image, *followed; /* a range begins with > */
        bool it_does;
    } rows[] = {
        {"the tag", "", "shop/web", "latest", WEB, "latest", true},
        {"its host", "contoso.azurecr.io", "shop/web", "latest", WEB, "latest", true},
        {"its host in another case", "Contoso.azurecr.io:443", "shop/web", "latest", WEB, "latest",
         true},
        {"another host", "fabrikam.azurecr.io", "shop/web", "latest", WEB, "latest", false},
        {"another tag", "", "shop/web", "main", WEB, "latest", false},
        {"another repository", "", "shop/api", "latest", WEB, "latest", false},
        {"a longer one", "", "shop/web/x", "latest", WEB, "latest", false},
        {"of the hub", "", "library/nginx", "latest", "nginx", "latest", true},
        {"of the hub, short", "", "nginx", "latest", "nginx", "latest", true},
        {"of the hub, by an alias", "index.docker.io", "library/nginx", "latest", "nginx", "latest",
         true},
        {"no library elsewhere", "", "library/web", "latest", "quay.io/web", "latest", false},
        {"in the range", "", "shop/web", "v1.2.0", WEB, ">=1.0.0", true},
        {"below the range", "", "shop/web", "v0.9.0", WEB, ">=1.0.0", false},
        {"no version", "", "shop/web", "latest", WEB, ">=1.0.0", false},
        {"a signature", "", "shop/web", "sha256-" HEX_OF("1") ".sig", WEB, ">=1.0.0", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct imageref image = ref_of(rows[i].image);
        static struct semrange range;
        bool by_range = rows[i].followed[0] == '>';
        if (by_range)
            assert_int_equal(semrange_parse(str_of(rows[i].followed), &range, &err), 0);
        struct tag_follow follow = {.tag = by_range ? STR_NONE : str_of(rows[i].followed),
                                    .range = by_range ? &range : NULL};
        struct push_hint hint = {str_of(rows[i].host), str_of(rows[i].repository),
                                 str_of(rows[i].tag)};
        CHECK_INT(rows[i].name, push_concerns(&hint, &image, &follow), rows[i].it_does);
    }
}

#define SECRET "0123456789abcdef"

TEST(secrets)
{
    static const struct {
        const char *name, *text;
        int count; /* -1: refused */
        const char *says;
    } rows[] = {
        {"one", SECRET, 1, ""},
        {"a line", SECRET "\n", 1, ""},
        {"of another system", SECRET "\r\n" SECRET "\r\n", 2, ""},
        {"empty lines", "\n\n" SECRET "\n\n" SECRET "2\n\n", 2, ""},
        {"four", SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n", 4, ""},
        {"five", SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET, -1, "line 5: more than 4"},
        {"nothing", "", -1, "there is no secret"},
        {"lines of nothing", "\n\r\n\n", -1, "there is no secret"},
        {"short", SECRET "\n0123456789abcde\n", -1, "line 2: a secret has 16 to 256"},
        {"a space", "0123456789 abcdef", 1, ""},
        {"at the end", SECRET " ", -1, "line 1: a secret neither"},
        {"in front", " " SECRET, -1, "line 1: a secret neither"},
        {"a tab", "0123456789\tabcdef", -1, "line 1: a secret is printable"},
        {"another script", "0123456789abcd\xc3\xa9", -1, "line 1: a secret is printable"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct push_secrets secrets = {.count = 77};
        struct str text = exact_copy(str_of(rows[i].text));
        int result = push_secrets_read(text, &secrets, &err);
        CHECK_INT(rows[i].name, result, rows[i].count < 0 ? -1 : 0);
        CHECK_INT(rows[i].name, secrets.count, rows[i].count < 0 ? 77 : rows[i].count);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK(rows[i].name, rows[i].text[0] == '\0' || !text_has(ERR_TEXT(err), STR("abcde")));
        for (int j = 0; j < rows[i].count; j++)
            CHECK(rows[i].name, str_starts(secrets.items[j], STR("0123456789")));
        exact_free(text);
    }
    TEST_ARENA(arena);
    struct push_secrets secrets;
    for (size_t size = 256; size <= 257; size++)
        CHECK_INT("long", push_secrets_read(run_of(&arena, 'x', size), &secrets, NULL),
                  size == 256 ? 0 : -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concerns),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
