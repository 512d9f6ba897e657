# SPDX-License-Identifier: Apache-2.0
"""The schema of Tracks against their decoder: each is judged by both, and both are to say the same. Where they
cannot, the table says why."""
import json
import os
import subprocess

import render
from patience import PATIENCE
from results import check
from test_crds import BAD, DURATIONS, GOOD, TIMES, descriptions_missing

D1, D512 = "sha256:" + "1" * 64, "sha512:" + "a" * 128
IMAGES = [
    ("contoso.azurecr.io/shop/web", GOOD), ("nginx", GOOD), ("shop/web", GOOD), ("localhost:5000/web", GOOD),
    ("localhost/web", GOOD), ("a.b:5000/x/y_z/w__v/u-t", GOOD), ("[::1]:5000/x", GOOD), ("A.B/x", GOOD), ("Host/x", GOOD),
    ("", BAD), ("web:1.4.0", BAD), ("web@" + D1, BAD), ("web:1@" + D1, BAD), ("Web", BAD), ("a.b/Web", BAD), ("a b", BAD),
    ("a.b/x/", BAD), ("/x", BAD), ("a//b", BAD), ("-a.b/x", BAD), ("a.b/x.", BAD), ("a.b/_x", BAD), ("a.b/x..y", BAD),
    ("a.b/x___y", BAD), ("a" * 64, BAD), ("a.b:/x", BAD), ("a.b/x\n", BAD), ("a.b/\u00e4", BAD),
]
TAGS = [
    ("latest", GOOD), ("v1.4.0", GOOD), ("_x", GOOD), ("A-b_c.d", GOOD), ("x" * 128, GOOD), ("sha256x", GOOD), ("sig", GOOD),
    ("", BAD), ("a b", BAD), (".a", BAD), ("-a", BAD), ("a:b", BAD), ("x" * 129, BAD), ("sha256-" + "0" * 64, BAD),
    ("sha512-x", BAD), ("x.sig", BAD), ("x.att", BAD), ("x.sbom", BAD), ("latest\n", BAD),
]
RANGES = [
    (">=1.0.0", GOOD), ("*", GOOD), ("1.x", GOOD), ("^1", GOOD), ("~1.2", GOOD), (">=1.2, <2", GOOD), (">=1.2 <2 || ~3.1", GOOD),
    ("5.0 - 5.3", GOOD), ("=v1.0.0-rc.1+b", GOOD), ("!=1.2.3", GOOD), (">= 1.0", GOOD), ("1.2.3-0", GOOD), ("X", GOOD), ("=>1", GOOD), ("1.02.3", GOOD),
    ("", BAD), ("latest", BAD), (">=", BAD), ("1.2.3.4", BAD), ("a.b.c", BAD), (">1 and <2", BAD), ("1.2 ||", BAD), ("|| 1", BAD),
    ("^^1", BAD), ("1;2", BAD), ("\u2265 1", BAD),
]
PATTERNS = [("^v", GOOD), ("-alpine$", GOOD), ("[0-9]{4}", GOOD), (".*", GOOD), ("(?i)x", GOOD), ("(", BAD), ("[z-a]", BAD), ("*", BAD)]
NAMES = [
    ("web", GOOD), ("a", GOOD), ("web-1", GOOD), ("0", GOOD), ("", BAD), ("Web", BAD), ("-a", BAD), ("a-", BAD), ("a_b", BAD),
    ("a/b", BAD), ("a b", BAD), ("a\n", BAD),
]
DIGESTS = [
    (D1, GOOD), (D512, GOOD), ("", BAD), ("sha256:", BAD), ("sha256:" + "1" * 63, BAD), ("sha256:" + "A" * 64, BAD), ("v1.4.0", BAD),
    ("sha512:" + "1" * 64, BAD), ("md5:" + "1" * 32, BAD), (D1 + "\n", BAD), ("1" * 64, BAD),
]
TARGET = {"kind": "Deployment", "name": "web"}


def track(name="web", **changes):
    spec = {"image": "a.b/web", "follow": {"tag": "latest"}, "targets": [TARGET], **changes}
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": name, "namespace": "default"},
            "spec": {key: value for key, value in spec.items() if value is not ...}}


def target(**changes):
    return {key: value for key, value in {**TARGET, **changes}.items() if value is not ...}


