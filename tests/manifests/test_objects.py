# SPDX-License-Identifier: Apache-2.0
"""The webhook itself, asked by the API server about levels of namespaces, PinPolicies and Exemptions: with the account and
the rights that the manifests give it, and with an API server that is slow, denies, or has lost its webhook."""
import contextlib
import datetime
import json
import os
import random
import socket
import subprocess
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import render
from api import APPLY, RESOURCES, Api, collection, namespace, wrap
from patience import until
from receiver import Receiver
from results import check

NAMESPACES = "/api/v1/namespaces"
POLICIES = "/apis/pinnace.dev/v1alpha1/pinpolicies"
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/pinnace-webhook"
TAG = {"containers": [{"name": "c", "image": "registry.example/app:1.4"}], "terminationGracePeriodSeconds": 0}


def kubectl(*arguments, text=None):
    return subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)


def in_(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the webhook, and a way to its API server that can be stopped up ----

class Way:
    """Passes bytes on, or holds them while it is stopped up."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.target, self.open = (host, int(port)), threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.target)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.open.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


class Webhook:
    def __init__(self, api, folder):
        self.folder, self.way = folder, Way(api.address)
        self.receiver = Receiver(folder)  # for its certificate
        port = self.free_port()
        self.health, self.kubeconfig = self.free_port(), f"{folder}/webhook.conf"
        self.write_kubeconfig(api)
        self.log = open(f"{folder}/webhook.log", "wb")
        self.process = subprocess.Popen(
            [os.path.join(os.path.dirname(os.environ["PINNACE_CLI"]), "pinnace-webhook"), "--kubeconfig", self.kubeconfig,
             "--listen", f"127.0.0.1:{port}", "--health", f"127.0.0.1:{self.health}", "--lame-duck", "0",
             "--tls-cert", f"{folder}/receiver.crt", "--tls-key", f"{folder}/receiver.key"], stdout=self.log, stderr=self.log)
        self.receiver.server.server_port = port  # the configuration is to lead to the webhook

    @staticmethod
    def free_port():
        """None of those that connections are given, which come and go."""
        while True:
            port = random.randint(20000, 29999)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port

    def write_kubeconfig(self, api):
        token = kubectl("create", "token", "pinnace-webhook", "-n", "pinnace-system").stdout.strip()
        view = json.loads(kubectl("config", "view", "--raw", "--flatten", "-o", "json").stdout)
        cluster = {**view["clusters"][0]["cluster"], "server": f"https://127.0.0.1:{self.way.port}",
                   "tls-server-name": api.address.rsplit(":", 1)[0]}
        with open(self.kubeconfig, "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "x",
                       "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": {"token": token}}],
                       "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}, file)

    def is_ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz", timeout=5).status == 200
        return False

    def metric(self, name):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.health}/metrics", timeout=5).read().decode()
        return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} "))

    def log_text(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self):
        self.process.terminate()
        status = self.process.wait(120)
        self.log.close()
        return status


def prepare(api, folder):
    """Kinds, account and rights; the webhook; then the configuration, which leads to it."""
    api.make(NAMESPACES, namespace("pinnace-system"))
    for crd in render.render("crds"):
        api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    account = kubectl("apply", "-f", os.path.join(render.ROOT, "manifests/base/rbac-webhook.yaml"))
    check("the webhook's account and role are taken", account.returncode == 0, account.stderr)
    webhook = Webhook(api, folder)
    until(webhook.is_ready, "the webhook to be ready")
    (configuration,) = render.read("base/webhook-configuration-objects.yaml")
    api.make(CONFIGURATION, webhook.receiver.stand_in_for(configuration))
    until(lambda: label(api, "kube-public-like", make=True, dry=True, enforce="pined").status == 422, "the configuration to count")
    return webhook


def label(api, name, make=False, dry=False, **labels):
    if make:
        api.make(NAMESPACES, namespace(name))
    return api.patch(f"{NAMESPACES}/{name}", {"metadata": {"labels": {f"pinnace.dev/{key}": value for key, value in labels.items()}}},
                     dry=dry)


def told(answer):
    """Its warnings; a header has them in quotes."""
    return [text.partition('"')[2][:-1].replace('\\"', '"') for text in answer.warnings]


# ---- levels ----

def try_levels(api):
    api.make(NAMESPACES, namespace("levels"))
    done = kubectl("label", "namespace", "levels", "pinnace.dev/enforce=pined")
    check("kubectl shows what is wrong with a level", done.returncode != 0 and '"pined" is no level' in done.stderr and
          "off, tagged, pinned and released" in done.stderr and "metadata.labels[pinnace.dev/enforce]" in done.stderr, done.stderr)
    made = api.create(NAMESPACES, namespace("typo", **{"pinnace_dev__warn": "Pinned"}), dry=True)
    check("a namespace is not made with one", made.status == 422 and '"Pinned" is no level' in made.message, made)
    for kind in RESOURCES:
        api.make(collection(kind, "levels"), wrap(kind, f"old-{kind.lower()}", TAG))
    # Its Pods and ReplicaSets come of it, and are not told twice.
    until(lambda: api.get(f"{collection('ReplicaSet', 'levels')}").body["items"][1:], "the ReplicaSet of the Deployment")
    done = kubectl("label", "namespace", "levels", "pinnace.dev/enforce=pinned")
    lines = [line for line in done.stderr.splitlines() if line.startswith("Warning: ")]
    check("the label is set", done.returncode == 0 and "labeled" in done.stdout, done.stderr)
    check("kubectl shows a warning for each object, and no other", len(lines) == len(RESOURCES), done.stderr)
    for kind in RESOURCES:
        want = (f'Warning: enforce=pinned would not let in again {kind} "old-{kind.lower()}": container "c": NoDigest: '
                '"registry.example/app:1.4"')
        check(f"a {kind} is told of", any(line.startswith(want) for line in lines), done.stderr)
    again = label(api, "levels", team="web")
    check("once it is set, other labels are not asked about", again.ok and not again.warnings, again.warnings)
    lowered = label(api, "levels", enforce="tagged")
    check("a lower level says nothing", lowered.ok and not lowered.warnings, f"{lowered} {lowered.warnings}")
    warned = label(api, "levels", enforce=None, warn="pinned")
    check("of warn it is told too", warned.ok and any("warn=pinned would complain of" in text for text in told(warned)),
          f"{warned} {warned.warnings}")


def try_pages(api):
    api.make(NAMESPACES, namespace("many"))
    for number in range(150):
        api.make(collection("PodTemplate", "many"), wrap("PodTemplate", f"t-{number}", TAG))
    answer = label(api, "many", enforce="pinned")
    check("of 150 objects ten are named", answer.ok and len(answer.warnings) == 11, f"{answer} {answer.warnings}")
    check("and the rest is counted, with the command that shows it", answer.warnings and
          told(answer)[-1] == "and 140 more; see: kubectl pinnace doctor --before pinned many", answer.warnings)


def try_released(api):
    answer = label(api, "many", enforce="released")
    check("released is let in, and what it would bite is told", answer.ok and answer.warnings and
          told(answer)[-1] == "and 140 more; see: kubectl pinnace doctor --before released many", f"{answer} {answer.warnings}")


def try_denied(api):
    role = api.get(ROLE).body
    rules = [{**rule, "resources": [resource for resource in rule["resources"] if resource != "deployments"]} for rule in role["rules"]]
    api.make(NAMESPACES, namespace("denied"))
    api.make(collection("Pod", "denied"), wrap("Pod", "bare", TAG))
    api.patch(ROLE, {"rules": rules})

    def asked():
        answer = label(api, "denied", dry=True, enforce="pinned")
        return answer if answer.ok and any("forbidden" in text for text in told(answer)) else None
    answer = until(asked, "a look that is denied")
    check("what may be read is told all the same", any('Pod "bare"' in text for text in told(answer)), answer.warnings)
    check("and that it is not all", any("not looked at in full" in text for text in told(answer)), answer.warnings)
    api.patch(ROLE, {"rules": role["rules"]})
    until(lambda: not any("forbidden" in text for text in told(label(api, "denied", dry=True, enforce="pinned"))), "the rights again")


def try_slow(api, webhook):
    webhook.way.open.clear()
    answer = label(api, "denied", dry=True, enforce="pinned")
    webhook.way.open.set()
    check("a slow API server delays no label for ever", answer.ok and any("did not answer in time" in text for text in told(answer)),
          f"{answer} {answer.warnings}")
    until(lambda: any('Pod "bare"' in text for text in told(label(api, "denied", dry=True, enforce="pinned"))), "looks again")
    check("afterwards looks are made again", True)


def try_many(api):
    """Twenty at once, of which four have a look at any time."""
    names = [f"crowd-{number}" for number in range(20)]
    for name in names:
        api.make(NAMESPACES, namespace(name))
        api.make(collection("PodTemplate", name), wrap("PodTemplate", "old", TAG))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda name: label(Api(), name, enforce="pinned"), names))
    looked = sum(any('PodTemplate "old"' in text for text in told(answer)) for answer in answers)
    busy = sum(any("others are just looking" in text for text in told(answer)) for answer in answers)
    check("twenty labels at once are all set", all(answer.ok for answer in answers), [str(answer) for answer in answers])
    check("each is told of what is there, or of why not", all(told(answer) for answer in answers) and looked > 0,
          [told(answer) for answer in answers])
    print(f"20 labels at once: {looked} looked, {busy} were told that others do")


# ---- PinPolicy and Exemption ----

def exemption(name, expires, where="levels"):
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": name, "namespace": where},
            "spec": {"images": ["registry.example/app"], "reason": "a test", "expires": expires, "by": "tests"}}


def exemptions(where="levels"):
    return f"/apis/pinnace.dev/v1alpha1/namespaces/{where}/exemptions"


def policy(**spec):
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy", "metadata": {"name": "default"}, "spec": spec}


def try_exemptions(api):
    done = kubectl("create", "-f", "-", text=json.dumps(exemption("long", in_(hours=24, minutes=2))))
    check("kubectl shows till when an Exemption may last", done.returncode != 0 and "spec.expires" in done.stderr and
          "the latest time that is accepted is " in done.stderr, done.stderr)
    latest = done.stderr.partition("accepted is ")[2][:20]
    answer = api.create(exemptions(), exemption("latest", latest))
    check("and that time is accepted", answer.ok, answer)
    stored = api.get(f"{exemptions()}/latest").body
    begun, ends = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                   for text in (stored["metadata"]["creationTimestamp"], stored["spec"]["expires"]))
    check("by which it counts: it is no longer than it may be from its creation", ends - begun <= datetime.timedelta(hours=24), stored)
    over = api.create(exemptions(), exemption("over", in_(minutes=-1)))
    check("one that is over is refused, with the latest time", over.status == 422 and "over already; the latest" in over.message, over)
    longer = api.patch(f"{exemptions()}/latest", {"spec": {"expires": in_(hours=25)}})
    ends_at_most = (begun + datetime.timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M")
    check("it cannot be prolonged", longer.status == 422 and ends_at_most in longer.message, longer)
    check("another reason is fine", api.patch(f"{exemptions()}/latest", {"spec": {"reason": "still"}}).ok)
    named = {**exemption("", in_(hours=1)), "metadata": {"generateName": "night-"}}
    check("a generated name is fine", api.create(exemptions(), named).ok)
    everything = exemption("all", in_(hours=1))
    everything["spec"]["images"] = ["**"]
    answer = api.create(exemptions(), everything)
    check("one of everything is let in, and told", answer.ok and any("fits every image" in text for text in told(answer)),
          f"{answer} {answer.warnings}")


def try_policies(api, webhook):
    odd = api.create(POLICIES, policy(registries=["**"], tags={"immutable": ["*"]}, longestExemption="2h"))
    check("an odd PinPolicy is let in, and each oddity told", odd.ok and len(odd.warnings) == 2, f"{odd} {odd.warnings}")
    until(lambda: api.create(exemptions(), exemption("by-policy", in_(hours=3)), dry=True).status == 422, "the PinPolicy to count")
    refused = api.create(exemptions(), exemption("by-policy", in_(hours=3)))
    check("its longestExemption counts", refused.status == 422 and "at most 2h" in refused.message, refused)
    check("and what is within it is let in", api.create(exemptions(), exemption("by-policy", in_(hours=1))).ok)
    # What a schema of another version might let through: the schema is loosened, and the webhook stands alone.
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pinpolicies.pinnace.dev"

    def loosen():
        loose = api.get(crd).body
        loose["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        return api.put(crd, loose).ok
    until(loosen, "a write of the kind without another in between")

    def refusal():
        answer = api.patch(f"{POLICIES}/default", {"spec": {"registrys": []}})
        return answer if "no such field" in answer.message else None
    answer = until(refusal, "the looser schema")
    check("a PinPolicy that cannot be meant is refused with its field", answer.status == 422 and "spec.registrys" in answer.message, answer)
    check("a label of it is not judged", api.patch(f"{POLICIES}/default", {"metadata": {"labels": {"a": "b"}}}).ok)
    try_policy_that_got_in(api, webhook)


def try_policy_that_got_in(api, webhook):
    """Past the webhook: what was said before stays in force, and it is told."""
    body = api.get(f"{CONFIGURATION}/pinnace-objects").body
    api.delete(f"{CONFIGURATION}/pinnace-objects")
    until(lambda: api.patch(f"{POLICIES}/default", {"spec": {"longestExemption": "soon"}}).ok, "a PinPolicy past the webhook")
    until(lambda: webhook.metric("pinnace_unusable_objects") == 1, "the metric")
    until(lambda: "object not usable" in webhook.log_text(), "a line of the log")
    check("the log names it and its fault", "longestExemption" in webhook.log_text(), webhook.log_text()[-2000:])
    api.make(CONFIGURATION, {**body, "metadata": {"name": "pinnace-objects"}})
    until(lambda: "at most 2h" in api.create(exemptions(), exemption("still", in_(hours=3)), dry=True).message,
          "the last good PinPolicy to be in force still")
    check("the last good one stays in force", True)
    check("a finalizer can be taken off a bad one", api.patch(f"{POLICIES}/default", {"metadata": {"finalizers": []}}).ok)
    check("it can be deleted", api.delete(f"{POLICIES}/default").ok)
    until(lambda: webhook.metric("pinnace_unusable_objects") == 0, "the metric after it")


def try_gone(api, webhook):
    """Without a webhook nothing that is there is locked in, and only an Exemption needs one."""
    check("the webhook ends well", webhook.end() == 0, webhook.log_text()[-2000:])
    refused = api.create(exemptions(), exemption("nobody", in_(hours=1)))
    check("an Exemption needs its webhook", not refused.ok and "exemptions.pinnace.dev" in refused.message, refused)
    check("one that is there can be deleted", api.delete(f"{exemptions()}/by-policy").ok)
    check("and a finalizer taken off", api.patch(f"{exemptions()}/latest", {"metadata": {"finalizers": []}}).ok)
    check("not where Pinnace itself is", api.create(exemptions("pinnace-system"), exemption("own", in_(hours=1), "pinnace-system")).ok)
    check("a PinPolicy can be written", api.patch(f"{POLICIES}/default", policy(), content=APPLY).ok)
    check("a level can be set", label(api, "levels", enforce="pinned").ok)
    check("and taken away", label(api, "levels", enforce=None).ok)
    check("a namespace can be made with one", api.create(NAMESPACES, namespace("late", **{"pinnace_dev__enforce": "pinned"})).ok)
    check("and goes", api.delete(f"{NAMESPACES}/many").ok)
    until(lambda: api.get(f"{NAMESPACES}/many").status == 404, "a namespace to go")


def run(api, folder):
    webhook = prepare(api, folder)
    try:
        try_levels(api)
        try_pages(api)
        try_released(api)
        try_denied(api)
        try_slow(api, webhook)
        try_many(api)
        try_exemptions(api)
        try_policies(api, webhook)
        try_gone(api, webhook)
    finally:
        if webhook.process.poll() is None:
            webhook.end()
