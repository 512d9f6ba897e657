# SPDX-License-Identifier: Apache-2.0
"""What the API server sends to which path: the entries of the webhook configuration and their condition."""
import time

import render
from api import APPLY, MERGE, RESOURCES, STRATEGIC, collection, in_template, namespace, path_of, wrap
from patience import until
from receiver import Receiver
from results import check

DIGEST = "sha256:" + "a" * 64
ADMIN = "tests"
MASTERS = ("system:masters",)
SPEC = {"containers": [{"name": "c", "image": f"registry.example/app@{DIGEST}"}], "terminationGracePeriodSeconds": 0}
OTHER = {"containers": [{"name": "c", "image": f"registry.example/app@{DIGEST[:-1]}b"}]}
# Of the spec itself, beside the template.
BESIDE = {
    "ReplicationController": {"minReadySeconds": 7},
    "Deployment": {"strategy": {"type": "Recreate", "rollingUpdate": None}, "paused": True, "revisionHistoryLimit": 3},
    "StatefulSet": {"minReadySeconds": 7, "updateStrategy": {"type": "OnDelete", "rollingUpdate": None}},
    "DaemonSet": {"minReadySeconds": 7},
    "ReplicaSet": {"minReadySeconds": 7},
    "Job": {"activeDeadlineSeconds": 700},
    "CronJob": {"schedule": "0 0 2 2 *", "successfulJobsHistoryLimit": 7,
                "jobTemplate": {"metadata": {"labels": {"x": "y"}}, "spec": {"backoffLimit": 2}}},
}
SCALABLE = ("ReplicationController", "Deployment", "StatefulSet", "ReplicaSet")


class Requests:
    """Sends requests as one user and compares what arrived with what was to arrive."""

    def __init__(self, api, receiver):
        self.api, self.receiver = api, receiver

    def send(self, text, method, path, body=None, arrives=(), **options):
        answer = self.api.call(method, path, body, user=ADMIN, groups=MASTERS, **options)
        # A set: the API server does a patch again when a controller wrote in between.
        arrived = {f"{path} {request['operation']} {request['resource']['resource']}/{request.get('subResource', '')}"
                   for path, request in self.receiver.take(ADMIN)}
        want = {f"/enforce/pinned {entry}" for entry in arrives}
        check(f"{text} succeeds", answer.ok, answer)
        check(f"{text} {'arrives' if arrives else 'does not arrive'}", arrived == want, f"arrived: {arrived}")

    def write_back(self, kind, path):
        """What kubectl edit and replace send; a controller may have written in between, so any version will do."""
        body = self.api.get(path).body
        del body["metadata"]["resourceVersion"]
        self.send(f"{kind}: write it back", "PUT", path, body)


def try_workload(requests, kind):
    plural = RESOURCES[kind][1]
    name = kind.lower()
    path = path_of(kind, "labelled", name)
    update = [f"UPDATE {plural}/"]
    requests.send(f"{kind}: create", "POST", collection(kind, "labelled"), wrap(kind, name, SPEC),
                  arrives=[f"CREATE {plural}/"])
    requests.send(f"{kind}: dry run of a create", "POST", collection(kind, "labelled"),
                  wrap(kind, name + "-dry", SPEC), arrives=[f"CREATE {plural}/"], dry=True)
    for text, metadata in (("annotate", {"annotations": {"a": "b"}}), ("label", {"labels": {"a": "b"}}),
                           ("add a finalizer", {"finalizers": ["tests.example/hold"]}),
                           ("own", {"ownerReferences": []})):
        requests.send(f"{kind}: {text}", "PATCH", path, {"metadata": metadata}, content=MERGE)
    if kind in SCALABLE:
        requests.send(f"{kind}: scale", "PATCH", f"{path}/scale", {"spec": {"replicas": 1}}, content=MERGE)
        requests.send(f"{kind}: set replicas", "PATCH", path, {"spec": {"replicas": 0}}, content=MERGE)
    if kind in BESIDE:
        requests.send(f"{kind}: change what is beside the template", "PATCH", path, {"spec": BESIDE[kind]},
                      content=MERGE)
    if kind != "PodTemplate":
        requests.send(f"{kind}: status", "PATCH", f"{path}/status", {"metadata": {"annotations": {"c": "d"}}},
                      content=MERGE)
    requests.write_back(kind, path)
    if kind != "Job":  # a Job's template never changes but for its scheduling
        requests.send(f"{kind}: change an image", "PATCH", path, in_template(kind, OTHER), content=STRATEGIC,
                      arrives=update)
        annotated = in_template(kind, {})
        where = annotated["template"] if kind == "PodTemplate" else annotated["spec"].get("template") or \
            annotated["spec"]["jobTemplate"]["spec"]["template"]
        where["metadata"] = {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}
        requests.send(f"{kind}: restart", "PATCH", path, annotated, content=MERGE, arrives=update)
    else:
        requests.send(f"{kind}: change the template", "PATCH", path,
                      {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}, content=MERGE, arrives=update)
    requests.send(f"{kind}: delete", "DELETE", path, {"propagationPolicy": "Background"})
    requests.send(f"{kind}: remove the finalizer", "PATCH", path, {"metadata": {"finalizers": None}}, content=MERGE)


