# SPDX-License-Identifier: Apache-2.0
"""Tracks by the plugin, on a real API server with statuses written by hand: nobody else moves there, so that each
answer is known to the letter."""
import copy
import json
import os
import threading
import time

import render
import yaml
from book import GONE, OTHER, REPOSITORY, Book, Own, ask_registry, bytes_of, now, row, user
from images import Registry
from lib import kubectl, must, same, until
from plugin import PATIENCE, Beside, plugin, says
from results import check

# --- Looking ----------------------------------------------------------------------------------------------------

def looking(world, staging, production):
    old, new = bytes_of(world.web), bytes_of(world.next)
    staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old))
    production.status_is(row(7, "v1.4.0", old, "RollingOut"), phase="Soaking", previousGood={"tag": "v1.3.0", "digest": OTHER},
                         candidate={"tag": "v1.5.0", "digest": new, "waits": "Proof", "waitsFor": "its proof",
                                    "since": now(60), "until": now(-400)})
    short = new.partition(":")[2][:12]
    says("status shows staging above production", plugin("status", "-n", "look-p"), 0,
         r"\ANAMESPACE +NAME +FOLLOWS +TAG +DIGEST +PHASE +SINCE +NEXT +MESSAGE\n"
         rf"look-s +web +>=1.0.0 +v1.5.0 +{short} +Current +5m\d*s? +<none> +<none>\n"
         r"look-p +web +>=1.0.0 +v1.4.0 +\w{12} +Soaking +5m\d*s? +v1.5.0 +NEXT waits: its proof \(in 6m\d+s\)\n\Z")
    says("who takes from it is shown too, wherever that is", plugin("status", "web", "-n", "look-s"), 0, r"\ANAMESPACE +NAME",
         "^look-s +web", "^look-p +web")
    for namespace, name in (("look-s", "bob"), ("look-p", "ann")):
        must(kubectl("-n", namespace, "create", "role", "see-tracks", "--verb=get,list,watch", "--resource=tracks.pinnace.dev"))
        must(kubectl("-n", namespace, "create", "rolebinding", "see-tracks", "--role=see-tracks", f"--user={name}"))
        until(lambda name=name, namespace=namespace: kubectl("-n", namespace, "auth", "can-i", "watch", "tracks.pinnace.dev",
                                                             user=name).stdout.strip() == "yes", f"the right of {name}")
    says("unless one may not look everywhere; of one namespace there is no column for it",
         plugin("status", "web", "-n", "look-s", "--as", "bob"), 0, "^NAME +FOLLOWS", "^web ",
         "^Whether Tracks of other namespaces take from these is not known: .*forbidden")
    says("wide", plugin("status", "-n", "look-p", "-o", "wide"), 0, "IMAGE +FROM +REVISION +BEFORE +TARGETS +MESSAGE$",
         rf"{REPOSITORY} +look-s/web +7 +v1.3.0 \(9{{12}}\) +Deployment/web +NEXT waits")
    says("everywhere", plugin("status", "-A"), 0, "^look-s +web", "^look-p +web")
    shown = json.loads(plugin("status", "web", "-n", "look-p", "-o", "json").stdout)["tracks"]
    same("as JSON", [(track["namespace"], track["phase"], track["current"]["digest"]) for track in shown],
         [("look-s", "Current", new), ("look-p", "Soaking", old)])
    same("what is waited for", shown[1]["candidate"]["waits"], "Proof")
    says("as YAML", plugin("status", "-n", "look-p", "-o", "yaml"), 0, "^tracks:$", "phase: Soaking$")
    says("a namespace without Tracks", plugin("status", "-n", "default"), 0, r"\AThere are no Tracks in namespace default.\n\Z")
    says("a Track that is not there", plugin("status", "api", "-n", "look-p"), 2, "api.*not found|not found.*api")
    says("who may not see the source sees the rest", plugin("status", "-n", "look-p", "--as", "ann"), 2, "forbidden", "^web +>=1.0.0 +v1.4.0")

    says("history", plugin("history", "track/web", "-n", "look-s"), 0, r"\AREVISION +TAG +DIGEST +STATE +STARTED +BY +WHY\n2 \* +v1.5.0 ",
         r"^1 +v1.4.0 +\w{12} +Healthy +20\d\d-\S+Z +<none> +followed v1.4.0$")
    says("history, wide", plugin("history", "web", "-n", "look-s", "-o", "wide"), 0, new, "TAG MEANS NOW")
    must(kubectl("-n", "look-s", "create", "configmap", "web-history", "--from-literal=rows=" + json.dumps(
        {**row(1, "v1.2.0", OTHER, "Failed"), "startedAt": now(90000)}) + "\nbroken\n"))
    says("what is not the controller's is not believed", plugin("history", "web", "-n", "look-s"), 2, "ConfigMap web-history.*not the controller's",
         r"^1 +v1.4.0 .*\nkubectl-pinnace: ")
    must(kubectl("-n", "look-s", "label", "configmap", "web-history", "app.kubernetes.io/managed-by=pinnace"))
    says("what the ledger has no more comes last", plugin("history", "web", "-n", "look-s"), 2, "1 lines of ConfigMap web-history are no rows",
         r"^1 +v1.4.0 .*\n1 +v1.2.0 +9{12} +Failed +20\d\d-\S+Z ")
    says("who may not read it sees the ledger", plugin("history", "web", "-n", "look-s", "--as", "bob"), 2, "ConfigMap web-history.*forbidden",
         r"^1 +v1.4.0 .*\nkubectl-pinnace: ")
    must(kubectl("-n", "look-s", "delete", "configmap", "web-history"))
    same("history as JSON", [line["digest"] for line in json.loads(plugin("history", "web", "-n", "look-s", "-o", "json").stdout)["rows"]],
         [new, old])
    says("names are completed", plugin("completion", "candidates", "--", "rollback", "-n", "look-p", "w"), 0, r"\Aweb\n:4\n\Z")
    says("with the namespace joined", plugin("completion", "candidates", "--", "status", "--namespace=look-s", ""), 0, r"\Aweb\n:4\n\Z")
    back = ("completion", "candidates", "--", "rollback", "-n", "look-s", "web")
    says("so is what can be gone back to", plugin(*back, "--to", ""), 0,
         rf"\Av1.4.0\trevision 1, v1.4.0 \(\w{{12}}\), Healthy\n1\trevision 1, .*\n{old}\trevision 1, .*\n:4\n\Z")
    says("as far as it is written", plugin(*back, "--to=v1."), 0, r"\Av1.4.0\t.*\n:4\n\Z")
    for written, offered in (("", "deployment/web\nweb\n"), ("we", "web\n"), ("dep", "deployment/web\n"), ("deployment/", "deployment/web\n"),
                             ("Deploy/w", "Deploy/web\n"), ("sts/", ""), ("none/", "")):
        same(f"what Tracks move is, to be explained: '{written}'", plugin("completion", "candidates", "--", "explain", "-n", "look-p", written).stdout,
             f"{offered}:4\n")
    same("but one", plugin("completion", "candidates", "--", "explain", "-n", "look-p", "web", "").stdout, ":4\n")
    same("namespaces to promote to", plugin("completion", "candidates", "--", "promote", "web", "-n", "look-s", "--to", "look-").stdout,
         "look-p\nlook-s\n:4\n")
    approve = ("completion", "candidates", "--", "approve", "-n")
    same("a Track to approve for", plugin(*approve, "look-p", "").stdout, "web\n:4\n")
    says("and what waits on it", plugin(*approve, "look-p", "web", ""), 0, rf"\Av1.5.0\tv1.5.0 \({short}\) waits\n{new}\tv1.5.0 \({short}\) waits\n:4\n\Z")
    says("by the digest as far as it is written", plugin(*approve, "look-p", "web", new[:12]), 0, rf"\A{new}\t.*\n:4\n\Z")
    same("nothing waits there", plugin(*approve, "look-s", "web", "").stdout, ":4\n")
    staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old), quarantined=[{"tag": "v1.4.0", "digest": old, "reason": "CrashLoopBackOff", "at": now()}])
    says("what failed may be tried again", plugin(*approve, "look-s", "web", ""), 0, rf"\A{old}\tv1.4.0 \(\w{{12}}\) failed\n:4\n\Z")
    says("of no Track there is nothing", plugin(*back[:-1], "--to", ""), 0, r"\A:4\n\Z")
    says("and only one", plugin("completion", "candidates", "--", "status", "-n", "look-p", "web", ""), 0, r"\A:4\n\Z")


