# SPDX-License-Identifier: Apache-2.0
"""tests/cases/admission once more, through the API server and the Service: the cluster's answer is the command
line's answer about the same object, to the letter, and the verdict is the one that the case expects. tests/manifests
shows the same of the policies, so that one corpus gets one verdict from all three."""
import collections
import datetime
import json
import os
import re
import subprocess
import tempfile

import corpus
import render
from api import path_of
from corpus import EMPTY_POLICY
from lib import LEVELS, check, kubectl, must, until, warnings_of
from results import skip

POLICIES = "/apis/pinnace.dev/v1alpha1/pinpolicies"
TRACKS = "/apis/pinnace.dev/v1alpha1/namespaces/{}/tracks"
CONTROLLER = "system:serviceaccount:pinnace-system:pinnace-controller"
EXEMPTIONS = "/apis/pinnace.dev/v1alpha1/namespaces/{}/exemptions"
AUTHOR = "alice@contoso.example"
TAINT = "tests.example/corpus:NoSchedule"
COMPARED_MIN = 600
# Other warnings are the API server's own.
OURS = r"(spec|template)\S*: [A-Z]\w+: |and \d+ more images|Pinnace "


def left_out(case):
    """Why a record has no form in a cluster, or None."""
    if case.ledger and any(item["kind"] != "Track" for item in render.objects_of(case.ledger)):
        return "the ledger has revisions of workloads, which a cluster makes itself"
    return None


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_our_time(exemption):
    """Cases are at no certain time: what was made some time before its end is made now and lasts as long."""
    metadata, spec = exemption["metadata"], exemption["spec"]
    made, now = metadata.pop("creationTimestamp", None), datetime.datetime.now(datetime.timezone.utc)
    if made and when(made).year > 2900:
        spec["expires"] = (now + (when(spec["expires"]) - when(made))).strftime("%Y-%m-%dT%H:%M:%SZ")
    elif not made and when(spec["expires"]).year > 2900:
        spec["expires"] = (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    spec["by"] = AUTHOR
    return exemption


class Ledger:
    """Tracks of a case with what their controller would have written of them, known to every webhook, and as a file."""

    def __init__(self, world, folder):
        self.world, self.file, self.turn, self.there = world, os.path.join(folder, "ledger.yaml"), 0, []
        self.mark = "turn.example/track-0"

    def set(self, ledger, registries):
        """Whether the API server takes the Tracks. Images may come from these registries, or from all."""
        for path in self.there:
            self.world.api.delete(path)
        self.there, self.turn = [], self.turn + 1
        before, self.mark = self.mark, f"{registries[0] if registries else 'turn.example'}/track-{self.turn}"
        if not all([self._add(track).ok for track in (render.objects_of(ledger) if ledger else [])]):
            return False
        if not (marked := self._add(self._mark())).ok:
            raise RuntimeError(marked)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("\n---\n".join(json.dumps(self.world.api.get(path).body) for path in self.there))
        self._await_webhooks(before)
        return True

    def _add(self, track):
        metadata = track["metadata"]
        self.world.namespace(metadata["namespace"])
        path = TRACKS.format(metadata["namespace"])
        answer = self.world.api.create(path, {key: value for key, value in track.items() if key != "status"})
        if answer.ok:
            self.there.append(f"{path}/{metadata['name']}")
        if answer.ok and "status" in track:
            answer = self.world.api.patch(f"{path}/{metadata['name']}/status", {"status": track["status"]}, user=CONTROLLER,
                                          groups=("system:masters",))
        return answer

    def _mark(self):
        digest = "sha256:" + "0" * 64
        return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": f"turn-{self.turn}", "namespace": "probe"},
                "spec": {"image": self.mark, "follow": {"tag": "latest"},
                         "targets": [{"kind": "Deployment", "name": f"turn-{self.turn}"}]},
                "status": {"current": {"digest": digest, "tag": "latest"},
                           "ledger": [{"revision": 1, "tag": "latest", "digest": digest, "state": "Healthy"}]}}

    def _await_webhooks(self, before):
        """The mark before went last but for this one's, and what is gone is not found by a fresh look either."""
        for mark, released in ((self.mark, True), (before, False)):
            self.world.until_judged("/enforce/released", "probe", f"{mark}@sha256:{'0' * 64}", released)