def try_apply(requests):
    """A server-side apply that changes nothing, one that changes an annotation, one that changes an image."""
    path, body = path_of("Deployment", "labelled", "applied"), wrap("Deployment", "applied", SPEC)
    requests.send("apply: create", "PATCH", path, body, content=APPLY, arrives=["CREATE deployments/"])
    requests.send("apply: no change", "PATCH", path, body, content=APPLY)
    body["metadata"]["annotations"] = {"a": "b"}
    requests.send("apply: an annotation", "PATCH", path, body, content=APPLY)
    body["spec"]["template"]["spec"] = {**SPEC, **OTHER}
    requests.send("apply: an image", "PATCH", path, body, content=APPLY, arrives=["UPDATE deployments/"])


def try_pod(requests):
    path = path_of("Pod", "labelled", "pod")
    bound = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "pod"}, "target": {"kind": "Node", "name": "n"}}
    debugger = {"spec": {"ephemeralContainers": [{"name": "d", "image": "registry.example/debug:1"}]}}
    evict = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "pod"}}
    spec = {**SPEC, "schedulerName": "nobody", "automountServiceAccountToken": False}
    spec["containers"] = [{**SPEC["containers"][0], "resources": {"requests": {"cpu": "1m"}}}]
    requests.send("Pod: create", "POST", collection("Pod", "labelled"), wrap("Pod", "pod", spec),
                  arrives=["CREATE pods/"])
    for text, metadata in (("annotate", {"annotations": {"a": "b"}}), ("label", {"labels": {"a": "b"}}),
                           ("add a finalizer", {"finalizers": ["tests.example/hold"]})):
        requests.send(f"Pod: {text}", "PATCH", path, {"metadata": metadata}, content=MERGE)
    requests.send("Pod: status", "PATCH", f"{path}/status", {"status": {"message": "x"}}, content=MERGE)
    requests.send("Pod: resize", "PATCH", f"{path}/resize", content=STRATEGIC, body={"spec": {
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "2m"}}}]}})
    requests.send("Pod: bind", "POST", f"{path}/binding", bound)
    requests.write_back("Pod", path)
    requests.send("Pod: change an image", "PATCH", path, {"spec": OTHER}, content=STRATEGIC, arrives=["UPDATE pods/"])
    requests.send("Pod: debug", "PATCH", f"{path}/ephemeralcontainers", debugger, content=STRATEGIC,
                  arrives=["UPDATE pods/ephemeralcontainers"])
    requests.send("Pod: evict", "POST", f"{path}/eviction", evict)
    requests.send("Pod: delete", "DELETE", path, {"gracePeriodSeconds": 0})
    requests.send("Pod: remove the finalizer", "PATCH", path, {"metadata": {"finalizers": None}}, content=MERGE)


def try_back_doors(requests):
    """Subresources that take a whole object, and so could carry an image past the rules."""
    api = requests.api
    api.make(collection("Pod", "labelled"), wrap("Pod", "door", {**SPEC, "schedulerName": "nobody"}))
    api.make(collection("Deployment", "labelled"), wrap("Deployment", "door", SPEC))
    image = {"spec": {"containers": [{"name": "c", "image": "registry.example/evil:latest"}]}}
    for subresource in ("status", "resize"):
        api.patch(path_of("Pod", "labelled", "door", subresource), image, STRATEGIC)
    for kind, subresource in (("Deployment", "status"), ("Deployment", "scale")):
        api.patch(path_of(kind, "labelled", "door", subresource), in_template(kind, image["spec"]), MERGE)
    for kind in ("Pod", "Deployment"):
        stored = str(api.get(path_of(kind, "labelled", "door")).body["spec"])
        check(f"no subresource changes an image of a {kind}", "evil" not in stored, stored)
    requests.receiver.take()


