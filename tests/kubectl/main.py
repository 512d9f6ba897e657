# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'run'. Before Pinnace is installed, with it, and with it broken."""
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "../e2e"), os.path.join(HERE, "../manifests"), os.path.join(HERE, "../images")]
import results  # noqa: E402
import tracks  # noqa: E402
from lib import CONFIGURATIONS, LATEST, SYSTEM, World, kubectl, must, same, until  # noqa: E402
from patience import until_equal  # noqa: E402
from plugin import PATIENCE, plugin, says  # noqa: E402
from results import check  # noqa: E402

REGISTRY = "registry.test:5000/shop/web"


def findings(*arguments):
    done = plugin(*arguments, "-o", "json")
    if not done.stdout:
        raise RuntimeError(f"{' '.join(arguments)}: status {done.returncode}, {done.stderr}")
    return json.loads(done.stdout)["findings"]


# --- Without Pinnace --------------------------------------------------------------------------------------------

def before_it_is_there(_world):
    says("audit without the kinds tells what is missing, and the rest", plugin("audit", "-A"), 2,
         "CustomResourceDefinition", "kube-system|0 findings|finding")
    says("doctor without an installation tells what to do", plugin("doctor"), 1,
         "^problem +kinds .*pinpolicies.pinnace.dev", "-> kubectl apply -k manifests/crds",
         "^problem +webhook ", "^problem +deployment .*pinnace-webhook")
    says("break-glass without the kinds", plugin("break-glass", "--images", LATEST, "--reason", "x"), 2,
         "CustomResourceDefinition")


# --- Access -----------------------------------------------------------------------------------------------------

def who_may_ask(world):
    folder = tempfile.mkdtemp()
    with open(os.environ["KUBECONFIG"], encoding="utf-8") as file:
        config = file.read()
    gone = os.path.join(folder, "gone")
    with open(gone, "w", encoding="utf-8") as file:
        file.write(re.sub(r"server: .*", "server: https://127.0.0.1:1", config))
    says("a server that is away", plugin("audit", "--kubeconfig", gone), 2, "is the cluster up")
    says("doctor of a server that is away says one thing", plugin("doctor", "--kubeconfig", gone), 2,
         "^unknown +api server", "not known: 1$")
    says("a context that is not there", plugin("audit", "--context", "none"), 2, "none")
    says("a kubeconfig that is not there", plugin("audit", "--kubeconfig", os.path.join(folder, "no")), 2, "no")
    says("somebody without rights: audit", plugin("audit", "-n", "default", "--as", "nobody"), 2, "forbidden",
         "not everything could be read")
    says("somebody without rights: doctor", plugin("doctor", "--as", "nobody"), 2, "^unknown +webhook .*forbidden")
    says("somebody without rights: break-glass",
         plugin("break-glass", "--images", LATEST, "--reason", "x", "-n", "default", "--as", "nobody"), 2, "forbidden")
    must(kubectl("-n", "default", "create", "serviceaccount", "reader"))
    must(kubectl("create", "clusterrolebinding", "reader", "--clusterrole=view", "--serviceaccount=default:reader"))
    token = must(kubectl("-n", "default", "create", "token", "reader")).strip()
    plain = os.path.join(folder, "token")
    environment = {"KUBECONFIG": plain}
    view = json.loads(must(kubectl("config", "view", "--raw", "--flatten", "-o", "json")))
    view["users"].append({"name": "reader", "user": {"token": token}})
    view["users"].append({"name": "plugin", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never", "args": [
            "-c", "printf '%s' '" + json.dumps({"apiVersion": "client.authentication.k8s.io/v1",
                                               "kind": "ExecCredential", "status": {"token": token}}) + "'"]}}})
    for user in ("reader", "plugin"):
        view["contexts"].append({"name": user, "context": {"cluster": view["clusters"][0]["name"], "user": user,
                                                           "namespace": "old"}})
    with open(plain, "w", encoding="utf-8") as file:
        json.dump(view, file)
    for user in ("reader", "plugin"):
        says(f"context {user}: the namespace is the context's, the token its user's",
             plugin("audit", "--level", "pinned", "--context", user, environment=environment), 2,
             "namespaces .*forbidden|Deployment/web")
    world.api.delete("/api/v1/namespaces/default/serviceaccounts/reader")


# --- audit and doctor --before ----------------------------------------------------------------------------------