class Rules:
    """PinPolicy and Exemptions of a case, in force in every webhook of the cluster, and as a file."""

    def __init__(self, world, folder):
        self.world, self.file, self.turn, self.there = world, os.path.join(folder, "policy.yaml"), 0, []
        self.registries = []
        world.api.make(POLICIES, EMPTY_POLICY)
        for name in ("probe", "production", "staging"):
            world.namespace(name)

    def set(self, policy):
        """Whether the API server takes the objects; what it refuses has no form in a cluster."""
        api, objects = self.world.api, render.objects_of(policy) if policy else []
        for path in self.there:
            api.delete(path)
        self.turn, self.there = self.turn + 1, []
        pinpolicy = (render.find(objects, "PinPolicy") or [json.loads(json.dumps(EMPTY_POLICY))])[0]
        self.registries = pinpolicy["spec"].get("registries", [])
        pinpolicy["spec"].setdefault("exemptions", []).append(
            {"images": [f"turn.example/policy-{self.turn}"], "namespaces": ["probe"], "reason": "the tests' own"})
        exemptions = [in_our_time(item) for item in render.find(objects, "Exemption")]
        made = [self._write(f"{POLICIES}/default", pinpolicy)] + [self._add(item) for item in exemptions]
        if not all(made):
            return False
        self._add(self._mark())
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("\n---\n".join(json.dumps(item) for item in [pinpolicy, *self.made]))
        self._await_webhooks()
        return True

    def _write(self, path, body):
        version = self.world.api.get(path).body["metadata"]["resourceVersion"]
        return self.world.api.put(path, {**body, "metadata": {**body["metadata"], "resourceVersion": version}}).ok

    def _add(self, exemption):
        """As its author: nobody writes in another's name. What the webhook is told is what the file says."""
        path = EXEMPTIONS.format(exemption["metadata"]["namespace"])
        answer = self.world.api.create(path, exemption, user=AUTHOR, groups=("system:masters",))
        if answer.ok:
            self.there.append(f"{path}/{exemption['metadata']['name']}")
        return answer.ok

    @property
    def made(self):
        return [self.world.api.get(path).body for path in self.there]

    def _mark(self):
        return in_our_time({"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption",
                            "metadata": {"name": f"turn-{self.turn}", "namespace": "probe"},
                            "spec": {"images": [f"turn.example/exemption-{self.turn}"], "reason": "the tests' own",
                                     "expires": "2999-01-01T00:00:00Z"}})

    def _await_webhooks(self):
        """Each of them is asked past the Service, for what each of this turn's marks lets in."""
        for mark in ("policy", "exemption"):
            self.world.until_judged("/enforce/pinned", "probe", f"turn.example/{mark}-{self.turn}", True)


