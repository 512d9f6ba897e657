/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/judge.h"

#include "pinnace/banned.h"

enum { NOW = 1795253399 }; /* the second before 2026-11-21T09:30:00Z */

struct world {
    struct arena arena;
    struct policy policy;
    struct ledger ledger;
    struct object object; /* what was judged last */
};

static void world_begin(struct world *world)
{
    *world = (struct world){.arena = ARENA_INIT(ROOM), .policy = policy_builtin};
    policy_with(&world->policy, &world->arena,
                POLICY("'registries':['contoso.azurecr.io','docker.io','quay.io','mcr.example'],"
                       "'exemptions':[{'images':['mcr.example'],'namespaces':['shop'],"
                       "'reason':'base\\nimages'}]"));
    policy_with(&world->policy, &world->arena,
                EXEMPTION("hotfix", "shop", "'quay.io'", "2026-11-21T09:30:00Z"));
    ledger_with(&world->ledger, &world->arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Pod','name':'p',"
                      "'container':'main'}]",
                      "'current':{'digest':'" D2 "'},'ledger':["
                      "{'tag':'1.2.0','digest':'" D2 "','state':'Healthy'},"
                      "{'tag':'1.1.0','digest':'" D1 "','state':'Healthy','movedTo':'" D6 "'},"
                      "{'digest':'" D5 "','state':'Healthy'}]"));
    ledger_with(&world->ledger, &world->arena,
                TRACK("new", "shop", "'image':'contoso.azurecr.io/shop/new'", ""));
    ledger_with(&world->ledger, &world->arena,
                TRACK("hub", "shop", "'image':'nginx'",
                      "'current':{'digest':'" D3 "'},'ledger':[{'digest':'" D3
                      "','state':'Healthy'}]"));
}

/* The only finding there is of an image in a container. */
static struct finding find(const char *row, struct world *world, enum level level,
                           const char *container, const char *image)
{
    struct err err = ERR_CLEAN;
    struct verdict verdict = {0};
    world->object = object_of(
        &world->arena, json_format(&world->arena,
                                   "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'},'spec':"
                                   "{'containers':[{'name':'%s','image':'%s'}]}}",
                                   container, image)
                           .ptr);
    struct question question = {.level = level,
                                .namespace = STR("shop"),
                                .policy = &world->policy,
                                .ledger = &world->ledger,
                                .now = NOW,
                                .object = &world->object,
                                .keep = 1};
    CHECK_INT(row, judge(&question, &world->arena, &verdict, &err), 0);
    CHECK_INT(row, verdict.kept, 1);
    return verdict.findings[0];
}

static struct str sentence_of(struct world *world, const struct finding *finding)
{
    struct buf buf = BUF_INIT(&world->arena, 100000);
    buf_add_finding(&buf, finding);
    return finished(&buf);
}

static struct str suggestion_of(struct world *world, const struct finding *finding)
{
    struct buf buf = BUF_INIT(&world->arena, 100000);
    buf_add_suggestion(&buf, finding);
    return finished(&buf);
}

/* How each sentence goes on after the image; one of them does, and no other. */
static const char *const phrases[REASONS] = {
    [REASON_NO_DIGEST] = " names no digest",
    [REASON_MUTABLE_TAG] = ", which is moved from image to image",
    [REASON_NO_TAG] = " neither tag nor digest",
    [REASON_BAD_REFERENCE] = " cannot be pulled: ",
    [REASON_BAD_DIGEST] = " cannot be pulled: ",
    [REASON_REGISTRY_NOT_ALLOWED] = " a registry that the PinPolicy does not allow",
    [REASON_NOT_RELEASED] = " no Track of this namespace follows",
    [REASON_TAG_MISMATCH] = " a digest that is not what the tag ",
    [REASON_TAG_MOVED] = " a tag that was moved",
};

static void check_phrases(const char *row, struct str sentence, enum reason reason)
{
    for (int other = REASON_NONE + 1; other < REASONS; other++) {
        bool same = strcmp(phrases[other], phrases[reason]) == 0;
        bool has = text_has(sentence, str_of(phrases[other]));
        if (other == REASON_NOT_RELEASED)
            has = has || text_has(sentence, STR(" was not released here by Track "));
        if (has != same)
            fail_msg("row \"%s\", \"%s\" in: %.*s", row, phrases[other], STR_FMT(sentence));
    }
}