def what_runs(world):
    world.namespace("old")
    must(kubectl("-n", "old", "create", "deployment", "web", f"--image={LATEST}", "--replicas=2"))
    must(kubectl("-n", "old", "rollout", "status", "deployment/web", f"--timeout={PATIENCE}s"))
    must(kubectl("-n", "old", "create", "cronjob", "nightly", f"--image={REGISTRY}:1.4.0", "--schedule=0 0 1 1 *"))
    must(kubectl("-n", "old", "run", "pinned", f"--image={world.web}"))
    rows = findings("audit", "-n", "old")
    same("one row a workload", sorted((row["kind"], row["name"], row["pods"], row["reason"]) for row in rows),
         [("CronJob", "nightly", 0, "NoDigest"), ("Deployment", "web", 2, "NoDigest")])
    digest = world.web.rpartition("@")[2]
    same("the line to paste is the image with the digest that runs", [row.get("runs") for row in rows],
         [None, f"{LATEST}@{digest}"])
    check("and it is let in", world.create("Pod", "old", "paste", f"{LATEST}@{digest}", dry=True).ok)
    says("as a table", plugin("audit", "-n", "old", "-o", "wide"), 1, "^NAMESPACE +WORKLOAD .* RUNS$",
         r"^old +Deployment/web +web +NoDigest +2 ", "2 findings")
    says("at tagged the release passes", plugin("audit", "-n", "old", "--level", "tagged"), 1, "MutableTag", "1 finding ")
    says("released has no ledger", plugin("audit", "-n", "old", "--level", "released"), 2, "ledger")
    says("as YAML", plugin("audit", "-n", "old", "-o", "yaml"), 1, "^findings:$", "^  namespace: old$|^- namespace: old$")

    must(kubectl("-n", "old", "set", "image", "deployment/web", f"*={REGISTRY}:missing@sha256:{'0' * 64}"))
    until(lambda: len(json.loads(must(kubectl("-n", "old", "get", "rs", "-o", "json")))["items"]) == 2, "the new revision", pause=0.5)
    stuck = [row for row in findings("audit", "-n", "old") if row["name"] == "web"]
    same("pods of an old revision are found: what runs is the question",
         [(row["image"], row["inTemplate"], row["pods"] > 0) for row in stuck], [(LATEST, False, True)])
    ahead = findings("doctor", "--before", "pinned", "old")
    same("but could be made again as the template is by now", [row["name"] for row in ahead], ["nightly"])


def same_verdict_as_the_webhook(world):
    world.namespace("verdicts")
    try:
        same_verdict_in(world)
    finally:
        world.api.delete("/api/v1/namespaces/verdicts")


def same_verdict_in(world):
    """What doctor says could not be made again is what the webhook refuses, for each object there is."""
    images = {"latest": LATEST, "release": f"{REGISTRY}:1.4.0", "digest": world.web, "bare": REGISTRY}
    for kind in ("Pod", "PodTemplate", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                 "Job", "CronJob"):
        for key, image in images.items():
            answer = world.create(kind, "verdicts", f"{kind.lower()}-{key}", image)
            check(f"{kind} {key} is made before the level", answer.ok, answer)
    for level in ("tagged", "pinned"):
        bitten = {(row["kind"], row["name"]) for row in findings("doctor", "--before", level, "verdicts")}
        world.label("verdicts", enforce=level)
        for kind in ("Pod", "PodTemplate", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet",
                     "ReplicaSet", "Job", "CronJob"):
            for key, image in images.items():
                name = f"{kind.lower()}-{key}"
                answer = world.create(kind, "verdicts", f"{name}-again", image, dry=True)
                same(f"{level}: doctor --before and the webhook agree on {name}", (kind, name) in bitten, not answer.ok)
    check("the level is the label's, without --level", all(row["level"] == "pinned" for row in findings("audit", "-n", "verdicts")))


def static_pods(world):
    path = os.path.join(world.folder, "static-pods/still.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "still", "namespace": "old"},
                   "spec": {"containers": [{"name": "still", "image": LATEST}]}}, file)
    try:
        until(lambda: any(row["name"].startswith("still-") for row in findings("audit", "-n", "old")), "the mirror pod", pause=1)
        row = [row for row in findings("audit", "-n", "old") if row["name"].startswith("still-")][0]
        same("a static pod is found as a pod of its own", (row["kind"], row["image"]), ("Pod", LATEST))
    finally:
        os.unlink(path)


# --- doctor -----------------------------------------------------------------------------------------------------

