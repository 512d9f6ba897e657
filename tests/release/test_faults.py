# SPDX-License-Identifier: Apache-2.0
"""Images that are bad in every way an image can be: each is taken back by itself, once, put away and named, and what
ran before runs again."""
# What the image does, what its target needs for that to show, and what is said of it.
BAD = {
    "crash": ("crash 0", {}, "ends again and again: exit status 1"),
    "unready": ("unready", {"deadline": "1m"}, "in time"),
    "eat": ("eat", {"limits": "24Mi"}, "OOMKilled"),
    "noexec": ("noexec", {}, "cannot be started"),
    "machine": ("machine", {}, "no match for platform"),
    "gone": ("gone", {}, "cannot be pulled"),
}


def push_bad(world, name, does):
    if does == "noexec":
        return world.registry.push(f"{world.name}/{name}", "latest", entrypoint="/nothing")
    if does == "machine":
        return world.registry.push_index(f"{world.name}/{name}", "latest", architectures=("s390x",))
    digest = world.push("latest", "good" if does == "gone" else does, serial="bad", name=name)
    if does == "gone":
        world.registry.lose(f"{world.name}/{name}", digest)
    return digest


def begin(world, where, name, limits=None, deadline="15m", soak="3s", **more):
    good = world.push("latest", serial="good", name=name)
    image = f"{world.repository(name)}:latest@{good}"
    world.workload(where, name, image, **more)
    if limits:
        world.api.patch(f"/apis/apps/v1/namespaces/{where}/deployments/{name}", {"spec": {"template": {"spec": {"containers": [
            {"name": "web", "resources": {"limits": {"memory": limits}}}]}}}}, "application/strategic-merge-patch+json")
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name), rollout={
        "deadline": deadline, "soak": soak})
    return good


def run_bad(world):
    where = world.namespace("bad")
    good = {name: begin(world, where, name, **needs) for name, (_, needs, _) in BAD.items()}
    for name in BAD:
        world.comes(f"{name}: what runs is adopted", lambda name=name: world.ledger(where, name), world.told_of(where, name))
        world.comes(f"{name}: its pods are ready", lambda name=name: len(world.ready_images(where, name)) >= 2)
    bad = {name: push_bad(world, name, does) for name, (does, _, _) in BAD.items()}
    for name, (_, _, says) in BAD.items():
        def put_away(name=name):
            return [entry["digest"] for entry in world.status(where, name).get("quarantined", [])] == [bad[name]]
        world.comes(f"{name}: is put away", put_away, world.told_of(where, name))
        world.comes_healthy(f"{name}: what ran before is back", where, good[name], name)
        told = world.status(where, name)["quarantined"][0]["reason"]
        world.check(f"{name}: it is said why", told and (not says or says in told), told)
    for name in BAD:
        world.same(f"{name}: it went back once", [state for state, _, _ in world.ledger(where, name)], ["Healthy", "Failed", "Adopted"])


def run_late(world):
    """What is sound at first and ends during its soak. Both pods come at once, long before that."""
    where = world.namespace("late")
    good = begin(world, where, "late", ready=False, soak="30m", spec={"strategy": {"rollingUpdate": {"maxSurge": "100%"}}})
    world.comes("late: what runs is adopted", lambda: world.ledger(where, "late"), world.told_of(where, "late"))
    world.comes("late: its pods are ready", lambda: len(world.ready_images(where, "late")) >= 2)
    bad = world.push("latest", "crash 90", name="late")
    world.comes("late: it soaks", lambda: world.status(where, "late").get("phase") == "Soaking", world.told_of(where, "late"))
    world.comes("late: is put away", lambda: [entry["digest"] for entry in world.status(where, "late").get("quarantined", [])] == [bad],
                world.told_of(where, "late"))
    world.same("late: it is said why", world.status(where, "late")["quarantined"][0]["reason"], "containers were restarted during the soak")
    world.api.patch(world.track_path(where, "late"), {"spec": {"rollout": {"soak": "3s"}}})
    world.comes_healthy("late: what ran before is back", where, good, "late")