def value_rows():
    for image, good in IMAGES:
        yield f"image {image!r}", track(image=image), good
    for tag, good in TAGS:
        yield f"follow.tag {tag!r}", track(follow={"tag": tag}), good
    for text, good in RANGES:
        yield f"follow.semver {text!r}", track(follow={"semver": text}), good
    for pattern, good in PATTERNS:
        yield f"follow.pattern {pattern!r}", track(follow={"semver": "*", "pattern": pattern}), good
    for name, good in NAMES:
        yield f"from.track {name!r}", track(**{"from": {"track": name, "namespace": "x"}}), good
        yield f"from.namespace {name!r}", track(**{"from": {"track": "x", "namespace": name}}), good
        yield f"name of a target {name!r}", track(targets=[target(name=name)]), good
        yield f"container of a target {name!r}", track(targets=[target(container=name)]), good
    for duration, good in DURATIONS:
        yield f"interval {duration!r}", track(interval=duration), good
        yield f"rollout.deadline {duration!r}", track(rollout={"deadline": duration}), good
        yield f"rollout.soak {duration!r}", track(rollout={"soak": duration}), good
        yield f"from.soak {duration!r}", track(**{"from": {"track": "x", "soak": duration}}), good
    for digest, good in DIGESTS:
        for word in ("hold", "approve", "promote"):
            yield f"{word}.digest {digest!r}", track(**{word: {"digest": digest}}), good
    for time, good in TIMES:
        good = good and time[:4] > "1970"
        yield f"hold.at {time!r}", track(hold={"digest": D1, "at": time}), good
        yield f"resume.at {time!r}", track(resume={"at": time}), good


def odd_rows():
    yield "the least", track(), GOOD
    for field in ("image", "follow", "targets"):
        yield f"without {field}", track(**{field: ...}), BAD
    yield "unknown field", track(tag="x"), BAD
    yield "both follow forms", track(follow={"tag": "a", "semver": "*"}), BAD
    yield "neither follow form", track(follow={}), BAD
    yield "only a pattern", track(follow={"pattern": "a"}), BAD
    yield "a tag off its pattern", track(follow={"tag": "a", "pattern": "^b"}), BAD
    yield "a tag on its pattern", track(follow={"tag": "ab", "pattern": "b"}), GOOD
    yield "unknown field of follow", track(follow={"tag": "a", "latest": True}), BAD
    yield "from without a track", track(**{"from": {}}), BAD
    yield "from itself", track(**{"from": {"track": "web"}}), BAD
    yield "from another of the namespace", track(**{"from": {"track": "other"}}), GOOD
    yield "from its like elsewhere", track(**{"from": {"track": "web", "namespace": "staging"}}), GOOD
    yield "unknown field of from", track(**{"from": {"track": "x", "after": "1h"}}), BAD
    yield "manual", track(approval="Manual"), GOOD
    yield "another approval", track(approval="manual"), BAD
    yield "on failure hold", track(rollout={"onFailure": "Hold"}), GOOD
    yield "on failure something", track(rollout={"onFailure": "hold"}), BAD
    yield "unknown field of rollout", track(rollout={"timeout": "1m"}), BAD
    for keep, good in ((1, GOOD), (50, GOOD), (0, BAD), (51, BAD), (1.5, BAD), ("9", BAD)):
        yield f"keep {keep!r}", track(keep=keep), good
    yield "suspend", track(suspend=True), GOOD
    yield "suspend a string", track(suspend="true"), BAD
    yield "protect", track(protect=True), GOOD
    yield "protect a string", track(protect="true"), BAD
    yield from target_rows()
    for word in ("hold", "approve", "promote"):
        yield f"{word} whole", track(**{word: {"digest": D1, "by": "ann", "reason": "r", "at": "2026-11-21T12:00:00Z"}}), GOOD
        yield f"{word} empty", track(**{word: {}}), BAD
        yield f"{word} with more", track(**{word: {"digest": D1, "until": "x"}}), BAD
        yield f"{word} by a number", track(**{word: {"digest": D1, "by": 7}}), BAD
    yield "resume with a digest", track(resume={"at": "2026-11-21T12:00:00Z", "digest": D1}), BAD
    yield "resume empty", track(resume={}), BAD


def target_rows():
    yield "no target", track(targets=[]), BAD
    yield "16 targets", track(targets=[target(name=f"w{i}") for i in range(16)]), GOOD
    yield "17 targets", track(targets=[target(name=f"w{i}") for i in range(17)]), BAD
    for kind, good in (("StatefulSet", GOOD), ("DaemonSet", GOOD), ("CronJob", GOOD), ("Pod", BAD), ("Job", BAD), ("deployment", BAD)):
        yield f"a {kind}", track(targets=[target(kind=kind)]), good
    for field in ("kind", "name"):
        yield f"a target without {field}", track(targets=[target(**{field: ...})]), BAD
    yield "unknown field of a target", track(targets=[target(namespace="x")]), BAD
    yield "one target twice", track(targets=[TARGET, TARGET]), BAD
    yield "one container twice", track(targets=[target(container="a"), target(container="a")]), BAD
    yield "a container and all", track(targets=[target(container="a"), target(name="x"), TARGET]), BAD
    yield "two containers", track(targets=[target(container="a"), target(container="b")]), GOOD
    yield "two kinds of one name", track(targets=[TARGET, target(kind="DaemonSet")]), GOOD


