# SPDX-License-Identifier: Apache-2.0
"""What Helm makes of the chart is what kustomize makes of the manifests: the same objects, line by line."""
import importlib.machinery
import importlib.util
import itertools
import os
import random
import tempfile

from chart import ROOT, documents, run as command, template
from results import check

# The overlays there are, and the values that mean the same.
OVERLAYS = {
    "manifests/overlays/default": {},
    "manifests/overlays/aks": {"platform": "aks", "identity": "00000000-0000-0000-0000-000000000000"},
    "manifests/overlays/eks": {"platform": "eks"},
    "manifests/overlays/gke": {"platform": "gke"},
    "manifests/overlays/kind": {"platform": "kind"},
    "tests/manifests/overlays/available": {"profile": "available"},
    "tests/manifests/overlays/available-aks": {"profile": "available", "platform": "aks"},
    "tests/manifests/overlays/available-default-level-aks": {"profile": "available", "defaultLevel": "pinned", "platform": "aks"},
    "tests/manifests/overlays/available-hooks": {"profile": "available", "hooks": True},
    "tests/manifests/overlays/available-identity-eks": {
        "profile": "available", "platform": "eks", "identity": "arn:aws:iam::000000000000:role/pinnace"},
    "tests/manifests/overlays/available-identity-gke": {
        "profile": "available", "platform": "gke", "identity": "pinnace@example.iam.gserviceaccount.com"},
    "tests/manifests/overlays/strict-konnectivity-aks": {"platform": "aks", "konnectivityOnly": True},
    "tests/manifests/overlays/strict-account-identity": {"accountIdentity": True},
    "tests/manifests/overlays/strict-cert-manager-aks": {"certificates": "cert-manager", "platform": "aks"},
    "tests/manifests/overlays/strict-default-level": {"defaultLevel": "pinned"},
    "tests/manifests/overlays/strict-default-level-aks": {"defaultLevel": "pinned", "platform": "aks"},
    "tests/manifests/overlays/strict-pull-secrets": {"pullSecrets": True},
}
IDENTITIES = {"aks": "00000000-0000-0000-0000-000000000000", "eks": "arn:aws:iam::000000000000:role/pinnace",
              "gke": "pinnace@example.iam.gserviceaccount.com"}


def load_generator():
    path = os.path.join(ROOT, "scripts/chart")
    loader = importlib.machinery.SourceFileLoader("generator", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("generator", loader))
    loader.exec_module(module)
    return module


def compare(text, yaml, values):
    want, got = documents(yaml), documents(template(values))
    # Helm quotes what people give it.
    for identity in IDENTITIES.values():
        want = {key: each.replace(f": {identity}\n", f': "{identity}"\n') for key, each in want.items()}
    check(f"{text}: the same objects", want.keys() == got.keys(), want.keys() ^ got.keys())
    differing = [key for key in want.keys() & got.keys() if want[key] != got[key]]
    check(f"{text}: they are the same", not differing and len(want) > 20, differing)


def kustomize(folder):
    done = command("kubectl", "kustomize", folder)
    if done.returncode:
        raise RuntimeError(f"kubectl kustomize {folder}: {done.stderr}")
    return done.stdout


def compose(components, patch=""):
    with tempfile.TemporaryDirectory() as folder:
        there = os.path.relpath(os.path.join(ROOT, "manifests"), os.path.realpath(folder))
        lines = [f"resources: [{there}/base]", "components:", *(f"- {there}/components/{each}" for each in components)]
        with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n" + patch)
        return kustomize(folder)


def others(generator):
    """Settings that no overlay is: some of all there could be, the same in each run."""
    every = [dict(zip(generator.CHOICES, values)) for values in itertools.product(*generator.CHOICES.values())]
    every = [each for each in every if (not each["identity"] or each["platform"] in IDENTITIES) and
             (not each["konnectivityOnly"] or each["platform"] == "aks")]
    return random.Random(1).sample(every, 40)


LEVEL = """patches:
- patch: |-
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: pinnace}
    webhooks:
    - {name: enforce-default.pinnace.dev, clientConfig: {service: {path: /enforce/LEVEL}}}
    - {name: enforce-default-update.pinnace.dev, clientConfig: {service: {path: /enforce/LEVEL}}}
"""
BINDING = """- patch: |-
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: pinnace-default}
    spec: {policyName: pinnace-LEVEL}
"""


def try_levels():
    """Other levels than the component's own, by the patches that its comment names."""
    for profile, level in itertools.product(("strict", "available"), ("tagged", "released")):
        available = profile == "available"
        component = "default-level" + "-available" * available
        patch = LEVEL.replace("LEVEL", level) + BINDING.replace("LEVEL", "tagged") * (available and level == "tagged")
        compare(f"{profile}, default level {level}", compose(["image", f"../profiles/{profile}", component], patch),
                {"profile": profile, "defaultLevel": level})


def run():
    done = command(os.path.join(ROOT, "scripts/chart"), "--check")
    check("the chart is what scripts/chart writes", done.returncode == 0, done.stderr)
    there = {os.path.relpath(folder, ROOT) for folder, _, files in itertools.chain(
        os.walk(os.path.join(ROOT, "manifests/overlays")), os.walk(os.path.join(ROOT, "tests/manifests/overlays")))
        if "kustomization.yaml" in files}
    check("each overlay is compared", there == set(OVERLAYS), there ^ set(OVERLAYS))
    for overlay, values in OVERLAYS.items():
        compare(overlay, kustomize(os.path.join(ROOT, overlay)), values)
    generator = load_generator()
    for setting in others(generator):
        values = {**setting, "identity": IDENTITIES[setting["platform"]] if setting["identity"] else ""}
        compare(" ".join(f"{key}={value}" for key, value in values.items() if value), compose(generator.components(setting)), values)
    try_levels()
    inside = documents(template({}, "--namespace", "pinnace-system"))
    check("a release within pinnace-system leaves the namespace to Helm", not [key for key in inside if key[0] == "Namespace"])
