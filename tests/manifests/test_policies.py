# SPDX-License-Identifier: Apache-2.0
"""The second layer against the decoder's verdicts: every folder of tests/cases/admission that an API server can
be sent, as a real request. What has no form in CEL, or is no request, is counted by reason and shown."""
import collections
import json
import os
import re
import subprocess
import time

import render
from api import RESOURCES, collection, namespace, path_of, wrap
from results import check, skip

CASES = os.path.join(render.ROOT, "tests/cases/admission")
POLICIES = "/apis/pinnace.dev/v1alpha1/pinpolicies"
DIGEST = "sha256:" + "a" * 64
HOLDERS = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "ephemeral container",
           "volumes": "volume"}
REASONS = "BadReference|BadDigest|RegistryNotAllowed|NoDigest|MutableTag|NoTag"
EMPTY_POLICY = {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy", "metadata": {"name": "default"}, "spec": {}}


class Case:
    """One review and one path that it is sent to."""

    def __init__(self, name, review, record, policy):
        request = review["request"]
        self.name, self.record, self.policy = name, record, policy
        self.level = record["path"].rpartition("/")[2]
        self.kind, self.namespace = request["kind"]["kind"], request["namespace"]
        self.subresource = request.get("subResource", "")
        self.operation = request["operation"]
        self.object = self.cleaned(request["object"])
        self.old = self.cleaned(request["oldObject"]) if self.operation == "UPDATE" else None

    def cleaned(self, item):
        """The object as a client may send it, under the name of the case: several share a namespace."""
        item = json.loads(json.dumps(item))
        metadata = item.setdefault("metadata", {})
        for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "generateName",
                      "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "selfLink"):
            metadata.pop(field, None)
        metadata.update(name=f"case-{self.name}"[:52].rstrip("-"), namespace=self.namespace)
        item["apiVersion"] = RESOURCES[self.kind][0]
        item["kind"] = self.kind
        return item

    def pod_spec(self):
        item = self.object
        if self.kind == "Pod":
            return item.get("spec", {})
        if self.kind == "CronJob":
            item = item["spec"]["jobTemplate"]
        if self.kind != "PodTemplate":
            item = item["spec"]
        return item["template"]["spec"]

    def expected_findings(self):
        """The causes as the policy words them: by the holder's name, where the webhook counts."""
        spec, found = self.pod_spec(), []
        for cause in self.record.get("causes", []):
            field, index = re.search(r"(\w+)\[(\d+)\]", cause["field"]).groups()
            found.append((f'{HOLDERS[field]} "{spec[field][int(index)]["name"]}"', cause["reason"]))
        return found


def left_out(folder, files, expect, review, record):
    """Why a record has no form here, or None."""
    mode, _, level = record["path"].strip("/").partition("/")
    request = review.get("request") if isinstance(review, dict) else None
    if expect.get("raw"):
        return "the bytes of the review are the point: an API server writes its own"
    if "error" in record or record["path"].count("/") != 2 or "?" in record["path"]:
        return "no review that an API server sends, or none that is answered"
    if mode != "enforce":
        return "warn and audit are bound to nothing"
    if level == "released":
        return "what was released is not known to the API server: \"released\" is held at \"pinned\""
    if not isinstance(request, dict) or request.get("operation") not in ("CREATE", "UPDATE"):
        return "neither a create nor an update"
    if request.get("kind", {}).get("kind") not in RESOURCES or record.get("code") in (422, 500):
        return "a kind that the rules do not send"
    if request.get("subResource", "") not in ("", "ephemeralcontainers"):
        return "a subresource that the rules do not send"
    if "kind: Exemption" in files.get("policy.yaml", ""):
        return "Exemptions: a policy reads one kind of parameter, and all of its objects must agree"
    if any(cause["reason"] == "TagMoved" for cause in record.get("causes", [])) or "TagMoved" in str(record):
        return "moved tags are known by the ledger alone"
    return None


def read_cases():
    reasons, cases = collections.Counter(), []
    for name in sorted(os.listdir(CASES)):
        folder = os.path.join(CASES, name)
        files = {}
        for file in os.listdir(folder):
            with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as text:
                files[file] = text.read()
        expect = json.loads(files["expect.json"])
        try:
            review = json.loads(files["review.json"])
        except ValueError:
            review = None
        for record in expect["answers"]:
            why = left_out(folder, files, expect, review, record)
            if why:
                reasons[why] += 1
                continue
            try:
                cases.append(Case(name, review, record, files.get("policy.yaml")))
            except (KeyError, TypeError, AttributeError):
                reasons["no object that an API server sends"] += 1
    return cases, reasons


class Cluster:
    """Sets what the policies go by, and waits until the API server goes by it too."""

    def __init__(self, api):
        self.api = api
        self.turn = 0
        api.make("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "probe"}, "spec": {
                "paramKind": {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy"},
                "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                                                        "resources": ["configmaps"], "operations": ["CREATE"]}]},
                "validations": [{"expression": "params.metadata.annotations['turn'] == object.data['turn']"}]}})
        api.make("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "probe"}, "spec": {
                "policyName": "probe", "validationActions": ["Deny"],
                "paramRef": {"name": "default", "parameterNotFoundAction": "Deny"},
                "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "probe"}}}}})
        api.make("/api/v1/namespaces", namespace("probe"))

    @staticmethod
    def until(condition, what):
        deadline = time.monotonic() + 30
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}")
            time.sleep(0.02)

    def set_policy(self, policy):
        """The PinPolicy of a case; one that is not as the schema wants it has no form in a cluster."""
        self.turn += 1
        policy = json.loads(json.dumps(policy))
        policy["metadata"] = {"name": "default", "annotations": {"turn": str(self.turn)}}
        answer = self.api.put(f"{POLICIES}/default", {**policy, "metadata": {
            **policy["metadata"], "resourceVersion": self.api.get(f"{POLICIES}/default").body["metadata"]["resourceVersion"]}})
        if not answer.ok:
            return False
        token = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}, "data": {"turn": str(self.turn)}}
        self.until(lambda: self.api.create("/api/v1/namespaces/probe/configmaps", token, dry=True).ok, "the PinPolicy")
        return True

    def set_level(self, name, level):
        self.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": {"pinnace.dev/enforce": level}}})
        bad = wrap("PodTemplate", "probe", {"containers": [{"name": "c", "image": "UPPER"}]})
        policy = "unknown" if level not in ("tagged", "pinned", "released") else \
            "pinned" if level == "released" else level
        self.until(lambda: f"pinnace-{policy}" in self.api.create(collection("PodTemplate", name), bad, dry=True).message,
                   f"level {level} of {name}")


