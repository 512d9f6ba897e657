# SPDX-License-Identifier: Apache-2.0
"""The world as the bad days need it: what breaks a cluster, what outlasts that, and a lasting look at the webhook."""
import base64
import contextlib
import glob
import http.client
import json
import os
import pathlib
import signal
import time

import lib
import render
from lib import CONFIGURATIONS, SYSTEM, kubectl, must
from load import MOVING, PINNED, Load
from patience import PATIENCE, until
from results import check

POLICY = "/apis/pinnace.dev/v1alpha1/pinpolicies"


# --- Processes of the cluster, all in its pid namespace -----------------------------------------------------------

def processes(program):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            first = pathlib.Path(path).read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        if os.path.basename(first) == program:
            found.append(int(path.split("/")[2]))
    return found


def kill(program):
    found = processes(program)
    if not found:
        raise RuntimeError(f"no {program} runs")
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def memory_of(pid):
    """(resident, of that its own) in MB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return sizes["VmRSS"], sizes["RssAnon"]


class World(lib.World):
    def __init__(self):
        super().__init__()
        self.upgrade = os.environ["E2E_UPGRADE"]

    # -- Components of the control plane and of the node

    def take_down(self, component):
        pathlib.Path(self.folder, "hold", component).touch()
        kill(component)
        until(lambda: not processes(component), f"the end of {component}")

    def bring_back(self, component):
        pathlib.Path(self.folder, "hold", component).unlink(missing_ok=True)
        until(lambda: processes(component), f"the return of {component}")

    def serves(self):
        try:
            return self.api.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    # -- Admissions

    def under_load(self, text, *steps):
        """Nothing may be lost or misjudged from before the first step until some seconds after the last."""
        with Load(self.api, "strict") as load:
            for step in steps:
                step()
            time.sleep(3)
        check(f"{text} ({load.summary()})", load.flawless, load.story())

    def try_pod(self, where, image):
        return self.create("Pod", where, "web", image, dry=True)

    def judges(self):
        """By Service, each way."""
        return self.try_pod("strict", MOVING).status == 403 and self.try_pod("strict", PINNED).ok

    # -- The webhook and the controller

    def ready_pods(self, component="webhook"):
        """By name; those on their way out are none."""
        answer = self.api.get(f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app.kubernetes.io/component%3D{component}")
        return {pod["metadata"]["name"]: pod for pod in answer.body["items"] if "deletionTimestamp" not in pod["metadata"] and
                any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))}

    def rolled_out(self, *programs):
        for program in programs or ("webhook", "controller"):
            must(kubectl("-n", SYSTEM, "rollout", "status", f"deployment/pinnace-{program}", f"--timeout={PATIENCE}s"))

    def settled(self):
        """Two are there, and nobody is on the way out any more, so that what comes next meets those who stay."""
        until(lambda: len(self.ready_pods()) == 2 and len(processes("pinnace-webhook")) == 2, "two webhooks and no more")
        until(self.judges, "verdicts by Service")

    def log(self, pod, container="webhook"):
        """Its lines, from the node's files, which need no API server."""
        meta, found = pod["metadata"], []
        for path in sorted(pathlib.Path(self.folder, "logs/pods").glob(f"{SYSTEM}_{meta['name']}_{meta['uid']}/{container}/*.log")):
            whole = path.read_text(encoding="utf-8").rpartition("\n")[0]  # the last line may be in the middle of being written
            texts = [line.split(" ", 3)[3] for line in whole.splitlines()]
            found += [json.loads(text) for text in texts if text.startswith("{")]
        return found

    def logged(self, pod, event, word=""):
        return [line for line in self.log(pod) if line["event"] == event and word in json.dumps(line)]

    # -- The webhook configuration

    def mend(self):
        """After a part that did not come to its end: what the next one begins with, as 'install' left it."""
        for path in pathlib.Path(self.folder, "hold").glob("*"):
            self.bring_back(path.name)
        until(self.serves, "the API server")
        kubectl("uncordon", "node0")
        kubectl("delete", "-k", os.path.join(render.ROOT, "manifests/policies/second-layer"), "--ignore-not-found")
        kubectl("delete", "namespace", "worn", "--ignore-not-found")
        kubectl("replace", "-k", os.path.join(render.ROOT, "manifests/crds"))
        kubectl("delete", "pinpolicies", "--all")
        kubectl("-n", SYSTEM, "scale", "deployment/pinnace-webhook", "--replicas=2")
        must(self.apply())
        self.rolled_out()
        self.settled()

    def config(self):
        return self.api.get(f"{CONFIGURATIONS}/pinnace").body

    def bundles(self):
        """The distinct caBundles of its entries."""
        return {base64.b64decode(entry["clientConfig"].get("caBundle", "")).decode() for entry in self.entries()}