def installation(world):
    says("doctor of a sound installation", plugin("doctor"), 0, "problems: 0, not known: 0$", "profile strict",
         "^ok +certificate +all 24 entries trust it", "^ok +controller .* leads", "^warning +trial +not made")
    world.namespace("strict", enforce="pinned")
    says("the webhook answers", plugin("doctor"), 0, "^ok +trial +the webhook refuses")
    says("the same as JSON", plugin("doctor", "-o", "json"), 0, '"weight":"ok","subject":"trial"')
    says("the same as YAML", plugin("doctor", "-o", "yaml"), 0, "^- weight: ok$", "subject: trial$")

    config = f"{CONFIGURATIONS}/pinnace"
    names = [entry["name"] for entry in world.entries()]
    at = names.index("enforce-pinned.pinnace.dev")
    broken = (("failurePolicy", "Ignore", "^problem +webhook .*no profile"),
              ("objectSelector", {"matchLabels": {"let": "in"}}, "^problem +webhook .*objectSelector"),
              ("namespaceSelector", {}, "^problem +webhook .*not picked by the label"))
    for field, value, line in broken:
        was = world.entries()[at].get(field)
        world.api.call("PATCH", config, [{"op": "add", "path": f"/webhooks/{at}/{field}", "value": value}],
                       content="application/json-patch+json")
        says(f"a foreign change of {field} is told", plugin("doctor"), 1, line, "-> apply your overlay again")
        world.api.call("PATCH", config, [{"op": "add", "path": f"/webhooks/{at}/{field}", "value": was or {}}],
                       content="application/json-patch+json")
    try:
        must(kubectl("-n", SYSTEM, "scale", "deployment/pinnace-webhook", "--replicas=0"))
        # Those that stop go on answering until no API server asks them any more.
        until(lambda: not world.webhook_pods(ending=True), "the webhooks to go", pause=0.5)
        until(lambda: "does not answer" in plugin("doctor").stdout, "the webhooks to be missed", pause=0.5)
        says("without a webhook", plugin("doctor"), 1, "^problem +service .*no webhook is ready", "^problem +trial .*does not answer")
    finally:
        must(kubectl("-n", SYSTEM, "scale", "deployment/pinnace-webhook", "--replicas=2"))
    world.await_sound()


# --- break-glass ------------------------------------------------------------------------------------------------

def shown(*arguments):
    return json.loads(must(plugin(*arguments, "-o", "json")))


def dry_runs(ask):
    says("a dry run of the server keeps nothing", plugin(*ask, "--dry-run=server"), 0,
         'Nothing is kept; there would be Exemption "break-glass-[a-z0-9]{5}" of namespace "night"')
    says("one of the client sends nothing", plugin(*ask, "--dry-run=client", "--name", "fire"), 0,
         'Nothing was sent; it would be Exemption "fire" of namespace "night", until ', f"^  {LATEST}$")
    says("what the cluster would refuse, the client does not see", plugin(*ask, "--dry-run=client", "--name", "Fire"), 0)
    says("but the server does", plugin(*ask, "--dry-run=server", "--name", "Fire"), 2, 'metadata.name: Invalid value: "Fire"')
    says("too long is too long", plugin(*ask, "--dry-run=client", "--for", "25h"), 2, "1440 minutes")
    seen = shown(*ask, "--dry-run=client", "--for", "10m")
    same("the client shows what it would send", (seen["metadata"], seen["spec"]["images"], seen["spec"]["reason"]),
         ({"generateName": "break-glass-", "namespace": "night"}, [LATEST], "the pipeline is down"))
    seen = shown(*ask, "--dry-run=server", "--name", "fire")["metadata"]
    same("the server's answer is shown without managedFields", (seen["name"], "uid" in seen, "managedFields" in seen),
         ("fire", True, False))
    same("none of it is kept", must(kubectl("-n", "night", "get", "exemptions", "-o", "name")), "")

    text = must(plugin(*ask, "--dry-run=client", "--name", "fire", "--for", "10m", "-o", "yaml"))
    made = kubectl("create", "-f", "-", text=text)
    same("kubectl takes the YAML of a dry run", made.stdout, "exemption.pinnace.dev/fire created\n")
    says("a name that is taken", plugin(*ask, "--name", "fire"), 2, "already exists")
    must(kubectl("-n", "night", "delete", "exemption", "fire"))
    says("without a dry run, as YAML", plugin(*ask, "--dry-run=none", "--name", "fire", "-o", "yaml"), 0,
         "^kind: Exemption$", "^  name: fire$", "^  uid: ")
    must(kubectl("-n", "night", "delete", "exemption", "fire"))


