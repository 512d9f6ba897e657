# SPDX-License-Identifier: Apache-2.0
"""A PinPolicy that cannot be meant gets in, past the schema of its kind and the webhook that would refuse it."""
import time

from bad_outage import OTHER, OURS, askers, set_registries, verdicts, without_policy
from bad_world import POLICY, until
from lib import SYSTEM, check, kubectl, must, same
from patience import until_equal

KIND = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pinpolicies.pinnace.dev"
ANYTHING = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
UNUSABLE = "pinnace_unusable_objects"


def set_schema(world, schema):
    """The schema that was there."""
    before = []

    def change(body):
        version = body["spec"]["versions"][0]
        before[:], version["schema"] = [version["schema"]], schema
    world.replace(KIND, change)
    return before[0]


def newcomer(world):
    """A webhook that starts meanwhile."""
    names = {pod["metadata"]["name"] for pod in world.webhook_pods()}
    must(kubectl("-n", SYSTEM, "delete", "pod", sorted(names)[0], "--wait=false"))
    return until(lambda: next((pod for pod in world.webhook_pods() if pod["metadata"]["name"] not in names), None), "another webhook")


def unusable(world, pods, wanted):
    """By the metric of each, which is no one thing with the line of its log."""
    return until_equal(lambda: [world.metrics(pod)[UNUSABLE] for pod in pods], wanted)


def run(world):
    set_registries(world, OURS)
    pods, contexts = askers(world)
    until(lambda: verdicts(contexts) == {(True, False)}, "the first policy")
    must(kubectl("delete", "validatingwebhookconfiguration", "pinnace-objects"))
    schema = set_schema(world, ANYTHING)
    until(lambda: world.api.patch(f"{POLICY}/default", {"spec": {"registries": [OTHER.upper()]}}).ok, "what cannot be meant")
    until(lambda: all(world.logged(pod, "object not usable", OTHER.upper()) for pod in pods), "a line of each webhook")
    check("a PinPolicy that cannot be meant is told in the log, with what is wrong", True)
    same("and in the metrics", unusable(world, pods, [1, 1]), [1, 1])
    same("the last good one counts", verdicts(contexts), {(True, False)})
    fresh = newcomer(world)
    until(lambda: any(world.logged(pod, "object not usable", OTHER.upper()) for pod in world.webhook_pods()
                      if pod["metadata"]["uid"] == fresh["metadata"]["uid"]), "its line")
    time.sleep(5)  # two more looks of the kubelet
    check("a webhook that starts meanwhile is not ready, and says why", fresh["metadata"]["name"] not in world.ready_pods())
    until(lambda: len(world.ready_pods()) == 1 and world.judges(), "the other, which answers alone")
    check("the other answers alone", True)
    set_registries(world, OURS, OTHER)
    world.settled()
    pods, contexts = askers(world)
    until(lambda: verdicts(contexts) == {(True, True)}, "the policy that was mended")
    check("mended, it counts, and both are ready", True)
    same("and nothing is unusable any more", unusable(world, pods, [0, 0]), [0, 0])
    set_schema(world, schema)
    until(lambda: "upper-case" in world.api.patch(f"{POLICY}/default", {"spec": {"registries": ["A.B"]}}, dry=True).message, "the schema")
    check("the schema is back", True)
    must(world.apply())
    set_registries(world, OURS)
    until(lambda: verdicts(contexts) == {(True, False)}, "the first policy again")
    without_policy(world, contexts)