# (what, object, good for the API server, good for the decoder, why they differ)
DIFFERENCES = [
    ("from itself, with its namespace", track(**{"from": {"track": "web", "namespace": "default"}}), GOOD, BAD,
     "rules do not see the namespace of an object; the webhook refuses it"),
    ("a range beyond 64 bits", track(follow={"semver": "99999999999999999999"}), GOOD, BAD,
     "the whole grammar is beyond an expression"),
    ("a range with a line's end", track(follow={"semver": ">=1.0.0\n"}), BAD, GOOD, "nobody means it"),
    ("a pattern of RE2 that is refused by name", track(follow={"semver": "*", "pattern": "\\pL"}), GOOD, BAD,
     "tags are ASCII; regex.h says what is left out"),
    ("a path of 256 characters", track(image="a.b/" + "x" * 256), GOOD, BAD, "the rule counts the host as well"),
    ("a reason of 1024 wide characters", track(hold={"digest": D1, "reason": "\u00e4" * 1024}), GOOD, BAD,
     "one counts characters, the other bytes"),
]


def read_all(items):
    """What the decoders say of each."""
    tool = os.path.join(os.path.dirname(os.environ["PINNACE_CLI"]), "read_track")
    text = "".join(json.dumps(item) + "\n" for item in items)
    done = subprocess.run([tool], input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def try_table(api):
    table = [(*row, row[2]) for row in (*value_rows(), *odd_rows())] + [row[:4] for row in DIFFERENCES]
    decoded = read_all([item for _, item, _, _ in table])
    check("the decoder answers for each", len(decoded) == len(table), len(decoded))
    for (what, item, server, decoder), said in zip(table, decoded):
        check(f"the decoder {'takes' if decoder else 'refuses'}: {what}", (said == "ok") == decoder, said)
        answer = api.create("/apis/pinnace.dev/v1alpha1/namespaces/default/tracks", item, dry=True, strict=True)
        check(f"the API server {'takes' if server else 'refuses'}: {what}", answer.ok == server, str(answer))


def try_defaults(api):
    """What the decoder takes for granted is what the API server fills in."""
    made = api.create("/apis/pinnace.dev/v1alpha1/namespaces/default/tracks", track(**{"from": {"track": "x"}}), dry=True).body
    want = {"approval": "Automatic", "interval": "1m", "keep": 10, "suspend": False, "protect": False,
            "rollout": {"deadline": "10m", "soak": "1m", "onFailure": "Rollback"}, "from": {"track": "x", "soak": "10m"}}
    for field, value in want.items():
        check(f"the default of {field}", made["spec"].get(field) == value, made["spec"])


def try_status(api):
    """A status with all that is ever written is kept as it is; a table shows what it says."""
    path = "/apis/pinnace.dev/v1alpha1/namespaces/default/tracks"
    made = api.make(path, track())
    with open(os.path.join(os.path.dirname(__file__), "status.json"), encoding="utf-8") as file:
        made["status"] = json.load(file)
    kept = api.put(f"{path}/web/status", made)
    check("a whole status is taken", kept.ok, str(kept))
    check("a whole status is kept", kept.ok and kept.body["status"] == made["status"],
          kept.body.get("status") if kept.ok else "")
    check("the decoder reads it", read_all([kept.body]) == ["ok"], read_all([kept.body]))
    shown = subprocess.run(["kubectl", "get", "tracks"], capture_output=True, text=True, check=True).stdout.splitlines()
    check("the table has its columns", shown[0].split() == ["NAME", "IMAGE", "FOLLOWS", "TAG", "DIGEST", "PHASE", "AGE"], shown)
    check("the table says what runs", shown[1].split()[:6] == ["web", "a.b/web", "latest", "v2", "sha256:222222222222", "Soaking"],
          shown)
    other = api.put(f"{path}/web", {**kept.body, "spec": {**kept.body["spec"], "image": "a.b/other"}})
    check("the repository cannot be changed", not other.ok and "another one is another Track" in str(other), str(other))


def run(api, folder):
    crd = next(crd for crd in render.render("crds") if crd["metadata"]["name"] == "tracks.pinnace.dev")
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    api.make(definitions, crd)
    missing = list(descriptions_missing(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], ""))
    check("every field of a Track is described", not missing, missing)
    subprocess.run(["kubectl", "wait", "--for=condition=Established", f"--timeout={PATIENCE}s", "crd/tracks.pinnace.dev"], check=True,
                   capture_output=True)
    body = api.get(f"{definitions}/tracks.pinnace.dev").body
    state = {condition["type"]: condition["status"] for condition in body["status"]["conditions"]}
    check("the schema of Tracks is structural", "NonStructuralSchema" not in state, state)
    try_table(api)
    try_defaults(api)
    try_status(api)
