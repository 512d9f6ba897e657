# SPDX-License-Identifier: Apache-2.0
"""What the parts share: the stage (a cluster with a controller and a registry) and, for each part, a world of its own:
namespaces, repositories, workloads, Tracks and words for what is expected of them."""
import concurrent.futures
import copy
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from api import Api, collection, namespace, path_of, wrap
from commands import PATIENCE, SYSTEM, command, must, until
from faulty import Faulty
import hookcases
from images import Registry
from places import BEHIND, ROOT, Azure, Here
from silence import redirect

TRACKS = "/apis/pinnace.dev/v1alpha1"
LATER = "pinnace.dev/later"  # a taint
# A machine that is busy answers late: that is no pod that is not ready.
READY = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 10}
FAULTY = range(5101, 5117)  # ports of registries that fail when they are told to
API_PORT = 6444  # the API server's for the controller alone


class CannotGoOn(Exception):
    """What a part rests on did not come true, and has been counted."""


class Stage:
    """A controller with the rights that the manifests give it and no others, outside of the cluster; or, after
    install(), all of Pinnace in it."""

    def __init__(self):
        self.folder = pathlib.Path(os.environ["RELEASE_FOLDER"])
        self.binaries = pathlib.Path(os.environ["RELEASE_BINARIES"])
        self.image = os.environ["RELEASE_IMAGE"]
        self.authority = self.folder / "trust/ca.crt"
        self.registry = Registry(f"https://{BEHIND}", self.authority)
        self.work = pathlib.Path(tempfile.mkdtemp())
        self.azure = bool(os.environ["RELEASE_ACR"])
        self.place = (Azure if self.azure else Here)(self.folder, self.work)
        self.api = Api()
        self.controllers, self.faulties = [], []
        self.hooks, self.secret = "127.0.0.1:8097", "a-secret-of-many-letters"

    def __enter__(self):
        must(command("kubectl", "apply", "-k", ROOT / "manifests/crds"))
        must(command("kubectl", "wait", "--for=condition=Established", f"--timeout={PATIENCE}s", "crd/tracks.pinnace.dev"))
        must(command("kubectl", "create", "namespace", SYSTEM))
        for path in ("base/rbac-controller.yaml", "base/rbac-people.yaml"):
            must(command("kubectl", "apply", "-f", ROOT / "manifests" / path))
        must(command("kubectl", "apply", "-k", ROOT / "manifests/policies/guards"))
        if self.has_second_node():
            must(command("kubectl", "taint", "node", "node1", f"{LATER}=:NoSchedule"))
        redirect(API_PORT, self.api.address)
        self.start()
        return self

    def __exit__(self, *problem):
        while self.controllers:
            self.stop()
        for faulty in self.faulties:
            faulty.stop()
        self.place.stop()

    def has_second_node(self):
        """Only who needs it takes the taint away: the others count pods as on one node."""
        return (self.folder / "node1").exists()

    def faulty(self, number):
        """A registry that fails when it is told to; the node pulls from the real one under its name."""
        faulty = Faulty(FAULTY[number], BEHIND, self.authority)
        faulty.host = f"registry.test:{FAULTY[number]}"
        trust = self.folder / "certs.d" / faulty.host
        trust.mkdir()
        own = (self.folder / "certs.d" / BEHIND / "hosts.toml").read_text()
        (trust / "hosts.toml").write_text(own)
        self.faulties.append(faulty)
        return faulty

    def kubeconfig(self):
        token = must(command("kubectl", "create", "token", "pinnace-controller", "-n", SYSTEM, "--duration", "2h")).strip()
        path = self.work / "kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": f"https://192.0.2.1:{API_PORT}",
                                                   "certificate-authority": str(self.folder / "pki/ca.crt")}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
        return path

    def start(self):
        secrets = self.work / "hooks-secrets"
        secrets.mkdir(exist_ok=True)
        for receiver in hookcases.pushes():
            (secrets / receiver).write_text(self.secret + "\n")
        log = open(self.work / f"controller-{len(self.controllers)}.log", "ab")  # pylint: disable=consider-using-with
        arguments, environment = self.place.arguments()
        self.controllers.append(subprocess.Popen(
            [self.binaries / "pinnace-controller", "--kubeconfig", self.kubeconfig(), "--no-certificates", *arguments,
             "--health", "127.0.0.1:0", "--hooks", self.hooks, "--hooks-secrets", secrets,
             *(argument for port in FAULTY for argument in ("--plain-http", f"registry.test:{port}"))],
            stdout=log, stderr=log, env=environment))
        log.close()

    def stop(self):
        controller = self.controllers.pop()
        controller.terminate()
        controller.wait(PATIENCE)

    def kill(self):
        """It has no time to say anything to anybody."""
        controller = self.controllers.pop()
        controller.kill()
        controller.wait(PATIENCE)

    def install(self):
        """Instead of the controller outside: the image, by its manifests."""
        while self.controllers:
            self.stop()
        sys.path.insert(1, str(ROOT / "tests/e2e"))
        good = f"{self.place.host}/installed/probe@{self.registry.push('installed/probe', '1')}"
        image = self.image.replace(BEHIND, self.place.host)
        os.environ |= {"E2E_IMAGE": image, "E2E_WEB": good, "E2E_NEXT": good, "E2E_FOLDER": str(self.folder),
                       "PINNACE_CLI": str(self.binaries / "kubectl-pinnace")}
        self.installation = importlib.import_module("lib").World()
        self.installation.install(self.place.overlay, components=self.place.components)
        self.place.installed()

    def lines(self, event):
        """What the controllers have logged of it."""
        lines = [json.loads(line) for path in self.work.glob("controller-*.log") for line in path.read_text().splitlines()
                 if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line["event"] == event]

    def log(self):
        return "".join(path.read_text(errors="replace")[-6000:] for path in self.work.glob("controller-*.log"))


