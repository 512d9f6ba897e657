/* SPDX-License-Identifier: Apache-2.0 */
#include "../trackrunner.h"

#include "pinnace/banned.h"

#define WEB_1_2                                                                                    \
    "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "push latest 2",        \
        "wait 100", "> Adopted 1, RollingOut 2, apply web 2, Healthy 2"
#define TWO_TARGETS                                                                                \
    "spec p/web targets [{'kind':'Deployment','name':'a'},{'kind':'Deployment','name':'b'}]"

/* clang-format off */
static const struct scenario scenarios[] = {
    {"nothing is there yet", {
        "track p/web", "push latest 1", "wait 999", "> Stalled", "= p/web New - - - -",
        "? p/web Ready False NothingThere Deployment web is not there", "deployment p/web 9 v9", "wait 100",
        "> Adopted 9, RollingOut 1, apply web 1, Healthy 1",
    }},
    {"what runs is adopted, not rolled and no proof", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 9999",
        "> Adopted 1", "rows p/web 1Adopted", "= p/web Current 1 - - -", "? p/web RolledOut True Adopted",
    }},
    {"what runs by its tag alone is not known before the registry has said which bytes", {
        "deployment p/web - latest", "push latest 1", "registry down", "track p/web", "wait 999", "> nothing",
        "= p/web New - - - -", "? p/web Ready False NothingReleased", "? p/web RolledOut Unknown NothingReleased",
        "? p/web Stalled False NothingInTheWay", "? p/web Resolved False RegistryFailed connection refused",
        "spec p/web suspend true", "wait 10", "= p/web Suspended - - - -", "spec p/web suspend false", "registry up",
        "wait 100", "> RollingOut 1, apply web 1, Healthy 1", "= p/web Current 1 - - -",
    }},
    {"nor while the registry has no such tag", {
        "deployment p/web - latest", "track p/web", "wait 999", "> nothing", "= p/web New - - - -",
        "? p/web Resolved False NothingFits no tag of the repository fits latest",
    }},
    {"several run several: each is let in, then they are brought together", {
        "deployment p/a 1 v1", "deployment p/b 2 v2", "track p/web", TWO_TARGETS, "wait 10", "> Adopted 1, Adopted 2",
        "rows p/web 1Adopted 2Adopted", "= p/web New - 1 - -", "push latest 3", "wait 100",
        "> RollingOut 3, apply a 3, apply b 3, Healthy 3",
    }},
    {"a Track that was lost and made again", {
        WEB_1_2, "lose p/web", "wait 10", "> Adopted 2", "push latest 3", "wait 100", "> RollingOut 3, apply web 3, Healthy 3",
    }},
    {"one that was made again counts on where its history ends, and knows what failed", {
        WEB_1_2, "bytes 3 crash", "push latest 3", "wait 100", "revisions p/web 4 3 2 1",
        "> RollingOut 3, apply web 3, Failed 3, RollingBack 2, apply web 2, Healthy 2", "deployment p/web 2 latest",
        "remake p/web", "wait 10", "> Adopted 2", "revisions p/web 5", "= p/web Waiting 2 - 3 Quarantined",
        "push latest 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4", "revisions p/web 6 5",
    }},
    {"and so do several that run several", {
        WEB_1_2, "deployment p/a 7 v7", "deployment p/b 8 v8", TWO_TARGETS, "spec p/web suspend true",
        "remake p/web", "wait 10", "> Adopted 7, Adopted 8", "revisions p/web 4 3",
    }},
    {"and one of which nothing can be adopted", {
        WEB_1_2, "deployment p/web - latest", "remake p/web", "wait 100", "> RollingOut 2, apply web 2, Healthy 2",
        "revisions p/web 3",
    }},
    {"two Tracks on one container: the older one has it, the other does nothing", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 10", "track p/other",
        "spec p/other targets [{'kind':'Deployment','name':'web'}]", "push latest 2", "wait 100",
        "> Adopted 1, p:RollingOut 2, p:Stalled, p:apply web 2, p:Healthy 2", "= p/other Stalled - - - -",
        "? p/other Ready False TargetTaken a container of Deployment web is moved by Track web, which is older",
        "? p/other Stalled True TargetTaken", "spec p/other hold {'digest':'@1'}", "wait 100", "> nothing", "spec p/other hold",
        "delete p/web", "wait 100", "> p:Adopted 2", "? p/other Stalled False NothingInTheWay", "= p/other Current 2 - - -",
    }},
    {"of the same second, the first by its name; and what rolls out stands still meanwhile", {
        "deployment p/a 1 stable", "deployment p/b 1 latest", "push latest 1", "push stable 1", "bytes 2 hang",
        "track p/b", "track p/a", "spec p/a follow {'tag':'stable'}", "wait 0", "push latest 2", "wait 300",
        "> p:Adopted 1, p:Adopted 1, p:RollingOut 2, p:apply b 2", "spec p/a targets [{'kind':'Deployment','name':'b'}]",
        "wait 9999", "> p:Stalled, p:Drifted 2", "= p/b Stalled 2 1 - -", "spec p/a targets [{'kind':'Deployment','name':'a'}]",
        "wait 299", "> nothing", "= p/b Rolling 2 1 - -", "wait 1", "> p:Failed 2, p:RollingBack 1, p:apply b 1",
    }},
    {"a container each of one Deployment", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "track p/side",
        "spec p/web targets [{'kind':'Deployment','name':'web','container':'web'}]",
        "spec p/side targets [{'kind':'Deployment','name':'web','container':'side'}]", "wait 10",
        "> p:Adopted 1, p:Stalled", "? p/side Stalled True TargetMissing",
    }},
    {"a deleted Track does nothing", {
        WEB_1_2, "delete p/web", "push latest 3", "wait 999", "> nothing", "= p/web Current 2 1 - -",
    }},
    {"another hand is neither fought nor adopted", {
        WEB_1_2, "hand p/web 7 v7", "wait 0", "> Drifted 7", "= p/web Drifted 2 1 - -",
        "? p/web Drifted True AnotherHand Deployment web runs v7 (sha256:777777777777), not latest (sha256:222222222222)",
        "push latest 3", "wait 999", "> nothing", "= p/web Drifted 2 1 3 Release",
        "hand p/web 2 latest", "wait 100", "> RollingOut 3, apply web 3, Healthy 3", "? p/web Drifted False AsReleased",
    }},
    {"resume brings back what the ledger says", {
        WEB_1_2, "hand p/web 7 v7", "wait 10", "spec p/web resume {'at':'#','by':'ann'}", "wait 100",
        "> Drifted 7, Resumed, apply web 2, Healthy 2", "rows p/web 2Healthy 2Healthy 1Adopted", "= p/web Current 2 1 - -",
        "wait 100", "hand p/web 7 v7", "wait 10", "> Drifted 7",
    }},
    {"a rollback keeps what another hand has put there", {
        WEB_1_2, "hand p/web 7 v7", "wait 10", "spec p/web hold {'digest':'@7','by':'ann'}", "wait 100",
        "> Drifted 7, RollingBack 7, Healthy 7", "= p/web Held 7 2 2 Release",
    }},
    {"kubectl rollout undo in the middle of a rollout", {
        WEB_1_2, "push latest 3", "wait 3", "> RollingOut 3, apply web 3", "hand p/web 2 latest", "wait 9999", "> Stalled 2, Drifted 2",
        "= p/web Drifted 3 2 - -", "spec p/web resume {'at':'#'}", "wait 100", "> Resumed, apply web 3, Healthy 3",
        "rows p/web 3Healthy 2Healthy 1Adopted",
    }},
    {"another hand is not fought either when the spec changes in the middle of a rollout", {
        WEB_1_2, "push latest 3", "wait 3", "hand p/web 7 v7", "wait 10", "spec p/web interval '2m'", "wait 100",
        "> RollingOut 3, apply web 3, Stalled 7, Drifted 7", "= p/web Drifted 3 2 - -", "spec p/web resume {'at':'#'}",
        "wait 100", "> Resumed, apply web 3, Healthy 3",
    }},
    {"nor when a target joins", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'b'}]", "wait 0", "push latest 2", "wait 3", "hand p/b 7 v7",
        TWO_TARGETS, "wait 100", "> Adopted 1, RollingOut 2, apply b 2, Stalled 1, Drifted 1",
        "spec p/web resume {'at':'#'}", "wait 100", "> Resumed, apply a 2, apply b 2, Healthy 2",
    }},
    {"resume brings back what is good, not what failed", {
        WEB_1_2, "bytes 3 crash", "spec p/web rollout {'onFailure':'Hold'}", "push latest 3", "wait 100", "hand p/web 7 v7",
        "wait 10", "> RollingOut 3, apply web 3, Failed 3, Drifted 7", "spec p/web resume {'at':'#','by':'ann'}", "wait 100",
        "> Resumed, apply web 2, Healthy 2", "= p/web Waiting 2 1 3 Quarantined",
        "rows p/web 2Healthy 3Failed 2Healthy 1Adopted",
    }},
    {"resume where nothing is good leaves what another hand put there", {
        "deployment p/web - latest", "push latest 1", "track p/web", "bytes 1 crash", "wait 100",
        "> RollingOut 1, apply web 1, Failed 1", "hand p/web 7 v7", "wait 10", "spec p/web resume {'at':'#'}", "wait 100",
        "> Drifted 7, Resumed", "= p/web Drifted 1 - - -",
    }},
    {"an image without a digest is drift", {
        WEB_1_2, "hand p/web - latest", "wait 10", "> Drifted 2", "? p/web Drifted True AnotherHand Deployment web runs latest without a digest",
    }},
    {"a failure while another target has drifted", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "push latest 1", "track p/web", TWO_TARGETS, "wait 0",
        "push latest 2", "wait 5", "hand p/a 7 v7", "wait 10", "> Adopted 1, RollingOut 2, apply a 2, apply b 2, Stalled 7, Drifted 7",
        "hand p/a 2 latest", "wait 100", "> Healthy 2",
    }},
    {"a target more, with other bytes, has drifted from the beginning", {
        "deployment p/a 1 latest", "deployment p/b 7 v7", "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'a'}]", "wait 0", TWO_TARGETS, "wait 100", "> Adopted 1, Drifted 7",
        "spec p/web resume {'at':'#'}", "wait 100", "> Resumed, apply b 1, Healthy 1",
    }},
    {"the targets change in the middle of a rollout", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'b'}]", "wait 0", "push latest 2", "wait 3", TWO_TARGETS, "wait 0",
        "> Adopted 1, RollingOut 2, apply b 2, apply a 2", "wait 100", "> Healthy 2",
    }},
};
/* clang-format on */

RUN_SCENARIOS(scenarios)
