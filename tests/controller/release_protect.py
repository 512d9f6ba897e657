# SPDX-License-Identifier: Apache-2.0
"""Registries without locks: tags that retain what may be gone back to, and what they never do to a rollout."""
import base64
import contextlib
import json
import threading
import time
import urllib.parse

from program import demand, equal, eventually
from releasetest import at_rest, await_polls, event_notes, push, quiet, test
from releaseworld import TRACKS
from servers import INDEX, MANIFEST, Pki, Real, config, connect, digest_of, index, manifest
from servers import push as push_manifest

KEEP = "pinnace-keep-default-web-"


def retain_tags(world, repository="web"):
    """tag -> digest of those that are there."""
    return {tag: digest_of(data) for tag, (data, _) in list(world.registry.images[repository].items()) if tag.startswith(KEEP)}


def condition(world):
    return next((row for row in world.status("web").get("conditions", []) if row["type"] == "Protected"), None)


def await_condition(world, status, reason):
    def so():
        row = condition(world)
        return row and (row["status"], row["reason"]) == (status, reason) and row
    return eventually(so, f"Protected={status} {reason}: {json.dumps(world.status('web'))}")


def change(world, **spec):
    body = world.api.find(TRACKS, "tracks", "web", "default")
    body["spec"].update(spec)
    world.api.put(TRACKS, "tracks", "web", body, "default")


@test
def a_tag_retains_each_release(world):
    first = world.make("web", protect=True, keep=1)
    world.lead()
    world.rolled("web", first)
    row = await_condition(world, "True", "Retained")
    equal(row["message"], "1 release retained by tags of their own", "message")
    tags = retain_tags(world)
    equal(list(tags.values()), [first], "what is retained")
    uid = world.api.find(TRACKS, "tracks", "web", "default")["metadata"]["uid"].replace("-", "")[:8]
    equal(list(tags), [f"{KEEP}{uid}-{first[7:19]}"], "its name")
    # Of those that are sound the two newest but the one that runs stay, whatever spec.keep says.
    releases = [first]
    for _ in range(3):
        releases.append(push(world, "web"))
        world.rolled("web", releases[-1])
        eventually(lambda: releases[-1] in retain_tags(world).values(), "the next one is retained")
    eventually(lambda: sorted(retain_tags(world).values()) == sorted(releases[1:]), f"what fell out is let go: {retain_tags(world)}")
    await_condition(world, "True", "Retained")
    before = at_rest(world)
    await_polls(world, "web", 3)
    equal(quiet(world, before), [], "writes of polls that find nothing")
    change(world, protect=False)
    eventually(lambda: not retain_tags(world) and condition(world) is None and not world.status("web").get("protected"), "all is let go")


@test
def a_retain_tag_is_never_followed(world):
    world.registry.image("web", "v1.0.0")
    second = world.registry.image("web", "v1.1.0")
    world.deployment("web", f"{world.registry.host}/web:v1.0.0")
    world.track("web", follow={"semver": ">=1.0.0-0"}, protect=True)
    world.lead()
    world.rolled("web", second)
    await_condition(world, "True", "Retained")
    await_polls(world, "web", 4)
    equal(world.status("web")["current"]["tag"], "v1.1.0", "what is followed")


@test
def a_registry_that_may_not_be_pushed_to(world):
    first = world.make("web", protect=True)

    def denied(handler):
        if handler.command != "PUT":
            return False
        handler.error(403, "DENIED", "only pulls are allowed")
        return True
    world.registry.scripts["web"] = denied
    world.lead()
    world.rolled("web", first)
    row = await_condition(world, "False", "Refused")
    demand("credentials that may push there are needed" in row["message"] and "403" in row["message"], row)
    eventually(lambda: any("may push" in note for note in event_notes(world, "Unprotected")), "an Event")
    world.registry.images["web"]["first"] = world.registry.images["web"]["latest"]  # else nothing would hold it
    second = push(world, "web")
    world.rolled("web", second)
    notes = event_notes(world, "Unprotected")  # of the second release too, if the registry was slow to refuse it
    equal(sorted(notes), sorted(set(notes)), "each release is told of once")
    del world.registry.scripts["web"]
    change(world, keep=9)  # whoever puts it right need not wait
    await_condition(world, "True", "Retained")
    equal(sorted(retain_tags(world).values()), sorted([first, second]), "what is retained")


@test
def a_registry_that_hangs_on_tags_delays_no_rollout(world):
    first, release = world.make("web", protect=True), threading.Event()
    world.registry.scripts["web"] = lambda handler: handler.command == "PUT" and release.wait(90) and False
    world.lead()
    world.rolled("web", first)
    eventually(lambda: any(request["method"] == "PUT" for request in world.registry.requests("web")), "a tag is put")
    for _ in range(3):
        world.rolled("web", push(world, "web"))
    demand(not retain_tags(world) and not release.is_set(), "the registry answered")
    release.set()