def try_controllers(api, receiver):
    """The API server's own controllers: of a rollout only what brings new images arrives."""
    path = path_of("Deployment", "labelled", "rolled")
    running = wrap("Deployment", "rolled", {**SPEC, "schedulerName": "nobody"}, replicas=2)
    api.make(collection("Deployment", "labelled"), running)
    for image in ("b", "c"):
        api.patch(path, {"spec": {"template": {"spec": {
            "containers": [{"name": "c", "image": f"registry.example/app@{DIGEST[:-1]}{image}"}]}}}}, STRATEGIC)
        until(lambda image=image: any(
            pod["spec"]["containers"][0]["image"].endswith(image) for pod in
            api.get(f"{collection('Pod', 'labelled')}?labelSelector=app%3Drolled").body["items"]), f"a pod of image {image}")
    api.delete(path)
    arrived = [request for _, request in receiver.take() if request["userInfo"]["username"].startswith("system:")]
    made = {request["resource"]["resource"] for request in arrived if request["operation"] == "CREATE"}
    updates = [f"{request['userInfo']['username']} {request['resource']['resource']} {request['name']}"
               for request in arrived if request["operation"] == "UPDATE"]
    check("what controllers make arrives", {"pods", "replicasets"} <= made, made)
    check("what controllers update of a rollout does not arrive", not updates, "\n".join(updates))


def try_selectors(api, receiver):
    """Each mode and level leads to its own path, and to no other."""
    def arrived_from(name, **labels):
        api.make("/api/v1/namespaces", namespace(name, **labels))
        # An API server may know of a namespace, but not yet of its labels.
        until(lambda: api.create(collection("PodTemplate", name), wrap("PodTemplate", "t", SPEC), dry=True).ok, f"namespace {name}")
        paths = sorted(path for path, request in receiver.take() if request.get("namespace") == name)
        return sorted(set(paths))

    for mode in ("enforce", "warn", "audit"):
        for level in ("tagged", "pinned", "released"):
            arrived = arrived_from(f"{mode}-{level}", **{f"pinnace_dev__{mode}": level})
            check(f"{mode}: {level} leads to its path", arrived == [f"/{mode}/{level}"], arrived)
        for number, value in enumerate(("pined", "", "Pinned", "none")):
            arrived = arrived_from(f"{mode}-typo-{number}", **{f"pinnace_dev__{mode}": value})
            check(f"{mode}: \"{value}\" leads to unknown", arrived == [f"/{mode}/unknown"], arrived)
        arrived = arrived_from(f"{mode}-off", **{f"pinnace_dev__{mode}": "off"})
        check(f"{mode}: off leads nowhere", arrived == [], arrived)
    arrived = arrived_from("all", pinnace_dev__enforce="tagged", pinnace_dev__warn="pinned", pinnace_dev__audit="released")
    check("three labels lead to three paths", arrived == ["/audit/released", "/enforce/tagged", "/warn/pinned"], arrived)
    check("no label leads nowhere", arrived_from("plain") == [])
    for system in ("kube-system", "kube-public", "kube-node-lease", "pinnace-system"):
        api.make("/api/v1/namespaces", namespace(system))
        api.patch(f"/api/v1/namespaces/{system}", {"metadata": {"labels": {"pinnace.dev/enforce": "pinned"}}})
        check(f"{system} is never intercepted", arrived_from(system) == [])
        api.patch(f"/api/v1/namespaces/{system}", {"metadata": {"labels": {"pinnace.dev/enforce": None}}})


def run(api, folder):
    receiver = Receiver(folder)
    configuration = render.find(render.render("base"), "ValidatingWebhookConfiguration", "pinnace")[0]
    configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    api.make(configurations, receiver.stand_in_for(configuration))
    api.make("/api/v1/namespaces", namespace("labelled", pinnace_dev__enforce="pinned"))
    until(lambda: api.create(collection("PodTemplate", "labelled"), wrap("PodTemplate", "first", SPEC), dry=True) and receiver.take(),
          "the configuration to count")
    time.sleep(0.5)
    receiver.take()
    requests = Requests(api, receiver)
    for kind in RESOURCES:
        if kind != "Pod":
            try_workload(requests, kind)
    try_pod(requests)
    try_apply(requests)
    try_back_doors(requests)
    try_controllers(api, receiver)
    try_selectors(api, receiver)
