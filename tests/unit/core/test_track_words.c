/* SPDX-License-Identifier: Apache-2.0 */
#include "../trackrunner.h"

#include "pinnace/banned.h"

#define WEB_1_2                                                                                    \
    "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "push latest 2",        \
        "wait 100", "> Adopted 1, RollingOut 2, apply web 2, Healthy 2"

/* clang-format off */
static const struct scenario scenarios[] = {
    {"a rollback by hand sticks over the next pushes, until it is taken away", {
        WEB_1_2, "spec p/web hold {'digest':'@1','reason':'too slow','by':'ann'}", "wait 0",
        "> apply web 1, RollingBack 1", "wait 100", "> Healthy 1", "= p/web Held 1 2 2 Release",
        "push latest 3", "wait 999", "> nothing", "= p/web Held 1 2 3 Release", "spec p/web hold", "wait 100",
        "> Resumed, RollingOut 3, apply web 3, Healthy 3", "rows p/web 3Healthy 1Healthy 2Healthy 1Adopted",
    }},
    {"the image goes back before the ledger is written, if the ledger lets it in", {
        WEB_1_2, "spec p/web hold {'digest':'@1','by':'ann'}", "step p/web", "> apply web 1", "rows p/web 2Healthy 1Adopted",
        "wait 100", "> RollingBack 1, Healthy 1", "revisions p/web 3 2 1",
    }},
    {"all targets go back before the ledger is written, none after another", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'a'},{'kind':'Deployment','name':'b'}]", "wait 0", "push latest 2",
        "wait 100", "> Adopted 1, RollingOut 2, apply a 2, apply b 2, Healthy 2", "spec p/web hold {'digest':'@1'}",
        "wait 0", "> apply a 1, apply b 1, RollingBack 1", "wait 100", "> Healthy 1",
    }},
    {"the ledger is written first if the image cannot be put back, so that it says why", {
        WEB_1_2, "apply refused", "spec p/web hold {'digest':'@1'}", "wait 100", "> RollingBack 1, Stalled",
        "? p/web Stalled True NotApplied Deployment web could not be changed: forbidden", "apply allowed", "wait 100",
        "> apply web 1, Healthy 1",
    }},
    {"and for bytes that something came before, which are not let in", {
        WEB_1_2, "bytes 3 hang", "push latest 3", "wait 50", "spec p/web hold {'digest':'@1'}", "wait 100",
        "> RollingOut 3, apply web 3, apply web 1, RollingBack 1, Healthy 1", "spec p/web hold {'digest':'@3'}", "wait 0",
        "> RollingBack 3, apply web 3",
    }},
    {"and for bytes that the registry has given another name by now", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "push v1.1.0 2", "wait 100", "> Adopted 1, RollingOut 2, apply web 2, Healthy 2", "spec p/web suspend true",
        "push v1.2.0 1", "wait 100", "> nothing", "spec p/web hold {'digest':'@1'}", "wait 0", "> RollingBack 1, apply web 1",
    }},
    {"another hold, between the image and the ledger", {
        WEB_1_2, "push latest 3", "wait 100", "> RollingOut 3, apply web 3, Healthy 3", "spec p/web hold {'digest':'@1'}",
        "step p/web", "> apply web 1", "spec p/web hold {'digest':'@2'}", "wait 100", "> apply web 2, RollingBack 2, Healthy 2",
        "rows p/web 2Healthy 3Healthy 2Healthy 1Adopted",
    }},
    {"a hold taken away between the image and the ledger: a drift, which resume ends", {
        WEB_1_2, "spec p/web hold {'digest':'@1'}", "step p/web", "> apply web 1", "spec p/web hold", "wait 100", "> Drifted 1",
        "= p/web Drifted 2 1 - -", "spec p/web resume {'by':'ann','at':'#'}", "wait 100", "> Resumed, apply web 2, Healthy 2",
    }},
    {"the same bytes can be held again, and others after them", {
        WEB_1_2, "spec p/web hold {'digest':'@1'}", "wait 100", "spec p/web hold {'digest':'@2'}", "wait 100",
        "spec p/web hold {'digest':'@1'}", "wait 100",
        "> apply web 1, RollingBack 1, Healthy 1, apply web 2, RollingBack 2, Healthy 2, apply web 1, RollingBack 1, Healthy 1",
        "spec p/web hold {'digest':'@1','by':'ann'}", "wait 100", "> nothing",
    }},
    {"a rollback in the middle of a rollout", {
        WEB_1_2, "bytes 3 hang", "push latest 3", "wait 50", "spec p/web hold {'digest':'@1'}", "wait 100",
        "> RollingOut 3, apply web 3, apply web 1, RollingBack 1, Healthy 1",
        "rows p/web 1Healthy 3Abandoned 2Healthy 1Adopted", "wait 9999", "> nothing",
    }},
    {"a rollback to bytes that are gone is refused before anything is touched", {
        WEB_1_2, "push latest 3", "wait 100", "gone 7", "spec p/web hold {'digest':'@7','by':'ann'}", "wait 100",
        "> RollingOut 3, apply web 3, Healthy 3, RollbackRefused 7", "= p/web Held 3 2 - -",
        "? p/web Ready False Stopped cannot go back to sha256:777777777777: the registry does not have it; it has latest (sha256:222222222222)",
        "push latest 4", "wait 100", "> nothing", "spec p/web hold", "wait 100", "> Resumed, RollingOut 4, apply web 4, Healthy 4",
    }},
    {"a rollback while the registry is down, to what the ledger knows", {
        WEB_1_2, "registry down", "spec p/web hold {'digest':'@1'}", "wait 100", "> apply web 1, RollingBack 1, Healthy 1",
    }},
    {"a rollback to what the ledger knows asks no registry, which may hang", {
        WEB_1_2, "registry hangs", "spec p/web hold {'digest':'@1'}", "wait 0", "> apply web 1, RollingBack 1", "wait 100",
        "> Healthy 1", "spec p/web hold {'digest':'@7'}", "wait 999", "> nothing", "= p/web Held 1 2 2 Release",
        "registry up", "wait 100", "> RollingBack 7, apply web 7, Healthy 7",
    }},
    {"a rollback while the registry is down, to what nobody knows", {
        WEB_1_2, "registry down", "spec p/web hold {'digest':'@7'}", "wait 999", "> Stalled 7", "= p/web Held 2 1 - -",
        "? p/web Stalled True RegistryCannotTell", "registry up", "wait 100", "> RollingBack 7, apply web 7, Healthy 7",
    }},
    {"a hold of what rolls out sticks, though it fails", {
        WEB_1_2, "bytes 3 hang", "push latest 3", "wait 3", "spec p/web hold {'digest':'@3','by':'ann'}", "wait 9999",
        "> RollingOut 3, apply web 3, Failed 3", "= p/web Failed 3 2 - -",
        "? p/web Ready False Stopped the hold of latest (sha256:333333333333) failed", "spec p/web hold", "wait 10", "> Resumed",
    }},
    {"a hold of what was put in place while nothing ran sticks as well", {
        WEB_1_2, "bytes 3 crash", "scale p/web 0", "push latest 3", "wait 10", "spec p/web hold {'digest':'@3','by':'ann'}",
        "wait 10", "scale p/web 1", "wait 999", "> RollingOut 3, apply web 3, Applied 3, Failed 3", "= p/web Failed 3 2 - -",
    }},
    {"a rollback that fails holds", {
        WEB_1_2, "bytes 1 crash", "spec p/web hold {'digest':'@1'}", "wait 9999", "> apply web 1, RollingBack 1, Failed 1",
        "= p/web Failed 1 2 2 Release", "push latest 3", "wait 999", "> nothing",
        "spec p/web hold {'digest':'@2'}", "wait 100", "> apply web 2, RollingBack 2, Healthy 2",
    }},
    {"a quarantined digest returns by a hold", {
        WEB_1_2, "bytes 3 crash", "push latest 3", "wait 100", "bytes 3 well", "spec p/web hold {'digest':'@3','by':'ann'}",
        "wait 100", "> RollingOut 3, apply web 3, Failed 3, RollingBack 2, apply web 2, Healthy 2, RollingBack 3, apply web 3, Healthy 3",
        "= p/web Held 3 2 - -", "spec p/web hold", "wait 100", "> Resumed", "= p/web Current 3 2 - -",
    }},
    {"a hold of what runs is just heard", {
        WEB_1_2, "spec p/web hold {'digest':'@2'}", "wait 10", "push latest 3", "wait 999", "> nothing",
        "= p/web Held 2 1 3 Release",
    }},
    {"the workload was put back first, with the controller down", {
        WEB_1_2, "hand p/web 1 latest", "spec p/web hold {'digest':'@1','by':'ann'}", "wait 100", "> RollingBack 1, Healthy 1",
        "? p/web Drifted False AsReleased",
    }},
    {"promote goes past the proof and the approval", {
        WEB_1_2, "spec p/web approval 'Manual'", "spec p/web from {'namespace':'s','track':'web'}", "push latest 3",
        "wait 100", "> nothing", "= p/web Waiting 2 1 3 Proof", "spec p/web promote {'digest':'@3','by':'ann'}", "wait 100",
        "> Promoted 3, apply web 3, Healthy 3", "= p/web Current 3 2 - -",
    }},
    {"promote is heard once, and again when it is said again", {
        WEB_1_2, "spec p/web promote {'digest':'@1','by':'ann'}", "wait 999", "> Promoted 1, apply web 1, Healthy 1",
        "= p/web Current 1 2 - -", "push latest 3", "wait 100", "> RollingOut 3, apply web 3, Healthy 3",
        "spec p/web promote {'digest':'@1','by':'ann','at':'#'}", "wait 100", "> Promoted 1, apply web 1, Healthy 1",
        "spec p/web promote", "wait 100", "> nothing", "spec p/web resume {'at':'#'}", "wait 100",
        "> Resumed, RollingOut 3, apply web 3, Healthy 3",
    }},
    {"promote never goes past integrity", {
        WEB_1_2, "gone 7", "spec p/web promote {'digest':'@7'}", "wait 100", "> PromoteRefused 7", "= p/web Current 2 1 - -",
        "bytes 3 crash", "push latest 3", "wait 100", "> RollingOut 3, apply web 3, Failed 3, RollingBack 2, apply web 2, Healthy 2",
        "spec p/web promote {'digest':'@3'}", "wait 100", "> PromoteRefused 3", "bytes 3 well",
        "spec p/web approve {'digest':'@3'}", "wait 100", "> Approved 3, RollingOut 3, apply web 3, Healthy 3",
    }},
    {"promote waits while the registry cannot tell", {
        WEB_1_2, "registry down", "spec p/web promote {'digest':'@1'}", "wait 999", "> Stalled 1", "registry up", "wait 100",
        "> Promoted 1, apply web 1, Healthy 1",
    }},
    {"promote waits for the end of a hold", {
        WEB_1_2, "spec p/web hold {'digest':'@1'}", "wait 100", "spec p/web promote {'digest':'@3'}", "wait 100",
        "> apply web 1, RollingBack 1, Healthy 1", "spec p/web hold", "wait 100", "> Resumed, Promoted 3, apply web 3, Healthy 3",
    }},
    {"a rollback that is said after it ends a promotion that waits", {
        WEB_1_2, "registry down", "spec p/web promote {'digest':'@3','at':'#'}", "wait 999", "> Stalled 3",
        "spec p/web hold {'digest':'@1','at':'#'}", "wait 100", "> apply web 1, RollingBack 1, PromoteRefused 3, Healthy 1",
        "registry up", "spec p/web hold", "wait 100", "> Resumed, RollingOut 2, apply web 2, Healthy 2",
    }},
    {"what is promoted and fails goes back by itself", {
        WEB_1_2, "bytes 3 crash", "spec p/web promote {'digest':'@3'}", "wait 100",
        "> Promoted 3, apply web 3, Failed 3, RollingBack 2, apply web 2, Healthy 2",
    }},
    {"promote into the middle of a rollout", {
        WEB_1_2, "bytes 3 hang", "push latest 3", "wait 50", "spec p/web promote {'digest':'@4'}", "wait 100",
        "> RollingOut 3, apply web 3, Promoted 4, apply web 4, Healthy 4", "rows p/web 4Healthy 3Abandoned 2Healthy 1Adopted",
    }},
    {"words count while it is suspended", {
        WEB_1_2, "spec p/web suspend true", "spec p/web promote {'digest':'@3'}", "wait 100", "spec p/web hold {'digest':'@1'}",
        "wait 100", "> Promoted 3, apply web 3, Healthy 3, apply web 1, RollingBack 1, Healthy 1",
    }},
    {"a Track made again with old words: the hold counts, the others were said to another", {
        WEB_1_2, "spec p/web promote {'digest':'@3','at':'#'}", "wait 100", "> Promoted 3, apply web 3, Healthy 3",
        "push latest 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4", "lose p/web", "wait 100", "> Adopted 4",
        "= p/web Current 4 - - -", "spec p/web hold {'digest':'@2','at':'#'}", "wait 1", "lose p/web", "wait 100",
        "> RollingBack 2, apply web 2, Adopted 2",
    }},
};
/* clang-format on */

RUN_SCENARIOS(scenarios)