/* What is to be said, and what to write instead, for each reason. */
TEST(sentences)
{
    static const struct {
        const char *image;
        enum level level;
        const char *says[3], *suggests;
    } rows[] = {
        {"busybox:1.0.0", LEVEL_PINNED, {"'busybox:1.0.0' ", "no digest", "@sha256:..."}, ""},
        {WEB ":1.2.0", LEVEL_PINNED, {"no digest", "write " WEB ":1.2.0@" D2}, WEB ":1.2.0@" D2},
        {"Contoso.azurecr.io:443/shop/web:1.2.0",
         LEVEL_PINNED,
         {"no digest"},
         "Contoso.azurecr.io:443/shop/web:1.2.0@" D2},
        {"nginx", LEVEL_PINNED, {"no digest"}, "nginx@" D3},
        {"docker.io/library/nginx:1", LEVEL_PINNED, {"no digest"}, "docker.io/library/nginx@" D3},
        {"busybox:1", LEVEL_TAGGED, {"the tag '1'", "moved", "1.4.0"}, ""},
        {WEB ":main", LEVEL_TAGGED, {"the tag 'main'", "; write "}, WEB ":1.2.0@" D2},
        {"busybox", LEVEL_TAGGED, {"neither tag nor digest", "'latest'"}, ""},
        {WEB, LEVEL_TAGGED, {"neither tag nor digest", "; write "}, WEB ":1.2.0@" D2},
        {"BusyBox", LEVEL_TAGGED, {"cannot be pulled: a repository is written in lower case"}, ""},
        {"busybox@sha256:1",
         LEVEL_TAGGED,
         {"cannot be pulled: a sha256 digest has exactly 64 hex digits"},
         ""},
        {"evil.example/x@" D1,
         LEVEL_TAGGED,
         {"a registry that the PinPolicy does not allow (evil.example)", "spec.registries"},
         ""},
        {"busybox@" D1,
         LEVEL_RELEASED,
         {"no Track of this namespace follows", "create a Track", "spec.free"},
         ""},
        {WEB "@" D6, LEVEL_RELEASED, {"was not released here by Track 'web'"}, WEB ":1.2.0@" D2},
        {"contoso.azurecr.io/shop/new@" D1,
         LEVEL_RELEASED,
         {"was not released here by Track 'new'", "no release of it is known"},
         ""},
        {WEB ":1.2.0@" D1, LEVEL_PINNED, {"the tag '1.2.0' means", "; write "}, WEB ":1.2.0@" D2},
        {WEB ":1.2.0@" D5,
         LEVEL_RELEASED,
         {"names a digest that is not what the tag '1.2.0' means"},
         WEB ":1.2.0@" D2},
        {WEB ":1.1.0", LEVEL_TAGGED, {"was moved", "means " D6}, WEB ":1.1.0@" D1},
        {"quay.io/a",
         LEVEL_PINNED,
         {"let in by Exemption 'hotfix' until 2026-11-21T09:30:00Z", "'hot fix'", "no digest"},
         ""},
        {"mcr.example/a", LEVEL_PINNED, {"let in by the PinPolicy", "'base\\nimages'"}, ""},
    };
    struct world world;
    world_begin(&world);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].image;
        struct finding finding = find(row, &world, rows[i].level, "c", row);
        struct str sentence = sentence_of(&world, &finding);
        for (size_t k = 0; k < COUNT(rows[i].says) && rows[i].says[k]; k++)
            CHECK_HAS(row, sentence, json_of(&world.arena, rows[i].says[k]).ptr);
        check_phrases(row, sentence, finding.reason);
        CHECK_STR(row, suggestion_of(&world, &finding), str_of(rows[i].suggests));
        CHECK(row, str_find(sentence, '\n') == STR_NOT_FOUND && !str_ends(sentence, STR(".")));
        if (rows[i].suggests[0] && finding.weight != FINDING_EXEMPT)
            CHECK_HAS(row, sentence, rows[i].suggests);
        CHECK_INT(row, text_has(sentence, STR("injected")), false);
    }
    arena_free(&world.arena);
}

/* A container of another Track is told that Track's repository. */
TEST(another_repository)
{
    struct world world;
    world_begin(&world);
    struct finding finding = find("other", &world, LEVEL_RELEASED, "main", "quay.io/a@" D1);
    CHECK_STR("other", suggestion_of(&world, &finding), STR(WEB ":1.2.0@" D2));
    CHECK_HAS("other", sentence_of(&world, &finding), "by Track \"web\"");
    arena_free(&world.arena);
}

