# SPDX-License-Identifier: Apache-2.0
"""A client of the API server, of the standard library alone: one connection, any user."""
import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import urllib.parse

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json"

# A kept connection that the server has ended.
ENDED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class Answer:
    def __init__(self, status, body, headers):
        self.status, self.body = status, body
        self.warnings, self.audit_id = headers.get_all("Warning") or [], headers.get("Audit-Id")

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def message(self):
        return self.body.get("message", "") if isinstance(self.body, dict) else str(self.body)

    def __str__(self):
        return f"{self.status} {self.message}"


class Api:
    """Speaks as the administrator of $KUBECONFIG, or as whom a call names."""

    def __init__(self):
        view = subprocess.run(["kubectl", "config", "view", "--raw", "--flatten", "-o", "json"],
                              check=True, capture_output=True, text=True)
        config = json.loads(view.stdout)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(cluster["server"]).netloc
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile(delete=False) as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n" +
                       base64.b64decode(user["client-key-data"]))
        self.context.load_cert_chain(pair.name)
        os.unlink(pair.name)
        self.connection = None

    def _send(self, method, path, body, headers):
        for attempt in (1, 2):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=60)
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                return response, response.read()
            except (OSError, http.client.HTTPException) as problem:
                self.connection = None
                if attempt == 2 or not isinstance(problem, ENDED):
                    raise
        return None

    def call(self, method, path, body=None, *, user=None, groups=(), content=JSON, dry=False, strict=False,
             force=False):
        query = [("dryRun", "All")] * dry + [("fieldValidation", "Strict")] * strict
        if content == APPLY:
            query += [("fieldManager", "tests")] + [("force", "true")] * force
        if query:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
        headers = http.client.HTTPMessage()
        headers["Content-Type"], headers["Accept"] = content, JSON
        if user:
            headers["Impersonate-User"] = user
        for group in ("system:authenticated", *groups) if user else ():
            headers.add_header("Impersonate-Group", group)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        response, text = self._send(method, path, data, _Headers(headers.items()))
        try:
            answer = json.loads(text)
        except ValueError:
            answer = text.decode(errors="replace")
        return Answer(response.status, answer, response.headers)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def create(self, path, body, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body, **options):
        return self.call("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, {"gracePeriodSeconds": 0}, **options)

    def patch(self, path, body, content=MERGE, **options):
        return self.call("PATCH", path, body, content=content, **options)

    def make(self, path, body, **options):
        """What the tests themselves need: it is to succeed."""
        answer = self.create(path, body, **options)
        if not answer.ok and answer.status != 409:
            raise RuntimeError(f"POST {path}: {answer}")
        return answer.body


class _Headers:
    """http.client asks for items() alone, so that a header may come twice."""

    def __init__(self, items):
        self._items = items

    def items(self):
        return self._items

    def __iter__(self):
        return iter(name for name, _ in self._items)


# Where each kind lives, and how its pod template is wrapped.
RESOURCES = {
    "Pod": ("v1", "pods"),
    "PodTemplate": ("v1", "podtemplates"),
    "ReplicationController": ("v1", "replicationcontrollers"),
    "Deployment": ("apps/v1", "deployments"),
    "StatefulSet": ("apps/v1", "statefulsets"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "Job": ("batch/v1", "jobs"),
    "CronJob": ("batch/v1", "cronjobs"),
}


def collection(kind, namespace):
    version, plural = RESOURCES[kind]
    prefix = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    return f"{prefix}/namespaces/{namespace}/{plural}"


def path_of(kind, namespace, name, subresource=""):
    return f"{collection(kind, namespace)}/{name}" + (f"/{subresource}" if subresource else "")


def wrap(kind, name, pod_spec, **spec):
    """An object of the kind around a pod spec; spec has more fields of its own spec."""
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec}
    result = {"apiVersion": RESOURCES[kind][0], "kind": kind, "metadata": {"name": name}}
    if kind == "Pod":
        return {**result, "spec": {**pod_spec, **spec}}
    if kind == "PodTemplate":
        return {**result, "template": template}
    if kind == "ReplicationController":
        return {**result, "spec": {"replicas": 0, "selector": {"app": name}, "template": template, **spec}}
    if kind in ("Job", "CronJob"):
        template["spec"] = {"restartPolicy": "Never", **pod_spec}
    if kind == "Job":
        return {**result, "spec": {"suspend": True, "template": template, **spec}}
    if kind == "CronJob":
        job = {"spec": {"template": template}}
        return {**result, "spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": job, **spec}}
    own = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "StatefulSet":
        own["serviceName"] = name
    if kind != "DaemonSet":
        own["replicas"] = 0
    return {**result, "spec": {**own, **spec}}


def in_template(kind, pod_spec):
    """A merge patch that changes the pod spec of an object of the kind."""
    if kind == "Pod":
        return {"spec": pod_spec}
    if kind == "PodTemplate":
        return {"template": {"spec": pod_spec}}
    if kind == "CronJob":
        return {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod_spec}}}}}
    return {"spec": {"template": {"spec": pod_spec}}}


def namespace(name, **labels):
    labels = {key.replace("__", "/").replace("pinnace_dev", "pinnace.dev"): value for key, value in labels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
