/* SPDX-License-Identifier: Apache-2.0 */
#include "../trackrunner.h"

#include "pinnace/banned.h"

/* clang-format off */
static const struct scenario scenarios[] = {
    {"follow a tag, roll, healthy, fail, back", {
        "deployment staging/web 1 latest", "push latest 1", "track staging/web", "wait 0",
        "> Adopted 1", "= staging/web Current 1 - - -", "wait 600", "> nothing",
        "push latest 2", "wait 0", "> RollingOut 2, apply web 2", "= staging/web Rolling 2 1 - -",
        "? staging/web RolledOut False RollingOut",
        "wait 5", "= staging/web Soaking 2 1 - -", "wait 59", "> nothing",
        "wait 1", "> Healthy 2", "= staging/web Current 2 1 - -", "? staging/web Ready True Current",
        "rows staging/web 2Healthy 1Adopted",
        "bytes 3 crash", "push latest 3", "wait 60",
        "> RollingOut 3, apply web 3, Failed 3, RollingBack 2, apply web 2",
        "wait 60", "> Healthy 2", "= staging/web Waiting 2 1 3 Quarantined",
        "rows staging/web 2Healthy 3Failed 2Healthy 1Adopted", "wait 3600", "> nothing",
        "push latest 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4",
    }},
    {"equal digests cause no rollout, under whatever tag", {
        "deployment p/web 1 v1.0.0", "push v1.0.0 1", "track p/web", "spec p/web follow {'semver':'*'}",
        "wait 0", "push v1.1.0 1", "wait 600", "> Adopted 1", "= p/web Current 1 - - -",
        "push v1.2.0 2", "wait 100", "> RollingOut 2, apply web 2, Healthy 2",
    }},
    {"the deadline", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "bytes 2 hang", "wait 0",
        "push latest 2", "wait 599", "> Adopted 1, RollingOut 2, apply web 2", "wait 1",
        "> Failed 2, RollingBack 1, apply web 1", "wait 5", "wait 60", "> Healthy 1",
        "rows p/web 1Healthy 2Failed 1Adopted", "wait 9999", "> nothing",
    }},
    {"a restart during the soak is a failure, though all is complete", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "bytes 2 restart", "wait 0",
        "push latest 2", "wait 24", "= p/web Soaking 2 1 - -", "wait 1",
        "> Adopted 1, RollingOut 2, apply web 2, Failed 2, RollingBack 1, apply web 1",
        "wait 100", "= p/web Waiting 1 - 2 Quarantined",
    }},
    {"a failed way back holds and calls for a person", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "bytes 2 crash",
        "push latest 2", "wait 4", "bytes 1 hang", "wait 1",
        "> Adopted 1, RollingOut 2, apply web 2, Failed 2, RollingBack 1, apply web 1",
        "wait 700", "> Failed 1", "= p/web Failed 1 - 2 Quarantined",
        "? p/web Ready False Stopped the way back to latest (sha256:111111111111) failed",
        "? p/web Ready False Stopped ; when that is mended: kubectl pinnace resume",
        "push latest 3", "wait 9999", "> nothing", "= p/web Failed 1 - 3 Release",
        "spec p/web resume {'at':'#','by':'ann'}", "wait 100",
        "> Resumed, RollingOut 3, apply web 3, Healthy 3", "rows p/web 3Healthy 1Failed 2Failed 1Adopted",
    }},
    {"on failure hold", {
        "deployment p/web 1 latest", "push latest 1", "track p/web",
        "spec p/web rollout {'onFailure':'Hold'}", "wait 0", "bytes 2 crash", "push latest 2",
        "wait 9999", "> Adopted 1, RollingOut 2, apply web 2, Failed 2", "= p/web Failed 2 1 - -",
        "push latest 3", "wait 9999", "> nothing", "= p/web Failed 2 1 3 Release",
        "spec p/web hold {'digest':'@1','by':'ann'}", "wait 100", "> apply web 1, RollingBack 1, Healthy 1",
        "= p/web Held 1 - 3 Release",
    }},
    {"nothing to go back to: the next push may try", {
        "deployment p/web - latest", "push latest 1", "track p/web", "bytes 1 crash", "wait 9999",
        "> RollingOut 1, apply web 1, Failed 1", "= p/web Failed 1 - - -",
        "push latest 2", "wait 100", "> RollingOut 2, apply web 2, Healthy 2", "= p/web Current 2 - - -",
    }},
    {"several targets: in their order, healthy only together", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "deployment p/c 1 latest",
        "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'a'},{'kind':'Deployment','name':'b'},{'kind':'Deployment','name':'c'}]",
        "wait 0", "push latest 2", "wait 4", "> Adopted 1, RollingOut 2, apply a 2",
        "wait 1", "> apply b 2", "wait 5", "> apply c 2", "wait 5", "= p/web Soaking 2 1 - -",
        "wait 60", "> Healthy 2",
    }},
    {"one failure takes every patched one back", {
        "deployment p/a 1 latest", "deployment p/b 1 latest", "deployment p/c 1 latest",
        "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'Deployment','name':'a'},{'kind':'Deployment','name':'b'},{'kind':'Deployment','name':'c'}]",
        "wait 0", "push latest 2", "wait 5", "> Adopted 1, RollingOut 2, apply a 2, apply b 2",
        "bytes 2 crash", "wait 0", "> Failed 2, RollingBack 1, apply a 1, apply b 1",
        "wait 100", "> Healthy 1", "rows p/web 1Healthy 2Failed 1Adopted",
    }},
    {"zero replicas is applied, never healthy; when it runs it is judged", {
        "deployment p/web 1 latest", "scale p/web 0", "push latest 1", "track p/web", "wait 0",
        "push latest 2", "wait 600", "> Adopted 1, RollingOut 2, apply web 2, Applied 2",
        "rows p/web 2Applied 1Adopted", "= p/web Current 2 1 - -", "scale p/web 2", "wait 0",
        "= p/web Rolling 2 1 - -", "wait 100", "> Healthy 2", "rows p/web 2Healthy 1Adopted",
        "bytes 3 crash", "scale p/web 0", "push latest 3", "wait 100", "scale p/web 2", "wait 4",
        "> RollingOut 3, apply web 3, Applied 3", "wait 1", "> Failed 3, RollingBack 2, apply web 2",
    }},
    {"paused waits without a deadline, and makes way for the next", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "paused p/web yes",
        "push latest 2", "wait 9999", "> Adopted 1, RollingOut 2, apply web 2, Stalled",
        "= p/web Stalled 2 1 - -", "? p/web Stalled True Waiting",
        "push latest 3", "wait 9999", "> RollingOut 3, apply web 3, Stalled", "paused p/web no", "wait 100",
        "> Healthy 3", "rows p/web 3Healthy 2Abandoned 1Adopted", "? p/web Stalled False NothingInTheWay",
    }},
    {"a CronJob proves by a Job that succeeded", {
        "cronjob p/web 1 latest", "push latest 1", "track p/web",
        "spec p/web targets [{'kind':'CronJob','name':'web'}]", "wait 0",
        "push latest 2", "wait 99999", "> Adopted 1, RollingOut 2, apply web 2, Stalled",
        "= p/web Stalled 2 1 - -", "job p/web well", "wait 100", "> Healthy 2",
        "push latest 3", "wait 0", "job p/web failed", "wait 0",
        "> RollingOut 3, apply web 3, Stalled, Failed 3, RollingBack 2, apply web 2, Stalled",
    }},
    {"what is not the image's fault stands the deadline still", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "quota p/web yes",
        "push latest 2", "wait 9999", "> Adopted 1, RollingOut 2, apply web 2, Stalled",
        "= p/web Stalled 2 1 - -", "? p/web Stalled True Blocked Deployment web: exceeded quota",
        "quota p/web no", "wait 4", "= p/web Rolling 2 1 - -", "wait 100", "> Healthy 2",
    }},
    {"what is left of the deadline counts on after an obstacle", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "bytes 2 hang",
        "push latest 2", "wait 300", "quota p/web yes", "wait 5000", "quota p/web no", "wait 299",
        "> Adopted 1, RollingOut 2, apply web 2, Stalled", "wait 1", "> Failed 2, RollingBack 1, apply web 1",
    }},
    {"a deadline that becomes another counts for the rollout that goes on", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "bytes 2 hang", "bytes 3 hang",
        "push latest 2", "wait 300", "spec p/web rollout {'deadline':'20m'}", "wait 899",
        "> Adopted 1, RollingOut 2, apply web 2", "wait 1", "> Failed 2, RollingBack 1, apply web 1", "wait 100",
        "push latest 3", "wait 300", "> Healthy 1, RollingOut 3, apply web 3", "spec p/web rollout {'deadline':'2m'}",
        "wait 0", "> Failed 3, RollingBack 1, apply web 1",
    }},
    {"a clock that is put back stops neither a soak nor a deadline", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "push latest 2", "wait 20",
        "> Adopted 1, RollingOut 2, apply web 2", "clock -3600", "wait 100", "> Healthy 2", "bytes 3 hang", "push latest 3",
        "wait 20", "> RollingOut 3, apply web 3", "clock -3600", "wait 599", "> nothing", "wait 1",
        "> Failed 3, RollingBack 2, apply web 2",
    }},
    {"an apply that is refused is nobody's failure", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "apply refused",
        "push latest 2", "wait 9999", "> Adopted 1, RollingOut 2, Stalled",
        "? p/web Stalled True NotApplied Deployment web could not be changed: forbidden",
        "apply allowed", "wait 100", "> apply web 2, Healthy 2",
    }},
    {"a push every 20 s: each rollout is seen through, none in vain", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0",
        "push latest 2", "wait 20", "push latest 3", "wait 20", "push latest 4", "wait 20",
        "= p/web Soaking 2 1 4 Turn", "push latest 5", "wait 20", "push latest 6", "wait 100",
        "> Adopted 1, RollingOut 2, apply web 2, Healthy 2, RollingOut 5, apply web 5, Healthy 5, RollingOut 6, apply web 6",
        "wait 100", "> Healthy 6",
    }},
    {"A to B to A", {
        "deployment p/web a latest", "push latest a", "track p/web", "wait 0", "push latest b", "wait 100",
        "push latest a", "wait 100",
        "> Adopted a, RollingOut b, apply web b, Healthy b, RollingOut a, apply web a, Healthy a",
    }},
    {"a target that goes, and comes again with other bytes", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "wait 0", "remove p/web",
        "push latest 2", "wait 100", "> Adopted 1, Stalled", "= p/web Stalled 1 - 2 Turn",
        "? p/web Stalled True TargetMissing Deployment web is not there",
        "deployment p/web 1 latest", "wait 100", "> RollingOut 2, apply web 2, Healthy 2",
        "remove p/web", "wait 0", "deployment p/web 9 v9", "wait 100", "> Stalled, Drifted 9",
    }},
    {"keep", {
        "deployment p/web 1 latest", "push latest 1", "track p/web", "spec p/web keep 2", "wait 0",
        "push latest 2", "wait 100", "push latest 3", "wait 100", "bytes 4 crash", "push latest 4",
        "wait 3", "rows p/web 4RollingOut 3Healthy 2Healthy", "wait 200", "rows p/web 3Healthy 4Failed 3Healthy 2Healthy",
        "= p/web Waiting 3 2 4 Quarantined",
    }},
};
/* clang-format on */

RUN_SCENARIOS(scenarios)