@test
def a_registry_that_deletes_no_tags(world):
    first = world.make("web", protect=True, keep=1)

    def no_delete(handler):
        if handler.command == "DELETE":
            handler.error(405, "UNSUPPORTED", "The operation is unsupported.")
        return handler.command == "DELETE"
    world.registry.scripts["web"] = no_delete
    world.lead()
    world.rolled("web", first)
    for _ in range(3):
        digest = push(world, "web")
        world.rolled("web", digest)
        eventually(lambda: digest in retain_tags(world).values(), "it is retained")  # noqa: B023
    eventually(lambda: any(first[7:19] in note and "deletes no tags" in note for note in event_notes(world, "NotLetGo")), "it is told")
    equal(len([request for request in world.registry.requests("web") if request["method"] == "DELETE"]), 1, "it is tried once")
    await_condition(world, "True", "Retained")


@test
def tokens_for_just_what_is_done(world):
    registry, name = world.registry, "public/web"  # where nobody in particular may do everything
    registry.pki = Pki(world.folder)
    first = registry.image(name, "latest")

    def wants_token(handler):
        needs = {"PUT": "push", "DELETE": "delete"}.get(handler.command, "pull")
        token = handler.headers.get("Authorization", "").split(".")
        if len(token) == 3:
            claims = json.loads(base64.urlsafe_b64decode(token[1] + "=" * (-len(token[1]) % 4)))
            if any(entry["name"] == name and needs in entry["actions"] for entry in claims["access"]):
                return False
        scope = f"repository:{name}:" + {"push": "pull,push"}.get(needs, needs)
        handler.error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=handler.challenge("bearer", scope))
        return True
    registry.scripts[name] = wants_token
    world.deployment("web", f"{registry.host}/{name}:old")
    world.track("web", repository=name, protect=True)
    world.lead()
    world.rolled("web", first)
    await_condition(world, "True", "Retained")
    change(world, protect=False)
    eventually(lambda: not retain_tags(world, name) and condition(world) is None, "all is let go")
    scopes = {urllib.parse.parse_qs(urllib.parse.urlsplit(entry["path"]).query)["scope"][0] for entry in registry.token_requests()}
    equal(scopes, {f"repository:{name}:{actions}" for actions in ("pull", "pull,push", "delete")}, "what tokens were asked for")


@test
def what_is_gone_is_told(world):
    first = world.make("web", protect=True)
    world.lead()
    world.rolled("web", first)
    await_condition(world, "True", "Retained")
    # The next one vanishes before it could be retained.
    second = push(world, "web")
    world.registry.scripts["web"] = lambda handler: handler.reference == second and (handler.error(404, "MANIFEST_UNKNOWN", "gone") or True)
    world.rolled("web", second)
    row = await_condition(world, "False", "Gone")
    demand("push it again" in row["message"], row)
    del world.registry.scripts["web"]
    change(world, keep=9)
    await_condition(world, "True", "Retained")


@contextlib.contextmanager
def real_registry(world):
    real = Real("plain", world.folder, None, "")
    try:
        real.await_start()
        yield real, connect(real.host, None, plain=True)
    finally:
        real.stop()


def push_index(connection, tag):
    names = [f"{name}-{time.monotonic_ns()}" for name in ("amd64", "arm64")]
    for name in names:
        push_manifest(connection, "web", digest_of(manifest(name)), manifest(name), MANIFEST, [config(name)])
    push_manifest(connection, "web", tag, index(*names), INDEX)
    return digest_of(index(*names))


def ask(connection, method, path):
    connection.request(method, path, headers={"Accept": f"{INDEX}, {MANIFEST}"})
    answer = connection.getresponse()
    return answer, answer.read()


@test
def a_real_registry_with_an_index(world):
    with real_registry(world) as (real, connection):
        first = push_index(connection, "latest")
        world.deployment("web", f"{real.host}/web:old")
        world.track("web", image=f"{real.host}/web", protect=True, keep=1)
        world.lead("--plain-http", real.host)

        def tags():
            names = json.loads(ask(connection, "GET", "/v2/web/tags/list")[1])["tags"]
            return {name: ask(connection, "HEAD", f"/v2/web/manifests/{name}")[0].getheader("Docker-Content-Digest")
                    for name in names if name.startswith(KEEP)}
        world.rolled("web", first)
        await_condition(world, "True", "Retained")
        equal(list(tags().values()), [first], "what is retained")
        answer, body = ask(connection, "GET", f"/v2/web/manifests/{list(tags())[0]}")
        equal((answer.getheader("Content-Type"), digest_of(body)), (INDEX, first), "the very same bytes")
        releases = [first]
        for _ in range(3):
            releases.append(push_index(connection, "latest"))
            world.rolled("web", releases[-1])
            eventually(lambda: releases[-1] in tags().values(), "the next one is retained")
        # Debian's deletes manifests, but no tags.
        eventually(lambda: event_notes(world, "NotLetGo"), "what fell out is told")
        equal(ask(connection, "HEAD", f"/v2/web/manifests/{first}")[0].status, 200, "the manifest that is needed no more")
