# SPDX-License-Identifier: Apache-2.0
"""The API server is gone for a while, then etcd: the webhook judges on by what it read last."""
import time

from bad_world import POLICY, until
from lib import check, kubectl, must, review, same

OURS, OTHER = "contoso.azurecr.io", "ghcr.io"
NAME = "shop/web@sha256:" + "0" * 64
AGE = "pinnace_snapshot_age_seconds"


def set_registries(world, *registries):
    body = {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy", "metadata": {"name": "default"},
            "spec": {"registries": list(registries)}}

    def said():
        world.api.make(POLICY, body)
        answer = world.api.patch(f"{POLICY}/default", {"spec": body["spec"]})
        if not answer.ok:
            raise ValueError(str(answer))
        return True
    # Webhooks that just came, or an API server, take their moments until one asks the other.
    until(said, "a PinPolicy that is taken")


def without_policy(world, contexts):
    """As it was: what comes next is not to be judged by what is on its way out."""
    until(lambda: world.api.delete(f"{POLICY}/default").status in (200, 404), "a PinPolicy that is deleted")
    until(lambda: verdicts(contexts) == {(True, True)}, "no policy")


def break_glass(world, name):
    """So that something comes of the other watch too."""
    who = must(kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    until(lambda: world.api.make("/apis/pinnace.dev/v1alpha1/namespaces/free/exemptions", {
        "apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": name},
        "spec": {"images": [OURS], "reason": f"{name} was away", "expires": expires, "by": who}}), "an Exemption that is taken")


def verdicts(contexts):
    """Of each pod, asked past the API server: (ours, the other)."""
    return {tuple(context(f"{host}/{NAME}") for host in (OURS, OTHER)) for context in contexts}


def askers(world):
    """What asks each webhook while nobody else can be asked for its address and authority."""
    pods, entries = world.webhook_pods(), world.entries()

    def asker(pod):
        def ask(image):
            world.entries = lambda: entries
            try:
                return world.ask(pod, "/enforce/pinned", review("Pod", world.pod_spec(image)))["allowed"]
            finally:
                del world.entries
        return ask
    return pods, [asker(pod) for pod in pods]


def lives_through(world, component):
    pods, contexts = askers(world)
    world.take_down(component)
    until(lambda: not world.serves(), f"an API server that misses {component}")
    before = [world.metrics(pod)[AGE] for pod in pods]
    time.sleep(5)
    same(f"without {component} the last good policy is judged by", verdicts(contexts), {(True, False)})
    ages = [world.metrics(pod)[AGE] for pod in pods]
    check(f"and its age grows ({before} s, {ages} s)", all(a >= b + 4 for a, b in zip(ages, before)))
    world.bring_back(component)
    until(world.serves, "the API server")
    returned = time.monotonic()
    set_registries(world, OURS, OTHER)
    break_glass(world, component)
    until(lambda: verdicts(contexts) == {(True, True)}, "the policy that was changed after it")
    check(f"{component} back, a PinPolicy that is changed takes effect", True)
    until(lambda: all(world.metrics(pod)[AGE] < time.monotonic() - returned for pod in pods), "a policy known since then")
    check("and the age counts from then", True)
    world.settled()
    check("by Service it is judged as ever", True)
    set_registries(world, OURS)
    until(lambda: verdicts(contexts) == {(True, False)}, "the first policy")


def run(world):
    set_registries(world, OURS)
    contexts = askers(world)[1]
    until(lambda: verdicts(contexts) == {(True, False)}, "the first policy")
    for component in "kube-apiserver", "etcd":
        lives_through(world, component)
    without_policy(world, contexts)