def prepare(api, cases):
    """Namespaces without a level, and in them the old objects of updates."""
    for name in sorted({case.namespace for case in cases}):
        api.make("/api/v1/namespaces", namespace(name))
        Cluster.until(lambda name=name: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").ok, f"accounts of {name}")
    out, ready = [], {}
    for case in cases:
        if case.operation == "UPDATE" and case.name not in ready:
            ready[case.name] = store(api, case)
        problem = ready.get(case.name)
        if problem:
            out.append((case, problem))
    return [case for case in cases if not ready.get(case.name)], out


def store(api, case):
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


def carry_over(old, new, stored):
    """What a client does that edits the stored object as new differs from old: defaults and all stay."""
    if new == old or stored is None:
        return stored if new == old else new
    if isinstance(old, dict) and isinstance(new, dict) and isinstance(stored, dict):
        kept = {key: value for key, value in stored.items() if key in new or key not in old}
        return {**kept, **{key: carry_over(old.get(key), value, stored.get(key)) for key, value in new.items()}}
    if all(isinstance(items, list) and all(isinstance(item, dict) and "name" in item for item in items)
           for items in (old, new, stored)):
        of_old, of_stored = ({item["name"]: item for item in items} for items in (old, stored))
        added = [item for item in stored if item["name"] not in of_old]
        return [carry_over(of_old.get(item["name"]), item, of_stored.get(item["name"])) for item in new] + added
    return new


def send(api, case):
    if case.operation == "CREATE":
        return api.create(collection(case.kind, case.namespace), case.object, dry=True)
    path = path_of(case.kind, case.namespace, case.object["metadata"]["name"])
    for _ in range(5):  # a controller may write in between
        body = carry_over(case.old, case.object, api.get(path).body)
        body["metadata"].pop("resourceVersion", None)
        answer = api.put(path + (f"/{case.subresource}" if case.subresource else ""), body, dry=True)
        if answer.status != 409:
            break
    return answer


def parse_findings(message):
    return [(holder, reason) for holder, reason in
            re.findall(rf'((?:init |ephemeral )?(?:container|volume) "[^"]*") has ".*?", ({REASONS})(?=;|$| \.\.\.)', message)]


def judge(case, answer):
    """Compares the verdicts. A string says why the request is none for an API server."""
    refused_by_policy = "ValidatingAdmissionPolicy 'pinnace-" in answer.message
    if not answer.ok and not refused_by_policy:
        return answer.message or str(answer)
    text = f"{case.name} {case.record['path']}"
    if not check(f"{text}: allowed is {case.record['allowed']}", answer.ok == case.record["allowed"], answer):
        return None
    if refused_by_policy and case.level != "unknown":
        found, expected = parse_findings(answer.message), case.expected_findings()
        cut = "and more" in answer.message or "images do not meet the level of the namespace" in answer.message
        same = set(found) <= set(expected) if cut else sorted(found) == sorted(expected)
        check(f"{text}: for the same reasons", same, f"expected: {expected}\nfound:    {found}\n{answer}")
    return None


def run_cases(api, cluster, cases, reasons):
    compared = 0
    by_level = collections.defaultdict(lambda: collections.defaultdict(list))
    for case in cases:
        by_level[case.level][case.policy].append(case)
    for level, by_policy in sorted(by_level.items()):
        for name in sorted({case.namespace for group in by_policy.values() for case in group}):
            cluster.set_level(name, "pined" if level == "unknown" else level)
        for policy, group in by_policy.items():
            if not cluster.set_policy(render.objects_of(policy)[0] if policy else EMPTY_POLICY):
                reasons["a PinPolicy that the schema refuses"] += len(group)
                continue
            for case in group:
                problem = judge(case, send(api, case))
                compared += not problem
                if problem:
                    reasons["refused by the API server itself"] += 1
                    LEFT.append(f"{case.name}: {problem[:160]}")
    print(f"{compared} records of tests/cases/admission were sent as requests")
    check(f"{compared} records were compared, {COMPARED_MIN} or more are expected", compared >= COMPARED_MIN)


LEFT = []
COMPARED_MIN = 400


def many(count, image):
    """A pod spec of so many containers, half of them init containers, and a tenth as many image volumes."""
    containers = [{"name": f"container-{number}", "image": image.format(number)} for number in range(count)]
    volumes = [{"name": f"volume-{number}", "image": {"reference": image.format(number)}}
               for number in range(count // 10)]
    return {"containers": containers[:count // 2], "initContainers": containers[count // 2:], "volumes": volumes}


def large_policy(registries):
    globs = [f"registry-{number}.example.com/team-{number}/**" for number in range(registries - 1)] + ["last.example.com/**"]
    return {**EMPTY_POLICY, "spec": {
        "registries": globs, "tags": {"immutable": ["build-*"] * 16, "moving": ["*-nightly"] * 16},
        "exemptions": [{"images": [f"legacy-{number}.example.com/**"], "namespaces": ["large", "legacy-*"],
                        "reason": "r", "expires": "2999-01-01T00:00:00Z"} for number in range(16)]}}


def try_costs(api, cluster):
    """The API server ends an expression that costs too much and, as the policy fails closed, refuses the request:
    for the largest objects that there are it must not come to that."""
    api.make("/api/v1/namespaces", namespace("large"))
    cluster.until(lambda: api.get("/api/v1/namespaces/large/serviceaccounts/default").ok, "accounts of large")
    name = "last.example.com/team/with/a/long/path/app-{}"
    for what, policy, count in (("no PinPolicy", EMPTY_POLICY, 200), ("a PinPolicy of 256 registries", large_policy(256), 200)):
        cluster.set_policy(policy)
        for level, good, bad in (("pinned", f"{name}:1.4.0@{DIGEST}", f"{name}:1.4.0"),
                                 ("tagged", f"{name}:1.4.0", f"{name}:latest")):
            cluster.set_level("large", level)
            for image, wanted in ((good, True), (bad, False), ("UPPER" * 20 + "{}", False)):
                answer = api.create(collection("PodTemplate", "large"), wrap("PodTemplate", "large", many(count, image)), dry=True)
                said = "images do not meet level" in answer.message
                check(f"{count} containers, {what}, {level}, {image[:24]}: {'allowed' if wanted else 'refused for them'}",
                      answer.ok if wanted else said, str(answer)[:600])
    pod = wrap("Pod", "large", {**many(100, f"{name}@{DIGEST}"), "schedulerName": "nobody"})
    api.make(collection("Pod", "large"), pod)
    change = {"spec": {"containers": [{"name": "container-7", "image": f"{name}@{DIGEST[:-1]}b".format(7)}]}}
    for number, wanted in ((7, True), (8, False)):
        if not wanted:
            change = {"spec": {"containers": [{"name": "container-8", "image": "last.example.com/app:latest"}]}}
        answer = api.patch(path_of("Pod", "large", "large"), change, "application/strategic-merge-patch+json", dry=True)
        check(f"a pod of 100 containers, one image changed: {'allowed' if wanted else 'refused for that one'}",
              answer.ok if wanted else '1 of 1 images' in answer.message, str(answer)[:600])


def try_parameter(api, cluster):
    """The PinPolicy that the policies need: without it they refuse and say so."""
    cluster.set_policy(EMPTY_POLICY)
    cluster.set_level("large", "released")
    good, bad = (wrap("PodTemplate", "t", {"containers": [{"name": "c", "image": image}]})
                 for image in (f"a.example/app@{DIGEST}", "a.example/app:1.4.0"))
    path = collection("PodTemplate", "large")
    check("released is held at pinned: a digest", api.create(path, good, dry=True).ok)
    answer = api.create(path, bad, dry=True)
    check("released is held at pinned: none", "NoDigest" in answer.message, answer)
    api.delete(f"{POLICIES}/default")
    cluster.until(lambda: not api.create(path, good, dry=True).ok, "the PinPolicy to go")
    answer = api.create(path, good, dry=True)
    check("without the PinPolicy all is refused, and why is said", "no params found" in answer.message, answer)
    api.make(POLICIES, EMPTY_POLICY)
    cluster.until(lambda: api.create(path, good, dry=True).ok, "the PinPolicy to be back")
    api.patch("/api/v1/namespaces/large", {"metadata": {"labels": {"pinnace.dev/second-layer": "off"}}})
    cluster.until(lambda: api.create(path, bad, dry=True).ok, "the second layer to be off")
    check("pinnace.dev/second-layer: off takes a namespace out", api.create(path, bad, dry=True).ok)


def run(api, folder):
    cases, reasons = read_cases()
    cases, not_kept = prepare(api, cases)
    for case, problem in not_kept:
        reasons["an old object that the API server does not keep"] += 1
        LEFT.append(f"{case.name}: {problem[:160]}")
    for crd in render.render("crds"):
        api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    subprocess.run(["kubectl", "wait", "--for=condition=Established", "--timeout=20s", "crd/pinpolicies.pinnace.dev"],
                   check=True, capture_output=True)
    applied = subprocess.run(["kubectl", "apply", "-k", os.path.join(render.ROOT, "manifests/policies/second-layer")],
                             capture_output=True, text=True, check=False)
    if not check("the second layer is taken", applied.returncode == 0, applied.stderr[:3000]):
        return
    cluster = Cluster(api)
    run_cases(api, cluster, cases, reasons)
    try_costs(api, cluster)
    try_parameter(api, cluster)
    for why, count in sorted(reasons.items()):
        skip(count, "records of tests/cases/admission", why)
    for line in LEFT:
        print(f"    left out: {line}")
