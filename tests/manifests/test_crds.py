# SPDX-License-Identifier: Apache-2.0
"""The schemas against the decoder: each object is judged by both, and both are to say the same. Where they
cannot, the table says why."""
import json
import os
import subprocess
import tempfile

import render
from patience import PATIENCE
from results import check

GOOD, BAD = True, False

# (what, is it good?) of one pattern for images.
IMAGE_GLOBS = [
    ("contoso.azurecr.io", GOOD), ("contoso.azurecr.io/shop", GOOD), ("contoso.azurecr.io/shop/**", GOOD),
    ("*.azurecr.io", GOOD), ("*", GOOD), ("**", GOOD), ("**/shop", GOOD), ("localhost", GOOD), ("localhost/x", GOOD),
    ("localhost:5000/x:1.*", GOOD), ("host:5000", GOOD), ("host:*", GOOD), ("host:*/x", GOOD), ("a.b:5*0/x", GOOD),
    ("[::1]:5000/x", GOOD), ("[::1]", GOOD), ("[2001:db8::1]/x", GOOD), ("docker.io", GOOD), ("docker.io/**", GOOD),
    ("docker.io/**:1.*", GOOD), ("docker.io/library/nginx", GOOD), ("docker.io/library/nginx:1.27.?", GOOD),
    ("index.docker.io/nginx", GOOD), ("a.b/x:v1", GOOD), ("a.b/x/y:v1", GOOD), ("a.b//x", GOOD), ("a.b/x/", GOOD),
    ("a.b/:x/y", GOOD), ("a.b/:a:b", GOOD), ("a.b/a:b:c", GOOD), ("a.b/X", GOOD), ("a.b/x:V1", GOOD), ("a.b\\c", GOOD),
    ("a.b/(x|y)", GOOD), (".", GOOD), ("docker.io/a:b/c", GOOD), ("a.b:5000", GOOD), ("a.b/x?", GOOD), ("a*", GOOD),
    ("", BAD), ("nginx", BAD), ("nginx:1.27", BAD), ("nginx/x", BAD), ("library/nginx", BAD), ("host:port/x", BAD),
    ("host:5000a/x", BAD), ("host:", BAD), ("a.b:/x", BAD), ("a.b:x", BAD), ("A.b/x", BAD), ("a.B", BAD),
    ("[::A]/x", BAD), ("localHost", BAD), ("a.b/", BAD), ("a.b/:v1", BAD), ("a.b/x:", BAD), ("a.b/x/y:", BAD),
    ("docker.io/nginx", BAD), ("docker.io/nginx:1.27", BAD), ("docker.io/*", BAD), ("docker.io/**:a:b", BAD),
    ("docker.io/a:b", BAD), ("a.b/x@sha256:0", BAD), ("a.b/x y", BAD), ("a.b/x\t", BAD), ("a.b/\u00e4", BAD),
    ("a.b/x\n", BAD), ("/x", BAD), (":", BAD), ("@", BAD), ("a.b/\x7f", BAD), ("a.b@", BAD), ("ab:5000:x/y", BAD),
]
TIMES = [
    ("2026-11-21T12:00:00Z", GOOD), ("2026-11-21t12:00:00z", GOOD), ("2026-11-21T12:00:00.123456789Z", GOOD),
    ("2026-11-21T12:00:00+05:30", GOOD), ("2026-11-21T12:00:00-23:59", GOOD), ("2026-12-31T23:59:60Z", GOOD),
    ("2024-02-29T00:00:00Z", GOOD), ("2000-02-29T00:00:00Z", GOOD), ("0001-01-01T00:00:00Z", GOOD),
    ("9999-12-31T23:59:59Z", GOOD), ("2026-02-28T00:00:00Z", GOOD), ("0004-02-29T00:00:00Z", GOOD),
    ("2026-02-29T00:00:00Z", BAD), ("1900-02-29T00:00:00Z", BAD), ("2026-02-30T00:00:00Z", BAD),
    ("2026-04-31T00:00:00Z", BAD), ("2026-13-01T00:00:00Z", BAD), ("2026-00-01T00:00:00Z", BAD),
    ("2026-01-00T00:00:00Z", BAD), ("2026-01-32T00:00:00Z", BAD), ("0000-01-01T00:00:00Z", BAD),
    ("2026-11-21T24:00:00Z", BAD), ("2026-11-21T12:60:00Z", BAD), ("2026-11-21T12:00:61Z", BAD),
    ("2026-11-21T12:00:00", BAD), ("2026-11-21T12:00:00.Z", BAD), ("2026-11-21 12:00:00Z", BAD),
    ("2026-11-21T12:00:00+24:00", BAD), ("2026-11-21T12:00:00+0530", BAD), ("2026-11-21", BAD), ("tomorrow", BAD),
    ("", BAD), ("2026-11-21T12:00:00Z ", BAD), ("26-11-21T12:00:00Z", BAD), ("2026-11-21T12:00Z", BAD),
]
DURATIONS = [
    ("24h", GOOD), ("1h30m", GOOD), ("90s", GOOD), ("1h0m0s", GOOD), ("0h1s", GOOD), ("999999999h", GOOD),
    ("007m", GOOD), ("1h5s", GOOD),
    ("0s", BAD), ("0h0m", BAD), ("", BAD), ("24", BAD), ("h", BAD), ("1d", BAD), ("30m1h", BAD), ("1.5h", BAD),
    ("-1h", BAD), ("1h 30m", BAD), ("1000000000h", BAD), ("1H", BAD), ("1h1h", BAD), ("24h\n", BAD),
]


