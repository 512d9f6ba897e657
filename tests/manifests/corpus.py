# SPDX-License-Identifier: Apache-2.0
"""tests/cases/admission as requests to a real API server: which records can be sent, the objects that are there
before, and the requests. Who sends them says what is expected."""
import collections
import json
import os

import render
from api import RESOURCES, collection, namespace, path_of

CASES = os.path.join(render.ROOT, "tests/cases/admission")
EMPTY_POLICY = {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy", "metadata": {"name": "default"}, "spec": {}}


class Case:
    """One review and one path that it is sent to."""

    def __init__(self, name, review, record, files):
        request = review["request"]
        self.name, self.record = name, record
        self.policy, self.ledger = files.get("policy.yaml"), files.get("ledger.yaml")
        self.mode, self.level = record["path"].strip("/").split("/")
        self.kind, self.namespace = request["kind"]["kind"], request["namespace"]
        self.subresource = request.get("subResource", "")
        self.operation = request["operation"]
        self.object = self.cleaned(request["object"])
        self.old = self.cleaned(request["oldObject"]) if self.operation == "UPDATE" else None

    def cleaned(self, item):
        """The object as a client may send it."""
        item = json.loads(json.dumps(item))
        metadata = item.setdefault("metadata", {})
        for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields",
                      "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            metadata.pop(field, None)
        metadata["namespace"] = self.namespace
        beginning = metadata.pop("generateName", None)
        if self.ledger and self.operation == "CREATE":
            metadata.setdefault("name", f"{beginning}x1y2z")  # Tracks know workloads by name, and pods by their owners
        else:
            self._set_apart(metadata)
        item["apiVersion"] = RESOURCES[self.kind][0]
        item["kind"] = self.kind
        return item

    def _set_apart(self, metadata):
        """Under the name of the case: several share a namespace, and what is stored would be adopted or collected."""
        metadata.pop("ownerReferences", None)
        metadata["name"] = f"case-{self.name}"[:52].rstrip("-")
        if self.kind == "Pod" and "app" in (metadata.get("labels") or {}):
            metadata["labels"]["app"] = metadata["name"]

    def pod_spec(self):
        item = self.object
        if self.kind == "Pod":
            return item.get("spec", {})
        if self.kind == "CronJob":
            item = item["spec"]["jobTemplate"]
        if self.kind != "PodTemplate":
            item = item["spec"]
        return item["template"]["spec"]


def _left_out(expect, review, record):
    """Why no API server sends a record, or None."""
    request = review.get("request") if isinstance(review, dict) else None
    if expect.get("raw"):
        return "the bytes of the review are the point: an API server writes its own"
    if "error" in record or record["path"].count("/") != 2 or "?" in record["path"]:
        return "no review that an API server sends, or none that is answered"
    if not isinstance(request, dict) or request.get("operation") not in ("CREATE", "UPDATE"):
        return "neither a create nor an update"
    if request.get("kind", {}).get("kind") not in RESOURCES or record.get("code") == 422:
        return "a kind that the rules do not send"
    if request.get("subResource", "") not in ("", "ephemeralcontainers"):
        return "a subresource that the rules do not send"
    return None


def _read_folder(folder):
    files = {}
    for file in os.listdir(folder):
        with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as text:
            files[file] = text.read()
    try:
        review = json.loads(files["review.json"])
    except ValueError:
        review = None
    return files, review, json.loads(files["expect.json"])


def read_cases(left_out):
    """The cases, and how many records are left out for which reason; left_out(case) gives a reason more, or None."""
    reasons, cases = collections.Counter(), []
    for name in sorted(os.listdir(CASES)):
        files, review, expect = _read_folder(os.path.join(CASES, name))
        for record in expect["answers"]:
            why = _left_out(expect, review, record)
            if not why:
                try:
                    case = Case(name, review, record, files)
                    why = left_out(case)
                except (KeyError, TypeError, AttributeError):
                    why = "no object that an API server sends"
            if why:
                reasons[why] += 1
            else:
                cases.append(case)
    return cases, reasons


def prepare(api, until, cases):
    """Namespaces without a level, and in them the old objects of updates. Returns the cases that can be sent, and
    those whose old object the API server does not keep, with what it said."""
    for name in sorted({case.namespace for case in cases}):
        api.make("/api/v1/namespaces", namespace(name))
        until(lambda name=name: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").ok, f"accounts of {name}")
    out, ready = [], {}
    for case in cases:
        if case.operation == "UPDATE" and case.name not in ready:
            ready[case.name] = _store(api, case)
        if ready.get(case.name):
            out.append((case, ready[case.name]))
    return [case for case in cases if not ready.get(case.name)], out


def _store(api, case):
    """None, or why an API server does not keep the old object."""
    old = json.loads(json.dumps(case.old))
    ephemeral = old["spec"].pop("ephemeralContainers", None) if case.kind == "Pod" else None
    if case.kind in ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"):
        old["spec"]["replicas"] = old["spec"].get("replicas", 1)
    answer = api.create(collection(case.kind, case.namespace), old)
    if answer.ok and ephemeral:
        answer = api.patch(path_of(case.kind, case.namespace, old["metadata"]["name"], "ephemeralcontainers"),
                           {"spec": {"ephemeralContainers": ephemeral}}, "application/strategic-merge-patch+json")
    return None if answer.ok else str(answer)


def _carry_over(old, new, stored):
    """What a client does that edits the stored object as new differs from old: defaults and all stay."""
    if new == old or stored is None:
        return stored if new == old else new
    if isinstance(old, dict) and isinstance(new, dict) and isinstance(stored, dict):
        kept = {key: value for key, value in stored.items() if key in new or key not in old}
        return {**kept, **{key: _carry_over(old.get(key), value, stored.get(key)) for key, value in new.items()}}
    if all(isinstance(items, list) and all(isinstance(item, dict) and "name" in item for item in items)
           for items in (old, new, stored)):
        of_old, of_stored = ({item["name"]: item for item in items} for items in (old, stored))
        added = [item for item in stored if item["name"] not in of_old]
        return [_carry_over(of_old.get(item["name"]), item, of_stored.get(item["name"])) for item in new] + added
    return new


def send(api, case):
    """Sends the case as a dry run. Returns the answer, the object that was sent and the one that was there."""
    if case.operation == "CREATE":
        return api.create(collection(case.kind, case.namespace), case.object, dry=True), case.object, None
    path = path_of(case.kind, case.namespace, case.object["metadata"]["name"])
    for _ in range(5):  # a controller may write in between
        old = api.get(path).body
        body = _carry_over(case.old, case.object, json.loads(json.dumps(old)))
        body["metadata"].pop("resourceVersion", None)
        answer = api.put(path + (f"/{case.subresource}" if case.subresource else ""), body, dry=True)
        if answer.status != 409:
            break
    return answer, body, old