def watching(world, staging):
    old, new = bytes_of(world.web), bytes_of(world.next)
    for verb, first in (("status", "^web .* Current"), ("history", r"^1 \*")):
        staging.status_is(row(1, "v1.4.0", old))
        with Beside(verb, "web", "-n", "look-s", "-w", "--as", "bob") as shown:
            seen = shown.out
            until(lambda seen=seen: len(seen) >= 2, f"the first lines of {verb} -w")
            staging.status_is(row(2, "v1.5.0", new, "RollingOut"), row(1, "v1.4.0", old), phase="Rolling")
            until(lambda seen=seen: any("v1.5.0" in line for line in seen), f"the change in {verb} -w")
            staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old))
            wanted = "Current" if verb == "status" else "Healthy"
            until(lambda seen=seen, wanted=wanted: wanted in seen[-1] and "v1.5.0" in seen[-1], f"the end in {verb} -w")
        same(f"{verb} -w: heads once, then a line for each change", ("NAME" in seen[0] or "REVISION" in seen[0], len(seen)), (True, 4))
        says(f"{verb} -w: the first line", _Said("".join(seen[:2])), 0, first)
        staging.status_is(row(1, "v1.4.0", old))
        with Beside(verb, "web", "-n", "look-s", "-w", "-o", "yaml") as shown:
            seen = shown.out
            until(lambda seen=seen: any(old in line for line in seen), f"the first document of {verb} -w -o yaml")
            staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old))
            until(lambda seen=seen: "---" in [line.strip() for line in seen] and any(new in line for line in seen),
                  f"the second document of {verb} -w -o yaml")