def ask_command(world, rules, ledger, case, sent, old):
    """The command line's answer about what was sent."""
    operation = "CREATE" if old is None else "UPDATE"
    group, _, version = sent["apiVersion"].rpartition("/")
    request = {"uid": "0", "kind": {"group": group, "version": version, "kind": case.kind}, "name": sent["metadata"]["name"],
               "namespace": case.namespace, "operation": operation, "object": sent}
    request |= {"oldObject": old} if old else {}
    request |= {"subResource": case.subresource} if case.subresource else {}
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    done = subprocess.run([world.cli, "review", "--path", case.record["path"], "--policy", rules.file,
                           "--ledger", ledger.file],
                          input=json.dumps(body), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{case.name}: {done.stderr}")
    return json.loads(done.stdout)["response"]


def entry_of(case):
    level = case.level if case.level in LEVELS else "unknown"
    return f"{case.mode}-{level}{'' if case.operation == 'CREATE' else '-update'}.pinnace.dev"


def compare(case, answer, expected, logged):
    """What came and what was to come, of the same form; None when the API server itself refused the request."""
    denied = f'admission webhook "{entry_of(case)}" denied the request: '
    if not answer.ok and "admission webhook" not in answer.message:
        return None
    status = expected.get("status", {})
    want = {"allowed": expected["allowed"], "code": status.get("code"),
            "message": denied + status["message"] if status else None, "causes": status.get("details", {}).get("causes"),
            "warnings": sorted(expected.get("warnings", [])),
            "annotations": {f"{entry_of(case)}/{key}": value for key, value in expected.get("auditAnnotations", {}).items()}}
    told = [text for text in warnings_of(answer) if re.match(OURS, text)]
    got = {"allowed": answer.ok, "code": None if answer.ok else answer.status,
           "message": None if answer.ok else answer.message,
           "causes": None if answer.ok else answer.body.get("details", {}).get("causes"), "warnings": sorted(told),
           "annotations": {key: value for key, value in logged.items() if key.startswith(f"{entry_of(case)}/")}}
    if case.mode == "audit":
        want["warnings"] = got["warnings"]  # warn was asked beside it
    return got, want


def differences(got, want):
    return "\n".join(f"{key}: expected: {want[key]}\n{key}: got:      {got[key]}" for key in want if got[key] != want[key])


def judge(case, answer, expected, logged):
    """Whether it was compared."""
    both = compare(case, answer, expected, logged)
    if both is None:
        return False
    text = f"{case.name} {case.record['path']}"
    check(f"{text}: as the command line says", both[0] == both[1], differences(*both))
    check(f"{text}: {'allowed' if case.record['allowed'] else 'refused'}", answer.ok == case.record["allowed"], answer)
    return True


def annotations(world, wanted):
    """What the audit log has of some requests, as soon as it has all of them: their annotations by id."""
    return until(lambda: found if len(found := _annotations(world, wanted)) == len(wanted) else None, "the audit log",
                 pause=1)


def _annotations(world, wanted):
    found = {}
    with open(world.audit_log, encoding="utf-8") as log:
        for line in log:
            if '"dryRun' in line or "dryRun=All" in line:
                entry = json.loads(line)
                if entry["auditID"] in wanted:
                    found[entry["auditID"]] = entry.get("annotations", {})
    return found


def label_for(world, names, mode, level):
    """enforce alone, or warn and audit together: that something warns shows that the API server goes by the labels."""
    value = "pined" if level == "unknown" else level

    def warns(name):
        return bool(world.create("PodTemplate", name, "settle", "UPPER", dry=True).warnings)
    for name in names:
        world.label(name, enforce=value if mode == "enforce" else None, warn=None, audit=None)
        until(lambda name=name: not warns(name), f"no warnings in {name}")
        if mode == "warn":
            world.label(name, warn=value, audit=value)
            until(lambda name=name: warns(name), f"warnings at level {level} in {name}")


def send_all(world, rules, ledger, cases, reasons):
    """(case, answer, what the command line says) for each record that can be set up."""
    sent, by_rules = [], collections.defaultdict(lambda: collections.defaultdict(list))
    for case in cases:
        by_rules[case.policy, case.ledger][("enforce" if case.mode == "enforce" else "warn", case.level)].append(case)
    for (policy, tracks), by_level in by_rules.items():
        if not rules.set(policy) or not ledger.set(tracks, rules.registries):
            reasons["PinPolicy, Exemption or Track is one that the API server refuses"] += sum(map(len, by_level.values()))
            continue
        for (mode, level), group in by_level.items():
            label_for(world, {case.namespace for case in group}, mode, level)
            for case in group:
                answer, body, old = corpus.send(world.api, case)
                sent.append((case, answer, ask_command(world, rules, ledger, case, body, old)))
    return sent


def stop_controller():
    """The tests write for it what it would have written: nobody is to go on from there."""
    must(kubectl("-n", "pinnace-system", "scale", "deployment/pinnace-controller", "--replicas=0"))
    until(lambda: "No resources" in kubectl("-n", "pinnace-system", "get", "pods", "-l", "app.kubernetes.io/component=controller").stderr,
          "the controller to be gone")


def run(world):
    cases, reasons = corpus.read_cases(left_out)
    world.install()
    stop_controller()
    world.let_any_level_in()
    must(kubectl("taint", "node", "--all", TAINT))  # nothing of what follows is to run
    try:
        with tempfile.TemporaryDirectory() as folder:
            rules, ledger = Rules(world, folder), Ledger(world, folder)
            cases, not_kept = corpus.prepare(world.api, until, cases)
            reasons["an old object that the API server does not keep"] += len(not_kept)
            sent = send_all(world, rules, ledger, cases, reasons)
    finally:
        clear(world, cases)
    logged = annotations(world, {answer.audit_id for _, answer, _ in sent})
    compared = 0
    for case, answer, expected in sent:
        if judge(case, answer, expected, logged.get(answer.audit_id, {})):
            compared += 1
        else:
            reasons["refused by the API server itself, before any webhook"] += 1
    check(f"{compared} records were compared, {COMPARED_MIN} or more are expected", compared >= COMPARED_MIN)
    for why, count in sorted((+reasons).items()):
        skip(count, "records of tests/cases/admission", why)


def clear(world, cases):
    """Without finalizers, which some cases have: no namespace would go."""
    for case in cases:
        if case.old and case.old["metadata"].get("finalizers"):
            world.api.patch(path_of(case.kind, case.namespace, case.old["metadata"]["name"]), {"metadata": {"finalizers": None}})
    world.api.delete(f"{POLICIES}/default")
    must(kubectl("-n", "pinnace-system", "scale", "deployment/pinnace-controller", "--replicas=2"))
    for name in {"probe", "staging", *(case.namespace for case in cases)}:
        world.api.delete(f"/api/v1/namespaces/{name}")
    must(kubectl("taint", "node", "--all", f"{TAINT}-"))
