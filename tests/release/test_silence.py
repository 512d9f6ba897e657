# SPDX-License-Identifier: Apache-2.0
"""A registry and an API server that are gone without a word, with connections open to them. What was pushed meanwhile comes
when they are back, and once. Runs alone, since it is the API server of all."""
import time

from silence import open_to, silence
from world import API_PORT

OWN = {"pinnace", "pinnace-objects", "pinnace-track"}  # what the controller watches beside what it releases


def begin(world, where, name, host=None, workload=None):
    """A Track at rest, which has had one rollout; gives the bytes."""
    image = f"{host or world.stage.place.host}/{world.name}/{name}"
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{image}:latest@{first}", spec=workload)
    world.track(where, name, {"tag": "latest"}, [name], image=image)
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    second = world.push("latest", serial="two", name=name)
    world.comes_healthy(f"{name}: a push is rolled", where, second, name)
    return [first, second]


def hurry(world, where, name, deadline):
    """From here on: who goes by what is old is found out when that is over."""
    world.api.patch(world.track_path(where, name), {"spec": {"rollout": {"deadline": deadline}}})
    world.comes_seen(f"{name}: it has {deadline}", where, name)


def rolled_once(world, where, name, digests):
    """These, and nothing else."""
    world.same(f"{name}: nothing is rolled twice, and nothing taken back", [row[2] for row in world.ledger(where, name)], digests[::-1])
    world.same(f"{name}: each is written once", world.generation(where, name), len(digests))
    world.same(f"{name}: nothing is put away", world.status(where, name).get("quarantined", []), [])


def run_registry(world, where):
    gone = world.stage.faulty(15)
    port = gone.host.rpartition(":")[2]
    releases = {name: begin(world, where, name, host) for name, host in (("lost", gone.host), ("lost-too", gone.host), ("beside", None))}
    world.check("a connection to the registry is kept", open_to(port))
    with silence(port):
        began = time.monotonic()
        for name, digests in releases.items():
            digests.append(world.push("latest", serial="three", name=name))
        world.comes_healthy("beside: it waits for nobody", where, releases["beside"][-1], "beside")
        for name in ("lost", "lost-too"):
            world.comes(f"{name}: it is told", lambda name=name: world.condition(where, "Resolved", name)[0] == "False", world.told_of(where, name))
            world.say(f"{name}: {world.condition(where, 'Resolved', name)[2]} ({time.monotonic() - began:.1f} s)")
            world.check(f"{name}: nothing is rolled for it", world.image_of(where, name).endswith(releases[name][1]))
        releases["beside"].append(world.push("latest", serial="four", name="beside"))
        world.comes_healthy("beside: nor does it then", where, releases["beside"][-1], "beside")
    began = time.monotonic()
    for name, digests in releases.items():
        world.comes_healthy(f"{name}: the registry is back, and what was missed comes", where, digests[-1], name)
        world.same(f"{name}: all is well again", world.condition(where, "Resolved", name)[0], "True")
        rolled_once(world, where, name, digests)
    world.say(f"the registry was back for {time.monotonic() - began:.1f} s")


def run_server(world, where):
    """In the middle of a rollout, and for longer than its deadline. The watches' connections outlive that, but what was lost
    of them comes again as late as the API server's kernel tries next, which takes as long as all of that."""
    rests = begin(world, where, "rests")
    moves = begin(world, where, "moves", workload={"minReadySeconds": 10})
    hurry(world, where, "moves", "30s")
    moves.append(world.push("latest", serial="three", name="moves"))
    world.comes("moves: a rollout begins", lambda: world.image_of(where, "moves").endswith(moves[-1]), world.told_of(where, "moves"))
    terms = len(world.stage.lines("not leading"))
    with silence(API_PORT):
        began = time.monotonic()
        world.comes("nobody leads", lambda: len(world.stage.lines("not leading")) > terms, world.stage.log)
        world.say(f"nobody leads after {time.monotonic() - began:.1f} s")
        rests.append(world.push("latest", serial="three", name="rests"))
        world.comes("moves: it is complete, unseen", lambda: world.get("Deployment", where, "moves")["status"].get("updatedReplicas") == 2
                    and world.get("Deployment", where, "moves")["status"].get("availableReplicas") == 2)
        world.stays("and nothing is rolled", lambda: world.image_of(where, "rests").endswith(rests[1]),
                    seconds=max(0, 60 - (time.monotonic() - began)))
    began = time.monotonic()
    for name, digests in (("moves", moves), ("rests", rests)):
        world.comes_healthy(f"{name}: the API server is back, and it goes on", where, digests[-1], name)
        world.say(f"{name}: {time.monotonic() - began:.1f} s after it was back")
        rolled_once(world, where, name, digests)


def run_one_of_several(world, where):
    """What is open is dead, and who connects anew comes to another one. The controller is a new one, whose watches do not
    come to the end that they have anyhow before they are found to be dead."""
    digests = begin(world, where, "goes-on")
    world.stage.stop()
    world.stage.start()
    hurry(world, where, "goes-on", "1m")
    opened = open_to(API_PORT)
    world.check("connections to the API server are kept", len(opened) > len(OWN))
    lease, watch = len(world.stage.lines("lease trouble")), len(world.stage.lines("watch trouble"))

    def dead():
        return [line for line in world.stage.lines("watch trouble")[watch:] if line.get("object") in OWN]
    with silence(API_PORT, opened):
        began = time.monotonic()
        digests.append(world.push("latest", serial="three", name="goes-on"))
        world.comes_healthy("goes-on: a push is rolled", where, digests[-1], "goes-on")
        world.say(f"goes-on: after {time.monotonic() - began:.1f} s")
        world.comes("watches that nobody needs are found to be dead", lambda: {line["object"] for line in dead()} == OWN, world.stage.log)
        world.say(f"watches were found to be dead after {time.monotonic() - began:.1f} s: {dead()[0]['error']}")
        world.check("and not by their end", not any("Operation timed out" in line["error"] for line in dead()), dead())
    troubles = world.stage.lines("lease trouble")[lease:]
    world.check("the Lease does not try all that is dead", len(troubles) <= 2, troubles)
    rolled_once(world, where, "goes-on", digests)


def run(world):
    where = world.namespace("shop")
    run_registry(world, where)
    run_server(world, where)
    run_one_of_several(world, where)
