# SPDX-License-Identifier: Apache-2.0
"""Hints of pushes to Tracks that look once an hour: one that is right is acted on, once however often it comes; one that
is forged, false or of nothing rolls nothing."""
import hashlib
import hmac
import http.client
import json


def send(world, path, body, **headers):
    """The status that a sender gets."""
    connection = http.client.HTTPConnection(world.stage.hooks, timeout=30)
    data = json.dumps(body).encode()
    signed = "sha256=" + hmac.new(headers.pop("key", world.stage.secret).encode(), data, hashlib.sha256).hexdigest()
    connection.request("POST", f"/hooks/{path}", data, {"Content-Type": "application/json", "X-Hub-Signature-256": signed,
                                                        **{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def generic(world, name, tag="latest", **more):
    """As a pipeline sends it."""
    key = {"key": more.pop("key")} if "key" in more else {}
    return send(world, "generic", {"repository": world.repository(name), "tag": tag, **more}, **key)


def notification(world, name, digest, secret=None):
    """As the CNCF registry sends it."""
    event = {"id": digest[-12:], "action": "push", "target": {
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "repository": f"{world.name}/{name}", "tag": "latest"}}
    return send(world, "distribution", {"events": [event]}, Authorization=f"Bearer {secret or world.stage.secret}",
                Content_Type="application/vnd.docker.distribution.events.v1+json")


def begin(world, where, name):
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:latest@{first}")
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name), interval="1h")
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name) and
                world.condition(where, "Resolved", name)[0] == "True", world.told_of(where, name))


def run_false(world, where):
    """Whatever is said in them, bytes come from the registry alone."""
    begin(world, where, "false")
    hints = {"of a tag that is not there": lambda: generic(world, "false", "no-such-tag"),
             "with a false digest": lambda: generic(world, "false", digest="sha256:" + "0" * 64),
             "with a false digest, by a registry": lambda: notification(world, "false", "sha256:" + "1" * 64),
             "of a repository that is not there": lambda: generic(world, "none")}
    for what, hint in hints.items():
        world.same(f"a hint {what} is taken", hint(), 200)
    before = world.ledger(where, "false")
    world.stays("and rolls nothing", lambda: world.generation(where, "false") == 1 and world.ledger(where, "false") == before,
                world.told_of(where, "false"))


def run_forged(world, where):
    """What strangers send is not taken; a hint that is right is acted on, and once."""
    begin(world, where, "web")
    second = world.push("latest", serial="two")
    world.same("a hint that is signed with another key is refused", generic(world, "web", key="another-secret-of-many-letters"), 403)
    world.same("and one with another secret", notification(world, "web", second, "another-secret-of-many-letters"), 403)
    world.stays("so that nobody looks", lambda: world.generation(where, "web") == 1, world.told_of(where))
    world.same("a hint that is right", generic(world, "web"), 200)
    world.comes_healthy("it is rolled long before it would have been looked for", where, second)
    third = world.push("latest", serial="three")
    for _ in range(3):
        world.same("the same hint several times", notification(world, "web", third), 200)
        world.same("and by another way", generic(world, "web"), 200)
    world.comes_healthy("is rolled", where, third)
    world.same("once", [state for state, _, digest in world.ledger(where) if digest == third], ["Healthy"])
    world.same("the template was written twice in all", world.generation(where, "web"), 3)


def run(world):
    where = world.namespace("shop")
    world.at_once((run_forged, run_false), where)
