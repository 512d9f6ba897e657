# SPDX-License-Identifier: Apache-2.0
"""200 replicas are 200 identical copies, whatever is pushed while they come up."""
import time

REPLICAS = 200


def run(world):
    where = world.namespace("shop")
    first = world.push("main", serial="one")  # what is called "latest" would be pulled for each pod
    image = f"{world.repository()}:main@{first}"
    world.workload(where, "web", image, ready=False, spec={"replicas": 1})
    world.track(where, "web", {"tag": "main"}, approval="Manual")
    world.comes("what runs is adopted", lambda: world.ledger(where), world.told_of(where))
    world.scale(where, "web", REPLICAS)
    pushed = 0

    def up():
        nonlocal pushed
        pushed += 1
        world.push("main", serial=f"push {pushed}")  # under the same tag, all the time
        time.sleep(3)  # such a list is long
        return len(world.ready_images(where, "web")) == REPLICAS
    world.comes(f"{REPLICAS} pods run", up, lambda: len(world.ready_images(where, "web")), seconds=400)
    world.same("all with one digest", set(world.ready_images(where, "web")), {image})
    world.check("though the tag moved meanwhile", pushed > 1, pushed)
    ids = {status["imageID"] for pod in world.pods(where, "web") for status in pod["status"]["containerStatuses"]}
    world.same("and the runtime says so", {entry[-71:] for entry in ids}, {first})
    world.scale(where, "web", 0)
    world.comes("they end", lambda: not world.pods(where, "web"), seconds=200)
