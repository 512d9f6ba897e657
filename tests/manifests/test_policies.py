# SPDX-License-Identifier: Apache-2.0
"""The second layer against the decoder's verdicts: every folder of tests/cases/admission that an API server can
be sent, as a real request. What has no form in CEL, or is no request, is counted by reason and shown."""
import collections
import json
import os
import re
import subprocess

import corpus
import render
from api import collection, namespace, path_of, wrap
from corpus import EMPTY_POLICY
from patience import PATIENCE, until
from results import check, skip

POLICIES = "/apis/pinnace.dev/v1alpha1/pinpolicies"
DIGEST = "sha256:" + "a" * 64
HOLDERS = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "ephemeral container",
           "volumes": "volume"}
REASONS = "BadReference|BadDigest|RegistryNotAllowed|NoDigest|MutableTag|NoTag"


def left_out(case):
    """Why a record has no form in CEL, or None."""
    if case.mode != "enforce":
        return "warn and audit are bound to nothing"
    if case.level == "released":
        return "what was released is not known to the API server: \"released\" is held at \"pinned\""
    if "kind: Exemption" in (case.policy or ""):
        return "Exemptions: a policy reads one kind of parameter, and all of its objects must agree"
    if "TagMoved" in str(case.record):
        return "moved tags are known by the ledger alone"
    return None


def expected_findings(case):
    """The causes as the policy words them: by the holder's name, where the webhook counts."""
    spec, found = case.pod_spec(), []
    for cause in case.record.get("causes", []):
        field, index = re.search(r"(\w+)\[(\d+)\]", cause["field"]).groups()
        found.append((f'{HOLDERS[field]} "{spec[field][int(index)]["name"]}"', cause["reason"]))
    return found


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
        until(lambda: self.api.create("/api/v1/namespaces/probe/configmaps", token, dry=True).ok, "the PinPolicy")
        return True

    def set_level(self, name, level):
        self.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": {"pinnace.dev/enforce": level}}})
        bad = wrap("PodTemplate", "probe", {"containers": [{"name": "c", "image": "UPPER"}]})
        policy = "unknown" if level not in ("tagged", "pinned", "released") else \
            "pinned" if level == "released" else level
        until(lambda: f"pinnace-{policy}" in self.api.create(collection("PodTemplate", name), bad, dry=True).message,
              f"level {level} of {name}")


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
        found, expected = parse_findings(answer.message), expected_findings(case)
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
                problem = judge(case, corpus.send(api, case)[0])
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
    until(lambda: api.get("/api/v1/namespaces/large/serviceaccounts/default").ok, "accounts of large")
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
    until(lambda: not api.create(path, good, dry=True).ok, "the PinPolicy to go")
    answer = api.create(path, good, dry=True)
    check("without the PinPolicy all is refused, and why is said", "no params found" in answer.message, answer)
    api.make(POLICIES, EMPTY_POLICY)
    until(lambda: api.create(path, good, dry=True).ok, "the PinPolicy to be back")
    api.patch("/api/v1/namespaces/large", {"metadata": {"labels": {"pinnace.dev/second-layer": "off"}}})
    until(lambda: api.create(path, bad, dry=True).ok, "the second layer to be off")
    check("pinnace.dev/second-layer: off takes a namespace out", api.create(path, bad, dry=True).ok)


def run(api, folder):
    cases, reasons = corpus.read_cases(left_out)
    cases, not_kept = corpus.prepare(api, until, cases)
    for case, problem in not_kept:
        reasons["an old object that the API server does not keep"] += 1
        LEFT.append(f"{case.name}: {problem[:160]}")
    for crd in render.render("crds"):
        api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    subprocess.run(["kubectl", "wait", "--for=condition=Established", f"--timeout={PATIENCE}s", "crd/pinpolicies.pinnace.dev"],
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
