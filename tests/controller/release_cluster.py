# SPDX-License-Identifier: Apache-2.0
"""API servers that fail or forget, and other hands."""
import calendar
import os
import subprocess
import threading
import time

from apiserver import refusing
from program import demand, equal, eventually
from releasetest import push, test, unwatched
from releaseworld import APPS, TRACKS
from servers import Crowd, digest_of, manifest


@test
def so_many_lists_at_a_time(world):
    """Rollouts that begin at once want the pods of all: their lists stand in line, the other requests do not."""
    crowd, names = Crowd(enough=16), [f"app-{number}" for number in range(40)]
    world.api.faults.append(lambda handler, asked: str(asked) == "list pods" and crowd())
    firsts = {name: world.make(name) for name in names}
    world.lead()
    for name in names:
        world.rolled(name, firsts[name])
    equal(crowd.most, 16, "lists of pods at a time at most")


@test
def somebody_writes_in_between(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    touched = []

    def touch(handler, asked):
        """Just before the write, somebody changes the very object."""
        if str(asked) in ("replace tracks/status", "patch deployments") and touched.count(str(asked)) < 3:
            touched.append(str(asked))
            body = world.api.find(asked.api, asked.plural, asked.name, asked.namespace)
            body["metadata"].setdefault("labels", {})["touched"] = str(len(touched))
            world.api.put(asked.api, asked.plural, asked.name, body, asked.namespace)
        return False
    world.api.faults.append(touch)
    second = push(world, "web")
    world.rolled("web", second)
    demand({"replace tracks/status", "patch deployments"} <= set(touched), touched)
    eventually(lambda: program.metric('pinnace_release_writes_total{what="conflict"}') >= 6, "conflicts are counted")
    revisions = [row["revision"] for row in world.rows("web")]
    equal(len(set(revisions)), len(revisions), "revisions")


@test
def somebody_writes_over_and_over_and_no_watch_tells(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    unwatched(world, "tracks")
    touched = []

    def touch(handler, asked):
        if str(asked) == "replace tracks/status" and len(touched) < 8:
            touched.append(asked)
            body = world.api.find(TRACKS, "tracks", "web", "default")
            body["metadata"].setdefault("labels", {})["touched"] = str(len(touched))
            world.api.put(TRACKS, "tracks", "web", body, "default")
        return False
    world.api.faults.append(touch)
    world.rolled("web", push(world, "web"))
    demand(program.events("conflicts go on"), "that is told")


@test
def another_object_of_the_same_name_is_not_touched_unseen(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    swapped = []

    def swap(handler, asked):
        if str(asked) == "patch deployments" and not swapped:
            swapped.append(asked.body["metadata"]["uid"])
            body = world.api.find(APPS, "deployments", "web", "default")
            world.api.drop(APPS, "deployments", "web", "default")
            body["metadata"] = {}
            body.pop("status", None)
            world.api.put(APPS, "deployments", "web", body, "default")
        return False
    world.api.faults.append(swap)
    second = push(world, "web")
    world.rolled("web", second)
    patches = [asked.body["metadata"]["uid"] for asked in world.api.asked_for("patch deployments")]
    demand(patches[-1] != swapped[0], "the uid is that of the object that was looked at")


@test
def another_object_of_the_same_name_that_no_watch_tells_of(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    away, swapped = unwatched(world, "deployments"), []

    def swap(handler, asked):
        if str(asked) == "patch deployments" and not swapped:
            swapped.append(asked)
            world.api.drop(APPS, "deployments", "web", "default")
            world.deployment("web", f"{world.registry.host}/web:old")
        return False
    world.api.faults.append(swap)
    second = push(world, "web")
    eventually(lambda: world.image_of("web").endswith(second), "the other one is read and changed")
    world.api.faults.remove(away)
    world.rolled("web", second)


@test
def a_patch_that_is_refused_stalls_and_is_tried_again(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    tried = []

    def refusal(handler, asked):
        if str(asked) != "patch deployments" or asked.name != "web":
            return False
        tried.append(asked)
        refusing(403)(handler, asked)
        return True
    world.api.faults.append(refusal)
    second = push(world, "web")
    eventually(lambda: world.status("web")["phase"] == "Stalled", f"it is stalled: {world.status('web')}")
    demand(not world.status("web").get("quarantined"), "what is not the image's fault is quarantined")
    other = world.make("other")
    world.rolled("other", other)
    world.api.faults.remove(refusal)
    world.rolled("web", second)
    demand(len(tried) < 20, f"tried {len(tried)} times")
    eventually(lambda: program.metric('pinnace_release_writes_total{what="refused"}') >= len(tried), "refusals are counted")


@test
def a_slow_write_delays_nobody_else(world):
    slow, quick = world.make("slow"), world.make("quick")
    world.lead()
    world.rolled("slow", slow)
    world.rolled("quick", quick)
    held = threading.Event()

    def hold(handler, asked):
        if str(asked) == "patch deployments" and asked.name == "slow" and not held.is_set():
            held.set()
            time.sleep(8)
        return False
    world.api.faults.append(hold)
    slow = push(world, "slow")
    eventually(held.is_set, "the patch that is held")
    quick = push(world, "quick")
    world.rolled("quick", quick)
    world.rolled("slow", slow)


@test
def a_tag_that_moves_between_the_look_and_the_rollout(world):
    """What was resolved is rolled, by its digest; what the tag means by then comes after it."""
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    later = manifest("web:latest:later")
    moved = []

    def move(handler, asked):
        if str(asked) == "replace tracks/status" and not moved and asked.body["status"]["ledger"][0]["digest"] == second:
            moved.append(world.registry.image("web", "latest", later))
        return False
    second = digest_of(manifest("web:latest:second"))
    world.api.faults.append(move)
    equal(push(world, "web", content="second"), second, "the digest")
    world.rolled("web", digest_of(later))
    equal(moved, [digest_of(later)], "moves")
    patches = [asked.body["spec"]["template"]["spec"]["containers"] for asked in world.api.asked_for("patch deployments")]
    patches = [patch for at, patch in enumerate(patches) if not at or patch != patches[at - 1]]  # the hand may have been quicker
    equal(patches, [[{"name": "main", "image": f"{world.registry.host}/web:latest@{digest}"}] for digest in (first, second, digest_of(later))], "patches")
    equal([row["digest"] for row in world.rows("web")][:3], [digest_of(later), second, first], "the ledger")


@test
def a_container_that_appears_or_vanishes(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)

    def condition(kind):
        return next(((c["status"], c["reason"], c["message"]) for c in world.status("web").get("conditions", []) if c["type"] == kind), None)

    def put(*containers):
        body = world.api.find(APPS, "deployments", "web", "default")
        body["spec"]["template"]["spec"]["containers"] = [{"name": name, "image": image} for name, image in containers]
        world.api.put(APPS, "deployments", "web", body, "default")

    def images():
        spec = world.api.find(APPS, "deployments", "web", "default")["spec"]["template"]["spec"]
        return {container["name"]: container["image"] for container in spec["containers"]}
    ours, other = images()["main"], f"{world.registry.host}/web:old"
    put(("main", ours), ("between", "elsewhere/x:1"), ("second", other))
    eventually(lambda: condition("Drifted")[:2] == ("True", "AnotherHand"), "another hand is told of")
    equal(images()["second"], other, "what another hand put there is not fought")
    body = world.api.find(TRACKS, "tracks", "web", "default")
    body["spec"]["resume"] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "by": "ann"}
    world.api.put(TRACKS, "tracks", "web", body, "default")
    eventually(lambda: images()["second"] == ours, "resume gives it the digest")
    equal(list(images().items()), [("main", ours), ("between", "elsewhere/x:1"), ("second", ours)], "the containers, in their order")
    eventually(lambda: condition("Drifted")[0] == "False", "no drift")
    put(("main", ours), ("between", "elsewhere/x:1"))
    eventually(lambda: condition("Ready")[0] == "True", "it is well without it")
    put(("between", "elsewhere/x:1"))
    eventually(lambda: condition("Stalled")[:2] == ("True", "TargetMissing"), "what it moves is not there")
    demand("no container" in condition("Stalled")[2], condition("Stalled"))
    second = push(world, "web")
    time.sleep(2)
    equal(images(), {"between": "elsewhere/x:1"}, "the containers of others")
    put(("between", "elsewhere/x:1"), ("main", ours))
    eventually(lambda: images()["main"].endswith(second), "it is there again, and goes on")
    equal(images()["between"], "elsewhere/x:1", "the container of others")


@test
def an_api_server_that_is_away_and_back(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    world.api.faults.append(away := (lambda handler, asked: refusing(503)(handler, asked) or True))
    for plural in ("tracks", "deployments", "statefulsets", "daemonsets", "cronjobs"):
        world.api.end_watches(plural)
    program.wait_for("lease trouble")
    second = push(world, "web")
    time.sleep(2)
    demand(world.image_of("web").endswith(first), "written though nobody answers")
    world.api.faults.remove(away)
    world.rolled("web", second)


@test
def an_api_server_that_is_away_for_longer_than_a_deadline(world):
    """Nobody saw how the rollout went on: what is known of it is old, and no reason to call it failed."""
    first = world.make("web", rollout={"soak": "1s", "deadline": "12s"})
    program = world.lead()
    world.rolled("web", first)
    second = digest_of(manifest("web:latest:second"))
    world.hand.broken.add(f"{world.registry.host}/web:latest@{second}")
    equal(push(world, "web", content="second"), second, "the digest")
    eventually(lambda: world.image_of("web").endswith(second), "the rollout begins")
    began = time.monotonic()
    away = unwatched(world, "deployments")
    world.api.faults.append(nobody := (lambda handler, asked: refusing(503)(handler, asked) or True))
    for plural in ("tracks", "pods", "statefulsets", "daemonsets", "cronjobs"):
        world.api.end_watches(plural)
    program.wait_for("not leading")
    eventually(lambda: time.monotonic() > began + 14, "the deadline")
    world.hand.broken.clear()
    eventually(lambda: world.api.find(APPS, "deployments", "web", "default")["status"]["observedGeneration"] > 1, "it comes up")
    world.api.faults.remove(nobody)
    program.wait_for("leading", 2)
    time.sleep(14)  # of the Deployment nothing is known yet
    world.api.faults.remove(away)
    world.rolled("web", second)
    demand(not world.status("web").get("quarantined"), f"it is called failed: {world.status('web')}")


CLOCK = """
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int done = (int)syscall(SYS_clock_gettime, clock, ret_time);
    if (clock == CLOCK_REALTIME && access(getenv("CLOCK_IS_PUT_ON"), F_OK) == 0)
        ret_time->tv_sec += 3600;
    return done;
}
time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
"""


@test
def a_clock_that_is_put_on_fails_no_rollout(world):
    source, library, sign = world.folder / "clock.c", world.folder / "clock.so", world.folder / "put-on"
    source.write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    first = world.make("web", rollout={"soak": "1s", "deadline": "60s"})
    world.lead(env={**os.environ, "LD_PRELOAD": str(library), "CLOCK_IS_PUT_ON": str(sign), "ASAN_OPTIONS": "verify_asan_link_order=0"})
    world.rolled("web", first)
    second = digest_of(manifest("web:latest:second"))
    world.hand.broken.add(f"{world.registry.host}/web:latest@{second}")
    equal(push(world, "web", content="second"), second, "the digest")
    eventually(lambda: world.status("web")["phase"] == "Rolling" and world.image_of("web").endswith(second), "the rollout begins")
    time.sleep(2)
    sign.touch()
    for count in range(3):  # it is looked at
        body = world.api.find(APPS, "deployments", "web", "default")
        body["metadata"]["labels"] = {"count": str(count)}
        world.api.put(APPS, "deployments", "web", body, "default")
        time.sleep(1)
    world.hand.broken.clear()
    world.rolled("web", second)
    demand(not world.status("web").get("quarantined"), f"it is called failed: {world.status('web')}")
    demand(time.time() + 3000 < calendar.timegm(time.strptime(world.rows("web")[0]["endedAt"], "%Y-%m-%dT%H:%M:%SZ")), "the clock was not put on")


@test
def a_watch_that_forgets_lists_again(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    world.api.forget_past()
    for plural in ("tracks", "deployments"):
        world.api.end_watches(plural, "ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    second = push(world, "web")
    world.rolled("web", second)


@test
def events_count_up(world):
    """Whatever is said again is one Event, whoever says it."""
    digest = world.make("web")
    with_words = world.lead()
    world.rolled("web", digest)
    with_words.stop()
    key = next(key for key, body in world.api.stored.items() if key[1] == "events" and body["reason"] == "RollingOut")
    note = world.api.stored[key]["note"]
    world.api.drop(TRACKS, "tracks", "web", "default")
    world.deployment("web", f"{world.registry.host}/web:old")
    body = world.track("web")
    with world.api.lock:  # the same object again, as far as its Event is concerned
        body["metadata"]["uid"] = world.api.stored[key]["regarding"]["uid"]
    world.start().wait_for("leading")
    eventually(lambda: [b for b in list(world.api.stored.values()) if b.get("series", {}).get("count", 0) >= 2 and b["note"] == note], "a count")
