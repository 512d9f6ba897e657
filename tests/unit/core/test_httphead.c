/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/httphead.h"

#include "pinnace/banned.h"

struct field {
    const char *name, *value;
};

struct row {
    const char *name;
    struct field fields[6];
    bool version_1_0;
    const char *fault; /* a part of it; NULL: none */
};

static struct http_head head_of(const struct row *row)
{
    struct http_head head = {.version_1_0 = row->version_1_0};
    for (const struct field *field = row->fields; field->name; field++)
        http_head_add(&head, str_of(field->name), str_of(field->value));
    return head;
}

TEST(framing)
{
    static const struct row rows[] = {
        {"a length", {{"Host", "a"}, {"Content-Length", "12"}}, false, NULL},
        {"chunks", {{"host", "a"}, {"TRANSFER-ENCODING", "Chunked"}}, false, NULL},
        {"no body", {{"hOsT", "a"}, {"Accept", "*/*"}}, false, NULL},
        {"old", {{"Content-Length", "0"}}, true, NULL},
        {"old with a host", {{"Host", "a"}}, true, NULL},
        {"both",
         {{"Host", "a"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
         false,
         "exclude"},
        {"two lengths",
         {{"Host", "a"}, {"Content-Length", "1"}, {"content-length", "1"}},
         false,
         "more than one Content-Length"},
        {"no number", {{"Host", "a"}, {"Content-Length", "1x"}}, false, "not a number"},
        {"a sign", {{"Host", "a"}, {"Content-Length", "+1"}}, false, "not a number"},
        {"a list", {{"Host", "a"}, {"Content-Length", "1, 1"}}, false, "not a number"},
        {"empty", {{"Host", "a"}, {"Content-Length", ""}}, false, "not a number"},
        {"blank", {{"Host", "a"}, {"Content-Length", "1 "}}, false, "not a number"},
        {"gzip", {{"Host", "a"}, {"Transfer-Encoding", "gzip"}}, false, "but chunked"},
        {"a list of encodings",
         {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}},
         false,
         "but chunked"},
        {"chunked twice",
         {{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         false,
         "but chunked"},
        {"no encoding", {{"Host", "a"}, {"Transfer-Encoding", ""}}, false, "but chunked"},
        {"old with chunks", {{"Transfer-Encoding", "chunked"}}, true, "HTTP/1.0"},
        {"no host", {{"Content-Length", "1"}}, false, "one Host"},
        {"two hosts", {{"Host", "a"}, {"Host", "a"}}, false, "one Host"},
        {"old with two hosts", {{"Host", "a"}, {"Host", "a"}}, true, "one Host"},
        {"two types",
         {{"Host", "a"}, {"Content-Type", "a/b"}, {"Content-Type", "a/b"}},
         false,
         "more than one Content-Type"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head = head_of(&rows[i]);
        const char *fault = http_head_fault(&head);
        CHECK(rows[i].name, (fault != NULL) == (rows[i].fault != NULL));
        if (fault)
            CHECK_HAS(rows[i].name, str_of(fault), rows[i].fault);
    }
}

TEST(length)
{
    static const struct {
        const char *text;
        uint64_t length;
    } rows[] = {
        {"0", 0},
        {"8388608", 8388608},
        {"007", 7},
        {"18446744073709551614", UINT64_MAX - 1},
        {"18446744073709551615", UINT64_MAX},
        {"18446744073709551616", UINT64_MAX},
        {"99999999999999999999999999", UINT64_MAX},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head = {0};
        http_head_add(&head, STR("Content-Length"), str_of(rows[i].text));
        CHECK(rows[i].text, http_head_length(&head) == rows[i].length);
    }
    CHECK("none", http_head_length(&(struct http_head){0}) == 0);
}

TEST(content_type)
{
    static const struct {
        const char *header;
        bool is;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json;charset=utf-8", true},
        {" application/json ; charset=utf-8", true},
        {"application/json;", true},
        {"", false},
        {";", false},
        {"application/jsonx", false},
        {"application/jso", false},
        {"text/plain; application/json", false},
        {"application/json, text/plain", false},
        {"application/ json", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].header,
              http_type_is(str_of(rows[i].header), STR("application/json")) == rows[i].is);
    CHECK("none", !http_type_is(STR_NONE, STR("application/json")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing),
        cmocka_unit_test(length),
        cmocka_unit_test(content_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
