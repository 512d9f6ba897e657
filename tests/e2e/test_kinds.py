# SPDX-License-Identifier: Apache-2.0
"""Every kind that pods come of, by Service and on a real kubelet: refused with a mutable image, run with a digest; and
what is none of a level's business."""
import json

from api import RESOURCES, collection, wrap
from lib import LATEST, allowed, check, kubectl, must, refused, same

FIELDS = {"Pod": "spec.containers[0].image", "PodTemplate": "template.spec.containers[0].image",
          "CronJob": "spec.jobTemplate.spec.template.spec.containers[0].image"}
RUN = {"ReplicationController": {"replicas": 1}, "Deployment": {"replicas": 1}, "StatefulSet": {"replicas": 1},
       "ReplicaSet": {"replicas": 1}, "Job": {"suspend": False}}
SAYS = "names no digest, so other bytes can come under its name; append @sha256:... of the image you mean"


def try_kind(world, kind):
    field = FIELDS.get(kind, "spec.template.spec.containers[0].image")
    refused(f"{kind}: a mutable image is refused, with the field and the reason",
            world.create(kind, "kinds", "bad", LATEST, **RUN.get(kind, {})), f'Pinnace refuses {kind} "bad"',
            f'level "pinned" of namespace "kinds"', f'- {field} (container "c0"): NoDigest: "{LATEST}" {SAYS}')
    same(f"{kind}: nothing is left of it", world.api.get(f"{collection(kind, 'kinds')}/bad").status, 404)
    refused(f"{kind}: so is a dry run", world.create(kind, "kinds", "bad", LATEST, dry=True), "NoDigest")
    allowed(f"{kind}: a dry run with a digest is let in", world.create(kind, "kinds", "dry", world.web, dry=True))
    same(f"{kind}: and is one", world.api.get(f"{collection(kind, 'kinds')}/dry").status, 404)
    allowed(f"{kind}: a digest is let in", world.create(kind, "kinds", kind.lower(), world.web, **RUN.get(kind, {})))


def try_kinds(world):
    world.namespace("kinds", enforce="pinned")
    for kind in RESOURCES:
        try_kind(world, kind)
    allowed("kubectl create job --from=cronjob is let in",
            kubectl("-n", "kinds", "create", "job", "by-hand", "--from=cronjob/cronjob"))
    pod = wrap("Pod", "labelled", world.pod_spec(world.web))
    pod["metadata"]["labels"] = {"app": "pod"}
    allowed("a Pod that is found by its label", world.api.create(collection("Pod", "kinds"), pod))
    for kind in RESOURCES:
        if kind not in ("PodTemplate", "CronJob"):
            world.await_running("kinds", f"app={kind.lower()}")
            check(f"{kind}: its pod runs", True)
    world.await_running("kinds", "app=cronjob")
    check("CronJob: a pod of its Job runs", True)
    world.api.delete("/api/v1/namespaces/kinds")


def try_places(world):
    """Where else in a pod an image is, on another namespace's level."""
    world.namespace("places", enforce="pinned")
    good = {"name": "c", "image": world.web}
    for text, field, holder, spec in (
            ("an init container", "spec.initContainers[0].image", 'init container "i"',
             {"initContainers": [{"name": "i", "image": LATEST}], "containers": [good]}),
            ("a sidecar", "spec.initContainers[0].image", 'init container "s"',
             {"initContainers": [{"name": "s", "image": LATEST, "restartPolicy": "Always"}], "containers": [good]}),
            ("an image volume", "spec.volumes[0].image.reference", 'volume "v"',
             {"volumes": [{"name": "v", "image": {"reference": LATEST}}], "containers": [good]})):
        answer = world.api.create(collection("Pod", "places"), wrap("Pod", "bad", spec), dry=True)
        refused(f"{text} with a mutable image is refused", answer, f"- {field} ({holder}): NoDigest", "1 of 2 images does")
    pinned = {"volumes": [{"name": "v", "image": {"reference": world.web}}], "containers": [good]}
    allowed("an image volume by digest is let in",
            world.api.create(collection("Pod", "places"), wrap("Pod", "good", pinned), dry=True))
    named = wrap("Pod", "x", world.pod_spec(LATEST))
    named["metadata"] = {"generateName": "web-"}
    refused("a generated name: refused, and told by its beginning", world.api.create(collection("Pod", "places"), named),
            'Pinnace refuses Pod "web-')
    named["spec"] = world.pod_spec(world.web)
    allowed("a generated name: let in", world.api.create(collection("Pod", "places"), named))
    bad = json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        wrap("Deployment", "one", world.pod_spec(LATEST)), wrap("Deployment", "two", world.pod_spec(world.web))]})
    done = kubectl("-n", "places", "apply", "-f", "-", text=bad)
    refused("of two objects that are applied the bad one is refused", done, 'Deployment "one"', "deployment.apps/two created")
    world.api.delete("/api/v1/namespaces/places")


