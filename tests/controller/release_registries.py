# SPDX-License-Identifier: Apache-2.0
"""Registries that fail: nothing is rolled for it, and nobody else is held up."""
import json
import threading
import time

from program import demand, equal, eventually
from releasetest import at_rest, await_polls, push, quiet, test
from releaseworld import TRACKS
from servers import digest_of


@test
def a_registry_that_hangs_holds_up_nobody_else(world):
    hung = world.make("hung")
    web = world.make("web")
    world.lead()
    world.rolled("hung", hung)
    world.rolled("web", web)
    release = threading.Event()
    world.registry.scripts["hung"] = lambda handler: release.wait(60) and False
    push(world, "hung")
    time.sleep(2)
    for _ in range(3):
        world.rolled("web", push(world, "web"))
    release.set()
    del world.registry.scripts["hung"]
    world.rolled("hung", digest_of(world.registry.images["hung"]["latest"][0]))


def fails_and_recovers(world, answer, words):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    world.registry.scripts["web"] = answer
    second = push(world, "web")
    program.wait_for("registry trouble")

    def resolved():
        return [c for c in world.status("web")["conditions"] if c["type"] == "Resolved" and c["status"] == "False" and words in c["message"]]
    eventually(resolved, f"a condition with \"{words}\": {world.status('web').get('conditions')}")
    demand(world.image_of("web").endswith(first), "something was rolled")
    before = at_rest(world)
    await_polls(world, "web", 2)
    demand(len(quiet(world, before)) <= 2, f"each failing poll writes: {quiet(world, before)}")
    del world.registry.scripts["web"]
    world.rolled("web", second)


@test
def a_registry_that_answers_500(world):
    fails_and_recovers(world, lambda handler: handler.error(500, "UNKNOWN", "broken") or True, "500")


@test
def a_registry_that_answers_401(world):
    fails_and_recovers(world, lambda handler: handler.error(401, "UNAUTHORIZED", "who are you") or True, "401")


@test
def a_registry_that_answers_429(world):
    fails_and_recovers(world, lambda handler: handler.error(429, "TOOMANYREQUESTS", "slowly", Retry_After="1") or True, "429")


@test
def a_tag_that_is_gone(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    kept = world.registry.images["web"].pop("latest")
    world.registry.images["web"]["other"] = kept
    program.wait_for("registry trouble")
    await_polls(world, "web")
    demand(world.image_of("web").endswith(first), "something was rolled")


@test
def a_list_that_is_cut_is_none(world):
    world.registry.image("web", "v1.0.0")
    second = world.registry.image("web", "v1.1.0")
    world.deployment("web", f"{world.registry.host}/web:v1.0.0")
    world.track("web", follow={"semver": ">=1.0.0"})
    world.lead()
    world.rolled("web", second)

    def cut(handler):
        if handler.kind != "tags":
            return False
        handler.answer(200, json.dumps({"name": "web", "tags": ["v1.0.0"]}).encode(), Content_Type="application/json",
                       Link='</v2/web/tags/list?last=v1.0.0>; rel="nonsense"')
        handler.close_connection = True
        return True
    world.registry.scripts["web"] = cut
    await_polls(world, "web", 4)
    demand(world.image_of("web").endswith(second), f"it went down: {world.image_of('web')}")


@test
def a_rollback_to_the_ledger_waits_for_no_registry(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    second = push(world, "web")
    world.rolled("web", second)
    release = threading.Event()
    world.registry.scripts["web"] = lambda handler: release.wait(60) and False
    body = world.api.find(TRACKS, "tracks", "web", "default")
    body["spec"]["hold"] = {"digest": first, "by": "ann"}
    world.api.put(TRACKS, "tracks", "web", body, "default")
    world.rolled("web", first)
    demand(not release.is_set(), "the registry answered")
    equal([asked["path"] for asked in world.registry.requests("web") if first in asked["path"]], [], "questions about the bytes")
    release.set()
