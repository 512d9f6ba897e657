# SPDX-License-Identifier: Apache-2.0
"""The whole story, from a push to main to a rollback that sticks: staging follows latest, production the versions that
staging has proved."""


def begin(world):
    world.staging, world.production = world.namespace("staging"), world.namespace("production")
    world.first = world.push(("latest", "v1.0.0"), serial="one")
    for where, tag in ((world.staging, "latest"), (world.production, "v1.0.0")):
        world.workload(where, "web", f"{world.repository()}:{tag}@{world.first}")
    world.track(world.staging, "web", {"tag": "latest"})
    world.track(world.production, "web", {"semver": ">=1.0.0"}, source={"namespace": world.staging, "track": "web"})
    for where in (world.staging, world.production):
        world.comes(f"what runs in {where} is adopted", lambda where=where: world.ledger(where)[:1] in (
            [("Adopted", "latest", world.first)], [("Adopted", "v1.0.0", world.first)]), world.told_of(where))
        world.same(f"and not rolled in {where}", world.generation(where, "web"), 1)


def push_to_main(world):
    world.second = world.push("latest", serial="two")
    world.comes_healthy("a push to main: staging rolls to it", world.staging, world.second)
    world.same("by digest, with the tag beside it", world.image_of(world.staging, "web"),
               f"{world.repository()}:latest@{world.second}")
    world.comes("every pod runs these bytes", lambda: world.ready_images(world.staging, "web") ==
                [f"{world.repository()}:latest@{world.second}"] * 2, lambda: world.ready_images(world.staging, "web"))
    world.stays("production has nothing of it", lambda: world.image_of(world.production, "web").endswith(world.first))


def release(world):
    """The version is what staging runs already: the same bytes under another tag."""
    world.registry.tag(f"{world.name}/web", world.second, "v1.1.0")
    world.comes_healthy("v1.1.0 of bytes that staging proved: production rolls to it", world.production, world.second)
    world.same("under the version's name", world.image_of(world.production, "web"), f"{world.repository()}:v1.1.0@{world.second}")


def release_unproved(world):
    world.third = world.push("v1.2.0", serial="three")
    world.comes("v1.2.0 that staging never ran: production says so",
                lambda: world.status(world.production).get("candidate", {}).get("digest") == world.third,
                world.told_of(world.production))
    world.stays("and stays where it is", lambda: world.image_of(world.production, "web").endswith(world.second))
    world.registry.tag(f"{world.name}/web", world.third, "latest")
    world.comes_healthy("main catches up: staging runs these bytes", world.staging, world.third)
    world.comes_healthy("and then production does", world.production, world.third)


def break_it(world):
    world.broken = world.push(("latest", "v1.3.0"), "crash 0")
    world.comes("a broken build: staging quarantines it",
                lambda: [entry["digest"] for entry in world.status(world.staging).get("quarantined", [])] == [world.broken],
                world.told_of(world.staging))
    world.comes_healthy("and goes back by itself", world.staging, world.third)
    world.same("once, not to and fro", [state for state, _, _ in world.ledger(world.staging)][:2], ["Healthy", "Failed"])
    world.comes("staging runs the good bytes", lambda: world.ready_images(world.staging, "web") and all(
        image.endswith(world.third) for image in world.ready_images(world.staging, "web")))
    world.comes("somebody is told why", lambda: any(
        "ends again and again" in event.get("message", event.get("note", ""))
        for event in world.api.get(f"/api/v1/namespaces/{world.staging}/events").body["items"]), world.told_of(world.staging))
    world.same("production is untouched", world.ledger(world.production)[0], ("Healthy", "v1.2.0", world.third))
    world.stays("and stays so", lambda: world.image_of(world.production, "web").endswith(world.third))


def roll_back(world):
    world.does("rollback by hand", world.pinnace("rollback", "web", "-n", world.production, "--reason", "customers complain"))
    world.comes_healthy("production runs what it ran before", world.production, world.second)
    world.fourth = world.push(("latest", "v1.4.0"), serial="four")
    world.comes_healthy("the next release: staging runs it", world.staging, world.fourth)
    world.stays("the rollback sticks", lambda: world.image_of(world.production, "web").endswith(world.second))
    world.does("resume", world.pinnace("resume", "web", "-n", world.production))
    world.comes_healthy("production goes on to the newest that is proved", world.production, world.fourth)


def move_tag(world):
    before = world.generation(world.production, "web")
    world.fifth = world.push("v1.4.0", serial="five")
    world.comes("v1.4.0 is pushed again with other bytes: TagMoved",
                lambda: world.condition(world.production, "TagMoved")[0] == "True", world.told_of(world.production))
    world.stays("nothing is rolled", lambda: world.generation(world.production, "web") == before)


def run(world):
    for step in (begin, push_to_main, release, release_unproved, break_it, roll_back, move_tag):
        step(world)
