# SPDX-License-Identifier: Apache-2.0
"""When all is well: what moves, what is touched for it, and what is not."""
import hashlib
import hmac
import json
import pathlib
import time
import urllib.request

from program import demand, equal, eventually
from releasetest import at_rest, await_polls, event_notes, heads, push, quiet, test
from releaseworld import APPS


@test
def a_tag_that_moves_is_rolled(world):
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    second = push(world, "web")
    world.rolled("web", second)
    image = world.image_of("web")
    equal(image, f"{world.registry.host}/web:latest@{second}", "the image")
    annotations = world.api.find(APPS, "deployments", "web", "default")["metadata"]["annotations"]
    equal(annotations["pinnace.dev/track"], "web", "annotation")
    equal(annotations["pinnace.dev/revision"], str(world.rows("web")[0]["revision"]), "annotation")
    demand(image in annotations["kubernetes.io/change-cause"], annotations)
    eventually(lambda: program.metric('pinnace_rollouts_total{what="begun"}') >= 2, "rollouts are counted")


@test
def a_poll_that_finds_nothing_writes_nothing_and_asks_once(world):
    digest = world.make("web")
    program = world.lead()
    world.rolled("web", digest)
    eventually(lambda: world.status("web")["phase"] == "Current", "rest")
    begun = 'pinnace_track_polls_total{result="begun"}'
    before, asked, polls = at_rest(world), len(heads(world, "web")), program.metric(begun)
    await_polls(world, "web", 4)
    equal(quiet(world, before), [], "writes of polls that find nothing")
    after = heads(world, "web")[asked:]
    demand(set(after) == {"HEAD"}, after)
    counted = program.metric(begun) - polls
    demand(abs(len(after) - counted) <= 1, f"{len(after)} requests for {counted} polls")  # one may be under way
    sample = 'pinnace_track_looked_timestamp_seconds{namespace="default",track="web"} '

    def looked():
        lines = program.get("/metrics")[1].splitlines()  # not before it leads
        return next((float(line.removeprefix(sample)) for line in lines if line.startswith(sample)), 0)
    demand(time.time() - eventually(looked, "the last look") < 120, "when it looked last")


@test
def versions_go_up(world):
    world.registry.image("web", "v1.0.0")
    second = world.registry.image("web", "v1.1.0")
    world.registry.image("web", "latest")
    world.deployment("web", f"{world.registry.host}/web:v1.0.0")
    world.track("web", follow={"semver": ">=1.0.0"})
    world.lead()
    world.rolled("web", second)
    third = world.registry.image("web", "v1.2.0")
    world.rolled("web", third)
    world.registry.image("web", "v1.1.5")
    await_polls(world, "web", 6)
    world.rolled("web", third)


@test
def a_version_that_is_pushed_again_is_told_and_not_rolled(world):
    world.registry.image("web", "v0.9.0")
    first = world.registry.image("web", "v1.0.0")
    world.deployment("web", f"{world.registry.host}/web:v0.9.0")
    world.track("web", follow={"semver": ">=1.0.0"})
    program = world.lead()
    world.rolled("web", first)
    equal(program.metric("pinnace_tracks_tag_moved"), 0, "before")
    before = at_rest(world)
    second = push(world, "web", "v1.0.0")
    eventually(lambda: program.metric("pinnace_tracks_tag_moved") == 1, "a metric")
    eventually(lambda: any(second[:19] in note for note in event_notes(world, "TagMoved")), "an Event")
    await_polls(world, "web", 4)
    equal([write for write in quiet(world, before) if "deployments" in write], [], "writes to the Deployment")
    demand(world.image_of("web").endswith("@" + first), world.image_of("web"))
    third = push(world, "web", "v1.1.0")
    world.rolled("web", third)
    eventually(lambda: program.metric("pinnace_tracks_tag_moved") == 0, "another version runs: no tag of it has moved")