def watching_a_workload(world, staging, production):
    """Explained anew when the Track or the one it takes from comes to know something, and not otherwise."""
    old, new = bytes_of(world.web), bytes_of(world.next)
    production.spec_is(hold=None)
    staging.status_is(row(1, "v1.4.0", old))
    production.status_is(row(3, "v1.4.0", old))
    must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.4.0@{old}"))
    with Beside("explain", "web", "-n", "look-p", "-w") as shown:
        until(lambda: any("Drift" in line for line in shown.out), "the first explanation")
        production.status_is(row(3, "v1.4.0", old), phase="Waiting", candidate={
            "tag": "v1.5.0", "digest": new, "waits": "Proof", "waitsFor": "its proof", "since": now()})
        until(lambda: any(line.startswith("  Next      v1.5.0") for line in shown.out), "what comes next in explain -w")
        production.touch("nothing to tell")
        staging.status_is(row(1, "v1.4.0", old), proofs=[{"tag": "v1.4.0", "digest": old, "seenAt": now(900), "seconds": 700}])
        until(lambda: any("on look-s/web for 11m40s" in line for line in shown.out), "the proof of the source in explain -w")
        must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.5.0@{new}"))
        production.touch("other")
        until(lambda: any("Drift     the Track means v1.4.0" in line for line in shown.out), "another hand in explain -w")
        same("explain -w: once for each change, a blank line between",
             ("".join(shown.out).count("Deployment/web of namespace"), "".join(shown.out).count("\n\nDeployment/web")), (4, 3))
        must(kubectl("-n", "look-p", "delete", "deployment", "web"))
        staging.status_is(row(1, "v1.4.0", old))
        production.status_is(row(3, "v1.4.0", old))
        says("explain -w ends with the workload", shown.finish(), 2, "not found")
    must(kubectl("-n", "look-p", "create", "deployment", "web", f"--image={REPOSITORY}:v1.5.0@{new}", "--replicas=0"))


class _Said:
    returncode, stderr = 0, ""

    def __init__(self, stdout):
        self.stdout = stdout


# --- Rolling back -----------------------------------------------------------------------------------------------

