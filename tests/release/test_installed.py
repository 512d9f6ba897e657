# SPDX-License-Identifier: Apache-2.0
"""All of Pinnace from its image: what a Track released is let in at the level `released` and nothing else, the manifest
of git may be applied again, and a drained node costs no capacity in the middle of a rollout."""
import copy
import json
import threading

from api import Api
from world import LATER, READY, SYSTEM, command, must, until


def manifest(world, image):
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "terminationGracePeriodSeconds": 0, "containers": [{"name": "web", "image": image, "readinessProbe": READY}]}}}})


def apply(where, text, verb="apply"):
    return command("kubectl", verb, "-n", where, "-f", "-", text=text)


def run_released(world, where):
    world.unknown = world.push("other", serial="other")
    unknown = f"{world.repository()}@{world.unknown}"
    world.second = world.push("latest", serial="two")
    world.comes_healthy("a push is rolled under released", where, world.second)
    done = command("kubectl", "set", "image", "deployment/web", f"web={unknown}", "-n", where)
    world.refused("kubectl set image past the gate is refused", done, "NotReleased")
    world.refused("so is a pod of it", command("kubectl", "run", "p", f"--image={unknown}", "-n", where), "NotReleased")
    image = f"{world.repository()}@{world.first}"
    world.does("what ran before is still let in", command("kubectl", "run", "old", f"--image={image}", "-n", where))
    must(command("kubectl", "delete", "pod", "old", "-n", where, "--now"))
    bad = world.push("latest", "crash 0")
    world.comes("a broken build is put away", lambda: [entry["digest"] for entry in world.status(where).get("quarantined", [])] == [bad],
                world.told_of(where))
    world.comes_healthy("and taken back, which the gate lets in", where, world.second)

    world.comes("no ReplicaSet runs it any more", lambda: pods_wanted(world, where, bad) == 0, world.told_of(where))
    image = f"{world.repository()}@{bad}"

    def judged():
        return command("kubectl", "run", "bad", f"--image={image}", "-n", where, "--dry-run=server")
    # Each replica of the webhook hears of that for itself.
    world.comes("what was put away is no longer let in", lambda: judged().returncode != 0, world.told_of(where))
    world.refused("as what nobody released", judged(), "NotReleased", bad)
    world.comes("neither by kubectl set image", lambda: "NotReleased" in command(
        "kubectl", "set", "image", "deployment/web", f"web={image}", "-n", where, "--dry-run=server").stderr, world.told_of(where))


def pods_wanted(world, where, digest):
    """By the ReplicaSets of these bytes."""
    answer = world.api.get(f"/apis/apps/v1/namespaces/{where}/replicasets")
    return sum(item["spec"]["replicas"] for item in answer.body["items"]
               if item["spec"]["template"]["spec"]["containers"][0]["image"].endswith(digest))


def cut_off(address, verb="-I"):
    """What a pod asks the API server is dropped, and the answers are, too; the API server still reaches the pod."""
    must(command("iptables", verb, "INPUT", "-s", address, "-p", "tcp", "--dport", "6443", "-j", "DROP"))
    must(command("iptables", verb, "OUTPUT", "-d", address, "-p", "tcp", "--sport", "6443", "-j", "DROP"))


def lost_on_the_way(address):
    """Packets, either way: a pod that waits for news sends none."""
    rules = must(command("iptables", "-nvxL")).splitlines()
    return sum(int(rule.split()[0]) for rule in rules if f" {address} " in f"{rule} " and " DROP " in rule)