@test
def only_what_is_meant_is_touched(world):
    digest = world.registry.image("web", "latest")
    body = world.deployment("web", f"{world.registry.host}/web:old")
    spec = body["spec"]["template"]["spec"]
    spec["containers"].append({"name": "side", "image": "elsewhere/side:1", "env": [{"name": "A", "value": "b"}]})
    spec["initContainers"] = [{"name": "init", "image": f"{world.registry.host}/web:old", "args": ["x"]}]
    world.api.put(APPS, "deployments", "web", body, "default")
    world.track("web")
    world.lead()
    world.rolled("web", digest)
    spec = world.api.find(APPS, "deployments", "web", "default")["spec"]["template"]["spec"]
    equal(spec["containers"][1], {"name": "side", "image": "elsewhere/side:1", "env": [{"name": "A", "value": "b"}]}, "another's container")
    equal(spec["initContainers"][0]["args"], ["x"], "the rest of a container")
    demand(spec["initContainers"][0]["image"].endswith(digest), spec)


@test
def production_waits_for_staging(world):
    digest = world.registry.image("web", "latest")
    for namespace in ("staging", "production"):
        world.deployment("web", f"{world.registry.host}/web:old", namespace)
    world.track("web", "production", **{"from": {"namespace": "staging", "track": "web", "soak": "2s"}})
    world.lead()
    await_polls(world, "web")
    demand(world.image_of("web", "production").endswith(":old"), "production runs what nobody has proved")
    world.track("web", "staging")
    world.rolled("web", digest, "staging")
    world.rolled("web", digest, "production")


@test
def what_comes_later_is_found(world):
    program = world.lead()
    digest = world.registry.image("web", "latest")
    world.track("web")
    await_polls(world, "web")
    world.deployment("web", f"{world.registry.host}/web:old")
    world.rolled("web", digest)
    other = world.make("other")  # its Deployment was there before anybody wanted it
    world.rolled("other", other)
    equal(program.metric("pinnace_tracks_unreadable"), 0, "unreadable Tracks")


@test
def what_it_follows_is_kept_small(world):
    """A thousand Deployments that no Track has as its target are not kept."""
    digest = world.make("web")
    for number in range(300):
        world.api.put(APPS, "deployments", f"bulk-{number}", {"metadata": {"annotations": {"x": "y" * 20000}}, "spec": {
            "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [
                {"name": "main", "image": "x:1"}]}}}}, "elsewhere")
    world.hand.broken.add("x:1")
    program = world.lead()
    world.rolled("web", digest)
    if b"__asan_init" not in pathlib.Path(world.binary).read_bytes() and b"__tsan_init" not in pathlib.Path(world.binary).read_bytes():
        demand(program.memory_mb() < 24, f"{program.memory_mb()} MB")


@test
def a_hint_makes_it_look_now(world):
    first = world.make("web", interval="1h")
    secrets = world.folder / "hook-secrets"
    secrets.mkdir()
    (secrets / "generic").write_text("0123456789abcdef\n")
    program = world.lead("--hooks", "127.0.0.1:0", "--hooks-secrets", secrets)
    world.rolled("web", first)
    second = push(world, "web")
    body = json.dumps({"repository": f"{world.registry.host}/web", "tag": "latest"}).encode()
    signed = "sha256=" + hmac.new(b"0123456789abcdef", body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"http://{program.hooks}/hooks/generic", body,
                                     {"Content-Type": "application/json", "X-Hub-Signature-256": signed})
    with urllib.request.urlopen(request, timeout=120) as answer:
        equal(answer.status, 200, "the answer")
    world.rolled("web", second)


@test
def a_list_that_lacks_what_runs_freezes_from_the_first_look_on(world):
    world.deployment("web", f"{world.registry.host}/web:v1.0.0@sha256:{'1' * 64}")
    other = world.registry.image("web", "v1.1.0")
    world.track("web", follow={"semver": ">=1.0.0"})
    world.lead()

    def resolved():
        return {item["type"]: item["reason"] for item in world.status("web").get("conditions", [])}.get("Resolved")
    eventually(lambda: resolved() == "RunningTagGone", "the list is not believed")
    equal([row["state"] for row in world.rows("web")], ["Adopted"], "the rows")
    world.registry.image("web", "v1.0.0")
    world.rolled("web", other)
