# SPDX-License-Identifier: Apache-2.0
"""What admission costs a cluster: the same requests to a real API server with nothing installed, with the
policies of the second layer, with the webhook, and with both. Runs inside a cluster of tests/cluster, for
tests/bench/webhook.

Every round takes each installation in its turn, and another one first, so that a machine's moods fall on all of
them. CPU is that of API server, etcd and webhook, by their clocks, less what they use when nobody asks; what wrk
takes beside them does not count. Requests are dry runs, so that the last one meets what the first one met.
"""
import base64
import json
import pathlib
import statistics
import sys
import time
import urllib.request

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "manifests"))
import render  # noqa: E402
import servers  # noqa: E402
from api import Api, collection, path_of  # noqa: E402

TOKEN = "of-a-benchmark"
NAMESPACE = "production"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1/"
PLACES = {
    "ValidatingWebhookConfiguration": REGISTRATION + "validatingwebhookconfigurations",
    "ValidatingAdmissionPolicy": REGISTRATION + "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": REGISTRATION + "validatingadmissionpolicybindings",
}
# What is installed, and who then refuses a mutable image: the API server asks policies before webhooks.
INSTALLATIONS = {
    "nothing": ((), ""),
    "policy": (("second layer",), "ValidatingAdmissionPolicy"),
    "webhook": (("webhook", "guards"), "admission webhook"),
    "both": (("webhook", "guards", "second layer"), "ValidatingAdmissionPolicy"),
    "short": (("short",), "ValidatingAdmissionPolicy"),
}
NAMES = {"nothing": "nothing", "policy": "the CEL policy", "webhook": "pinnace-webhook", "both": "both",
         "short": "a short CEL policy"}
# For comparison what people write by themselves: no PinPolicy, no image volumes, pods and templates by one rule.
SHORT = [{
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "short"}, "spec": {
        "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "pods/ephemeralcontainers"],
             "operations": ["CREATE", "UPDATE"]},
            {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
             "resources": ["deployments", "statefulsets", "daemonsets", "replicasets"]}]},
        "variables": [{"name": "pod", "expression":
                       "request.kind.kind == 'Pod' ? object.spec : object.spec.template.spec"}],
        "validations": [{"message": "images must be named by digest", "expression": " && ".join(
            f"variables.pod.?{part}.orValue([]).all(c, c.?image.orValue('').matches('@sha256:[a-f0-9]{{64}}$'))"
            for part in ("containers", "initContainers", "ephemeralContainers"))}]}}, {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "short"}, "spec": {
        "policyName": "short", "validationActions": ["Deny"], "matchResources": {"namespaceSelector": {
            "matchLabels": {"pinnace.dev/enforce": "pinned"}}}}}]


class Request:
    """One kind of request, sent again and again."""

    def __init__(self, name, method, path, body, connections=1, refused=False, asked=True):
        self.name, self.method, self.path, self.body = name, method, path, json.dumps(body)
        self.connections, self.refused, self.asked = connections, refused, asked


def requests():
    pods, deployments = collection("Pod", NAMESPACE), collection("Deployment", NAMESPACE)
    pinned, moving = servers.pod(6600, servers.PINNED), servers.pod(6600, servers.MOVING)
    web = path_of("Deployment", NAMESPACE, "web")
    return [
        Request("CREATE of a pod", "POST", pods, pinned),
        Request("the same, 8 at a time", "POST", pods, pinned, connections=8),
        Request("CREATE of a pod, refused", "POST", pods, moving, refused=True),
        Request("CREATE of a Deployment", "POST", deployments, servers.deployment("new", pinned["spec"])),
        Request("UPDATE of a Deployment's annotation", "PATCH", web, {"metadata": {"annotations": {"note": "new"}}},
                asked=False),
        Request("UPDATE of a Deployment's replicas", "PATCH", web, {"spec": {"replicas": 3}}, asked=False),
    ]


