# SPDX-License-Identifier: Apache-2.0
"""Tracks that cannot be read, that go, and that are made again; what is kept of them."""
import json
import threading
import time

from program import demand, equal, eventually
from releasetest import at_rest, await_polls, event_notes, heads, push, quiet, test, unwatched, writes
from releaseworld import CORE, TRACKS
from servers import digest_of, manifest


@test
def what_cannot_be_read_is_told_and_not_acted_on(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    body = world.api.find(TRACKS, "tracks", "web", "default")
    body["spec"]["follow"] = {"tag": "latest", "semver": ">=1"}
    world.api.put(TRACKS, "tracks", "web", body, "default")
    program.wait_for("track cannot be read")

    def condition():
        return [c for c in world.status("web")["conditions"] if c["type"] == "Ready" and c["reason"] == "Unreadable"]
    told = eventually(condition, f"a condition: {world.status('web')}")[0]
    demand(told["status"] == "False" and "follow" in told["message"], told)
    demand(any("follow" in note for note in eventually(lambda: event_notes(world, "Unreadable"), "an Event")), "what it says")
    eventually(lambda: program.metric("pinnace_tracks_unreadable") == 1, "a metric")
    before, polls = len(writes(world)), len(heads(world, "web"))
    push(world, "web")
    time.sleep(3)
    equal(quiet(world, before), [], "writes for a Track that cannot be read")
    equal(heads(world, "web")[polls:], [], "looks for it")
    body = world.api.find(TRACKS, "tracks", "web", "default")
    body["spec"]["follow"] = {"tag": "latest"}
    world.api.put(TRACKS, "tracks", "web", body, "default")
    world.rolled("web", digest_of(world.registry.images["web"]["latest"][0]))


@test
def a_track_that_goes_in_the_middle(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    gone = threading.Event()

    def drop(handler, asked):
        if str(asked) == "patch deployments" and not gone.is_set():
            gone.set()
            world.api.drop(TRACKS, "tracks", "web", "default")
        return False
    world.api.faults.append(drop)
    push(world, "web")
    eventually(gone.is_set, "the patch")
    other = world.make("other")
    world.rolled("other", other)
    equal(program.process.poll(), None, "it goes on")


@test
def a_track_made_again_knows_what_failed(world):
    """The book is lost with the Track; its history has what was quarantined."""
    digest = world.registry.image("web", "latest")
    world.deployment("web", f"{world.registry.host}/web:old")
    status = {"begun": True, "current": {"revision": 7}, "quarantined": [{"digest": digest, "tag": "latest", "reason": "it crashed", "at": "2026-01-01T00:00:00Z"}]}
    world.api.put(CORE, "configmaps", "web-history", {
        "metadata": {"labels": {"app.kubernetes.io/managed-by": "pinnace"}}, "data": {"rows": "", "status": json.dumps(status)}}, "default")
    world.track("web")
    world.lead()
    eventually(lambda: [q for q in world.status("web").get("quarantined", []) if q["digest"] == digest], "what was quarantined")
    await_polls(world, "web")
    demand(world.image_of("web").endswith(":old"), f"what failed is rolled again: {world.image_of('web')}")
    other = push(world, "web")
    world.rolled("web", other)
    equal(world.rows("web")[0]["revision"], 8, "its revisions go on")


@test
def a_track_made_again_while_its_ledger_is_written(world):
    """No watch tells of it: the write is refused, and what is read then is another Track, with all of its own to learn."""
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    at_rest(world)
    unwatched(world, "tracks")
    second, swapped = digest_of(manifest("web:latest:second")), []

    def swap(handler, asked):
        if str(asked) == "replace tracks/status" and not swapped:
            swapped.append(asked.body["metadata"]["uid"])
            world.api.drop(TRACKS, "tracks", "web", "default")
            body = world.api.find(CORE, "configmaps", "web-history", "default")
            body["data"]["status"] = json.dumps({"begun": True, "current": {"revision": 7}, "quarantined": [
                {"digest": second, "tag": "latest", "reason": "it crashed", "at": "2026-01-01T00:00:00Z"}]})
            world.api.put(CORE, "configmaps", "web-history", body, "default")
            world.track("web")
        return False
    world.api.faults.append(swap)
    equal(push(world, "web", content="second"), second, "the digest")
    eventually(lambda: [q for q in world.status("web").get("quarantined", []) if q["digest"] == second], "what was quarantined")
    await_polls(world, "web")
    demand(world.image_of("web").endswith(first), f"what failed is rolled again: {world.image_of('web')}")
    world.rolled("web", push(world, "web"))


@test
def the_history_has_every_state(world):
    first = world.make("web")
    world.lead()
    world.rolled("web", first)
    second = push(world, "web")
    world.rolled("web", second)

    def rows():
        body = world.api.find(CORE, "configmaps", "web-history", "default")
        return [json.loads(line) for line in (body or {"data": {"rows": ""}})["data"]["rows"].splitlines()]
    wanted = [(digest, state) for digest in (first, second) for state in ("RollingOut", "Healthy")]
    eventually(lambda: [(row["digest"], row["state"]) for row in rows() if row["digest"] in (first, second)] == wanted, f"rows: {rows()}")
    body = world.api.find(CORE, "configmaps", "web-history", "default")
    demand("ownerReferences" not in body["metadata"], "it would go with the Track")
    equal(len(json.loads(body["data"]["status"])["ledger"]), len(world.rows("web")), "rows of the book in it")


@test
def two_tracks_on_one_container(world):
    """As when both were written before the webhook knew of either: the older one has it."""
    first = world.make("web")
    world.track("younger", repository="web", target="web")
    program = world.lead()
    world.rolled("web", first)

    def refused():
        return [c for c in world.status("younger").get("conditions", []) if c["type"] == "Ready" and c["reason"] == "TargetTaken"]
    told = eventually(refused, f"a condition: {world.status('other')}")[0]
    demand(told["status"] == "False" and "Track web" in told["message"], told)
    eventually(lambda: any("Track web" in note for note in event_notes(world, "Stalled")), "an Event")
    second = push(world, "web")
    world.rolled("web", second)
    equal(world.rows("younger"), [], "rows of the one that is refused")
    world.api.drop(TRACKS, "tracks", "web", "default")
    eventually(lambda: world.status("younger").get("phase") == "Current", f"the other one takes it over: {world.status('other')}")
    equal(program.process.poll(), None, "it goes on")
