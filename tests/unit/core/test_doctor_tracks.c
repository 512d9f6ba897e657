/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/doctor.h"

#include "pinnace/banned.h"

enum { NOW = 1795253400 }; /* 2026-11-21T09:30:00Z */

#define TRACK_OF(generation, spec, status)                                                         \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'web','namespace':"    \
    "'shop','generation':" generation "},'spec':{'image':'" WEB                                    \
    "','follow':{'tag':'latest'},'targets':[{'kind':'Deployment','name':'web'}]" spec              \
    "},'status':{'begun':true,'observedGeneration':3" status "}}"
#define CONDITION(type, status) BECAUSE(type, status, "R")
#define BECAUSE(type, status, reason)                                                              \
    ",'conditions':[{'type':'" type "','status':'" status "','reason':'" reason "','message':'M'}" \
    "]"
#define WAITS(for_what, since)                                                                     \
    ",'candidate':{'tag':'v2','digest':'" D2 "','waits':'" for_what                                \
    "','waitsFor':'waits','since':'2026-11-21T" since "Z'}"
#define SOAK(soak) ",'from':{'track':'other','soak':'" soak "'}"

static struct trackview view_of(const char *row, struct arena *arena, const char *text)
{
    struct trackview view = {0};
    struct err err = ERR_CLEAN;
    if (trackview_read(json_of(arena, text), arena, &view, &err) < 0)
        fail_msg("row \"%s\": %s", row, err.text);
    return view;
}

static struct str describe(const struct doctor *doctor)
{
    struct buf text = BUF_INIT(doctor->arena, 64 * 1024);
    for (const struct doctor_line *line = doctor->lines; line; line = line->next) {
        buf_addf(&text, "%.*s %s: %.*s;", STR_FMT(doctor_weight_names[line->weight]), line->subject,
                 STR_FMT(line->text));
        assert_non_null(line->remedy); /* what is amiss comes with what to do */
    }
    return finished(&text);
}

