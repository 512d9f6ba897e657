# SPDX-License-Identifier: Apache-2.0
"""The node is drained, with old and new workloads of a labelled namespace on it; then its programs are killed."""
from bad_world import kill, processes, until
from lib import check, kubectl, must, same
from load import MOVING, PINNED
from patience import until_equal


def workloads(world):
    """One by tag from before the label came, one pinned."""
    world.namespace("worn")
    for name, image in ("tagged", world.web.split("@")[0] + ":1.4.0"), ("pinned", world.web):
        world.create("Deployment", "worn", name, image, replicas=2)
    for name in "tagged", "pinned":
        world.await_running("worn", f"app={name}", 2)
    world.label("worn", enforce="pinned")
    # The API server knows namespaces by a watch of its own, which may lag behind.
    until(lambda: world.try_pod("worn", MOVING).status == 403, "the label's effect")


def drained_but_for_one():
    """It never comes to its end: it is given up once it was held back, and nothing else runs there any more."""
    done = kubectl("drain", "node0", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=15s")
    held = [line for line in done.stderr.splitlines() if '"pinnace-webhook-' in line and "disruption budget" in line]
    left = kubectl("-n", "worn", "get", "pods", "-o", "jsonpath={.items[*].status.phase}").stdout
    if done.returncode == 0 or not held or "Running" in left:
        raise ValueError(f"{done.returncode} {left} {done.stderr}")
    return True


def drain(world):
    until(drained_but_for_one, "a drain that evicts all but one webhook")
    check("a drain takes one webhook, and stops at the other", True)
    same("one webhook is left and answers", until_equal(lambda: len(world.ready_pods()), 1), 1)
    try:
        until(lambda: told(world), "a word of the pods that are refused")
    except RuntimeError as problem:
        raise RuntimeError(f"{problem}\n{kubectl('-n', 'worn', 'get', 'replicasets,pods,events', '-o', 'wide').stdout}") from problem
    check("what would come back by tag is refused, and its ReplicaSet says so with the reason", True)
    must(kubectl("uncordon", "node0"))
    world.await_running("worn", "app=pinned", 2)
    check("what is pinned comes back", True)
    world.rolled_out()
    same("of what is tagged nothing comes back",
         kubectl("-n", "worn", "get", "pods", "-l", "app=tagged", "-o", "name").stdout, "")


def told(world):
    events = world.api.get("/api/v1/namespaces/worn/events").body["items"]
    return [event for event in events if event["reason"] == "FailedCreate" and "NoDigest" in event["message"]]


def restarted(world):
    webhooks = set(processes("pinnace-webhook"))
    for program in "containerd", "kubelet", "kube-proxy":
        before = processes(program)
        kill(program)
        until(lambda: processes(program) and set(processes(program)).isdisjoint(before), f"another {program}")
    until(lambda: world.try_pod("strict", PINNED).ok and kubectl("get", "--raw", "/api/v1/nodes/node0/proxy/healthz").stdout == "ok",
          "the kubelet")
    same("the webhooks outlast it", set(processes("pinnace-webhook")), webhooks)


def run(world):
    workloads(world)
    world.under_load("nothing is lost while the node is drained", lambda: drain(world))
    world.settled()
    world.under_load("nothing is lost when containerd, kubelet and kube-proxy are killed", lambda: restarted(world))
    world.api.delete("/api/v1/namespaces/worn")