def try_sidecar(world):
    """Somebody's policy puts a container into every pod: it is judged as it is, after all have changed the pod."""
    world.namespace("meshed", enforce="pinned")
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]
    expression = ('Object{spec: Object.spec{containers: [Object.spec.containers{name: "mesh", image: "%s"}]}}' % LATEST)
    base, version = "/apis/admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1"
    world.api.make(f"{base}/mutatingadmissionpolicies", {
        "apiVersion": version, "kind": "MutatingAdmissionPolicy", "metadata": {"name": "mesh"}, "spec": {
            "matchConstraints": {"resourceRules": rules, "namespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": "meshed"}}},
            "failurePolicy": "Fail", "reinvocationPolicy": "Never", "mutations": [
                {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]}})
    world.api.make(f"{base}/mutatingadmissionpolicybindings", {
        "apiVersion": version, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "mesh"},
        "spec": {"policyName": "mesh"}})
    world.until_refused("Pod", "meshed", world.web)
    refused("a sidecar that is put into a pinned pod is refused by its own name",
            world.create("Pod", "meshed", "web", world.web, dry=True), '(container "mesh"): NoDigest', "1 of 2 images does")
    for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        world.api.delete(f"{base}/{kind}/mesh")
    world.api.delete("/api/v1/namespaces/meshed")


def try_other_levels(world):
    """tagged, released, off, a name that is no level; and no label at all."""
    world.namespace("levels", enforce="tagged")
    refused("tagged: a moving tag is refused", world.create("Pod", "levels", "p", LATEST, dry=True), "MutableTag")
    allowed("tagged: a release is let in", world.create("Pod", "levels", "p", "registry.test:5000/shop/web:1.4.0", dry=True))
    world.label("levels", enforce="released")
    refused("released: refused, for no Track follows its repository", world.create("Pod", "levels", "p", world.web, dry=True),
            "NotReleased", "no Track of this namespace follows")
    world.label("levels", enforce="off")
    allowed("off: all is let in", world.create("Pod", "levels", "p", LATEST, dry=True))
    for value in ("pined", "Pinned", "enforce"):
        refused(f"a typo, {value}, is refused where it is written",
                kubectl("label", "namespace", "levels", f"pinnace.dev/enforce={value}", "--overwrite"),
                f'"{value}" is no level; it is one of off, tagged, pinned and released')
    world.let_any_level_in()
    world.label("levels", enforce="pined")
    refused("a typo that got in: no pod is let in, and why is told", kubectl("-n", "levels", "run", "p", f"--image={world.web}"),
            "the label pinnace.dev/enforce of namespace \"levels\" has a value that is no level; it must be off, tagged, "
            "pinned or released")
    allowed("it can be mended", kubectl("label", "namespace", "levels", "pinnace.dev/enforce=pinned", "--overwrite"))
    world.label("levels", enforce=None)
    allowed("without a label all is let in", world.create("Pod", "levels", "p", LATEST, dry=True))
    world.api.delete("/api/v1/namespaces/levels")


def try_system(world):
    """What a cluster mends itself with is never judged."""
    system = ("kube-system", "kube-public", "kube-node-lease", "pinnace-system")
    try:
        for name in (*system, "default"):  # the one that shows when the API server goes by all of them comes last
            must(kubectl("label", "namespace", name, "pinnace.dev/enforce=pinned", "--overwrite"))
        world.until_refused("PodTemplate", "default", LATEST)
        for name in system:
            allowed(f"{name} is never judged, even with a label", world.create("PodTemplate", name, "p", LATEST, dry=True))
    finally:
        for name in ("default", *system):
            must(kubectl("label", "namespace", name, "pinnace.dev/enforce-"))


def run(world):
    world.install()
    try_kinds(world)
    try_places(world)
    try_sidecar(world)
    try_other_levels(world)
    try_system(world)
    world.install()
