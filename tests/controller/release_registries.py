# SPDX-License-Identifier: Apache-2.0
"""Registries that fail: nothing is rolled for it, and nobody else is held up."""
import json
import threading
import time

from program import demand, equal, eventually
from releasetest import at_rest, await_polls, push, quiet, test
from releaseworld import TRACKS
from servers import Double, digest_of, manifest


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
def a_registry_that_wants_to_be_left_alone_is_and_holds_up_no_other(world):
    """Two repositories of it: what one is told goes for both."""
    with Double(None, plain=True) as other:
        first, beside = world.make("web"), world.make("beside")
        elsewhere = other.image("elsewhere", "latest")
        world.deployment("elsewhere", f"{other.host}/elsewhere:old")
        world.track("elsewhere", image=f"{other.host}/elsewhere")
        world.lead("--plain-http", other.host)
        for name, digest in ("web", first), ("beside", beside), ("elsewhere", elsewhere):
            world.rolled(name, digest)
        told, came = [], []

        def slowly(handler):
            came.append(time.monotonic())
            if told and handler.repository != told[0]:
                return False
            told.append(handler.repository)
            handler.error(429, "TOOMANYREQUESTS", "slowly", Retry_After="8")
            return True
        world.registry.scripts["web"] = world.registry.scripts["beside"] = slowly
        eventually(lambda: told, "it is told to wait")
        second = push(world, "web")
        since = came[-1]
        for word in "first", "second":
            data = manifest(word)
            other.image("elsewhere", "latest", data)
            world.rolled("elsewhere", digest_of(data))
        eventually(lambda: came[-1] > since + 5, "it is asked again")
        before = [at for at in came if since + 0.5 < at <= since + 5]  # what was on its way comes still
        equal(before, [], f"questions within the wait that began at {since}")
        world.registry.scripts.clear()
        world.rolled("web", second)


@test
def a_mirror_is_asked_first_and_the_registry_when_it_fails(world):
    with Double(None, plain=True) as mirror:
        first = world.make("web")
        world.registry.image("web", "old")  # what runs at first, and may be asked for: the mirror has it too
        mirror.images["web"] = dict(world.registry.images["web"])
        world.lead("--mirror", f"{world.registry.host}={mirror.host}", "--plain-http", mirror.host)
        world.rolled("web", first)
        demand(mirror.requests("web"), "the mirror is not asked")
        equal(world.registry.requests("web"), [], "questions to the registry while its mirror answers")
        data = manifest("mirrored")
        second = mirror.image("web", "latest", data)
        world.rolled("web", second)
        equal(world.image_of("web"), f"{world.registry.host}/web:latest@{second}", "the image is the registry's")
        third = push(world, "web")
        mirror.scripts["web"] = lambda handler: handler.error(500, "UNKNOWN", "broken") or True
        world.rolled("web", third)
        demand(world.registry.requests("web"), "the registry is not asked")
        mirror.stop()
        world.rolled("web", push(world, "web"))
        equal(world.started[-1].events("registry trouble"), [], "what is told of a mirror that fails")


@test
def a_look_under_way_while_the_ledger_begins(world):
    """It was begun for what the ledger did not have yet; the next one is not an hour later."""
    world.registry.image("web", "old")
    first = world.make("web", tag="v1.0.0", interval="1h", follow={"semver": ">=1.0.0"})
    known = threading.Event()

    def slowly(handler, asked):
        """The registry is quicker than the list of what runs, then slower than the first write."""
        if str(asked) == "list deployments" and not known.is_set():
            eventually(lambda: len(world.registry.requests("web")) >= 2, "the first look")
            time.sleep(1)
            known.set()
        return False
    world.api.faults.append(slowly)
    world.registry.scripts["web"] = lambda handler: known.is_set() and time.sleep(1)
    world.lead()
    world.rolled("web", first)


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
    program = world.lead()
    world.rolled("web", second)
    cuts = []

    def cut(handler):
        """The first page has what is newest, the next one ends in the middle."""
        if handler.kind != "tags":
            return False
        if "last=" not in handler.url.query:
            handler.answer(200, json.dumps({"name": "web", "tags": ["v1.1.0", "v1.2.0"]}).encode(), Content_Type="application/json",
                           Link='</v2/web/tags/list?last=v1.2.0&n=2>; rel="next"')
            return True
        cuts.append(handler.path)
        handler.answer(200, b'{"name":"web","tags":["v1.', Content_Type="application/json", Content_Length="1000")
        handler.close_connection = True
        return True
    world.registry.scripts["web"] = cut
    third = world.registry.image("web", "v1.2.0")
    eventually(lambda: len(cuts) >= 3, "the page that is cut is asked for")
    program.wait_for("registry trouble")
    demand(world.image_of("web").endswith(second), f"a page of it was taken for all: {world.image_of('web')}")
    equal([row["digest"] for row in world.rows("web")][0], second, "the ledger")
    del world.registry.scripts["web"]
    world.rolled("web", third)


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


@test
def a_token_is_renewed_before_it_ends(world):
    digest = world.registry.image("public/web", "latest")
    life, born, refused = 20, {}, []

    def give(handler):
        token = f"token-{len(born)}"
        born[token] = time.monotonic()
        handler.answer(200, json.dumps({"token": token, "expires_in": life}).encode(), Content_Type="application/json")

    def script(handler):
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in born and time.monotonic() < born[token] + life * 0.9:  # whoever renews in time never comes near its end
            return False
        refused.append(token)
        handler.error(401, "UNAUTHORIZED", "no", WWW_Authenticate=handler.challenge("bearer", f"repository:{handler.repository}:pull"))
        return True
    world.registry.paths["/token"], world.registry.scripts["public/web"] = give, script
    world.deployment("web", f"{world.registry.host}/public/web:old")
    world.track("web", repository="public/web")
    world.lead()
    world.rolled("web", digest)
    eventually(lambda: len(world.registry.token_requests()) >= 2, "another token is asked for")
    await_polls(world, "public/web", 3)
    equal(refused, [""], "what was refused: the first question of all, which brings no token")


@test
def polls_are_made_on_one_connection_that_is_kept(world):
    digest = world.make("web")
    world.lead()
    world.rolled("web", digest)
    await_polls(world, "web")
    before = world.registry.connections
    await_polls(world, "web", 4)
    equal(world.registry.connections, before, "connections")


@test
def a_kept_connection_that_the_registry_ends_is_no_trouble(world):
    """Be it between two polls, or at the very moment that a question comes."""
    first = world.make("web")
    world.registry.patience = 0.3
    program = world.lead()
    world.rolled("web", first)

    def renewed_for_each():
        before, asked = world.registry.connections, len(world.registry.requests("web"))
        await_polls(world, "web", 4)
        demand(world.registry.connections > before, f"no connection was made anew for {len(world.registry.requests('web')) - asked} polls")
    renewed_for_each()
    world.registry.patience, dropped = None, []

    def drop(handler):
        if handler.served > 1:
            dropped.append(handler.close_connection)
            handler.close_connection = True
        return handler.served > 1
    world.registry.scripts["web"] = drop
    renewed_for_each()
    world.rolled("web", push(world, "web"))
    demand(dropped, "no question came on a kept connection")
    equal(program.events("registry trouble"), [], "troubles")