/* What is suggested is read, and is what the ledger meant. */
TEST(suggestions_can_be_pasted)
{
    static const char *const images[] = {
        WEB,
        WEB ":main",
        WEB ":1.1.0",
        "CONTOSO.azurecr.io:443/shop/web:1.2.0",
        "nginx",
        "nginx:1",
        "index.docker.io/library/nginx:1.27",
    };
    struct world world;
    world_begin(&world);
    for (size_t i = 0; i < COUNT(images); i++) {
        struct finding finding = find(images[i], &world, LEVEL_PINNED, "c", images[i]);
        struct imageref ref, asked = ref_of(images[i]);
        struct str suggestion = suggestion_of(&world, &finding);
        CHECK_INT(images[i], imageref_parse(suggestion, &ref), IMAGEREF_OK);
        CHECK_STR(images[i], ref.digest, finding.row->digest);
        CHECK(images[i], imageref_same_repository(&ref, &asked));
    }
    arena_free(&world.arena);
}

TEST(injected)
{
    struct world world;
    world_begin(&world);
    struct finding finding = find("injected", &world, LEVEL_PINNED, "c", "busybox");
    finding.injected = true;
    CHECK_HAS("injected", sentence_of(&world, &finding), "was injected");
    arena_free(&world.arena);
}

/* Whatever the image is, a sentence is of printable ASCII and of bounded length. */
TEST(hostile_images)
{
    static const char *const images[] = {
        "\\u001b[31mred\\u001b[0m", "a\\nb\\r\\tc", "\xd1\x85.example/a", "\xe2\x80\xae", "a\\\\'b",
        "'), and all is well ('",
    };
    struct world world;
    world_begin(&world);
    for (size_t i = 0; i < COUNT(images); i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s", images[i]);
        for (char *c = text; *c; c++)
            if (*c == '\'')
                *c = '`';
        struct finding finding = find(text, &world, LEVEL_TAGGED, "c", text);
        struct str sentence = sentence_of(&world, &finding);
        for (size_t k = 0; k < sentence.len; k++)
            CHECK(text, sentence.ptr[k] >= ' ' && sentence.ptr[k] <= '~');
    }
    struct str endless = run_of(&world.arena, 'A', 10000);
    struct finding finding = find("endless", &world, LEVEL_TAGGED, "c", endless.ptr);
    assert_true(sentence_of(&world, &finding).len < 1000);
    arena_free(&world.arena);
}

/* A host that no name server could know is no image name, and the sentence on it has an end. */
TEST(endless_hosts)
{
    struct world world;
    world_begin(&world);
    struct buf host = BUF_INIT(&world.arena, 20000);
    for (int i = 0; i < 1000; i++)
        buf_add(&host, STR("abc."));
    buf_add(&host, STR("example/x@" D1));
    struct finding finding = find("endless", &world, LEVEL_PINNED, "c", finished(&host).ptr);
    assert_int_equal(finding.reason, REASON_BAD_REFERENCE);
    assert_true(sentence_of(&world, &finding).len < 1000);
    arena_free(&world.arena);
}

/* An image of three hundred bytes is shown whole, one that is longer is cut. */
TEST(long_images)
{
    struct world world;
    world_begin(&world);
    for (size_t len = 299; len <= 301; len++) {
        struct str image = run_of(&world.arena, 'A', len);
        struct finding finding = find("long", &world, LEVEL_TAGGED, "c", image.ptr);
        struct str whole = json_format(&world.arena, "'%s' cannot", image.ptr);
        assert_int_equal(str_starts(sentence_of(&world, &finding), whole), len <= 300);
    }
    arena_free(&world.arena);
}

/* The longest good name there is makes no endless sentence either. */
TEST(longest_names)
{
    struct world world;
    world_begin(&world);
    struct str host = run_of(&world.arena, 'h', 257), path = run_of(&world.arena, 'p', 255);
    struct str tag = run_of(&world.arena, 't', 128);
    struct str image = json_format(&world.arena, "h.h.%s/%s:%s@" D512, host.ptr, path.ptr, tag.ptr);
    struct finding finding = find("longest", &world, LEVEL_PINNED, "c", image.ptr);
    assert_int_equal(finding.reason, REASON_REGISTRY_NOT_ALLOWED);
    assert_true(sentence_of(&world, &finding).len < 1000);
    arena_free(&world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences),
        cmocka_unit_test(another_repository),
        cmocka_unit_test(suggestions_can_be_pasted),
        cmocka_unit_test(injected),
        cmocka_unit_test(hostile_images),
        cmocka_unit_test(endless_hosts),
        cmocka_unit_test(long_images),
        cmocka_unit_test(longest_names),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