class World:
    """A part's own. Its namespaces begin with its name, and its repositories too."""

    def __init__(self, stage, name):
        self.stage, self.name, self.registry = stage, name, stage.registry
        self.api = Api()  # a connection of its own: parts run at once
        self.told, self.namespaces = [], []
        self.lock = threading.Lock()

    # -- What is found

    def check(self, text, good, detail=""):
        self.told.append((f"{self.name}: {text}", bool(good), detail))
        return good

    def same(self, text, got, want):
        return self.check(text, got == want, f"expected: {want}\ngot:      {got}")

    def say(self, line):
        self.told.append((line, None, ""))

    def comes(self, text, condition, told=None, seconds=PATIENCE):
        """It comes true within the time; told() says how it stood if not, and that is the end of the part."""
        try:
            until(condition, text, seconds)
        except RuntimeError as problem:
            self.check(text, False, f"{told() if told else ''}\n{problem}".strip())
            raise CannotGoOn from problem
        self.check(text, True)

    def stays(self, text, condition, told=None, seconds=6):
        """It is true all that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not condition():
                return self.check(text, False, told() if told else "")
            time.sleep(0.5)
        return self.check(text, True)

    def at_once(self, functions, *arguments):
        """Most of their time they wait. Each has a connection of its own; what they found comes in their order."""
        branches = [copy.copy(self) for _ in functions]
        for branch in branches:
            branch.api, branch.told = Api(), []
        with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
            runs = [pool.submit(function, branch, *arguments) for function, branch in zip(functions, branches)]
        for branch in branches:
            self.told += branch.told
        for run in runs:
            run.result()

    # -- Namespaces, images

    def namespace(self, suffix, **labels):
        name = f"{self.name}-{suffix}"
        self.api.make("/api/v1/namespaces", namespace(name, **labels))
        until(lambda: self.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").ok, f"the account of {name}")
        self.stage.place.move_in(self.name, name)
        self.namespaces.append(name)
        return name

    def clear(self):
        """What is left over would cost the others time."""
        for name in self.namespaces:
            self.api.delete(f"/api/v1/namespaces/{name}")

    def repository(self, name="web"):
        return f"{self.stage.place.host}/{self.name}/{name}"

    def push(self, tag, does="good", serial="", name="web"):
        return self.registry.push(f"{self.name}/{name}", tag, does, serial)

    # -- Workloads

    def workload(self, where, name, image, kind="Deployment", containers=None, ready=True, spec=None, **pod):
        """A workload of two pods (of a DaemonSet: one a node), whose container "web" has the image."""
        web = {"name": "web", "image": image}
        if ready and kind != "CronJob":
            web["readinessProbe"] = READY
        body = wrap(kind, name, {"terminationGracePeriodSeconds": 0, "containers": [web, *(containers or [])], **pod},
                    **{**({"replicas": 2} if kind in ("Deployment", "StatefulSet") else {}), **(spec or {})})
        return self.api.make(collection(kind, where), body)

    def get(self, kind, where, name):
        return self.api.get(path_of(kind, where, name)).body

    def pod_spec(self, kind, where, name):
        spec = self.get(kind, where, name)["spec"]
        return (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]["spec"]

    def image_of(self, where, name, kind="Deployment", container="web"):
        spec = self.pod_spec(kind, where, name)
        return next(entry["image"] for entry in spec["containers"] + spec.get("initContainers", [])
                    if entry["name"] == container)

    def set_image(self, where, name, image, kind="Deployment"):
        """As kubectl set image does it."""
        answer = self.api.patch(path_of(kind, where, name), {"spec": {"template": {"spec": {"containers": [
            {"name": "web", "image": image}]}}}}, "application/strategic-merge-patch+json")
        if not answer.ok:
            raise RuntimeError(f"the image of {name}: {answer}")

    def scale(self, where, name, replicas, kind="Deployment"):
        self.api.patch(path_of(kind, where, name), {"spec": {"replicas": replicas}})

    def pods(self, where, name):
        """Those that live and are to live."""
        answer = self.api.get(f"{collection('Pod', where)}?labelSelector=app%3D{name}")
        return [pod for pod in answer.body["items"] if "deletionTimestamp" not in pod["metadata"]]

    def ready_images(self, where, name):
        return [pod["spec"]["containers"][0]["image"] for pod in self.pods(where, name)
                if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))]

    def generation(self, where, name, kind="Deployment"):
        return self.get(kind, where, name)["metadata"]["generation"]

    def events(self, where, reason):
        return [event for event in self.api.get(f"/api/v1/namespaces/{where}/events").body["items"]
                if event.get("reason") == reason]

    # -- Tracks

    def track(self, where, name, follow, targets=("web",), source=None, image=None, rollout=None, **spec):
        """A Track that looks each second and whose soak is short; targets are names of Deployments or whole ones."""
        targets = [{"kind": "Deployment", "name": target} if isinstance(target, str) else target for target in targets]
        if source:
            spec["from"] = {"soak": "5s", **source}
        body = {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": name}, "spec": {
            "image": image or self.repository(), "follow": follow, "targets": targets, "interval": "1s",
            "rollout": {"soak": "3s", "deadline": "15m", **(rollout or {})}, **spec}}
        answer = self.api.create(f"{TRACKS}/namespaces/{where}/tracks", body)
        if not answer.ok:
            raise RuntimeError(f"Track {name}: {answer}")
        return name

    def track_path(self, where, name):
        return f"{TRACKS}/namespaces/{where}/tracks/{name}"

    def status(self, where, name="web"):
        return self.api.get(self.track_path(where, name)).body.get("status", {})

    def told_of(self, where, name="web"):
        return lambda: f"{where}/{name}: {json.dumps(self.status(where, name))}"

    def comes_seen(self, text, where, name="web"):
        """The controller goes by what the Track says now."""
        def seen():
            track = self.api.get(self.track_path(where, name)).body
            return track["status"]["observedGeneration"] == track["metadata"]["generation"]
        self.comes(text, seen, self.told_of(where, name))

    def ledger(self, where, name="web"):
        """"Healthy v1.0.0 sha256:…" of each row, the newest first."""
        return [(row["state"], row.get("tag", ""), row["digest"]) for row in self.status(where, name).get("ledger", [])]

    def condition(self, where, kind, name="web"):
        found = [c for c in self.status(where, name).get("conditions", []) if c["type"] == kind]
        return (found[0]["status"], found[0].get("reason", ""), found[0].get("message", "")) if found else ("", "", "")

    def healthy(self, where, digest, name="web"):
        """The newest row has these bytes, and they are sound."""
        rows = self.ledger(where, name)
        return rows and rows[0][0] == "Healthy" and rows[0][2] == digest

    def comes_healthy(self, text, where, digest, name="web", seconds=PATIENCE):
        return self.comes(text, lambda: self.healthy(where, digest, name), self.told_of(where, name), seconds)

    # -- People

    def pinnace(self, *arguments):
        return command("kubectl", "pinnace", *arguments)

    def does(self, text, done, *parts):
        """A command goes well, and tells each part."""
        told = done.stdout + done.stderr
        return self.check(text, done.returncode == 0 and all(part in told for part in parts),
                          f"expected: done{''.join(f', and told: {part}' for part in parts)}\ngot {done.returncode}: {told}")

    def refused(self, text, done, *parts):
        told = done.stdout + done.stderr
        return self.check(text, done.returncode != 0 and all(part in told for part in parts),
                          f"expected: a refusal{''.join(f', that says: {part}' for part in parts)}\ngot {done.returncode}: {told}")

    # -- What helps to understand a failure

    def story(self):
        told = []
        for where in self.namespaces:
            told.append(command("kubectl", "get", "tracks,deploy,pods", "-n", where, "-o", "wide").stdout)
            told.append(command("kubectl", "get", "tracks", "-n", where, "-o", "yaml").stdout)
        return "\n".join(told) + self.stage.log()