def run_cut(world, where):
    """A replica of the webhook hears nothing from the API server while a release happens: it refuses what it cannot know
    of, and whoever asks again reaches the other one."""
    selector = "app.kubernetes.io/component%3Dwebhook"
    pods = world.api.get(f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector={selector}").body["items"]
    world.same("two replicas of the webhook", len(pods), 2)
    for number, pod in enumerate(pods):
        address = pod["status"]["podIP"]
        cut_off(address)
        try:
            world.second = world.push("latest", serial=f"cut {number}")
            world.comes_healthy(f"replica {number} is cut from the API server: the release comes all the same", where, world.second)
            for _ in range(6):
                done = command("kubectl", "set", "image", "deployment/web", f"web={world.repository()}@{world.unknown}", "-n", where)
                world.refused("nothing else is let in", done, "NotReleased")
            world.comes("and it was cut", lambda address=address: lost_on_the_way(address), lambda: must(command("iptables", "-nvxL")))
        finally:
            cut_off(address, "-D")
    # A connection that was cut takes its time until that is noticed.
    world.stage.installation.until_judged("/enforce/released", where, f"{world.repository()}@{world.second}", True)


def run_git(world, where):
    """With pinnace.dev/pin: track the manifest of git changes nothing."""
    def state():
        return world.pod_spec("Deployment", where, "web"), sorted(pod["metadata"]["name"] for pod in world.pods(where, "web"))
    before = state()  # and not its generation, which counts annotations too
    text = manifest(world, f"{world.repository()}:latest")
    must(command("kubectl", "label", "namespace", where, "pinnace.dev/pin=track"))
    until(lambda: world.second in command("kubectl", "create", "-n", where, "-f", "-", "--dry-run=server", "-o", "yaml",
                                          text=text.replace('"name": "web"}', '"name": "web-2"}', 1)).stdout or
          apply(where, text, "diff").returncode == 0, "tracked apply to begin")
    world.does("kubectl diff of git's manifest shows nothing", apply(where, text, "diff"))
    world.does("kubectl apply of it is taken", apply(where, text))
    world.same("and changes no template and no pod", state(), before)
    world.same("what the Track released runs on", world.image_of(where, "web"), f"{world.repository()}:latest@{world.second}")


class Samples:
    """How many pods are ready, and of which bytes all are, again and again while something is done."""

    def __init__(self, world, where):
        self.world, self.where, self.ready, self.images, self.done = copy.copy(world), where, [], set(), threading.Event()
        self.world.api = Api()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.wait(0.2):
            pods = self.world.pods(self.where, "web")
            self.images |= {pod["spec"]["containers"][0]["image"][-71:] for pod in pods}
            self.ready.append(len([pod for pod in pods if any(
                c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))]))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.done.set()
        self.thread.join()


def nodes_of(world, where):
    return sorted(pod["spec"].get("nodeName", "") for pod in world.pods(where, "web"))


def run_drained(world, where):
    """One of two nodes is drained in the middle of a rollout that is not sound: its pods come back on the other one, which
    the gate lets in, and never are there fewer than the PodDisruptionBudget wants."""
    must(command("kubectl", "taint", "node", "node1", f"{LATER}-"))
    must(command("kubectl", "cordon", "node0"))
    must(command("kubectl", "patch", "deployment", "web", "-n", where, "--type=merge", "-p", json.dumps(
        {"spec": {"replicas": 4, "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}}})))
    must(command("kubectl", "create", "poddisruptionbudget", "web", "-n", where, "--selector=app=web", "--min-available=3"))
    must(command("kubectl", "patch", "track", "web", "-n", where, "--type=merge", "-p", '{"spec": {"rollout": {"deadline": "2m"}}}'))
    world.comes("four pods run", lambda: len(world.ready_images(where, "web")) == 4, world.told_of(where))
    must(command("kubectl", "uncordon", "node0"))
    world.same("on two nodes", nodes_of(world, where), ["node0", "node0", "node1", "node1"])
    bad = world.push("latest", "unready")
    world.comes("a rollout is in the middle", lambda: len(world.pods(where, "web")) == 5, world.told_of(where))
    with Samples(world, where) as samples:
        world.does("a node is drained", command("kubectl", "drain", "node1", "--timeout=400s"))
        world.comes("its pods run elsewhere", lambda: len(world.ready_images(where, "web")) == 4 and "node1" not in nodes_of(world, where),
                    world.told_of(where))
        world.comes("the rollout fails", lambda: bad in [entry["digest"] for entry in world.status(where).get("quarantined", [])],
                    world.told_of(where))
        world.comes_healthy("and is taken back", where, world.second)
    must(command("kubectl", "uncordon", "node1"))
    world.check("at no moment were fewer pods ready than are wanted", samples.ready and min(samples.ready) >= 3, samples.ready)
    world.same("all of them of bytes that were released", samples.images, {world.second, bad})


def run(world):
    where = world.namespace("shop")
    world.first = world.push("latest", serial="one")
    must(apply(where, manifest(world, f"{world.repository()}:latest@{world.first}")))
    world.track(where, "web", {"tag": "latest"})
    world.comes("the controller of the image adopts what runs", lambda: world.ledger(where), world.told_of(where))
    must(command("kubectl", "label", "namespace", where, "pinnace.dev/enforce=released"))
    try:
        for part in (run_released, run_cut, run_git, run_drained):
            part(world, where)
    finally:
        command("kubectl", "uncordon", "node0", "node1")  # others need them
