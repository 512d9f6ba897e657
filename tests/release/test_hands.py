# SPDX-License-Identifier: Apache-2.0
"""Other hands: kubectl set image and rollout undo beside a Track are neither fought nor adopted in silence; a Track
that is deleted and made again adopts what runs; objects that are made again are others."""
from world import command, must


def begin(world, where, name):
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:latest@{first}")
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name))
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    second = world.push("latest", serial="two", name=name)
    world.comes_healthy(f"{name}: a push is rolled", where, second, name)
    return first, second


def drifted(world, where, name):
    return world.condition(where, "Drifted", name)[0] == "True"


def run_set_image(world, where):
    begin(world, where, "set")
    foreign = f"{world.repository('set')}@{world.push('mine', serial='mine', name='set')}"
    world.set_image(where, "set", foreign)
    world.comes("kubectl set image beside a Track: Drifted", lambda: drifted(world, where, "set"), world.told_of(where, "set"))
    world.check("and told what settles it", "kubectl pinnace" in world.condition(where, "Drifted", "set")[2],
                world.told_of(where, "set")())
    third = world.push("latest", serial="three", name="set")
    world.stays("no automatic move until that", lambda: world.image_of(where, "set") == foreign)
    world.does("resume settles it", world.pinnace("resume", "set", "-n", where))
    world.comes_healthy("and what is followed is rolled", where, third, "set")
    world.comes("no drift is left", lambda: not drifted(world, where, "set"), world.told_of(where, "set"))


def run_undo(world, where):
    first, second = begin(world, where, "undo")
    must(command("kubectl", "rollout", "undo", "deployment/undo", "-n", where))
    world.comes("kubectl rollout undo beside a Track: Drifted", lambda: drifted(world, where, "undo"), world.told_of(where, "undo"))
    world.stays("it is not fought", lambda: world.image_of(where, "undo").endswith(first))
    world.does("rollback to it settles it", world.pinnace("rollback", "undo", "-n", where, "--to", first))
    world.comes("no drift is left after the rollback", lambda: not drifted(world, where, "undo"), world.told_of(where, "undo"))
    world.comes_healthy("what was meant is on the ledger", where, first, "undo")
    world.does("resume", world.pinnace("resume", "undo", "-n", where))
    world.comes_healthy("and what is followed is back", where, second, "undo")


def run_made_again(world, where):
    _, second = begin(world, where, "again")
    generation = world.generation(where, "again")
    world.api.delete(world.track_path(where, "again"))
    world.comes("a Track is deleted", lambda: world.api.get(world.track_path(where, "again")).status == 404)
    world.track(where, "again", {"tag": "latest"}, ["again"], image=world.repository("again"))
    world.comes("and made again: what runs is adopted", lambda: world.ledger(where, "again")[:1] == [("Adopted", "latest", second)],
                world.told_of(where, "again"))
    world.stays("nothing is rolled for that", lambda: world.generation(where, "again") == generation)


def run_target_again(world, where):
    _, second = begin(world, where, "target")
    must(command("kubectl", "delete", "deployment", "target", "-n", where))
    world.stays("a target that is deleted is not made", lambda: world.api.get(
        f"/apis/apps/v1/namespaces/{where}/deployments/target").status == 404)
    world.comes("it is said that it is missing", lambda: "target" in str(world.status(where, "target").get("conditions", "")) and
                world.condition(where, "Ready", "target")[0] == "False", world.told_of(where, "target"))
    world.workload(where, "target", f"{world.repository('target')}:latest@{second}")
    world.comes("it is made again with what ought to run: all is well",
                lambda: world.condition(where, "Ready", "target")[0] == "True", world.told_of(where, "target"))
    third = world.push("latest", serial="three", name="target")
    world.comes_healthy("and goes on", where, third, "target")


def run(world):
    where = world.namespace("shop")
    for part in (run_set_image, run_undo, run_made_again, run_target_again):
        part(world, where)