def pin_policy(name="default", **spec):
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "PinPolicy", "metadata": {"name": name}, "spec": spec}


def exemption(**changes):
    spec = {"images": ["a.b/x"], "reason": "r", "expires": "2999-01-01T00:00:00Z", "by": "tests", **changes}
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "e", "namespace": "default"},
            "spec": {key: value for key, value in spec.items() if value is not ...}}


def standing(**changes):
    entry = {"images": ["a.b/x"], "namespaces": ["a-*"], "reason": "r", **changes}
    return pin_policy(exemptions=[{key: value for key, value in entry.items() if value is not ...}])


def rows():
    """(what, object, whether it is good)"""
    for glob, good in IMAGE_GLOBS:
        yield f"registries {glob!r}", pin_policy(registries=[glob]), good
        yield f"free {glob!r}", pin_policy(free=["a.b", glob]), good
        yield f"standing images {glob!r}", standing(images=[glob]), good
        yield f"Exemption images {glob!r}", exemption(images=[glob]), good
    for time, good in TIMES:
        yield f"Exemption expires {time!r}", exemption(expires=time), good
        yield f"standing expires {time!r}", standing(expires=time), good
    for duration, good in DURATIONS:
        yield f"longestExemption {duration!r}", pin_policy(longestExemption=duration), good
    yield from odd_rows()


def odd_rows():
    yield "empty spec", pin_policy(), GOOD
    yield "another name", pin_policy(name="other"), BAD
    no_spec = pin_policy()
    del no_spec["spec"]
    yield "PinPolicy without spec", no_spec, GOOD
    no_spec = exemption()
    del no_spec["spec"]
    yield "Exemption without spec", no_spec, BAD
    for field in ("registries", "free", "exemptions"):
        yield f"{field} empty", pin_policy(**{field: []}), GOOD
        yield f"{field} a string", pin_policy(**{field: "a.b"}), BAD
        yield f"{field} of numbers", pin_policy(**{field: [7]}), BAD
    for field in ("immutable", "moving"):
        yield f"tags.{field}", pin_policy(tags={field: ["build-*", "*", "\u00e4(", "a b"]}), GOOD
        yield f"tags.{field} none", pin_policy(tags={field: []}), GOOD
        yield f"tags.{field} empty string", pin_policy(tags={field: [""]}), BAD
        yield f"tags.{field} not strings", pin_policy(tags={field: [True]}), BAD
    yield "null for a field", pin_policy(registries=None, tags=None, exemptions=None, longestExemption=None), GOOD
    yield "null in a list", pin_policy(registries=[None]), BAD
    yield "null for the images of an Exemption", exemption(images=None), BAD
    yield "null for a reason", standing(reason=None), BAD
    yield "tags empty", pin_policy(tags={}), GOOD
    yield "tags a list", pin_policy(tags=[]), BAD
    yield "semver", pin_policy(tags={"semver": False}), GOOD
    yield "semver a string", pin_policy(tags={"semver": "false"}), BAD
    yield "longestExemption a number", pin_policy(longestExemption=24), BAD
    yield "unknown field", pin_policy(registry=["a.b"]), BAD
    yield "unknown field of tags", pin_policy(tags={"semVer": True}), BAD
    yield "unknown field of a standing exemption", standing(image="a.b"), BAD
    yield "unknown field of an Exemption", exemption(until="x"), BAD
    yield "namespaces of an Exemption", exemption(namespaces=["a"]), BAD
    for build, kind in ((standing, "standing"), (exemption, "Exemption")):
        yield kind, build(), GOOD
        for field in ("images", "reason") + (("namespaces",) if build is standing else ("expires",)):
            yield f"{kind} without {field}", build(**{field: ...}), BAD
        for field in ("images",) + (("namespaces",) if build is standing else ()):
            yield f"{kind} with no {field}", build(**{field: []}), BAD
        yield f"{kind} with an empty reason", build(reason=""), BAD
        yield f"{kind} with a reason that is no string", build(reason=["r"]), BAD
    yield "standing with an empty namespace", standing(namespaces=[""]), BAD
    yield "standing without expires", standing(expires=...), GOOD
    yield "Exemption without by", exemption(by=...), GOOD
    yield "Exemption by a number", exemption(by=1), BAD


