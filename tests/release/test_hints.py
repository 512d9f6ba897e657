# SPDX-License-Identifier: Apache-2.0
"""Hints of pushes to Tracks that look once an hour: one that is right is acted on, once however often it comes; one that
is forged, false or of nothing rolls nothing."""
import http.client
import json

import hookcases

OTHER = "another-secret-of-many-letters"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def send(world, receiver, kind, body, secret):
    """The status that a sender gets."""
    data = json.dumps(body).encode()
    query, fields = hookcases.proof(receiver, data, secret or world.stage.secret)
    connection = http.client.HTTPConnection(world.stage.hooks, timeout=120)
    connection.request("POST", f"/hooks/{receiver}{query}", data, {"Content-Type": kind, **fields})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def generic(world, name, tag, digest, secret):
    """As a pipeline sends it."""
    return send(world, "generic", "application/json", {"repository": world.repository(name), "tag": tag,
                                                       **({"digest": digest} if digest else {})}, secret)


def target(world, name, tag, digest):
    return {"mediaType": MANIFEST, "size": 524, "digest": digest, "length": 524, "repository": f"{world.name}/{name}", "tag": tag}


def distribution(world, name, tag, digest, secret):
    """As the CNCF registry sends it."""
    event = {"id": digest[-12:], "action": "push", "target": target(world, name, tag, digest)}
    return send(world, "distribution", "application/vnd.docker.distribution.events.v1+json", {"events": [event]}, secret)


def pushed(world, name, tag, digest):
    """What Azure says of a push, by whichever way."""
    return {"id": "6f2d2f0e-7a3a-4c0e-9f55-1d1f0a9d2c11", "timestamp": "2026-05-01T10:00:02.343145347Z", "action": "push",
            "target": target(world, name, tag, digest or "sha256:" + "2" * 64),
            "request": {"id": "3cbb6949-7549-4fa1-86cd-a6d5451dffc7", "host": world.stage.place.host, "method": "PUT",
                        "useragent": "skopeo/1.9"}}


def acr(world, name, tag, digest, secret):
    """As Azure's registry sends it, once."""
    return send(world, "acr", "application/json; charset=utf-8", pushed(world, name, tag, digest), secret)


def eventgrid(world, name, tag, digest, secret):
    """As Event Grid does, again and again until somebody takes it."""
    event = {"specversion": "1.0", "type": "Microsoft.ContainerRegistry.ImagePushed", "id": "831e1650-001e-001b-66ab-eeb76e069631",
             "source": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contoso",
             "subject": f"{world.name}/{name}:{tag}", "time": "2026-05-01T10:00:02.6549614Z", "data": pushed(world, name, tag, digest)}
    return send(world, "eventgrid", "application/cloudevents-batch+json; charset=utf-8", [event], secret)


def hint(world, name, tag="latest", digest="", secret=""):
    """By the first of the two ways there are."""
    return (acr if world.stage.azure else generic)(world, name, tag, digest, secret)


def notification(world, name, digest, secret=""):
    """By the second one."""
    return (eventgrid if world.stage.azure else distribution)(world, name, "latest", digest, secret)


def begin(world, where, name):
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:latest@{first}")
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name), interval="1h")
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name) and
                world.condition(where, "Resolved", name)[0] == "True", world.told_of(where, name))


def run_false(world, where):
    """Whatever is said in them, bytes come from the registry alone."""
    begin(world, where, "false")
    hints = {"of a tag that is not there": lambda: hint(world, "false", "no-such-tag"),
             "with a false digest": lambda: hint(world, "false", digest="sha256:" + "0" * 64),
             "with a false digest, by a registry": lambda: notification(world, "false", "sha256:" + "1" * 64),
             "of a repository that is not there": lambda: hint(world, "none")}
    for what, sent in hints.items():
        world.same(f"a hint {what} is taken", sent(), 200)
    before = world.ledger(where, "false")
    world.stays("and rolls nothing", lambda: world.generation(where, "false") == 1 and world.ledger(where, "false") == before,
                world.told_of(where, "false"))


def run_forged(world, where):
    """What strangers send is not taken; a hint that is right is acted on, and once."""
    begin(world, where, "web")
    second = world.push("latest", serial="two")
    world.same("a hint that is signed with another key is refused", hint(world, "web", secret=OTHER), 403)
    world.same("and one with another secret", notification(world, "web", second, OTHER), 403)
    world.stays("so that nobody looks", lambda: world.generation(where, "web") == 1, world.told_of(where))
    world.same("a hint that is right", hint(world, "web"), 200)
    world.comes_healthy("it is rolled long before it would have been looked for", where, second)
    third = world.push("latest", serial="three")
    for _ in range(3):
        world.same("the same hint several times", notification(world, "web", third), 200)
        world.same("and by another way", hint(world, "web"), 200)
    world.comes_healthy("is rolled", where, third)
    world.same("once", [state for state, _, digest in world.ledger(where) if digest == third], ["Healthy"])
    world.same("the template was written twice in all", world.generation(where, "web"), 3)


def run(world):
    where = world.namespace("shop")
    world.at_once((run_forged, run_false), where)
