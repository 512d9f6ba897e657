# SPDX-License-Identifier: Apache-2.0
"""An installation in the wrong order: the kinds come last, and until then nobody is ready and says why."""
import os
import urllib.error
import urllib.request

import inventory
import render
from bad_world import until
from lib import allowed, check, kubectl, must, refused
from load import MOVING, PINNED


def kinds_missed(world, pod):
    return {line["kind"] for line in world.logged(pod, "watch trouble", "CustomResourceDefinition")}


def probe(pod):
    """What it answers to the kubelet."""
    try:
        with urllib.request.urlopen(f"http://{pod['status']['podIP']}:8080/readyz", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as answer:
        return answer.code


def run(world):
    world.before = inventory.at_rest(world.api)
    must(world.apply())
    until(lambda: [probe(pod) for pod in world.webhook_pods()] == [503, 503], "two webhooks that run")
    pods = world.webhook_pods()
    until(lambda: all(kinds_missed(world, pod) == {"PinPolicy", "Exemption"} for pod in pods), "a word why they wait")
    check("without the kinds each says in its log which it waits for", True)
    check("and none is ready", not world.ready_pods(), world.story())
    must(kubectl("apply", "-k", os.path.join(render.ROOT, "manifests/crds")))
    world.rolled_out()
    check("with the kinds there they become ready by themselves", set(world.ready_pods()) == {
        pod["metadata"]["name"] for pod in pods}, world.story())
    world.namespace("strict", enforce="pinned")
    world.namespace("free")
    world.settled()
    refused("a moving tag is refused", world.try_pod("strict", MOVING), "NoDigest")
    allowed("what is pinned is let in", world.try_pod("strict", PINNED))
    world.under_load("a quiet day", lambda: None)