def rolling_back(world, production):
    old, new, trust = bytes_of(world.web), bytes_of(world.next), ask_registry(world)
    ledger = (row(4, "v1.5.0", new), row(3, "v1.4.0", old), row(2, "v1.2.0", GONE), row(1, "v1.1.0", OTHER, "Failed"))
    back = ("rollback", "web", "-n", "look-p", *trust)

    def fresh(*rows, **status):
        production.spec_is(hold=None)
        production.status_is(*(rows or ledger), **status)

    fresh()
    says("a dry run keeps nothing", plugin(*back, "--dry-run", "server"), 0, r"held at v1.4.0 \(\w{12}\) \(nothing is kept\)")
    says("nor does one that sends nothing", plugin(*back, "--dry-run=client"), 0, r"held at v1.4.0 \(\w{12}\) \(nothing was sent\)")
    same("but shows it", json.loads(plugin(*back, "--dry-run=client", "-o", "json").stdout)["spec"]["hold"]["digest"], old)
    same("indeed", "hold" in production.spec, False)
    says("back to what ran before", plugin(*back, "--reason", 'it is "slow"'), 0,
         r"\Atrack.pinnace.dev/web of namespace look-p held at v1.4.0 \(\w{12}\)\nIt stays there until 'kubectl pinnace resume web -n look-p'")
    hold = production.spec["hold"]
    same("the word: bytes, why and by whom", (hold["digest"], hold["reason"], hold["by"]), (old, 'it is "slow"', user()))
    check("and when", abs(time.time() - time.mktime(time.strptime(hold["at"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 60, hold)
    says("twice is told", plugin(*back), 2, "is held at .* already, by", "kubectl pinnace resume web -n look-p")
    says("status says who holds it, before the controller does", plugin("status", "web", "-n", "look-p"), 0,
         r'not yet seen by the controller; held by \S+: it is "slow"')
    done = plugin(*back, "--to", "4", "-o", "json")
    same("to a revision, and as JSON it is the Track", json.loads(done.stdout)["spec"]["hold"]["digest"], new)
    same("another word leaves nothing of the one before", production.spec["hold"].get("reason"), None)
    for what, digest in (("v1.4.0", old), (old, old), (new.partition(":")[2][:9], new)):
        says(f"--to {what[:20]}", plugin(*back, "--to", what), 0, "held at")
        same("means these bytes", production.spec["hold"]["digest"], digest)

    fresh()
    says("a gone image is refused, and the nearest named", plugin(*back, "--to", "2"), 1, "nothing was changed",
         "nearest that is there is revision 3, v1.4.0", f"kubectl pinnace rollback web -n look-p --to {old}")
    fresh(row(2, "v1.2.0", GONE), row(1, "v1.1.0", OTHER))
    says("none is left", plugin(*back), 1, "nothing was changed", "None of the others")
    same("nothing was said", "hold" in production.spec, False)
    fresh(row(9, "v1.5.0", new))
    says("nothing else ran", plugin(*back), 2, "name what to run with --to TAG or --to DIGEST")
    says("bytes that are only in the registry", plugin(*back, "--to", old), 0, "held at", "not on the ledger, but in the registry")
    fresh(row(9, "v1.5.0", new))
    says("a tag that is only in the registry", plugin(*back, "--to", "1.4.0"), 0, r"held at 1.4.0 \(")
    same("means what it means there", production.spec["hold"]["digest"], old)
    fresh(row(9, "v1.5.0", new))
    says("a tag that nobody knows", plugin(*back, "--to", "7.7.7"), 1, "nothing was changed")
    fresh(*ledger, quarantined=[{"tag": "v1.4.0", "digest": old, "reason": "CrashLoopBackOff", "at": now()}])
    says("what failed is gone back to by name, with a warning", plugin(*back, "--to", "3"), 0, "Mind that it failed before: CrashLoopBackOff")

    # Without the authority nobody can be asked: as when the registry is down.
    fresh()
    says("a registry that cannot be asked stops nobody", plugin("rollback", "web", "-n", "look-p"), 0, "held at v1.4.0",
         "registry could not be asked .*it is on the ledger")
    fresh()
    says("but what is not on the ledger", plugin("rollback", "web", "-n", "look-p", "--to", "sha256:" + "5" * 64), 2,
         "not on the ledger of Track web, and the registry could not be asked, so nothing was changed")
    same("was left alone", "hold" in production.spec, False)
    says("who may not, may not", plugin(*back, "--as", "ann"), 2, "forbidden")


def in_a_race(world, production):
    """The controller writes the status all the time: the word is said all the same."""
    old, new = bytes_of(world.web), bytes_of(world.next)
    production.spec_is(hold=None)
    over, beside = threading.Event(), copy.copy(production)
    beside.world = Own(world)

    def write():
        while not over.is_set():
            beside.status_is(row(4, "v1.5.0", new), row(3, "v1.4.0", old))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            done = plugin("rollback", "web", "-n", "look-p", "--to", "v1.4.0", *ask_registry(world))
            if not says("said between two writes of the status", done, 0, "held at v1.4.0"):
                break
    finally:
        over.set()
        writer.join()
    same("and it stands", production.spec["hold"]["digest"], old)


def by_hand(world, production):
    old, new, trust = bytes_of(world.web), bytes_of(world.next), ask_registry(world)
    production.spec_is(hold=None, targets=[{"kind": "Deployment", "name": "web"}, {"kind": "CronJob", "name": "tidy", "container": "tidy"}])
    production.status_is(row(4, "v1.5.0", new), row(3, "v1.4.0", old))
    must(kubectl("-n", "look-p", "create", "deployment", "web", f"--image={REPOSITORY}:v1.5.0@{new}", "--replicas=0"))
    must(kubectl("-n", "look-p", "create", "cronjob", "tidy", f"--image={REPOSITORY}:v1.5.0@{new}", "--schedule=0 0 1 1 *"))
    says("--now changes the workloads too", plugin("rollback", "web", "-n", "look-p", "--now", "--reason", "slow", *trust), 0,
         "held at v1.4.0", r"^Deployment/web was changed by hand\.$", r"^CronJob/tidy was changed by hand\.$")
    deployment = json.loads(must(kubectl("-n", "look-p", "get", "deployment", "web", "-o", "json", "--show-managed-fields")))
    same("to the bytes under their tag", deployment["spec"]["template"]["spec"]["containers"][0]["image"], f"{REPOSITORY}:v1.4.0@{old}")
    same("so that its history says why", deployment["metadata"]["annotations"]["kubernetes.io/change-cause"],
         f"{REPOSITORY}:v1.4.0@{old}: rolled back by {user()}: slow")
    owners = [entry["manager"] for entry in deployment["metadata"]["managedFields"]
              if '"f:image"' in json.dumps(entry["fieldsV1"]) and entry["operation"] == "Update"]
    same("as the controller would", owners, ["pinnace"])
    tidy = json.loads(must(kubectl("-n", "look-p", "get", "cronjob", "tidy", "-o", "json")))
    same("each target", tidy["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"], f"{REPOSITORY}:v1.4.0@{old}")
    says("again it says so", plugin("rollback", "web", "-n", "look-p", "--now", *trust), 0, "Deployment/web has it already")
    must(kubectl("-n", "look-p", "delete", "cronjob", "tidy"))
    production.spec_is(hold=None)
    must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.5.0@{new}"))
    says("a target that is gone keeps the others from nothing", plugin("rollback", "web", "-n", "look-p", "--now", *trust), 2,
         "Deployment/web was changed by hand", "tidy.*not found|not found.*tidy")
    production.spec_is(targets=[{"kind": "Deployment", "name": "web"}])


# --- Other words ------------------------------------------------------------------------------------------------

def words(world, staging, production):
    old, new = bytes_of(world.web), bytes_of(world.next)
    production.spec_is(hold=None)
    production.status_is(row(3, "v1.4.0", old))
    staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old))
    promote = ("promote", "web", "-n", "look-s", "--to", "look-p")
    says("promote what runs there", plugin(*promote, "--reason", "fix"), 0, r"web of namespace look-p promoted: v1.5.0 \(")
    word = production.spec["promote"]
    same("the word", (word["digest"], word["reason"], word["by"]), (new, "fix", user()))
    says("to a Track by another name", plugin(*promote[:-1], "look-p/api"), 2, "api.*not found|not found.*api")
    another_index(world, staging, production, promote)
    production.status_is(row(3, "v1.4.0", old))
    staging.status_is(row(2, "v1.4.0", old))
    says("what runs already", plugin(*promote), 0, "runs it already: nothing was changed")
    staging.status_is(row(2, "v1.5.0", new, "RollingOut"), phase="Rolling")
    says("what is not proved yet", plugin(*promote), 0, "Mind that it is not proved")
    staging.status_is(row(2, "v1.5.0", new, "Failed", why="CrashLoopBackOff"), phase="Failed")
    says("what failed there", plugin(*promote), 2, "failed there: CrashLoopBackOff")
    staging.status_is(row(2, "v1.5.0", new))
    production.status_is(row(3, "v1.4.0", old), quarantined=[{"digest": new, "reason": "CrashLoopBackOff", "at": now()}])
    says("what failed here", plugin(*promote), 2, f"kubectl pinnace approve web {new} -n look-p")
    says("which lets it in again", plugin("approve", "web", new, "-n", "look-p"), 0, "approved: ", "It was shut out, and no longer is: CrashLoopBackOff")
    same("by its digest", production.spec["approve"]["digest"], new)

    production.status_is(row(3, "v1.4.0", old))
    says("nothing waits", plugin("approve", "web", "-n", "look-p"), 2, "nothing waits on Track web")
    production.status_is(row(3, "v1.4.0", old), phase="Waiting", candidate={
        "tag": "v1.6.0", "digest": OTHER, "waits": "Approval", "waitsFor": "waits for a person's word", "since": now()})
    says("the candidate is approved", plugin("approve", "web", "-n", "look-p"), 0, r"approved: v1.6.0 \(9{12}\)")
    same("as it was seen", production.spec["approve"]["digest"], OTHER)
    says("by its tag", plugin("approve", "web", "v1.6.0", "-n", "look-p"), 0, r"approved: v1.6.0 \(9{12}\)")
    says("a tag that does not wait", plugin("approve", "web", "v1.7.0", "-n", "look-p"), 2, "is not on the ledger")

    says("suspend", plugin("suspend", "web", "-n", "look-p"), 0, "suspended")
    says("twice", plugin("suspend", "web", "-n", "look-p"), 0, "is suspended already")
    says("promote is a person's word, and passes that", plugin(*promote), 0, "promoted")
    says("resume", plugin("resume", "web", "-n", "look-p"), 0, "resumed")
    same("takes it away", production.spec.get("suspend", False), False)
    says("and nothing is left to resume", plugin("resume", "web", "-n", "look-p"), 0, "neither held nor suspended, nor has it stopped")
    production.spec_is(hold={"digest": old, "by": "ann", "reason": "slow", "at": now()})
    says("promote to what is held", plugin(*promote), 2, "is held: 'kubectl pinnace resume' first")
    says("resume says what it ends", plugin("resume", "web", "-n", "look-p", "--reason", "over"), 0, r"It was held at \w{12} by ann: slow\.")
    same("the hold is gone, and who said so stands there", ("hold" in production.spec, production.spec["resume"]["by"]), (False, user()))
    production.status_is(row(3, "v1.4.0", old), stopped="the way back failed")
    says("resume what has stopped", plugin("resume", "web", "-n", "look-p"), 0, "It had stopped: the way back failed")


def another_index(world, staging, production, promote):
    """The version is an index that was made anew: of the same images, and of others."""
    registry = Registry("https://registry.test:5000", ask_registry(world)[1])
    proved = registry.push_index("shop/web", "main", serial="proved")
    index = json.load(registry.ask("GET", f"/v2/shop/web/manifests/{proved}"))
    staging.status_is(row(2, "main", proved))
    for what, digest, told in (
            ("made anew", registry.put_manifest("shop/web", {**index, "annotations": {"version": "1.6.0"}}, "v1.6.0"), True),
            ("of other images", registry.push_index("shop/web", "v1.6.0", serial="other"), False)):
        production.status_is(row(3, "v1.4.0", bytes_of(world.web)), phase="Waiting", candidate={
            "tag": "v1.6.0", "digest": digest, "waits": "Proof", "waitsFor": "the source", "since": now()})
        done = plugin(*promote, *ask_registry(world))
        says(f"promote beside an index {what}", done, 0, r"promoted: main \(")
        same(f"an index {what}: it is told that the images are the same", "another index of the very same images" in done.stdout, told)
        same(f"an index {what}: what was proved goes", production.spec["promote"]["digest"], proved)
    says("who cannot ask the registry promotes all the same", plugin(*promote), 0, "promoted")


def waiting(world, production):
    old, new = bytes_of(world.web), bytes_of(world.next)
    for name, state, status, told in (("is told how it goes", "Healthy", 0, "Rolling"), ("is told of a failure", "Failed", 1, "Failed: followed v1.4.0")):
        production.spec_is(hold=None)
        production.status_is(row(4, "v1.5.0", new), row(3, "v1.4.0", old))
        with Beside("rollback", "web", "-n", "look-p", "--wait", "--timeout", "150s", *ask_registry(world)) as waits:
            until(lambda: "hold" in production.spec, "the word")
            production.status_is(row(5, "v1.4.0", old, "RollingOut"), row(4, "v1.5.0", new), phase="Rolling")
            # A watch may join changes that come too fast.
            until(lambda waits=waits: any("Rolling" in line for line in waits.err), "the rollout to be told")
            production.status_is(row(5, "v1.4.0", old, state), row(4, "v1.5.0", new), phase="Held")
            says(f"who waits {name}", waits.finish(), status, "held at v1.4.0", f"^look-p/web {told}")
    production.spec_is(hold=None)
    production.status_is(row(4, "v1.5.0", new), row(3, "v1.4.0", old))
    says("who waits in vain is told where to look", plugin("rollback", "web", "-n", "look-p", "--wait", "--timeout", "5s", *ask_registry(world)), 2,
         "^look-p/web waits for the controller$", "not done after 5 s", "kubectl pinnace status web -n look-p")


def waiting_for_other_words(world, staging, production):
    """Each tells how it goes until it is done, or failed, or for so long."""
    old, new = bytes_of(world.web), bytes_of(world.next)
    staging.status_is(row(2, "v1.5.0", new))
    before, rolls = (row(3, "v1.4.0", old),), (row(4, "v1.5.0", new, "RollingOut"), row(3, "v1.4.0", old))
    waits = {"tag": "v1.5.0", "digest": new, "waits": "Approval", "waitsFor": "waits for a person's word", "since": now()}
    here = ("web", "-n", "look-p")
    held, words = {"digest": old, "by": "ann", "at": now()}, {"hold": None, "promote": None, "approve": None, "resume": None, "suspend": None}
    for arguments, spec, said, phase in ((("promote", "web", "-n", "look-s", "--to", "look-p"), {}, "promote", "Current"),
                                         (("approve", *here), {}, "approve", "Current"), (("resume", *here), {"hold": held}, "resume", "Current")):
        verb = arguments[0]
        for state, end, status, told in (("Healthy", phase, 0, phase), ("Failed", "Failed", 1, "Failed")):
            production.spec_is(**{**words, **spec})
            production.status_is(*before, phase="Waiting", candidate=waits)
            with Beside(*arguments, "--wait", "--timeout", "150s") as beside:
                until(lambda said=said: said in production.spec, f"the word of {verb}")
                production.status_is(*rolls, phase="Rolling")
                until(lambda beside=beside: any("look-p/web Rolling" in line for line in beside.err), f"the rollout to be told by {verb}")
                check(f"{verb} --wait waits while it rolls", beside.process.poll() is None, beside.err)
                production.status_is(row(4, "v1.5.0", new, state), *before, phase=end)
                says(f"{verb} --wait: {state}", beside.finish(), status, f"^look-p/web {told}")
        production.spec_is(**{**words, **spec})
        production.status_is(*before, phase="Waiting", candidate=waits)
        says(f"{verb} --timeout", plugin(*arguments, "--wait", "--timeout", "3s"), 2, "^look-p/web waits for the controller$", "not done after 3 s")
    production.spec_is(**words)
    production.status_is(*before)
    with Beside("suspend", *here, "--wait", "--timeout", "150s") as beside:
        until(lambda: production.spec.get("suspend"), "the word of suspend")
        production.status_is(*before, phase="Suspended")
        says("suspend --wait", beside.finish(), 0, "^look-p/web Suspended")
    production.spec_is(**words)


def explaining(world, staging, production):
    old, new = bytes_of(world.web), bytes_of(world.next)
    production.spec_is(hold=None)
    production.status_is(row(3, "v1.4.0", old), proofs=[{"tag": "v1.4.0", "digest": old, "seenAt": now(900), "seconds": 600}])
    staging.status_is(row(2, "v1.5.0", new), proofs=[{"tag": "v1.4.0", "digest": old, "seenAt": now(900), "seconds": 700}])
    must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.4.0@{old}"))
    says("why it runs what it runs", plugin("explain", "web", "-n", "look-p"), 0, r"\ADeployment/web of namespace look-p\n",
         "^  Track +web, which follows >=1.0.0$", "^  Released +as revision 3, Healthy since", "^  Because +followed v1.4.0$",
         r"^  Proof +ran soundly here for 10m, on look-s/web for 11m40s \(10m are asked for\)$", "^  Drift +none")
    must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.5.0@{new}"))
    says("another hand", plugin("explain", "deploy/web", "-n", "look-p"), 0, "^  Released +never", "^  Drift +the Track means v1.4.0",
         f"kubectl pinnace rollback web -n look-p --to {new}", "kubectl pinnace resume web -n look-p")
    same("as JSON", [item["drifts"] for item in json.loads(plugin("explain", "web", "-n", "look-p", "-o", "json").stdout)["containers"]], [True])
    says("no such workload", plugin("explain", "sts/none", "-n", "look-p"), 2, "none.*not found|not found.*none")


def examining(world, staging, production):
    old, new, trust = bytes_of(world.web), bytes_of(world.next), ask_registry(world)
    for book in (staging, production):
        book.spec_is(hold=None)
        book.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old), previousGood={"tag": "v1.4.0", "digest": old})
    says("doctor: sound Tracks", plugin("doctor", *trust), 1, "^ok +kinds +tracks.pinnace.dev is served$", "^ok +tracks +2, and nothing is wrong",
         "^ok +registry +registry.test:5000 answers, asked without credentials$", "^ok +rollback .* for 2 of 2 Tracks$")
    says("doctor: a registry that cannot be asked", plugin("doctor"), 2, "^unknown +registry +registry.test:5000, asked without credentials: ")
    production.status_is(row(2, "v1.5.0", new), row(1, "v1.3.0", GONE), previousGood={"tag": "v1.3.0", "digest": GONE}, conditions=[
        {"type": "Drifted", "status": "True", "reason": "AnotherHand", "message": "another hand was here", "lastTransitionTime": now()}])
    says("doctor: another hand, and nothing to go back to", plugin("doctor", *trust), 1, "^warning +tracks +look-p/web another hand was here$",
         r"^problem +rollback +look-p/web cannot go back to what is gone from the registry: v1.3.0 \(0{12}\)$")