def glass(world):
    world.namespace("night", enforce="pinned")
    check("before: refused", not world.create("Pod", "night", "before", LATEST, dry=True).ok)
    ask = ("break-glass", "-n", "night", "--images", LATEST, "--reason", "the pipeline is down")
    dry_runs(ask)
    world.until_judged("/enforce/pinned", "night", LATEST, False)  # what was made and taken away again is known to be gone
    says("too long is refused with the longest", plugin(*ask, "--for", "25h"), 2, "1440 minutes")
    says("the glass is broken", plugin(*ask, "--for", "10m"), 0, 'There is now Exemption "break-glass-',
         "kubectl delete exemption break-glass-")
    kept = json.loads(must(kubectl("-n", "night", "get", "exemptions", "-o", "json")))["items"][0]
    user = json.loads(must(kubectl("auth", "whoami", "-o", "json")))["status"]["userInfo"]["username"]
    same("in the name of whom the API server sees", kept["spec"]["by"], user)
    world.until_judged("/enforce/pinned", "night", LATEST, True)
    check("after: let in", world.create("Pod", "night", "after", LATEST, dry=True).ok)
    must(kubectl("-n", "night", "run", "held", f"--image={LATEST}"))
    rows = findings("audit", "-n", "night")
    same("audit shows it, and counts it as no finding", [(row["name"], row["exempt"]) for row in rows], [("held", True)])
    says("so the status is 0", plugin("audit", "-n", "night"), 0, "Exempt", "0 findings")
    says("doctor counts it", plugin("doctor"), 0, "^ok +exemptions +1 in force, 0 over")


# --- Completion -------------------------------------------------------------------------------------------------

def completed(*words, environment=None):
    """What kubectl offers for the last word: it asks kubectl_complete-pinnace on the PATH."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "kubectl_complete-pinnace")
        with open(program, "w", encoding="utf-8") as file:
            file.write(must(plugin("completion", "kubectl")))
        os.chmod(program, 0o755)
        done = subprocess.run(["kubectl", "__complete", "pinnace", *words], capture_output=True, text=True, check=False, timeout=PATIENCE,
                              env={**os.environ, "PATH": f"{folder}:{os.environ['PINNACE_BINARIES']}:{os.environ['PATH']}",
                                   **(environment or {})})
        return [line for line in done.stdout.splitlines() if not line.startswith(":")]


def completion(world):
    world.namespace("moor")
    until(lambda: "Terminating" not in must(kubectl("get", "namespaces")), "namespaces on their way out to be gone", pause=0.5)
    there = set(must(kubectl("get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}")).split())
    # Who completes a word does not wait long for a cluster: on a machine that is busy it may take a second try.
    same("namespaces are the cluster's", until_equal(lambda: set(completed("audit", "-n", "")), there), there)
    same("as far as the word is written", until_equal(lambda: completed("break-glass", "--namespace", "moo"), ["moor"]), ["moor"])
    same("with the option before it", until_equal(lambda: completed("doctor", "--namespace=moo"), ["moor"]), ["moor"])
    same("contexts are the kubeconfig's", completed("audit", "--context", ""),
         must(kubectl("config", "get-contexts", "-o", "name")).split())
    same("who may not list them is offered none", completed("audit", "--as", "nobody", "-n", ""), [])
    with tempfile.TemporaryDirectory() as folder:
        slow, asked = os.path.join(folder, "slow"), os.path.join(folder, "asked")
        view = json.loads(must(kubectl("config", "view", "--raw", "--flatten", "-o", "json")))
        view["users"] = [{"name": user["name"], "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "IfAvailable",
            "args": ["-c", f"touch {asked}; exec sleep 1000"]}}} for user in view["users"]]
        with open(slow, "w", encoding="utf-8") as file:
            json.dump(view, file)
        same("a plugin that waits for a person is not waited for", completed("audit", "--kubeconfig", slow, "-n", ""), [])
        check("though it was asked", until(lambda: os.path.exists(asked) or not completed(
            "audit", "--kubeconfig", slow, "-n", "") and os.path.exists(asked), "it to be asked"))
        # The API server does not know this token, so that the plugin is asked a second time.
        refused, ended = os.path.join(folder, "refused"), os.path.join(folder, "ended")
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "nobody"}}
        view["users"][0]["user"]["exec"]["args"] = ["-c", f"sleep 1.2; echo >> {ended}; printf '%s' '{json.dumps(credential)}'"]
        with open(refused, "w", encoding="utf-8") as file:
            json.dump(view, file)
        same("one who is refused is told nothing", completed("audit", "--kubeconfig", refused, "-n", ""), [])
        open(ended, "a", encoding="utf-8").close()
        with open(ended, encoding="utf-8") as file:
            check("and a second try has what is left of the time of the first", len(file.readlines()) < 2)


PARTS = (before_it_is_there, tracks.by_books, None, installation, what_runs, who_may_ask, same_verdict_as_the_webhook, static_pods, glass,
         completion)

world = World()
results.verbose = True
for part in PARTS:
    try:
        if part:
            part(world)
        else:
            world.install()
    except Exception as problem:  # pylint: disable=broad-except
        check(f"{part.__name__ if part else 'install'} could go on to its end: {problem!r}", False, traceback.format_exc() + world.story())
sys.exit(results.summary())
