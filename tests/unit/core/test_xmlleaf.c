/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/xmlleaf.h"

#include "pinnace/banned.h"

static const struct str names[] = {STR_INIT("Id"), STR_INIT("Token")};

TEST(read)
{
    static const struct {
        const char *xml, *id, *token; /* NULL: not there */
    } rows[] = {
        {"<a><Id>1</Id><Token>2</Token></a>", "1", "2"},
        {"<?xml version=\"1.0\"?>\n<a xmlns='x'>\n <b><Id> 1\n</Id></b>\n <Token "
         "k=\">\">2</Token>\n</a>\n",
         "1", "2"},
        {"<a><Token>2</Token></a>", NULL, "2"},
        {"<Id>1</Id>", "1", NULL},
        {"<x:a><x:Id>1</x:Id></x:a>", "1", NULL},
        {"<a><Id/><Token></Token></a>", "", ""},
        {"<a><Id>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#xe9;</Id></a>", "<&>\"'AB\xc3\xa9", NULL},
        {"<a><Id>1<b/></Id></a>", NULL, NULL},
        {"<a><Id>1<!-- x -->2</Id></a>", NULL, NULL},
        {"<a><!-- <Id>1</Id> --><Token>2</Token ></a>", NULL, "2"},
        {"<a><id>1</id><IdX>2</IdX></a>", NULL, NULL},
        {"<a/>", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str texts[2];
        struct str xml = exact_copy(str_of(rows[i].xml));
        if (xml_leaves_read(xml, names, 2, &arena, texts, &err) < 0)
            fail_msg("%s: %s", rows[i].xml, err.text);
        CHECK(rows[i].xml, !texts[0].ptr == !rows[i].id && !texts[1].ptr == !rows[i].token);
        CHECK_STR(rows[i].xml, texts[0], str_of(rows[i].id));
        CHECK_STR(rows[i].xml, texts[1], str_of(rows[i].token));
        exact_free(xml);
    }
}

TEST(refused)
{
    static const char *const rows[][2] = {
        {"", "ends too early"},
        {"  \n", "ends too early"},
        {"<a><Id>1</Id>", "ends too early"},
        {"<a", "ends too early"},
        {"<a x=\">", "ends too early"},
        {"<!-- ", "ends too early"},
        {"<?xml", "ends too early"},
        {"{}", "text outside"},
        {"<a></a>x", "text outside"},
        {"<a></b>", "closed without being open"},
        {"</a>", "closed without being open"},
        {"<>", "without a name"},
        {"<a><Id>1</Id><b><Id>2</Id></b></a>", "twice"},
        {"<a><Id/><Id/></a>", "twice"},
        {"<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "document type"},
        {"<a><![CDATA[x]]></a>", "document type"},
        {"<Id>&x;</Id>", "entity"},
        {"<Id>&amp</Id>", "entity"},
        {"<Id>&#0;</Id>", "entity"},
        {"<Id>&#10;</Id>", "entity"},
        {"<Id>&#xd800;</Id>", "entity"},
        {"<Id>&#x110000;</Id>", "entity"},
        {"<Id>&#99999999;</Id>", "entity"},
        {"<Id>&#;</Id>", "entity"},
        {"<Id>&#1f;</Id>", "entity"},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "16 levels"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str texts[2] = {{NULL, 7}, {NULL, 7}};
        struct str xml = exact_copy(str_of(rows[i][0]));
        CHECK_INT(rows[i][0], xml_leaves_read(xml, names, 2, &arena, texts, &err), -1);
        CHECK_HAS(rows[i][0], ERR_TEXT(err), rows[i][1]);
        CHECK_INT(rows[i][0], texts[0].len, 7);
        exact_free(xml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(read), cmocka_unit_test(refused)};
    return cmocka_run_group_tests_name("xmlleaf", tests, NULL, NULL);
}