# (what, object, good for the API server, good for the decoder, why they differ)
DIFFERENCES = [
    ("257 registries", pin_policy(registries=["a.b"] * 257), BAD, GOOD, "the cost of rules is reckoned from the bounds"),
    ("a pattern of 513 bytes", pin_policy(free=["a.b/" + "x" * 509]), BAD, GOOD, "as above"),
    ("a reason of 1025 bytes", exemption(reason="r" * 1025), BAD, GOOD, "as above"),
    ("1970 for an Exemption", exemption(expires="1970-01-01T00:00:00Z"), GOOD, BAD,
     "the decoder's zero means that there is none; it ended long ago either way"),
    ("an unknown field beside spec", {**pin_policy(), "status": {}}, BAD, GOOD,
     "a cluster's own fields, such as status, may stand in a file"),
]


def decoder_takes(cli, item, folder):
    file = os.path.join(folder, "policy.json")
    with open(file, "w", encoding="utf-8") as text:
        json.dump(item, text)
    pinned = os.path.join(render.ROOT, "manifests/examples/web-pinned.yaml")
    done = subprocess.run([cli, "check", "--policy", file, "--level", "tagged", "-f", pinned], capture_output=True,
                          text=True, check=False)
    return done.returncode != 2, done.stderr.strip()


def server_takes(api, item):
    resource = "pinpolicies" if item["kind"] == "PinPolicy" else "namespaces/default/exemptions"
    answer = api.create(f"/apis/pinnace.dev/v1alpha1/{resource}", item, dry=True, strict=True)
    return answer.ok, str(answer)


def try_table(api, cli, folder):
    table = [(*row[:2], row[2], row[2]) for row in rows()] + [row[:4] for row in DIFFERENCES]
    for what, item, server, decoder in table:
        taken, said = server_takes(api, item)
        check(f"the API server {'takes' if server else 'refuses'}: {what}", taken == server, said)
        if not taken and item["kind"] == "PinPolicy" and server == decoder:
            check(f"it says where: {what}", "spec" in said or "metadata.name" in said or "default" in said, said)
        taken, said = decoder_takes(cli, item, folder)
        check(f"the decoder {'takes' if decoder else 'refuses'}: {what}", taken == decoder, said)


def try_largest(api):
    """The bounds are those that the schema promises: the largest object is taken, rules and all."""
    glob = "a.b/" + "x" * 508
    largest = pin_policy(registries=[glob] * 256, free=[glob] * 256, longestExemption="24h",
                         tags={"immutable": ["x" * 253] * 64, "moving": ["y" * 253] * 64},
                         exemptions=[{"images": [glob] * 32, "namespaces": ["n*"] * 64, "reason": "r" * 1024,
                                      "expires": "2999-01-01T00:00:00Z"}] * 64)
    taken, said = server_takes(api, largest)
    check("the largest PinPolicy is taken", taken, said[:2000])


def descriptions_missing(schema, path):
    if path not in ("", ".metadata", ".apiVersion", ".kind") and not schema.get("description"):
        yield path
    for name, field in schema.get("properties", {}).items():
        yield from descriptions_missing(field, f"{path}.{name}")
    if "items" in schema:
        yield from descriptions_missing(schema["items"], f"{path}[]")


def try_examples(api):
    for namespace in ("staging", "production", "pinnace-system"):
        api.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for name in ("pinpolicy", "tracks", "hooks-ingress"):
        example = subprocess.run(["kubectl", "create", "--dry-run=server", "--validate=strict", "-f",
                                  os.path.join(render.ROOT, f"manifests/examples/{name}.yaml")],
                                 capture_output=True, text=True, check=False)
        check(f"the example {name}.yaml is taken", example.returncode == 0, example.stderr)


def run(api, folder):
    for crd in render.render("crds"):
        api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        version = crd["spec"]["versions"][0]
        missing = list(descriptions_missing(version["schema"]["openAPIV3Schema"], ""))
        check(f"{crd['metadata']['name']}: every field is described", not missing, missing)
    plurals = ("pinpolicies", "exemptions", "tracks")
    subprocess.run(["kubectl", "wait", "--for=condition=Established", f"--timeout={PATIENCE}s",
                    *(f"crd/{plural}.pinnace.dev" for plural in plurals)], check=True, capture_output=True)
    for crd in plurals:
        body = api.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd}.pinnace.dev").body
        state = {condition["type"]: condition["status"] for condition in body["status"]["conditions"]}
        check(f"{crd}: the schema is structural", "NonStructuralSchema" not in state, state)
    try_table(api, os.environ["PINNACE_CLI"], folder)
    try_largest(api)
    try_examples(api)
