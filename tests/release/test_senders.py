# SPDX-License-Identifier: Apache-2.0
"""Each sender that there is a receiver for tells of a push, with a payload as it sends them, and the Track that follows
what was pushed moves; one that looks once an hour. The registry stands for all of theirs, as their mirror."""
import base64
import http.client
import json
import re

import hookcases
from places import BEHIND

OTHER = "another-secret-of-many-letters"


def named(text, name):
    """The payloads are of version 1.4.2 of images called app or web; each sender gets one of his own, and a tag that moves,
    since lists of tags are asked of no mirror."""
    return re.sub(r"\b(app|web)\b", name, text).replace("v1.4.2", "latest")


def body_of(receiver, case):
    if receiver != "gcr":
        return named(case.body.decode(), receiver).encode()
    whole = json.loads(case.body)
    inner = named(base64.b64decode(whole["message"]["data"]).decode(), receiver)
    whole["message"]["data"] = base64.b64encode(inner.encode()).decode()
    return json.dumps(whole).encode()


def send(world, receiver, body, secret):
    query, fields = hookcases.proof(receiver, body, secret)
    connection = http.client.HTTPConnection(world.stage.hooks, timeout=120)
    connection.request("POST", f"/hooks/{receiver}{query}", body, {"Content-Type": "application/json", **fields})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def begin(world, where, receiver, hint):
    """A workload of no pods, since images of these names can be pulled by nobody here."""
    repository = named(hint["repository"], receiver)
    first = world.registry.push(repository, "latest", serial=f"{receiver} one")
    image = f"{hint['registry'] or BEHIND}/{repository}"
    world.workload(where, receiver, f"{image}:latest@{first}", spec={"replicas": 0})
    world.track(where, receiver, {"tag": "latest"}, [receiver], image=image, interval="1h")
    return repository


def run(world):
    where, cases, second = world.namespace("shop"), hookcases.pushes(), {}
    repositories = {receiver: begin(world, where, receiver, case.verdict["hints"][0]) for receiver, case in cases.items()}
    for receiver in cases:
        world.comes(f"{receiver}: what runs is adopted", lambda receiver=receiver: world.ledger(where, receiver) and
                    world.condition(where, "Resolved", receiver)[0] == "True", world.told_of(where, receiver))
    for receiver, case in cases.items():
        second[receiver] = world.registry.push(repositories[receiver], "latest", serial=f"{receiver} two")
        world.same(f"{receiver}: a stranger is refused", send(world, receiver, body_of(receiver, case), OTHER), 403)
    world.same("and moves nothing", [world.generation(where, receiver) for receiver in cases], [1] * len(cases))
    for receiver, case in cases.items():
        world.same(f"{receiver}: the payload is taken", [send(world, receiver, body_of(receiver, case), world.stage.secret)
                                                         for _ in range(2)], [200, 200])
    for receiver in cases:
        world.comes(f"{receiver}: its Track moves to what was pushed",
                    lambda receiver=receiver: world.ledger(where, receiver)[0] == ("Applied", "latest", second[receiver]),
                    world.told_of(where, receiver))
    world.same("each once", [world.generation(where, receiver) for receiver in cases], [2] * len(cases))