def printing(world, staging, production):
    """Every verb about Tracks has all the ways to print, with one meaning each; nothing is kept."""
    old, new = bytes_of(world.web), bytes_of(world.next)
    image = f"{REPOSITORY}:v1.5.0@{new}"
    staging.status_is(row(2, "v1.5.0", new), row(1, "v1.4.0", old))
    production.spec_is(hold=None, suspend=None)
    production.status_is(row(3, "v1.4.0", old), row(2, "v1.5.0", new), phase="Waiting", stopped="the way back failed", candidate={
        "tag": "v1.5.0", "digest": new, "waits": "Approval", "waitsFor": "waits for a person's word", "since": now()})
    must(kubectl("-n", "look-p", "set", "image", "deployment/web", f"*={REPOSITORY}:v1.4.0@{old}"))
    here, dry, whose = ("-n", "look-p"), ("--dry-run=client",), f" by {user()} "
    for arguments, wide in (
            (("status", "web", *here), REPOSITORY), (("history", "web", *here), old), (("doctor", *ask_registry(world)), "^problem +tracks +look-p/web the way"),
            (("explain", "web", *here), f"^  Next +v1.5.0@{new}$"),
            (("promote", "web", "-n", "look-s", "--to", "look-p", *dry), f" promoted: {image}{whose}"),
            (("approve", "web", *here, *dry), f" approved: {image}{whose}"),
            (("rollback", "web", *here, "--to", new, *ask_registry(world), *dry), f" held at {image}{whose}"),
            (("resume", "web", *here, *dry), f" resumed{whose}"), (("suspend", "web", *here, *dry), f" suspended{whose}")):
        verb, (text, wider, as_json, as_yaml) = arguments[0], (plugin(*arguments, "-o", form) for form in ("text", "wide", "json", "yaml"))
        status = text.returncode
        check(f"{verb} -o text", status in (0, 1) and text.stdout, text)
        says(f"{verb} -o wide has more, or as much", wider, status, wide)
        check(f"{verb} -o wide is none of the others", len(wider.stdout) >= len(text.stdout) > 0, wider.stdout)
        written, read = json.loads(as_json.stdout), yaml.safe_load(as_yaml.stdout)
        same(f"{verb} -o yaml is -o json", (timeless(read), as_yaml.returncode), (timeless(written), as_json.returncode))
        check(f"{verb} -o json is an object", isinstance(written, dict) and written and as_json.returncode == status, as_json)
        says(f"{verb} has no other", plugin(*arguments, "-o", "xml"), 2, 'output "xml" is none of text, wide, json, yaml')
    production.status_is(row(3, "v1.5.0", new))
    for arguments, told in ((("promote", "web", "-n", "look-s", "--to", "look-p"), "nothing was changed"),
                            (("resume", "web", *here), "neither held nor suspended")):
        done = plugin(*arguments, "-o", "json")
        says(f"{arguments[0]}: what need not be said is told beside the Track", _Said(done.stderr), 0, told)
        same(f"{arguments[0]}: which is there for programs all the same", json.loads(done.stdout)["metadata"]["name"], "web")


