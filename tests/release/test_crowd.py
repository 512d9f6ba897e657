# SPDX-License-Identifier: Apache-2.0
"""200 replicas are 200 identical copies, whatever is pushed while they come up; with Pinnace installed, each of them passes
its gate."""
import time

from world import command, must

REPLICAS = 200


def run(world):
    where = world.namespace("shop")
    first = world.push("main", serial="one", name="many")  # what is called "latest" would be pulled for each pod
    image = f"{world.repository('many')}:main@{first}"
    world.workload(where, "many", image, ready=False, spec={"replicas": 1})
    world.track(where, "many", {"tag": "main"}, ["many"], image=world.repository("many"), approval="Manual")
    world.comes("what runs is adopted", lambda: world.ledger(where, "many"), world.told_of(where, "many"))
    if world.stage.image:
        must(command("kubectl", "label", "namespace", where, "pinnace.dev/enforce=released"))
    world.scale(where, "many", REPLICAS)
    pushed = 0

    def up():
        nonlocal pushed
        pushed += 1
        world.push("main", serial=f"push {pushed}", name="many")  # under the same tag, all the time
        time.sleep(3)  # such a list is long
        return len(world.ready_images(where, "many")) == REPLICAS
    world.comes(f"{REPLICAS} pods run", up, lambda: len(world.ready_images(where, "many")), seconds=1800)
    world.same("all with one digest", set(world.ready_images(where, "many")), {image})
    world.check("though the tag moved meanwhile", pushed > 1, pushed)
    ids = {status["imageID"] for pod in world.pods(where, "many") for status in pod["status"]["containerStatuses"]}
    world.same("and the runtime says so", {entry[-71:] for entry in ids}, {first})