TEST(what_is_wrong_with_a_track)
{
    static const struct {
        const char *name, *track, *lines;
    } rows[] = {
        {"nothing", TRACK_OF("3", "", ""), ""},
        {"good conditions", TRACK_OF("3", "", CONDITION("Resolved", "True")), ""},
        {"it drifts", TRACK_OF("3", "", CONDITION("Drifted", "True")),
         "warning tracks: shop/web M;"},
        {"it has settled", TRACK_OF("3", "", CONDITION("Drifted", "False")), ""},
        {"stalled", TRACK_OF("3", "", CONDITION("Stalled", "True")), "warning tracks: shop/web M;"},
        {"moved", TRACK_OF("3", "", CONDITION("TagMoved", "True")), "warning tracks: shop/web M;"},
        {"never proved", TRACK_OF("3", "", CONDITION("NeverProved", "True")),
         "warning tracks: shop/web M;"},
        {"no registry", TRACK_OF("3", "", CONDITION("Resolved", "False")),
         "problem tracks: shop/web M;"},
        {"the registry is well, and a tag has moved",
         TRACK_OF("3", "", BECAUSE("Resolved", "False", "TagMoved")), ""},
        {"the registry is well, and has nothing that fits",
         TRACK_OF("3", "", BECAUSE("Resolved", "False", "NothingFits")),
         "warning tracks: shop/web M;"},
        {"not protected", TRACK_OF("3", "", BECAUSE("Protected", "False", "Refused")),
         "warning tracks: shop/web M;"},
        {"not protected yet", TRACK_OF("3", "", BECAUSE("Protected", "False", "Protecting")), ""},
        {"no longer protected", TRACK_OF("3", "", BECAUSE("Protected", "False", "LettingGo")), ""},
        {"protected", TRACK_OF("3", "", BECAUSE("Protected", "True", "Locked")), ""},
        {"not seen", TRACK_OF("4", "", ""),
         "warning tracks: shop/web was changed, and the controller has not seen that yet;"},
        {"stopped", TRACK_OF("3", "", ",'stopped':'both failed'"),
         "problem tracks: shop/web both failed;"},
        {"waits a while", TRACK_OF("3", SOAK("10m"), WAITS("Proof", "08:30:00")), ""},
        {"starves", TRACK_OF("3", SOAK("10m"), WAITS("Proof", "08:29:59")),
         "warning tracks: shop/web starves: for 60m now v2 (222222222222) waits;"},
        {"a long soak may take longer", TRACK_OF("3", SOAK("1h"), WAITS("Proof", "06:30:00")), ""},
        {"for its turn", TRACK_OF("3", "", WAITS("Turn", "00:00:00")),
         "warning tracks: shop/web starves: for 9h now v2 (222222222222) waits;"},
        {"a person takes his time", TRACK_OF("3", "", WAITS("Approval", "00:00:00")), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view = view_of(rows[i].name, &arena, rows[i].track);
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        bool sound = doctor_track(&doctor, &view, NOW);
        CHECK_STR(rows[i].name, describe(&doctor), str_of(rows[i].lines));
        CHECK_INT(rows[i].name, sound, rows[i].lines[0] == '\0');
    }
}

TEST(whether_there_is_something_to_go_back_to)
{
    static const struct {
        const char *name;
        enum presence current, before;
        const char *lines;
    } rows[] = {
        {"both there", PRESENCE_THERE, PRESENCE_THERE, ""},
        {"nobody could say", PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, ""},
        {"what runs is gone", PRESENCE_GONE, PRESENCE_THERE,
         "problem rollback: shop/web runs what is gone from the registry: v2 (222222222222);"},
        {"what ran before is gone", PRESENCE_THERE, PRESENCE_GONE,
         "problem rollback: shop/web cannot go back to what is gone from the registry: v1 "
         "(111111111111);"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view =
            view_of(rows[i].name, &arena,
                    TRACK_OF("3", "",
                             ",'current':{'tag':'v2','digest':'" D2
                             "'},'previousGood':{'tag':'v1','digest':'" D1 "'}"));
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        bool sound = doctor_presence(&doctor, &view, rows[i].current, rows[i].before);
        CHECK_STR(rows[i].name, describe(&doctor), str_of(rows[i].lines));
        CHECK_INT(rows[i].name, sound, rows[i].lines[0] == '\0');
    }
}

#define GOES_BACK_TO(tag)                                                                          \
    ",'current':{'tag':'v2','digest':'" D2 "'},'previousGood':{'tag':'" tag "','digest':'" D1 "'}"

TEST(whether_that_is_kept)
{
    static const struct {
        const char *name, *spec, *status;
        enum keeping before;
        bool locked;
        const char *lines;
    } rows[] = {
        {"locked", "", GOES_BACK_TO("v1"), KEEPING_LOCKED, true, ""},
        {"tagged", "", GOES_BACK_TO("v1"), KEEPING_TAGGED, false,
         "warning rollback: shop/web would go back to what is not locked, so that `acr purge` may "
         "take it: v1 (111111111111);"},
        {"untagged", "", GOES_BACK_TO("v1"), KEEPING_UNTAGGED, false,
         "warning rollback: shop/web would go back to what has neither tag nor lock, such as a "
         "retention policy or `acr purge` takes: v1 (111111111111);"},
        {"nobody could say", "", GOES_BACK_TO("v1"), KEEPING_UNKNOWN, false, ""},
        {"nobody could say, and the tag went on", "", GOES_BACK_TO("v2"), KEEPING_UNKNOWN, false,
         "warning rollback: shop/web would go back to what has no tag of its own any more, such as "
         "a clean-up of the registry takes: v2 (111111111111);"},
        {"protected, which nobody can see", ",'protect':true",
         GOES_BACK_TO("v2") BECAUSE("Protected", "True", "Retained"), KEEPING_UNKNOWN, false, ""},
        {"unlocked since", ",'protect':true",
         GOES_BACK_TO("v1") BECAUSE("Protected", "True", "Locked"), KEEPING_UNTAGGED, false,
         "warning rollback: shop/web has locked what somebody has unlocked since: v1 "
         "(111111111111);"},
        {"refused, which the Track tells", ",'protect':true",
         GOES_BACK_TO("v1") BECAUSE("Protected", "False", "Refused"), KEEPING_UNTAGGED, false, ""},
        {"not yet", ",'protect':true", GOES_BACK_TO("v1"), KEEPING_UNTAGGED, false, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str track =
            json_format(&arena, TRACK_OF("3", "%s", "%s"), rows[i].spec, rows[i].status);
        struct trackview view = view_of(rows[i].name, &arena, track.ptr);
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        CHECK_INT(rows[i].name, doctor_keeping(&doctor, &view, rows[i].before), rows[i].locked);
        CHECK_STR(rows[i].name, describe(&doctor), str_of(rows[i].lines));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whether_that_is_kept),
        cmocka_unit_test(what_is_wrong_with_a_track),
        cmocka_unit_test(whether_there_is_something_to_go_back_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