def timeless(value):
    """What is asked twice has other times; how long something lasts grows."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key != "at" and not key.lower().endswith("seconds")}
    return [timeless(each) for each in value] if isinstance(value, list) else value


def by_books(world):
    """All of it, in two namespaces of its own, which are gone at the end; the kinds stay."""
    must(kubectl("apply", "-k", os.path.join(render.ROOT, "manifests/crds")))
    must(kubectl("wait", "--for=condition=Established", f"--timeout={PATIENCE}s", "crd/tracks.pinnace.dev"))
    for namespace in ("look-s", "look-p"):
        world.namespace(namespace)
    staging = Book(world, "look-s")
    production = Book(world, "look-p", **{"from": {"namespace": "look-s", "track": "web", "soak": "10m"}})
    try:
        looking(world, staging, production)
        watching(world, staging)
        rolling_back(world, production)
        in_a_race(world, production)
        by_hand(world, production)
        words(world, staging, production)
        waiting(world, production)
        waiting_for_other_words(world, staging, production)
        explaining(world, staging, production)
        watching_a_workload(world, staging, production)
        printing(world, staging, production)
        examining(world, staging, production)
    finally:
        for namespace in ("look-s", "look-p"):
            world.api.delete(f"/api/v1/namespaces/{namespace}")
