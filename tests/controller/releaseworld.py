# SPDX-License-Identifier: Apache-2.0
"""A world for releases without a cluster: the scripted API server with a hand that does what the controllers and the
kubelet of a real one would, the scripted registry, and controllers that run the Tracks in it."""
import base64
import contextlib
import copy
import json
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "registry")]
from apiserver import ApiServer  # noqa: E402
from program import Controller, Failure, eventually  # noqa: E402
from servers import Double, Pki  # noqa: E402

APPS, BATCH, CORE, TRACKS = "/apis/apps/v1", "/apis/batch/v1", "/api/v1", "/apis/pinnace.dev/v1alpha1"


class Hand:
    """Brings Deployments to what their templates say, with pods that are ready, as soon as they change."""

    def __init__(self, api):
        self.api, self.stopping, self.broken = api, False, set()
        self.thread = threading.Thread(target=self.turn, daemon=True)
        self.thread.start()

    def turn(self):
        while not self.stopping:
            for key, body in self.deployments():
                self.bring(key, body)
            time.sleep(0.05)

    def deployments(self):
        with self.api.lock:  # what is stored is replaced, never changed
            return [(key, body) for key, body in self.api.stored.items() if key[1] == "deployments"]

    def bring(self, key, body):
        meta, replicas = body["metadata"], body["spec"].get("replicas", 1)
        image = body["spec"]["template"]["spec"]["containers"][0]["image"]
        status = {"observedGeneration": meta["generation"], "replicas": replicas, "updatedReplicas": replicas,
                  "readyReplicas": replicas, "availableReplicas": replicas,
                  "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "",
                                  "lastTransitionTime": meta["creationTimestamp"], "lastUpdateTime": meta["creationTimestamp"]}]}
        if image in self.broken or body.get("status") == status:
            return
        namespace, name = key[2], key[3]
        for index in range(replicas):
            self.api.put(CORE, "pods", f"{name}-{index}", self.pod(body), namespace)
        with self.api.lock:
            now = self.api.stored.get(key)
            if now and now["metadata"]["generation"] == meta["generation"]:
                self.api.keep(key, {**now, "status": status})

    @staticmethod
    def pod(body):
        """As a kubelet leaves it when all is well."""
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        template = copy.deepcopy(body["spec"]["template"])
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": body["metadata"]["name"], "uid": "of-a-replica-set", "controller": True}

        def statuses(containers, state):
            return [{"name": container["name"], "image": container["image"], "imageID": container["image"], "ready": True,
                     "restartCount": 0, "started": True, "state": state} for container in template["spec"].get(containers, [])]
        return {"metadata": {"labels": template["metadata"]["labels"], "ownerReferences": [owner]},
                "spec": {"nodeName": "node0", **template["spec"]},
                "status": {"phase": "Running",
                           "conditions": [{"type": kind, "status": "True", "lastTransitionTime": since} for kind in (
                               "PodReadyToStartContainers", "PodScheduled", "Initialized", "ContainersReady", "Ready")],
                           "initContainerStatuses": statuses("initContainers", {"terminated": {"exitCode": 0, "reason": "Completed"}}),
                           "containerStatuses": statuses("containers", {"running": {"startedAt": since}})}}

    def stop(self):
        self.stopping = True
        self.thread.join()


class ReleaseWorld:
    def __init__(self, binary, folder, pki=None):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.pki, self.programs, self.started = pki, contextlib.ExitStack(), []

    def __enter__(self):
        self.api = ApiServer(self.folder)
        self.api.put(CORE, "namespaces", "pinnace-system", {})
        self.registry = Double(self.pki, plain=True)
        self.hand = Hand(self.api)
        return self

    def __exit__(self, *reason):
        try:
            self.programs.__exit__(*reason)
        finally:
            self.hand.stop()
            self.registry.stop()
            self.api.__exit__(*reason)

    def start(self, *arguments, env=None):
        program = self.programs.enter_context(Controller(
            self.binary, self.folder, self.api.kubeconfig, "--no-certificates", "--plain-http", self.registry.host, *arguments, env=env))
        self.started.append(program)
        return program

    def lead(self, *arguments, env=None):
        program = self.start(*arguments, env=env)
        program.wait_for("leading")
        return program

    def story(self):
        """What happened, for a test that failed."""
        with self.api.lock:
            asked = [f"{asked} {asked.namespace or ''}/{asked.name or ''}" for asked in self.api.requests if asked.verb != "watch"]
        logs = [str(line) for program in self.started for line in program.lines]
        return ["asked of the API server:", *asked[-40:], "logged:", *logs[-40:]]

    def deployment(self, name, image, namespace="default", replicas=1):
        labels = {"app": name}
        return self.api.put(APPS, "deployments", name, {
            "metadata": {}, "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                                     "template": {"metadata": {"labels": labels},
                                                  "spec": {"containers": [{"name": "main", "image": image}]}}}}, namespace)

    def track(self, name, namespace="default", repository=None, target=None, **spec):
        """What is given is put into the spec; without follow, it follows latest."""
        spec.setdefault("follow", {"tag": "latest"})
        spec.setdefault("interval", "1s")
        spec.setdefault("rollout", {"soak": "1s", "deadline": "60s"})
        return self.api.put(TRACKS, "tracks", name, {
            "metadata": {}, "spec": {"image": f"{self.registry.host}/{repository or name}",
                                     "targets": [{"kind": "Deployment", "name": target or name}], **spec}}, namespace)

    def image_of(self, name, namespace="default"):
        body = self.api.find(APPS, "deployments", name, namespace)
        return body["spec"]["template"]["spec"]["containers"][0]["image"]

    def rolled_ever(self, name, namespace="default"):
        """The images that its template has had, one after the other, by what comes behind the @."""
        with self.api.lock:
            images = [body["spec"]["template"]["spec"]["containers"][0]["image"].rpartition("@")[2] for _, key, _, body in self.api.past
                      if key[1:] == ("deployments", namespace, name)]
        return [image for at, image in enumerate(images) if not at or image != images[at - 1]][1:]

    def status(self, name, namespace="default"):
        return (self.api.find(TRACKS, "tracks", name, namespace) or {}).get("status") or {}

    def rows(self, name, namespace="default"):
        return self.status(name, namespace).get("ledger") or []

    def rolled(self, name, digest, namespace="default"):
        """Waits until the digest runs, and the ledger says that it is sound."""
        def sound():
            row = (self.rows(name, namespace) or [{}])[0]
            return self.image_of(name, namespace).endswith("@" + digest) and row.get("digest") == digest and row.get("state") == "Healthy"
        try:
            eventually(sound, f"{name} runs {digest} soundly")
        except Failure as failure:
            raise Failure(f"{failure}: it has {self.image_of(name, namespace)}; {json.dumps(self.status(name, namespace))}; "
                          f"{json.dumps(self.api.find(APPS, 'deployments', name, namespace))}") from None

    def make(self, name, tag="latest", namespace="default", **spec):
        """A Deployment that runs something, an image under the tag, and a Track of both; gives its digest."""
        digest = self.registry.image(name, tag)
        self.deployment(name, f"{self.registry.host}/{name}:old", namespace)
        self.track(name, namespace, **spec)
        return digest
