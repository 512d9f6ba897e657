# SPDX-License-Identifier: Apache-2.0
"""What the parts share: a world with the real image in it, Pinnace installed by its manifests, and words for what is
expected of answers. Started by 'run', inside the cluster's namespaces."""
import base64
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile

import render
from api import Api, collection, namespace, wrap
from patience import PATIENCE, until
from results import check

SYSTEM = "pinnace-system"
LEVELS = ("tagged", "pinned", "released")
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
HUNG = 600  # seconds until a command counts as one that never ends
LATEST = "registry.test:5000/shop/web:latest"
WEBHOOK_LABELS = "app.kubernetes.io/name=pinnace,app.kubernetes.io/component=webhook"


def kubectl(*arguments, text=None, user=None, groups=()):
    """kubectl as people run it; the result has returncode, stdout and stderr."""
    impersonation = [f"--as={user}", *(f"--as-group={group}" for group in groups)] if user else []
    return subprocess.run(["kubectl", *impersonation, *arguments], input=text, capture_output=True, text=True, check=False,
                          timeout=HUNG)


def must(done):
    """What the tests themselves need of kubectl."""
    if done.returncode:
        raise RuntimeError(f"{' '.join(done.args)}: {done.stdout}{done.stderr}")
    return done.stdout


# --- What is expected of an answer: of the API server (api.Answer) or of kubectl --------------------------------

def warnings_of(answer):
    """The texts of an answer's Warning headers."""
    found = [re.fullmatch(r'299 - "(.*)"', header, re.DOTALL) for header in answer.warnings]
    return [re.sub(r"\\(.)", r"\1", match.group(1)) for match in found]


def _told(answer):
    if hasattr(answer, "returncode"):
        return answer.stdout + answer.stderr
    return "\n".join([str(answer), *(f"warning: {text}" for text in warnings_of(answer))])


def _went_well(answer):
    return answer.returncode == 0 if hasattr(answer, "returncode") else answer.ok


def allowed(text, answer, *parts):
    """It is done, and each part is told with it (a warning, say)."""
    told = _told(answer)
    return check(text, _went_well(answer) and all(part in told for part in parts),
                 f"expected: done{''.join(f', and told: {part}' for part in parts)}\ngot:      {told}")


def refused(text, answer, *parts):
    """It is refused, and the refusal says each part."""
    told = _told(answer)
    return check(text, not _went_well(answer) and all(part in told for part in parts),
                 f"expected: a refusal{''.join(f', that says: {part}' for part in parts)}\ngot:      {told}")


def same(text, got, want):
    return check(text, got == want, f"expected: {want}\ngot:      {got}")


# --- The world --------------------------------------------------------------------------------------------------

