# SPDX-License-Identifier: Apache-2.0
"""The registry is away, the controller is down when a person goes back, and it is killed in the middle of a rollout: runs
alone, since all others need both."""
from world import command, must, until


def begin(world, where):
    first = world.push("latest", serial="one")
    world.workload(where, "web", f"{world.repository()}:latest@{first}")
    world.track(where, "web", {"tag": "latest"})
    world.comes("what runs is adopted", lambda: world.ledger(where), world.told_of(where))
    second = world.push("latest", serial="two")
    world.comes_healthy("a push is rolled", where, second)
    return first, second


def run_away(world, where, first, second):
    hold = world.stage.folder / "hold/registry-tls"
    hold.touch()
    must(command("sh", "-c", "kill $(pidof docker-registry)"))
    world.comes("a registry that is away is told", lambda: world.condition(where, "Resolved")[0] == "False", world.told_of(where))
    world.stays("and nothing is rolled for it", lambda: world.image_of(where, "web").endswith(second), seconds=4)
    back = world.pinnace("rollback", "web", "-n", where, "--to", first)
    world.does("a rollback needs no registry: the digest is on the ledger", back)
    world.comes("it is done at once", lambda: world.image_of(where, "web").endswith(first), world.told_of(where))
    # Kubernetes pulls what has the tag "latest" each time, even by digest, unless the manifest says otherwise.
    world.comes("what a registry that is away keeps from running is Stalled", lambda: "cannot be pulled" in
                world.condition(where, "Stalled")[2], world.told_of(where))
    world.check("and put away by nobody", not world.status(where).get("quarantined"), world.told_of(where)())
    hold.unlink()
    world.comes_healthy("the registry is back, and so are the bytes", where, first)
    world.comes("and it is asked again", lambda: world.condition(where, "Resolved")[0] == "True", world.told_of(where))
    world.does("resume", world.pinnace("resume", "web", "-n", where))
    world.comes_healthy("what is followed is back", where, second)


def run_down(world, where, first, second):
    """A person goes back while no controller is there; the next one learns of it, and undoes nothing."""
    before = world.generation(where, "web")
    person = must(command("kubectl", "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
    world.stage.kill()
    try:
        world.does("rollback --now while the controller is down", world.pinnace("rollback", "web", "-n", where, "--to", first, "--now"))
        world.check("the workload has it", world.image_of(where, "web").endswith(first), world.image_of(where, "web"))
        world.comes("and runs it", lambda: {image[-71:] for image in world.ready_images(where, "web")} == {first},
                    lambda: world.ready_images(where, "web"))
        world.same("nobody has written the ledger", world.ledger(where)[0][2], second)
    finally:
        world.stage.start()
    world.comes_healthy("the next controller writes the row", where, first)
    row = world.status(where)["ledger"][0]
    world.check("in the person's name", row.get("by") == person and person, row)
    third = world.push("latest", serial="while held")
    world.comes("the next push is seen", lambda: world.status(where).get("candidate", {}).get("digest") == third, world.told_of(where))
    world.stays("the rollback sticks", lambda: world.image_of(where, "web").endswith(first), world.told_of(where))
    world.same("the template was written once, and not by the controller", world.generation(where, "web"), before + 1)
    world.same("it is no drift", world.condition(where, "Drifted")[0], "False")
    world.same("and never was", world.events(where, "Drifted"), [])
    world.does("resume", world.pinnace("resume", "web", "-n", where))
    world.comes_healthy("what is followed is rolled", where, third)


def revisions(world, where):
    answer = world.api.get(f"/apis/apps/v1/namespaces/{where}/replicasets?labelSelector=app%3Dweb")
    return {item["spec"]["template"]["spec"]["containers"][0]["image"][-71:] for item in answer.body["items"]}


def run_killed(world, where):
    """At several moments of a rollout; it is gone on with, and nothing is rolled twice."""
    for moment in ("RollingOut", "applied", "Healthy"):
        before = world.generation(where, "web")
        digest = world.push("latest", serial=f"killed {moment}")
        if moment == "applied":
            until(lambda digest=digest: world.image_of(where, "web").endswith(digest), "the patch")
        else:
            until(lambda digest=digest, moment=moment: (moment, "latest", digest) in world.ledger(where)[:1], f"a row {moment}")
        world.stage.kill()
        world.stage.start()
        world.comes_healthy(f"killed when it was {moment}: the next one goes on", where, digest)
        world.same("and writes the template once", world.generation(where, "web"), before + 1)
        world.check("the bytes have one ReplicaSet", digest in revisions(world, where))


def run(world):
    where = world.namespace("shop")
    first, second = begin(world, where)
    try:
        run_away(world, where, first, second)
    finally:
        (world.stage.folder / "hold/registry-tls").unlink(missing_ok=True)
    run_down(world, where, first, second)
    run_killed(world, where)