class Cluster:
    """The API server, what is installed in it, and the processes whose CPU counts."""

    def __init__(self, binaries, folder):
        self.api, self.folder = Api(), folder
        self.webhook = servers.start_webhook(binaries, folder, cluster=True)
        self.pids = {name: servers.pids_of(name)[0] for name in ("kube-apiserver", "etcd")}
        self.pids["webhook"] = self.webhook.process.pid
        self.objects = {"second layer": render.render("policies/second-layer"),
                        "guards": render.render("policies/guards"), "webhook": self._configurations(), "short": SHORT}

    def _configurations(self):
        found = render.find(render.render("base"), "ValidatingWebhookConfiguration")
        authority = base64.b64encode((self.folder / "cert.pem").read_bytes()).decode()
        for entry in (entry for configuration in found for entry in configuration["webhooks"]):
            path = entry["clientConfig"]["service"]["path"]
            entry["clientConfig"] = {"url": f"https://127.0.0.1:{self.webhook.port}{path}", "caBundle": authority}
        return found

    def cpu(self):
        return {name: servers.cpu_seconds(pid) for name, pid in self.pids.items()}

    def answered(self):
        """How many requests the webhook has judged."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.webhook.health}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith("pinnace_admission_requests_total{"))

    def prepare(self):
        """What stays: the namespace, the PinPolicy and a Deployment."""
        self.api.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"pinnace.dev/enforce": "pinned"}}})
        policy = render.find(self.objects["second layer"], "PinPolicy")[0]
        self.api.make("/apis/pinnace.dev/v1alpha1/pinpolicies", policy)
        self.install("nothing")
        self.api.make(collection("Deployment", NAMESPACE),
                      servers.deployment("web", servers.pod(6600, servers.PINNED)["spec"]))

    def install(self, installation):
        parts, refuser = INSTALLATIONS[installation]
        for part in self.objects:
            for item in self.objects[part]:
                if item["kind"] in PLACES:
                    self._set(item, part in parts)
        deadline = time.monotonic() + 60
        while not self._is_in_force(refuser, "webhook" in parts):
            if time.monotonic() > deadline:
                sys.exit(f"after 60 s the API server does not yet go by: {installation}")
            time.sleep(0.1)
        time.sleep(1)

    def _set(self, item, there):
        place = PLACES[item["kind"]]
        if there:
            self.api.make(place, item)
        else:
            self.api.delete(f"{place}/{item['metadata']['name']}")

    def _is_in_force(self, refuser, webhook_is_asked):
        pods, before = collection("Pod", NAMESPACE), self.answered()
        let_in = self.api.create(pods, servers.pod(6600, servers.PINNED), dry=True)
        asked = self.answered() > before
        refused = self.api.create(pods, servers.pod(6600, servers.MOVING), dry=True)
        return let_in.ok and asked == webhook_is_asked and refused.ok == (not refuser) and refuser in refused.message

    def send(self, request, seconds):
        """(requests, seconds, p50 and p99 in µs, CPU seconds by process)"""
        before = self.cpu()
        url = f"https://{self.api.address}{request.path}?dryRun=All&fieldValidation=Ignore"
        content = "application/json" if request.method == "POST" else "application/merge-patch+json"
        done = servers.run_wrk(self.folder, url, request.body, request.connections, seconds, request.method, content,
                               TOKEN)
        after = self.cpu()
        return done, {name: after[name] - before[name] for name in after}

    def rest(self, seconds):
        """CPU seconds a second of each process, when nobody asks"""
        before = self.cpu()
        time.sleep(seconds)
        return {name: (cpu - before[name]) / seconds for name, cpu in self.cpu().items()}


class Figures:
    """Of one request with one installation: for each round p50, p99 and the CPU of each process, in µs."""

    def __init__(self):
        self.p50, self.p99, self.cpu = [], [], {"kube-apiserver": [], "etcd": [], "webhook": []}

    def add(self, done, cpu, rest):
        self.p50.append(done.p50)
        self.p99.append(done.p99)
        for name, used in cpu.items():
            at_rest = statistics.median(second[name] for second in rest)
            self.cpu[name].append((used - at_rest * done.seconds) / done.requests * 1e6)

    def all(self):
        return [sum(parts) for parts in zip(*self.cpu.values())]


def measure_turn(cluster, installation, kinds, figures, rest, seconds):
    cluster.install(installation)
    cluster.send(kinds[0], 1)  # the first ones open connections and compile expressions
    rest.append(cluster.rest(1))
    for request in kinds:
        refused = request.refused and installation != "nothing"
        before = cluster.answered()
        done, cpu = cluster.send(request, seconds)
        if done.bad != (done.requests if refused else 0) or done.broken:
            sys.exit(f"{request.name}, {installation}: of {done.requests} answers {done.bad} were refusals")
        asked = "webhook" in INSTALLATIONS[installation][0] and request.asked and not (
            refused and installation == "both")
        if (cluster.answered() - before >= done.requests) != asked:
            sys.exit(f"{request.name}, {installation}: the webhook was asked {cluster.answered() - before} times")
        figures[request.name, installation].add(done, cpu, rest)


def print_table(kinds, installations, figures):
    print("| request | with | p50 | p99 | CPU: API server | etcd | webhook | all | added, and its spread | "
          "× the CEL policy |\n|---|---|---|---|---|---|---|---|---|---|")
    for request in kinds:
        none = figures[request.name, "nothing"].all()
        policy = [one - zero for one, zero in zip(figures[request.name, "policy"].all(), none)]
        for installation in installations:
            row = figures[request.name, installation]
            added = sorted(one - zero for one, zero in zip(row.all(), none))
            cells = [f"{statistics.median(cpu):.0f} µs" for cpu in (*row.cpu.values(), row.all())]
            spread = f"{statistics.median(added):+.0f} µs ({added[0]:+.0f} to {added[-1]:+.0f})"
            ratio = f"{statistics.median(added) / statistics.median(policy):.2f}"
            if installation == "nothing":
                spread = ratio = ""
            print(f"| {request.name} | {NAMES[installation]} | {statistics.median(row.p50) / 1000:.2f} ms | "
                  f"{statistics.median(row.p99) / 1000:.1f} ms | {' | '.join(cells)} | {spread} | {ratio} |")


def main():
    binaries, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    seconds, rounds = float(sys.argv[3]), int(sys.argv[4])
    installations = sys.argv[5:] or list(INSTALLATIONS)
    cluster, kinds = Cluster(binaries, folder), requests()
    try:
        cluster.prepare()
        figures = {(request.name, installation): Figures() for request in kinds for installation in installations}
        rest = []
        for number in range(rounds):
            first = number % len(installations)
            for installation in installations[first:] + installations[:first]:
                measure_turn(cluster, installation, kinds, figures, rest, seconds)
        print_table(kinds, installations, figures)
    finally:
        cluster.webhook.stop()
    print()
    servers.print_starts(lambda: servers.start_webhook(binaries, folder, cluster=True), "judging by a cluster")


if __name__ == "__main__":
    main()