class World:
    def __init__(self):
        self.api = Api()
        # Our image, and two releases of an application, each by digest.
        self.image, self.web, self.next = (os.environ[f"E2E_{name}"] for name in ("IMAGE", "WEB", "NEXT"))
        # The cluster's run folder: see tests/cluster/README.md.
        self.folder, self.cli = os.environ["E2E_FOLDER"], os.environ["PINNACE_CLI"]
        # Who the tests are to the API server: the only one whom they may name in "by".
        self.user = must(kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
        self.audit_log = os.path.join(self.folder, "logs/audit.log")
        self.times = 0

    # -- Installing

    def compose(self, resources=("overlays/default",), components=(), image=None):
        """A folder with a kustomization as people write one who mirror our image; the caller removes it."""
        folder = tempfile.mkdtemp()
        places = [[os.path.relpath(os.path.join(render.ROOT, "manifests", entry), os.path.realpath(folder))
                   for entry in entries] for entries in (resources, components)]
        name, _, digest = (image or self.image).partition("@")
        with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": places[0],
                       "components": places[1],
                       "images": [{"name": "registry.example/pinnace", "newName": name, "digest": digest}]}, file)
        return folder

    def apply(self, *resources, components=(), image=None):
        """kubectl apply -k of an overlay with our image by digest; returns what kubectl said."""
        folder = self.compose(resources or ("overlays/default",), components, image)
        try:
            return kubectl("apply", "-k", folder)
        finally:
            shutil.rmtree(folder)

    def install(self, *resources, components=(), image=None):
        """Kinds and overlay (default: overlays/default), up to where it judges."""
        must(kubectl("apply", "-k", os.path.join(render.ROOT, "manifests/crds")))
        must(kubectl("wait", "--for=condition=Established", f"--timeout={PATIENCE}s", "crd/pinpolicies.pinnace.dev",
                     "crd/exemptions.pinnace.dev"))
        must(self.apply(*resources, components=components, image=image))
        self.await_sound()

    def uninstall(self, *resources, components=()):
        folder = self.compose(resources or ("overlays/default",), components)
        try:
            must(kubectl("delete", "-k", folder, "--ignore-not-found", f"--timeout={PATIENCE}s"))
        finally:
            shutil.rmtree(folder)
        must(kubectl("delete", "-k", os.path.join(render.ROOT, "manifests/crds"), "--ignore-not-found", f"--timeout={PATIENCE}s"))

    def await_sound(self):
        """Both programs are rolled out, every entry has an authority, and a bad image is told by Service."""
        for deployment in ("controller", "webhook"):
            must(kubectl("-n", SYSTEM, "rollout", "status", f"deployment/pinnace-{deployment}", f"--timeout={PATIENCE}s"))
        until(lambda: {bool(webhook["clientConfig"].get("caBundle")) for webhook in self.entries()} == {True}, "the authority's certificate")
        odd = namespace("odd", pinnace_dev__enforce="odd")
        until(lambda: "is no level" in self.api.create("/api/v1/namespaces", odd, dry=True).message, "the check of labels")
        # By a warning, since no policy of the API server's own gives any.
        self.times += 1
        where = self.namespace(f"sound-{self.times}", warn="pinned")
        until(lambda: any("NoDigest" in text for text in warnings_of(self.create("Pod", where, "bad", LATEST, dry=True))),
              "the first warning")
        self.label(where, enforce="pinned")
        until(lambda: self.create("Pod", where, "good", self.web, dry=True).ok, "the first image that is let in")
        self.api.delete(f"/api/v1/namespaces/{where}")

    def entries(self):
        """Of all webhook configurations."""
        paths = (f"{CONFIGURATIONS}/pinnace", f"{CONFIGURATIONS}/pinnace-objects", f"{MUTATING}/pinnace-track")
        return [webhook for path in paths for webhook in self.api.get(path).body.get("webhooks", [])]

    def let_any_level_in(self):
        """A label that names no level is refused where it is written. One that got in earlier, or while no webhook was
        there, is what this makes possible; install() sets it right again."""
        path = f"{CONFIGURATIONS}/pinnace-objects"
        names = [webhook["name"] for webhook in self.api.get(path).body["webhooks"]]
        at = f"/webhooks/{names.index('namespaces.pinnace.dev')}"
        self.api.patch(path, [{"op": "remove", "path": at}], "application/json-patch+json")
        odd = namespace("odd", pinnace_dev__enforce="odd")
        until(lambda: self.api.create("/api/v1/namespaces", odd, dry=True).ok, "the check of labels to be off")

    # -- Objects

    def namespace(self, name, **levels):
        """A namespace with pinnace.dev/KEY labels, once pods can be made in it and the API server goes by its labels. One of
        that name that goes just now is made anew."""
        def made():
            self.api.make("/api/v1/namespaces", namespace(name))
            return self.api.get(f"/api/v1/namespaces/{name}").body["status"]["phase"] == "Active"
        until(made, f"namespace {name}")
        until(lambda: self.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").ok, f"the account of {name}")
        if levels:
            self.label(name, **levels)
        return name

    def label(self, name, **levels):
        """Sets pinnace.dev/KEY labels of a namespace (None takes one away) as the administrator. An API server may
        go by the old ones for some milliseconds; it is asked until an enforced level shows."""
        labels = {f"pinnace.dev/{key.replace('_', '-')}": value for key, value in levels.items()}
        answer = self.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
        if not answer.ok:
            raise RuntimeError(f"labels of {name}: {answer}")
        if "enforce" in levels:
            until(lambda: self._shows(name, levels["enforce"]), f"the level of {name}")
        return answer

    def _shows(self, name, level):
        answer = self.create("PodTemplate", name, "settle", "UPPER", dry=True)
        if level in (None, "off"):
            return answer.ok
        known = level if level in LEVELS else "unknown"
        policy = "pinned" if known == "released" else known
        return f"enforce-{known}.pinnace.dev" in answer.message or f"'pinnace-{policy}'" in answer.message

    def pod_spec(self, *images, **spec):
        """Containers c0, c1…; a namespace's pods end at once."""
        containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
        return {"containers": containers, "terminationGracePeriodSeconds": 0, **spec}

    def create(self, kind, where, name, *images, spec=None, dry=False, user=None, groups=(), **own):
        """Creates an object of a kind around containers of these images; own is of its spec, beside the template."""
        body = wrap(kind, name, self.pod_spec(*images, **(spec or {})), **own)
        return self.api.create(collection(kind, where), body, dry=dry, user=user, groups=groups)

    def replace(self, path, change):
        """Reads an object, has it changed and puts it back, again if somebody else wrote in between."""
        def tried():
            body = self.api.get(path).body
            change(body)
            answer = self.api.put(path, body)
            return None if answer.status == 409 else answer
        answer = until(tried, f"a write of {path} without another in between")
        if not answer.ok:
            raise RuntimeError(f"PUT {path}: {answer}")

    def until_refused(self, kind, where, *images):
        until(lambda: not self.create(kind, where, "settle", *images, dry=True).ok, f"the first refusal in {where}")

    def await_running(self, where, selector, count=1):
        """Waits for so many Ready pods and returns them."""
        def ready():
            pods = self.api.get(f"/api/v1/namespaces/{where}/pods?labelSelector={selector.replace('=', '%3D')}").body["items"]
            good = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and
                    any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))]
            return good if len(good) == count else None
        return until(ready, f"{count} ready pods of {selector} in {where}")

    # -- The webhook's pods, one by one

    def webhook_pods(self, ending=False):
        """Those that are to stay; and those that end, which may answer still."""
        path = f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector={WEBHOOK_LABELS.replace('=', '%3D')}"
        return [pod for pod in self.api.get(path).body["items"] if ending or "deletionTimestamp" not in pod["metadata"]]

    def ask(self, pod, path, review):
        """An AdmissionReview to one pod of the webhook, past the Service; returns the response."""
        authority = base64.b64decode(self.entries()[0]["clientConfig"]["caBundle"]).decode()
        connection = _PodConnection(pod["status"]["podIP"], ssl.create_default_context(cadata=authority))
        connection.request("POST", path, json.dumps(review), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer["response"]

    def until_judged(self, path, where, image, verdict):
        """Until each webhook, and not only the one that the Service leads to just now, lets the image in or does not."""
        asked = review("Pod", self.pod_spec(image), where)
        for pod in self.webhook_pods():
            until(lambda pod=pod: self.ask(pod, path, asked)["allowed"] == verdict,
                  f"{image} to be {'let in' if verdict else 'refused'} at {path} by {pod['metadata']['name']}")

    def metrics(self, pod):
        """The metrics of one pod of Pinnace: a number for each name with its labels."""
        connection = http.client.HTTPConnection(pod["status"]["podIP"], 8080, timeout=10)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    # -- What helps to understand a failure

    def story(self):
        """Pods and events of Pinnace, and the end of its logs."""
        told = [kubectl("-n", SYSTEM, "get", "pods", "-o", "wide").stdout, kubectl("-n", SYSTEM, "get", "events").stdout]
        for component in ("controller", "webhook"):
            told.append(kubectl("-n", SYSTEM, "logs", "-l", f"app.kubernetes.io/component={component}", "--prefix", "--tail=20").stdout)
        return "\n".join(told)


class _PodConnection(http.client.HTTPSConnection):
    """To an address, with the certificate of the Service's name."""

    def __init__(self, address, context):
        super().__init__(address, 8443, context=context, timeout=10)
        self._tls = context

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=f"pinnace-webhook.{SYSTEM}.svc")


def review(kind, pod_spec, where="default", name="probe"):
    """The AdmissionReview of a create, for World.ask."""
    body = wrap(kind, name, pod_spec)
    group, _, version = body["apiVersion"].rpartition("/")
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "0", "kind": {"group": group, "version": version, "kind": kind}, "namespace": where, "name": name,
        "operation": "CREATE", "object": body}}
