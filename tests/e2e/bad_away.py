# SPDX-License-Identifier: Apache-2.0
"""No webhook is there: what each profile then does, and how it comes back."""
import os

import render
from bad_world import processes, until
from lib import SYSTEM, allowed, check, kubectl, must, refused, same
from load import MOVING, PINNED

NAMED = 'failed calling webhook "enforce-pinned.pinnace.dev"'
COMPONENTS = "components/image", "profiles/available"


def scale(replicas):
    must(kubectl("-n", SYSTEM, "scale", "deployment/pinnace-webhook", f"--replicas={replicas}"))


def all_gone(world):
    scale(0)
    until(lambda: not processes("pinnace-webhook"), "the end of all webhooks")
    until(lambda: "failed calling" in world.try_pod("strict", PINNED).message or world.available, "an API server that noticed")


def untouched(world):
    for where in "free", "kube-system", "default":
        allowed(f"{where} is open as ever", world.try_pod(where, MOVING))


def strict(world):
    all_gone(world)
    refused("strict: a labelled namespace takes nothing, and is told who is missing", world.try_pod("strict", PINNED), NAMED)
    refused("nor what is bad anyhow", world.try_pod("strict", MOVING), NAMED)
    untouched(world)
    must(kubectl("-n", "strict", "scale", "deployment/runs", "--replicas=2"))
    check("what runs can be scaled", len(world.await_running("strict", "app=runs")) == 1)
    before = world.ready_pods("controller")
    must(kubectl("-n", SYSTEM, "delete", "pods", "--all", "--force", "--grace-period=0"))
    scale(2)
    until(lambda: len(world.ready_pods("controller")) == 2 and not set(before) & set(world.ready_pods("controller")), "controllers")
    world.settled()
    check("pinnace-system comes back by itself, all its pods deleted", True)
    world.await_running("strict", "app=runs", 2)  # whoever is refused again and again asks ever more seldom
    check("what could not be made meanwhile is made now", True)


def to_available(world):
    must(world.apply("base", components=COMPONENTS))
    until(lambda: "'pinnace-pinned'" in world.try_pod("strict", MOVING).message, "the second layer")


def available(world):
    world.available = True
    world.under_load("available: nothing is lost or let in while all webhooks go and come back", lambda: all_gone(world),
                     lambda: cel_holds(world), lambda: scale(2), world.settled)
    world.available = False


def cel_holds(world):
    refused("available: a moving tag is refused by the API server's own policy", world.try_pod("strict", MOVING),
            "ValidatingAdmissionPolicy 'pinnace-pinned'", "NoDigest")
    allowed("what is pinned is let in", world.try_pod("strict", PINNED))
    untouched(world)


def to_strict(world):
    must(world.apply())
    must(kubectl("delete", "-k", os.path.join(render.ROOT, "manifests/policies/second-layer")))
    until(lambda: "pinnace-pinned" not in world.try_pod("strict", MOVING).message, "the end of the second layer")


def run(world):
    world.available = False
    created = world.create("Deployment", "strict", "runs", world.web, replicas=1)
    same("a Deployment that is pinned is made", created.status, 201)
    world.await_running("strict", "app=runs")
    strict(world)
    to_available(world)
    available(world)
    to_strict(world)
    world.settled()
