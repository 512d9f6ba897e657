# SPDX-License-Identifier: Apache-2.0
"""The webhook is restarted, deleted, upgraded and rolled back while admissions go on."""
from bad_world import kill, until
from lib import SYSTEM, check, kubectl, must, same


def version(world):
    told = {name for pod in world.webhook_pods() for name in world.metrics(pod) if name.startswith("pinnace_build_info")}
    return " and ".join(sorted(name.split('"')[1] for name in told))


def restart(world):
    before = set(world.ready_pods())
    must(kubectl("-n", SYSTEM, "rollout", "restart", "deployment/pinnace-webhook"))
    kill("pinnace-controller")
    world.rolled_out("webhook")
    world.settled()
    check("each pod was replaced", not before & set(world.ready_pods()))
    until(lambda: len(world.ready_pods("controller")) == 2, "the controllers that were killed")


def delete(world):
    must(kubectl("-n", SYSTEM, "delete", "pod", sorted(world.ready_pods())[0]))
    world.settled()


def change(world, image):
    must(world.apply(image=image))
    world.rolled_out()
    world.settled()


def run(world):
    first, uid = version(world), world.config()["metadata"]["uid"]
    world.under_load("nothing is lost in a rollout restart, both controllers killed meanwhile", lambda: restart(world))
    world.under_load("nothing is lost when a pod is deleted", lambda: delete(world))
    world.under_load("nothing is lost in an upgrade", lambda: change(world, world.upgrade))
    same("the next version answers", version(world), "99.0.0")
    same("its configuration is the same object", world.config()["metadata"]["uid"], uid)
    world.under_load("nothing is lost when it is rolled back", lambda: change(world, world.image))
    same("the first version answers", version(world), first)
