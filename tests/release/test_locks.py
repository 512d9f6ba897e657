# SPDX-License-Identifier: Apache-2.0
"""protect: true in Azure's registry: what may be gone back to is locked, what falls out of the ledger is let go, a purge takes
all the rest and nothing that is needed, and the way back works after it."""
import json

FREE = {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}


def parts(world, digest, name):
    """An index and its children."""
    found = json.load(world.registry.ask("GET", f"/v2/{world.name}/{name}/manifests/{digest}"))
    return [digest, *(child["digest"] for child in found["manifests"])]


def attributes(world, name, *what):
    return [world.stage.place.registry.attributes_of(f"{world.name}/{name}", entry) for entry in what]


def all_locked(world, name, *what):
    """Against deletion; a tag, against being moved too. All can be pulled."""
    return attributes(world, name, *what) == [
        {**FREE, "deleteEnabled": False, "writeEnabled": entry.startswith("sha256:")} for entry in what]


def all_free(world, name, *what):
    return attributes(world, name, *what) == [FREE] * len(what)


def push(world, name, tag, serial):
    return world.registry.push_index(f"{world.name}/{name}", tag, serial=serial)


def begin(world, where, name, tag, follow):
    """Pods that pull each time, so that what is gone cannot run."""
    first = push(world, name, tag, "one")
    world.workload(where, name, f"{world.repository(name)}:{tag}@{first}")
    world.api.patch(f"/apis/apps/v1/namespaces/{where}/deployments/{name}", {"spec": {"template": {"spec": {"containers": [
        {"name": "web", "imagePullPolicy": "Always"}]}}}}, "application/strategic-merge-patch+json")
    world.track(where, name, follow, [name], image=world.repository(name), keep=2, protect=True)
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    return first


def how_it_stands(world, where, name):
    return lambda: f"{world.told_of(where, name)()}\n{json.dumps([*map(str, world.stage.place.registry.attributes.items())], indent=1)}"


def unless_it_may(world, where, name):
    """The controller may only pull, until it is given more."""
    place = world.stage.place
    world.comes(f"{name}: the role that is missing is told", lambda: world.condition(where, "Protected", name)[:2] == ("False", "Refused")
                and "AcrPush" in world.condition(where, "Protected", name)[2], world.told_of(where, name))
    place.registry.writers[place.CONTROLLER] = {world.name}


def rolled(world, where, name, digest, tags=()):
    world.comes_healthy(f"{name}: a push is rolled", where, digest, name)
    locked = [*parts(world, digest, name), *tags]
    world.comes(f"{name}: and locked: {len(locked)} things", lambda: all_locked(world, name, *locked), how_it_stands(world, where, name))
    return locked


def goes_back(world, where, name, digest):
    world.does(f"{name}: rollback", world.pinnace("rollback", name, "-n", where, "--to", digest))
    world.comes_healthy(f"{name}: what is gone back to can still be pulled", where, digest, name)


def run_versions(world, where, first):
    kept = []
    for number in (1, 2, 3):
        newest = push(world, "web", f"v1.{number}.0", f"version {number}")
        kept += rolled(world, where, "web", newest, [f"v1.{number}.0"])
    out = parts(world, first, "web")
    world.comes("web: what falls out of the ledger is let go", lambda: all_free(world, "web", *out, "v1.0.0"), how_it_stands(world, where, "web"))
    stray = parts(world, push(world, "web", "stray", "stray"), "web")
    digests = [entry for entry in kept if entry.startswith("sha256:")]
    went = world.stage.place.beside.purge("locks/web", [*digests, *out, *stray])
    world.same("web: a purge takes just that, and what nobody protects", sorted(went), sorted(out + stray))
    goes_back(world, where, "web", digests[0])
    done = world.pinnace("rollback", "web", "-n", where, "--to", first)
    world.refused("web: what is gone is not gone back to", done, "nothing was changed")
    world.does("web: resume", world.pinnace("resume", "web", "-n", where))
    world.comes_healthy("web: the newest is there, too", where, newest, "web")
    world.api.patch(world.track_path(where, "web"), {"spec": {"protect": False}})
    world.comes("web: all is let go when it is to be protected no longer", lambda: all_free(world, "web", *kept), how_it_stands(world, where, "web"))


def run_latest(world, where):
    """The tag that is followed has to move; what it meant has no tag any more. What another has locked stays as he left it."""
    registry, theirs = world.stage.place.registry, {**FREE, "deleteEnabled": False, "writeEnabled": False}
    first = begin(world, where, "main", "latest", {"tag": "latest"})
    out = parts(world, first, "main")
    world.comes("main: what runs is locked", lambda: all_locked(world, "main", *out), how_it_stands(world, where, "main"))
    second = push(world, "main", "staged", "another's")
    registry.attributes["locks/main", second] = theirs
    world.registry.tag("locks/main", second, "latest")
    children = parts(world, second, "main")[1:]
    world.comes_healthy("main: a push is rolled", where, second, "main")
    world.comes("main: its children are locked", lambda: all_locked(world, "main", *children), how_it_stands(world, where, "main"))
    kept = [second, *children]
    for number in (1, 2):
        kept += rolled(world, where, "main", push(world, "main", "latest", f"number {number}"))
    world.comes("main: what falls out of the ledger is let go", lambda: all_free(world, "main", *out), how_it_stands(world, where, "main"))
    world.check("main: the tag that is followed is not locked", all_free(world, "main", "latest"), attributes(world, "main", "latest"))
    went = world.stage.place.beside.purge("locks/main", [*kept, *out])
    world.same("main: a purge takes just that", sorted(went), sorted(out))
    goes_back(world, where, "main", second)
    world.does("main: resume", world.pinnace("resume", "main", "-n", where))
    for number in (3, 4, 5):
        rolled(world, where, "main", push(world, "main", "latest", f"number {number}"))
    world.comes("main: what we locked of a release is let go", lambda: all_free(world, "main", *children), how_it_stands(world, where, "main"))
    world.same("main: and what another had locked stays locked", attributes(world, "main", second), [theirs])


def run(world):
    where = world.namespace("shop")
    first = begin(world, where, "web", "v1.0.0", {"semver": ">=1.0.0"})
    unless_it_may(world, where, "web")
    world.comes("web: once it is given, what runs is locked", lambda: all_locked(world, "web", *parts(world, first, "web"), "v1.0.0"),
                how_it_stands(world, where, "web"))
    world.at_once((lambda branch, at: run_versions(branch, at, first), run_latest), where)
