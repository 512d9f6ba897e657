/* SPDX-License-Identifier: Apache-2.0 */
#include "../trackrunner.h"

#include "pinnace/banned.h"

#define STAGING "deployment staging/web 1 latest", "push latest 1", "track staging/web", "wait 0"
#define PRODUCTION                                                                                 \
    "deployment production/web 1 v1.0.0", "push v1.0.0 1", "track production/web",                 \
        "spec production/web follow {'semver':'>=1.0.0'}",                                         \
        "spec production/web from {'namespace':'staging','track':'web','soak':'10m'}"

/* clang-format off */
static const struct scenario scenarios[] = {
    {"production takes what staging has proved, ten minutes long", {
        STAGING, PRODUCTION, "wait 0", "> Adopted 1, p:Adopted 1", "push latest 2", "wait 100",
        "> s:RollingOut 2, s:apply web 2, s:Healthy 2", "push v1.1.0 2", "wait 504", "> nothing",
        "= production/web Waiting 1 - 2 Proof", "wait 1", "> p:RollingOut 2, p:apply web 2",
        "wait 100", "> p:Healthy 2", "= production/web Current 2 1 - -",
    }},
    {"what breaks in staging never reaches production", {
        STAGING, PRODUCTION, "bytes 2 crash", "push latest 2", "push v1.1.0 2", "wait 9999",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Failed 2, s:RollingBack 1, p:NeverProved, s:apply web 1, s:Healthy 1",
        "= production/web Waiting 1 - 2 Proof", "? production/web NeverProved True NotRunThere quarantined",
        "= staging/web Waiting 1 - 2 Quarantined",
    }},
    {"staging sees through what production waits for, though pushes come every 20 s", {
        STAGING, PRODUCTION, "spec production/web from {'namespace':'staging','track':'web','soak':'2m'}", "wait 0",
        "push latest 2", "push v1.1.0 2", "wait 20", "push latest 3", "wait 20", "push latest 4", "wait 20",
        "push latest 5", "wait 20", "= staging/web Waiting 2 1 5 Soak", "push latest 6", "wait 20",
        "push latest 7", "wait 20", "push latest 8", "wait 20",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 8, p:RollingOut 2, s:apply web 8, p:apply web 2",
        "wait 9999", "> s:Healthy 8, p:Healthy 2", "= production/web Current 2 1 - -",
    }},
    {"bytes that were passed over are run when production waits for them", {
        STAGING, PRODUCTION, "push latest 2", "wait 20", "push latest 3", "wait 20", "push latest 4",
        "push v1.1.0 3", "wait 10", "= staging/web Soaking 2 1 3 Turn", "= production/web Waiting 1 - 3 Proof",
        "wait 20", "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 3, s:apply web 3",
        "wait 700", "> s:Healthy 3, s:RollingOut 4, p:RollingOut 3, s:apply web 4, p:apply web 3, s:Healthy 4, p:Healthy 3",
    }},
    {"production follows latest too: it takes what comes through, not what is newest", {
        STAGING, "deployment production/web 1 latest", "track production/web",
        "spec production/web from {'namespace':'staging','track':'web','soak':'2m'}", "wait 0",
        "push latest 2", "wait 20", "push latest 3", "wait 20", "push latest 4", "wait 20", "push latest 5", "wait 20",
        "push latest 6", "wait 20", "push latest 7", "wait 20", "push latest 8", "wait 20",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 8, s:apply web 8, p:RollingOut 2, p:apply web 2",
        "wait 999", "> s:Healthy 8, p:Healthy 2, p:RollingOut 8, p:apply web 8, p:Healthy 8",
    }},
    {"what staging has never run says so, and how to prove it", {
        STAGING, PRODUCTION, "push v1.1.0 2", "wait 9999", "> Adopted 1, p:Adopted 1, p:NeverProved",
        "? production/web NeverProved True NotRunThere Track web of namespace staging does not run it and is not about to; promote it there",
        "spec staging/web promote {'digest':'@2','by':'ann'}", "wait 0",
        "> s:Promoted 2, s:apply web 2", "? production/web NeverProved False Proving", "wait 700",
        "> s:Healthy 2, p:RollingOut 2, p:apply web 2, p:Healthy 2",
    }},
    {"staging has its turn to look before it is said that it will never prove", {
        STAGING, PRODUCTION, "wait 0", "doze staging/web 60", "push latest 2", "push v1.1.0 2", "wait 59",
        "> Adopted 1, p:Adopted 1", "= production/web Waiting 1 - 2 Proof", "? production/web NeverProved False Proving",
        "waits production/web Track web of namespace staging has to see it: it looks into the registry every 60 s",
        "wait 1", "> s:RollingOut 2, s:apply web 2", "? production/web NeverProved False Proving",
        "wait 700", "> s:Healthy 2, p:RollingOut 2, p:apply web 2, p:Healthy 2",
    }},
    {"staging has that turn for its own interval, and no longer", {
        STAGING, PRODUCTION, "spec staging/web interval '5m'", "wait 0", "doze staging/web 9999", "push v1.1.0 2",
        "wait 339", "> Adopted 1, p:Adopted 1", "? production/web NeverProved False Proving", "wait 1", "> p:NeverProved",
        "? production/web NeverProved True NotRunThere does not run it and is not about to", "wait 9999", "> nothing",
    }},
    {"bytes that staging passed over, and is about to run", {
        STAGING, PRODUCTION, "wait 0", "push latest 2", "wait 100", "push latest 1", "wait 100", "doze staging/web 30",
        "push latest 2", "push v1.1.0 2", "wait 10", "? production/web NeverProved False Proving", "wait 99",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 1, s:apply web 1, s:Healthy 1, s:RollingOut 2, s:apply web 2, s:Healthy 2",
        "? production/web NeverProved False Proving",
    }},
    {"a source that is not there", {
        PRODUCTION, "push v1.1.0 2", "wait 9999", "> Adopted 1", "= production/web Waiting 1 - 2 Proof",
    }},
    {"a source at zero replicas proves nothing", {
        STAGING, PRODUCTION, "scale staging/web 0", "push latest 2", "push v1.1.0 2", "wait 99999",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Applied 2", "= production/web Waiting 1 - 2 Proof",
        "scale staging/web 1", "wait 604", "> s:Healthy 2", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"what was adopted there is proved by running on", {
        STAGING, "deployment production/web 9 v0.9.0", "push v0.9.0 9", "push v1.0.0 1", "track production/web",
        "spec production/web follow {'semver':'*'}", "spec production/web from {'namespace':'staging','track':'web'}",
        "wait 599", "> Adopted 1, p:Adopted 9", "wait 1", "> p:RollingOut 1, p:apply web 1",
    }},
    {"restarts at the source while it is awaited begin the proof anew", {
        STAGING, PRODUCTION, "push latest 2", "push v1.1.0 2", "wait 200", "bytes 2 restart", "wait 404",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2", "wait 1", "> nothing",
        "wait 194", "> nothing", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"restarts at the source begin the proof anew, though nobody waits for it yet", {
        STAGING, PRODUCTION, "spec production/web from {'namespace':'staging','track':'web','soak':'14m'}",
        "push latest 2", "wait 100", "bytes 2 restart", "wait 800", "push v1.1.0 2", "wait 39",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"what ran while nobody watched it is no proof for a Track that comes later", {
        STAGING, "wait 0", "push latest 2", "wait 9999", "> Adopted 1, RollingOut 2, apply web 2, Healthy 2",
        PRODUCTION, "push v1.1.0 2", "wait 539", "> p:Adopted 1", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"nor is its own soak, if it was restarted since", {
        STAGING, "wait 0", "push latest 2", "wait 100", "bytes 2 restart", "wait 9999",
        "> Adopted 1, RollingOut 2, apply web 2, Healthy 2", PRODUCTION, "push v1.1.0 2", "wait 599", "> p:Adopted 1",
        "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"a proof is added up over an interruption, and production knows until when it waits", {
        STAGING, PRODUCTION, "push latest 2", "wait 3", "push v1.1.0 2", "wait 0", "until production/web -", "wait 2",
        "until production/web 600", "wait 195", "until production/web 405", "scale staging/web 0", "wait 0",
        "until production/web -", "wait 500", "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2",
        "= production/web Waiting 1 - 2 Proof", "scale staging/web 2", "wait 5", "until production/web 405", "wait 404",
        "until production/web 1", "> nothing", "wait 1", "> p:RollingOut 2, p:apply web 2", "until production/web -",
    }},
    {"a source of which one target is at zero replicas proves nothing until it is up", {
        STAGING, PRODUCTION, "deployment staging/api 1 latest", "scale staging/api 0",
        "spec staging/web targets [{'kind':'Deployment','name':'web'},{'kind':'Deployment','name':'api'}]",
        "push latest 2", "push v1.1.0 2", "wait 9999",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:apply api 2, s:Applied 2", "until production/web -",
        "scale staging/api 1", "wait 604", "> s:Healthy 2", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"nor does one of which a target goes to zero replicas after its soak", {
        STAGING, PRODUCTION, "deployment staging/api 1 latest",
        "spec staging/web targets [{'kind':'Deployment','name':'web'},{'kind':'Deployment','name':'api'}]",
        "push latest 2", "push v1.1.0 2", "wait 110", "scale staging/api 0", "wait 9999",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:apply api 2, s:Healthy 2", "until production/web -",
        "scale staging/api 2", "wait 504", "> nothing", "wait 1", "> p:RollingOut 2, p:apply web 2",
    }},
    {"bytes that are no longer on the ledger keep their proof", {
        STAGING, PRODUCTION, "spec staging/web keep 1", "push latest 2", "wait 700", "push latest 3", "wait 100",
        "push latest 4", "wait 100", "push latest 5", "wait 100", "rows staging/web 5Healthy 4Healthy 3Healthy",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 3, s:apply web 3, s:Healthy 3, s:RollingOut 4, s:apply web 4, s:Healthy 4, s:RollingOut 5, s:apply web 5, s:Healthy 5",
        "push v1.1.0 2", "wait 0", "> p:RollingOut 2, p:apply web 2",
    }},
    {"awaited bytes that cannot be proved, since nothing runs, are tried once", {
        STAGING, PRODUCTION, "scale staging/web 0", "push latest 2", "wait 10", "spec staging/web suspend true",
        "push latest 3", "wait 10", "push v1.1.0 3", "push latest 2", "wait 10",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Applied 2", "spec staging/web suspend false", "wait 999",
        "> s:RollingOut 3, s:apply web 3, s:Applied 3, s:RollingOut 2, s:apply web 2, s:Applied 2, p:NeverProved",
    }},
    {"manual", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "spec p/web approval 'Manual'", "wait 0",
        "push latest 2", "wait 9999", "> Adopted 1", "= p/web Waiting 1 - 2 Approval",
        "spec p/web approve {'digest':'@3','by':'ann'}", "wait 0", "> Approved 3", "= p/web Waiting 1 - 2 Approval",
        "spec p/web approve {'digest':'@2','by':'ann'}", "wait 100", "> Approved 2, RollingOut 2, apply web 2, Healthy 2",
        "push latest 1", "wait 100", "push latest 2", "wait 100", "> nothing",
        "spec p/web approve {'digest':'@1','by':'ann','at':'#'}", "wait 100", "> Approved 1", "push latest 1",
        "wait 100", "> RollingOut 1, apply web 1, Healthy 1", "push latest 2", "wait 100", "= p/web Waiting 1 2 2 Approval",
        "> nothing",
    }},
    {"an approval that nothing waits for is spent at once", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "spec p/web approve {'digest':'@2','by':'ann'}", "wait 0",
        "> Adopted 1, Approved 2", "approved p/web -", "spec p/web approval 'Manual'", "push latest 2", "wait 100", "> nothing",
        "= p/web Waiting 1 - 2 Approval", "spec p/web approve {'digest':'@2','by':'ann','at':'#'}", "wait 100",
        "> Approved 2, RollingOut 2, apply web 2, Healthy 2", "approved p/web -",
        "spec p/web approve {'digest':'@2','by':'bob','at':'#'}", "wait 10", "> Approved 2", "approved p/web -",
        "push latest 1", "spec p/web approve {'digest':'@1','by':'bob','at':'#'}", "wait 100",
        "> Approved 1, RollingOut 1, apply web 1, Healthy 1", "push latest 2", "wait 100", "> nothing",
        "= p/web Waiting 1 2 2 Approval", "spec p/web approve {'digest':'@3'}", "wait 0", "approved p/web 3",
        "spec p/web approval 'Automatic'", "wait 100", "approved p/web -",
    }},
    {"an approval that is taken back", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "spec p/web approval 'Manual'",
        "spec p/web approve {'digest':'@2'}", "wait 0", "spec p/web approve", "wait 0", "push latest 2", "wait 100",
        "> Adopted 1, Approved 2", "= p/web Waiting 1 - 2 Approval",
    }},
    {"a quarantine ends by an approval, once", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "bytes 2 crash", "push latest 2",
        "wait 100", "spec p/web approve {'digest':'@2','by':'ann'}", "wait 0",
        "> Adopted 1, RollingOut 2, apply web 2, Failed 2, RollingBack 1, apply web 1, Healthy 1, Approved 2, RollingOut 2, apply web 2",
        "wait 999", "> Failed 2, RollingBack 1, apply web 1, Healthy 1", "wait 9999", "> nothing",
        "= p/web Waiting 1 - 2 Quarantined",
    }},
    {"versions only go up by themselves", {
        "deployment p/web 3 v2.0.0", "push v1.0.0 1", "push v2.0.0 3", "track p/web", "spec p/web follow {'semver':'*'}",
        "wait 0", "spec p/web follow {'semver':'<2'}", "wait 999", "> Adopted 3", "= p/web Current 3 - - -",
        "? p/web Resolved False LowerVersion v1.0.0", "push v1.9.0 2", "wait 999", "> nothing",
        "spec p/web follow {'semver':'*'}", "push v2.0.1 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4",
    }},
    {"a promotion without a tag is no way down", {
        "deployment p/web 3 v2.0.0", "push v2.0.0 3", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "spec p/web promote {'digest':'@8'}", "wait 100", "> Adopted 3, Promoted 8, apply web 8, Healthy 8",
        "push v2.0.0 -", "push v1.0.0 1", "wait 999", "> nothing", "push v2.1.0 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4",
    }},
    {"what runs by tag alone is never gone below either", {
        "deployment p/web - v2.0.0", "push v1.0.0 1", "push v2.0.0 3", "track p/web",
        "spec p/web follow {'semver':'<2'}", "wait 999", "> nothing", "? p/web Resolved False LowerVersion",
        "spec p/web follow {'semver':'<3'}", "wait 100", "> RollingOut 3, apply web 3, Healthy 3",
    }},
    {"a list without the running tag is not believed", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "push v1.0.0 -", "push v1.1.0 2", "wait 9999", "> Adopted 1", "? p/web Resolved False RunningTagGone",
        "= p/web Current 1 - - -", "push v1.0.0 1", "wait 100", "> RollingOut 2, apply web 2, Healthy 2",
    }},
    {"a list that lacks what runs is not believed from the very first look on", {
        "deployment p/web 1 v1.0.0", "push v1.1.0 2", "track p/web", "spec p/web follow {'semver':'*'}", "wait 9999",
        "> Adopted 1", "? p/web Resolved False RunningTagGone", "= p/web Current 1 - - -", "push v1.0.0 1", "wait 100",
        "> RollingOut 2, apply web 2, Healthy 2",
    }},
    {"nor one that lacks what was gone back to", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "push v1.1.0 2", "wait 100", "spec p/web hold {'digest':'@1'}", "wait 0", "push v1.0.0 -", "push v1.2.0 3", "wait 100",
        "> Adopted 1, RollingOut 2, apply web 2, Healthy 2, apply web 1, RollingBack 1, Healthy 1",
        "? p/web Resolved False RunningTagGone", "spec p/web hold", "wait 999", "> Resumed",
        "spec p/web promote {'digest':'@3','by':'ann'}", "wait 100", "> Promoted 3, apply web 3, Healthy 3",
        "= p/web Current 3 1 - -",
    }},
    {"a moved tag is never rolled out", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "push v1.0.0 2", "wait 9999", "> Adopted 1, TagMoved 2", "= p/web Current 1 - - -",
        "? p/web TagMoved True OtherBytes", "push v1.1.0 3", "wait 100", "> RollingOut 3, apply web 3, Healthy 3",
        "? p/web TagMoved False SameBytes", "push v1.0.0 1", "wait 0", "push v1.1.0 4", "wait 100", "> TagMoved 4",
        "push v1.1.0 3", "wait 0", "? p/web TagMoved False SameBytes",
    }},
    {"a tag that failed and was pushed again is not trusted either", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}", "wait 0",
        "bytes 2 crash", "push v1.1.0 2", "wait 100", "push v1.1.0 3", "wait 999",
        "> Adopted 1, RollingOut 2, apply web 2, Failed 2, RollingBack 1, apply web 1, Healthy 1, TagMoved 3",
        "push v1.1.1 3", "wait 100", "> RollingOut 3, apply web 3, Healthy 3",
    }},
    {"the registry is down: nothing moves, and what was waited for still is", {
        STAGING, PRODUCTION, "push latest 2", "push v1.1.0 2", "wait 100", "registry down", "wait 900",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2", "? production/web Resolved False RegistryFailed connection refused",
        "= production/web Waiting 1 - 2 Proof", "registry up", "wait 100", "> p:RollingOut 2, p:apply web 2, p:Healthy 2",
    }},
    {"a clock that is put back: the proof is counted on from then", {
        STAGING, PRODUCTION, "push latest 2", "push v1.1.0 2", "wait 100", "clock -3600", "wait 700",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, p:RollingOut 2, p:apply web 2, p:Healthy 2",
    }},
    {"a rollout goes on while the registry is down", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "push latest 2", "wait 3", "registry down",
        "wait 100", "> Adopted 1, RollingOut 2, apply web 2, Healthy 2",
    }},
    {"nothing fits", {
        "deployment p/web 1 latest", "track p/web", "wait 999", "> Adopted 1", "? p/web Resolved False NothingFits no tag of the repository fits latest",
    }},
    {"what the source proved is taken only if the registry has it still", {
        STAGING, "deployment production/web 1 latest", "track production/web",
        "spec production/web from {'namespace':'staging','track':'web','soak':'2m'}", "wait 0", "push latest 2", "wait 100",
        "push latest 3", "gone 2", "wait 900",
        "> Adopted 1, p:Adopted 1, s:RollingOut 2, s:apply web 2, s:Healthy 2, s:RollingOut 3, s:apply web 3, s:Healthy 3, p:RollingOut 3, p:apply web 3, p:Healthy 3",
    }},
    {"suspended: nothing begins by itself, what goes on goes on", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "bytes 2 crash", "push latest 2", "wait 3",
        "spec p/web suspend true", "wait 100", "> Adopted 1, RollingOut 2, apply web 2, Failed 2, RollingBack 1, apply web 1, Healthy 1",
        "push latest 3", "wait 999", "> nothing", "= p/web Suspended 1 - 3 Release", "spec p/web suspend false", "wait 100",
        "> RollingOut 3, apply web 3, Healthy 3",
    }},
};
/* clang-format on */

RUN_SCENARIOS(scenarios)