def run_hold(world):
    """onFailure: Hold leaves what failed where it is, for a person to look at."""
    where = world.namespace("hold")
    good = world.push("latest", serial="good", name="held")
    world.workload(where, "held", f"{world.repository('held')}:latest@{good}")
    world.track(where, "held", {"tag": "latest"}, ["held"], image=world.repository("held"), rollout={"onFailure": "Hold"})
    world.comes("hold: what runs is adopted", lambda: world.ledger(where, "held"), world.told_of(where, "held"))
    bad = world.push("latest", "crash 0", serial="bad", name="held")
    world.comes("hold: the failure is on the ledger", lambda: world.ledger(where, "held")[0][0] == "Failed",
                world.told_of(where, "held"))
    world.stays("hold: the bad bytes are left there", lambda: world.image_of(where, "held").endswith(bad))
    world.does("hold: a person goes back", world.pinnace("rollback", "held", "-n", where, "--to", good))
    world.comes_healthy("hold: and it is sound again", where, good, "held")


def run_two(world):
    """Two targets, of which the second fails: the first, which was well, goes back too."""
    where = world.namespace("two")
    good = world.push("latest", serial="good", name="pair")
    for name in ("one", "two"):
        world.workload(where, name, f"{world.repository('pair')}:latest@{good}")
    world.api.patch(f"/apis/apps/v1/namespaces/{where}/deployments/two", {"spec": {"template": {"spec": {"containers": [
        {"name": "web", "readinessProbe": {"httpGet": {"path": "/strict", "port": 8080}}}]}}}},
        "application/strategic-merge-patch+json")
    world.track(where, "pair", {"tag": "latest"}, ["one", "two"], image=world.repository("pair"), rollout={"deadline": "1m"})
    world.comes("two: what runs is adopted", lambda: world.ledger(where, "pair"), world.told_of(where, "pair"))
    bad = world.push("latest", "half", name="pair")
    world.comes("two: the first has it", lambda: world.image_of(where, "one").endswith(bad), world.told_of(where, "pair"))
    world.comes("two: then the second", lambda: world.image_of(where, "two").endswith(bad), world.told_of(where, "pair"))
    world.comes_healthy("two: the second fails, and both are back", where, good, "pair")
    world.same("two: both of them", [world.image_of(where, name)[-71:] for name in ("one", "two")], [good, good])


def run_back(world):
    """Somebody breaks the template, so that nothing runs in it: the way back fails too, and waits for a person."""
    def starts_with(command):
        world.api.patch(f"/apis/apps/v1/namespaces/{where}/deployments/back", {"spec": {"template": {"spec": {"containers": [
            {"name": "web", "command": command}]}}}}, "application/strategic-merge-patch+json")
    where = world.namespace("back")
    good = begin(world, where, "back")
    world.comes("back: what runs is adopted", lambda: world.ledger(where, "back"), world.told_of(where, "back"))
    world.comes("back: its pods are ready", lambda: len(world.ready_images(where, "back")) >= 2)
    starts_with(["/nothing"])
    bad = world.push("latest", serial="new", name="back")
    world.comes("back: the way back fails too", lambda: world.status(where, "back").get("phase") == "Failed", world.told_of(where, "back"))
    ledger = world.ledger(where, "back")
    world.same("back: both are on the ledger", [(state, digest) for state, _, digest in ledger],
               [("Failed", good), ("Failed", bad), ("Adopted", good)])
    world.same("back: the way back is not put away", [entry["digest"] for entry in world.status(where, "back")["quarantined"]], [bad])
    status, reason, message = world.condition(where, "Ready", "back")
    world.check("back: it calls for a person", (status, reason) == ("False", "Stopped") and "resume" in message, f"{status} {reason} {message}")
    newer = world.push("latest", serial="newer", name="back")
    world.stays("back: nothing moves, though there is something newer", lambda: world.image_of(where, "back").endswith(good)
                and world.ledger(where, "back") == ledger, world.told_of(where, "back"), 10)
    world.same("back: the pods from before are still ready", {image[-71:] for image in world.ready_images(where, "back")}, {good})
    starts_with(None)
    world.stays("back: nor when it is mended", lambda: world.ledger(where, "back") == ledger, world.told_of(where, "back"), 4)
    world.does("back: until a person says so", world.pinnace("resume", "back", "-n", where))
    world.comes_healthy("back: and what is newest is sound", where, newer, "back")


def run(world):
    world.at_once((run_bad, run_late, run_hold, run_two, run_back))
