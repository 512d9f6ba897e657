# SPDX-License-Identifier: Apache-2.0
"""Tracks in a real API server: who may say what to one, which are refused, what a manifest that leaves an image open
becomes, and level `released`, with the webhook itself behind the configurations."""
import json

import render
from api import APPLY, MERGE, STRATEGIC, collection, namespace, wrap
from results import check
from test_guards import allow, allowed, refused
from test_objects import CONFIGURATION, NAMESPACES, kubectl, prepare, told, until

REPOSITORY, DIGEST, OTHER = "registry.example/shop/web", "sha256:" + "a" * 64, "sha256:" + "b" * 64
CONTROLLER = "system:serviceaccount:pinnace-system:pinnace-controller"
# All may write Tracks; all but outsider may patch Deployments, clerk only the one named web; the others have their verb.
MOVER, HOLDER, APPROVER, PROMOTER, OUTSIDER, CLERK = (
    f"{name}@contoso.example" for name in ("mover", "holder", "approver", "promoter", "outsider", "clerk"))
MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def tracks(where="shop"):
    return f"/apis/pinnace.dev/v1alpha1/namespaces/{where}/tracks"


def track(name="web", image=REPOSITORY, **spec):
    spec = {"image": image, "follow": {"semver": ">=1.0.0"}, "targets": [{"kind": "Deployment", "name": "web"}], **spec}
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": name}, "spec": spec}


def word(user, **more):
    return {"digest": DIGEST, "reason": "a test", "by": user, **more}


# ---- guards ----

def prepare_guards(api):
    api.make(NAMESPACES, namespace("shop"))
    writes = [{"apiGroups": ["pinnace.dev"], "resources": ["tracks", "tracks/status"], "verbs": ["*"]}]
    writes[0]["verbs"] = ["get", "list", "create", "update", "patch", "delete"]
    patches = {"apiGroups": ["apps", "batch"], "resources": ["deployments", "statefulsets", "daemonsets", "cronjobs"], "verbs": ["patch"]}
    verbs = {HOLDER: ["hold", "release"], APPROVER: ["approve"], PROMOTER: ["promote"]}
    for user in MOVER, HOLDER, APPROVER, PROMOTER, OUTSIDER, CLERK, CONTROLLER:
        own = [] if user in (OUTSIDER, CONTROLLER) else [{**patches, "resourceNames": ["web"]} if user == CLERK else patches]
        own += [{"apiGroups": ["pinnace.dev"], "resources": ["tracks"], "verbs": verbs[user]}] if user in verbs else []
        allow(api, f"tracks-{user.replace('@', '-').replace(':', '-')}", user, writes + own, "shop")
    for item in render.read("policies/guards/tracks.yaml"):
        plural = "validatingadmissionpolicybindings" if item["kind"].endswith("Binding") else "validatingadmissionpolicies"
        api.make(f"/apis/admissionregistration.k8s.io/v1/{plural}", item)
    until(lambda: "guard-tracks" in api.create(tracks(), track("x"), user=OUTSIDER, dry=True).message, "the guard")
    until(lambda: "guard-ledger" in api.patch(f"{tracks()}/web", {"status": {}}, user=MOVER, dry=True).message or
          "guard-ledger" in status(api, "probe", make=True, user=MOVER, dry=True).message, "the guard of the ledger")


def status(api, name, make=False, where="shop", user=CONTROLLER, dry=False, **status):
    if make:
        api.make(tracks(where), track(name, targets=[{"kind": "Deployment", "name": name}]))
    return api.patch(f"{tracks(where)}/{name}/status", {"status": status or {"phase": "New"}}, user=user, dry=dry)


def try_who_writes(api):
    guard = "pinnace-guard-tracks"
    allowed("a Track by whom its targets belong to", api.create(tracks(), track(), user=MOVER))
    refused("a Track by somebody who may not patch its target", api.create(tracks(), track("b"), user=OUTSIDER), guard, "patch")
    allowed("one who may patch this very target", api.create(tracks(), track("c", image="x.example/c"), user=CLERK, dry=True))
    refused("a target that he may not", api.create(tracks(), track("c", targets=[{"kind": "Deployment", "name": "api"}]), user=CLERK),
            guard, "patch")
    for kind in "StatefulSet", "DaemonSet", "CronJob":
        target = {"targets": [{"kind": kind, "name": "db"}]}
        allowed(f"a {kind}", api.create(tracks(), track("k", **target), user=MOVER, dry=True))
        refused(f"a {kind} of others", api.create(tracks(), track("k", **target), user=OUTSIDER), guard, "patch")
    refused("a change of the targets", api.patch(f"{tracks()}/web", {"spec": {"targets": [{"kind": "Deployment", "name": "api"}]}}, user=CLERK),
            guard, "patch")
    refused("any change of what it does", api.patch(f"{tracks()}/web", {"spec": {"interval": "2m"}}, user=OUTSIDER), guard, "patch")
    allowed("a label by anybody who may write it", api.patch(f"{tracks()}/web", {"metadata": {"labels": {"a": "b"}}}, user=OUTSIDER))
    allowed("the same again", api.patch(f"{tracks()}/web", {"spec": {"keep": 10}}, user=OUTSIDER))
    many = [{"kind": "Deployment", "name": "web", "container": f"other-{number}"} for number in range(16)]
    allowed("sixteen targets, all of which are asked about", api.create(tracks(), track("many", "x.example/many", targets=many), user=CLERK, dry=True))
    for index in range(16):
        one_off = [{**target, "name": "api"} if number == index else target for number, target in enumerate(many)]
        refused(f"sixteen, the one at {index} of which is another's", api.create(tracks(), track("many", "x.example/many", targets=one_off), user=CLERK),
                guard, "patch")


def try_words(api):
    guard, path = "pinnace-guard-tracks", f"{tracks()}/web"
    may = {"hold": HOLDER, "approve": APPROVER, "promote": PROMOTER}
    for name, user in may.items():
        body = {"spec": {name: word(user)}}
        for other in MOVER, *(each for each in may.values() if each != user):
            refused(f"{name} by {other}", api.patch(path, {"spec": {name: word(other)}}, user=other), guard, f'"{name}"')
        refused(f"{name} in another's name", api.patch(path, {"spec": {name: word(MOVER)}}, user=user), guard, f'spec.{name}.by must be "{user}"')
        refused(f"{name} in nobody's name", api.patch(path, {"spec": {name: {"digest": DIGEST}}}, user=user), guard, ".by")
        refused(f"{name} in a new Track", api.create(tracks(), track("n", **{name: word(MOVER)}), user=MOVER), guard, f'"{name}"')
        allowed(f"{name} by whom it is for", api.patch(path, body, user=user))
        allowed(f"the rest of it by others, with {name} as it is", api.patch(path, {"spec": {"keep": 11}}, user=MOVER, dry=True))
        refused(f"{name} changed by others", api.patch(path, {"spec": {name: {"digest": OTHER}}}, user=MOVER), guard, ".by")
        refused(f"{name} without a right to its targets", api.patch(path, {"spec": {name: word(OUTSIDER)}}, user=OUTSIDER), guard, "")
    refused("a hold taken away", api.patch(path, {"spec": {"hold": None}}, user=MOVER), guard, '"release"')
    refused("a hold taken away by a replacement", api.put(path, {**api.get(path).body, "spec": track()["spec"]}, user=MOVER), guard, "")
    resume = {"reason": "fine again", "at": "2026-11-21T12:00:00Z"}
    refused("to resume", api.patch(path, {"spec": {"resume": {**resume, "by": MOVER}}}, user=MOVER), guard, '"release"')
    refused("to resume in another's name", api.patch(path, {"spec": {"resume": {**resume, "by": MOVER}}}, user=HOLDER), guard, "spec.resume.by")
    allowed("to resume", api.patch(path, {"spec": {"hold": None, "resume": {**resume, "by": HOLDER}}}, user=HOLDER))
    refused("an approval taken back", api.patch(path, {"spec": {"approve": None}}, user=MOVER), guard, '"approve"')
    refused("an applied hold", api.patch(path, track(hold=word(MOVER)), APPLY, user=MOVER, force=True), guard, '"hold"')


def try_ledger(api):
    body = {"current": {"digest": DIGEST}}
    for user in MOVER, HOLDER, None:
        refused(f"the ledger by {user or 'the administrator'}",
                api.patch(f"{tracks()}/web/status", {"status": body}, user=user), "pinnace-guard-ledger", "the controller alone")
    made = api.create(tracks(), {**track("forged", targets=[{"kind": "Deployment", "name": "f"}]), "status": body}, user=MOVER)
    check("a Track that is made has no ledger yet", made.ok and "current" not in made.body.get("status", {}), made)
    put = api.put(f"{tracks()}/forged", {**made.body, "status": body}, user=MOVER)
    check("nor does it get one by its spec", put.ok and "current" not in put.body.get("status", {}), put)
    allowed("the ledger by the controller", status(api, "web", **body))


# ---- what is refused ----

def try_validation(api):
    api.make(NAMESPACES, namespace("checked"))
    path = tracks("checked")
    allowed("a Track", api.create(path, track()))

    def conflict():
        answer = api.create(path, track("second"), dry=True)
        return answer if answer.status == 422 else None
    answer = until(conflict, "the webhook to know the first one")
    check("two on one container", 'moved by Track "web" already' in answer.message and "spec.targets[0]" in answer.message, answer)
    done = kubectl("create", "-n", "checked", "-f", "-", text=json.dumps(track("second")))
    check("kubectl shows the reason", done.returncode != 0 and "spec.targets[0]" in done.stderr and "two would fight" in done.stderr, done.stderr)
    answer = api.create(path, track("far", targets=[{"kind": "Deployment", "name": "far"}], **{"from": {"namespace": "none", "track": "x"}}))
    check("a source that is not there is told", answer.ok and 'no Track "x"' in told(answer)[0], f"{answer} {answer.warnings}")
    answer = api.create(path, track("range", follow={"semver": ">99999999999999999999999.0.0"}), dry=True)
    check("a range that nobody can mean", answer.status == 422 and "spec.follow.semver" in answer.message, answer)
    a = track("a", targets=[{"kind": "Deployment", "name": "a"}], **{"from": {"track": "b"}})
    b = track("b", targets=[{"kind": "Deployment", "name": "b"}], **{"from": {"track": "a"}})
    allowed("the first half of a circle", api.create(path, a))
    until(lambda: "in turn" in api.create(path, b, dry=True).message, "the circle to be refused")
    check("a circle is refused", True)
    allowed("what is there can be deleted", api.delete(f"{path}/a"))


# ---- tracked apply ----

def manifest(image=REPOSITORY, name="web", kind="Deployment", **more):
    body = wrap(kind, name, {"containers": [{"name": "web", "image": image}]})
    return {**body, "metadata": {"name": name, "namespace": "tracked", **more}}


def image_of(api, name="web", kind="Deployment"):
    spec = api.get(f"{collection(kind, 'tracked')}/{name}").body["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if kind == "CronJob" else spec["template"]
    return template["spec"]["containers"][0]["image"]


def release(api, digest, tag, name="web", where="tracked"):
    until(lambda: status(api, name, where=where, current={"digest": digest, "tag": tag}, ledger=[
        {"revision": 1, "tag": tag, "digest": digest, "state": "Healthy", "startedAt": "2026-11-21T12:00:00Z"}]).ok,
        "a right that was just given")


def prepare_apply(api, webhook):
    api.make(NAMESPACES, namespace("tracked", pinnace_dev__pin="track", pinnace_dev__enforce="pinned"))
    rule = [{"apiGroups": ["pinnace.dev"], "resources": ["tracks/status"], "verbs": ["patch"]}]
    allow(api, "ledger-of-tracked", CONTROLLER, rule, "tracked")
    api.make(tracks("tracked"), track())
    api.make(tracks("tracked"), track("job", targets=[{"kind": "CronJob", "name": "job"}]))
    for name in "job", "web":  # the one by which it is seen that they count comes last
        release(api, DIGEST, "v1.0.0", name)
    (levels,) = render.find(render.render("overlays/default"), "ValidatingWebhookConfiguration", "pinnace")
    api.make(CONFIGURATION, webhook.receiver.stand_in_for(levels))
    (tracked,) = render.read("base/webhook-configuration-track.yaml")
    api.make(MUTATING, webhook.receiver.stand_in_for(tracked))
    until(lambda: api.create(collection("Deployment", "tracked"), manifest(name="probe", image="x"), dry=True).status == 403, "the level")
    until(lambda: api.create(collection("Deployment", "tracked"), manifest(), dry=True).ok, "tracked apply")


def kubectl_apply(body, *arguments):
    return kubectl("apply", *arguments, "-f", "-", text=json.dumps(body))


def try_apply(api):
    current = f"{REPOSITORY}:v1.0.0@{DIGEST}"
    for image in REPOSITORY, f"{REPOSITORY}:latest":
        done = kubectl_apply(manifest(image))
        check(f"{image} is applied at level pinned", done.returncode == 0, done.stderr)
        check("and what runs is what the Track runs", image_of(api) == current, image_of(api))
        diff = kubectl("diff", "-f", "-", text=json.dumps(manifest(image)))
        check("kubectl diff sees no difference", diff.returncode == 0, diff.stdout + diff.stderr)
    path = f"{collection('Deployment', 'tracked')}/web"
    before = api.get(path).body["metadata"]["generation"]
    done = kubectl_apply(manifest(f"{REPOSITORY}:latest"))
    check("applied again it is unchanged", done.returncode == 0 and api.get(path).body["metadata"]["generation"] == before, done.stderr)
    done = kubectl_apply(manifest(name="job", kind="CronJob"))
    check("a CronJob too", done.returncode == 0 and image_of(api, "job", "CronJob") == current, done.stderr)
    done = kubectl_apply(manifest(name="other"))
    check("what is no target is judged as it is", done.returncode != 0 and "NoDigest" in done.stderr, done.stderr)
    done = kubectl("set", "image", "-n", "tracked", "deployment/web", f"web={REPOSITORY}:v0.9.0")
    check("other tags are, too", done.returncode != 0 and "NoDigest" in done.stderr, done.stderr)
    done = kubectl("set", "image", "-n", "tracked", "deployment/web", f"web={REPOSITORY}@{OTHER}")
    check("a digest is never touched", done.returncode == 0 and image_of(api) == f"{REPOSITORY}@{OTHER}", done.stderr)


def apply_as_controller(patch):
    return kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=pinnace", "-f", "-",
                   text=json.dumps({**patch, "metadata": {"name": "web", "namespace": "tracked"}}))


def try_release(api):
    """As the controller does it: the ledger first, then the image, by its own manager and by force."""
    new = f"{REPOSITORY}:v2.0.0@{OTHER}"
    kubectl_apply(manifest())
    release(api, OTHER, "v2.0.0")
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "web", "image": new}]}}}}
    done = apply_as_controller(patch)
    check("the controller's release", done.returncode == 0 and image_of(api) == new, done.stderr)
    until(lambda: f"image: {new}" in kubectl_apply(manifest(), "--dry-run=server", "-o", "yaml").stdout, "the webhook to know the release")
    for what, arguments in (("kubectl apply", []), ("a forced server-side apply", ["--server-side", "--force-conflicts"])):
        for image in REPOSITORY, f"{REPOSITORY}:latest":
            done = kubectl_apply(manifest(image), *arguments)
            check(f"{what} of {image} leaves the release", done.returncode == 0 and image_of(api) == new, f"{done.stderr} {image_of(api)}")
    diff = kubectl("diff", "-f", "-", text=json.dumps(manifest()))
    check("kubectl diff sees no difference", diff.returncode == 0, diff.stdout + diff.stderr)
    apply_as_controller(patch)
    done = kubectl_apply(manifest(f"{REPOSITORY}:latest"), "--server-side", "--field-manager=somebody")
    check("an unforced one is told who owns the image", done.returncode != 0 and "conflict" in done.stderr and '"pinnace"' in done.stderr,
          done.stderr)
    done = kubectl("rollout", "restart", "-n", "tracked", "deployment/web")
    check("a restart keeps it", done.returncode == 0 and image_of(api) == new, done.stderr)


def try_what_stays(api):
    """What an update leaves as it was is none of its business."""
    api.make(NAMESPACES, namespace("unrolled"))
    made = api.make(collection("Deployment", "unrolled"), {**manifest(f"{REPOSITORY}:latest"), "metadata": {"name": "web"}})
    api.make(tracks("unrolled"), track())
    allow(api, "ledger-of-unrolled", CONTROLLER, [{"apiGroups": ["pinnace.dev"], "resources": ["tracks/status"], "verbs": ["patch"]}], "unrolled")
    release(api, DIGEST, "v1.0.0", where="unrolled")
    api.patch(f"{NAMESPACES}/unrolled", {"metadata": {"labels": {"pinnace.dev/pin": "track"}}})
    path = f"{collection('Deployment', 'unrolled')}/web"
    touched = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": REPOSITORY}]}}}}
    until(lambda: DIGEST in json.dumps(api.patch(path, touched, STRATEGIC, dry=True).body), "the namespace's label to count")
    annotated = api.patch(path, {"metadata": {"annotations": {"a": "b"}}}, MERGE)
    check("an annotation rolls nothing out", annotated.ok and annotated.body["spec"]["template"] == made["spec"]["template"], annotated)
    scaled = api.patch(f"{path}/scale", {"spec": {"replicas": 0}})
    check("nor does a scale", scaled.ok and DIGEST not in json.dumps(api.get(path).body), scaled)


# ---- released ----

def try_released(api, webhook):
    api.make(NAMESPACES, namespace("strict", pinnace_dev__enforce="released"))
    rule = [{"apiGroups": ["pinnace.dev"], "resources": ["tracks/status"], "verbs": ["patch"]}]
    allow(api, "ledger-of-strict", CONTROLLER, rule, "strict")
    pods, pod = collection("Pod", "strict"), {"containers": [{"name": "web", "image": f"{REPOSITORY}@{DIGEST}"}], "terminationGracePeriodSeconds": 0}
    api.make("/api/v1/namespaces/strict/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
    api.make(tracks("strict"), track())
    answer = until(lambda: (got := api.create(pods, wrap("Pod", "web", pod), dry=True)).status == 403 and got, "the level")
    check("what was not released is refused", "NotReleased" in answer.message, answer)
    check("and the API server could be asked, with the rights the manifests give", "could not be asked" not in answer.message, answer)
    for number in range(20):
        digest = f"sha256:{number:064x}"
        release(api, digest, f"v1.0.{number}", where="strict")
        pod["containers"][0]["image"] = f"{REPOSITORY}@{digest}"
        answer = api.create(pods, wrap("Pod", f"web-{number}", pod))
        check("what was released a moment ago is let in", answer.ok, answer)
    live = wrap("Deployment", "web", {"containers": [{"name": "web", "image": f"{REPOSITORY}@{digest}"}]}, replicas=1)
    allowed("a Deployment of the release", api.create(collection("Deployment", "strict"), live))
    sets = until(lambda: api.get(collection("ReplicaSet", "strict")).body["items"], "its ReplicaSet")
    release(api, DIGEST, "v2.0.0", where="strict")  # the one before is not on the ledger any more
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": sets[0]["metadata"]["name"], "uid": sets[0]["metadata"]["uid"], "controller": True}
    lost = wrap("Pod", "again", pod)
    lost["metadata"]["ownerReferences"] = [owner]
    allowed("a pod of its live ReplicaSet, after the next release", api.create(pods, lost))
    api.patch(f"{collection('Deployment', 'strict')}/web/scale", {"spec": {"replicas": 0}})
    lost["metadata"]["name"] = "late"
    until(lambda: api.create(pods, lost, dry=True).status == 403, "the empty ReplicaSet to count no more")
    check("a pod of an empty one is refused", True)
    webhook.way.open.clear()
    answer = api.create(pods, lost, dry=True)
    webhook.way.open.set()
    check("in doubt it is refused, and the doubt is told", answer.status == 403 and "could not be asked" in answer.message, answer)


def try_gone(api, webhook):
    check("the webhook ends well", webhook.end() == 0, webhook.log_text()[-2000:])
    api.patch(f"{NAMESPACES}/tracked", {"metadata": {"labels": {"pinnace.dev/enforce": None}}})
    answer = until(lambda: (got := api.create(collection("Deployment", "tracked"), manifest(name="free"))).ok and got, "a namespace without level")
    check("without a webhook a manifest is taken as it is", image_of(api, "free") == REPOSITORY, answer)
    allowed("and a Track is written", api.create(tracks("tracked"), track("second", targets=[{"kind": "Deployment", "name": "two"}])))


def run(api, folder):
    webhook = prepare(api, folder)
    try:
        prepare_guards(api)
        try_who_writes(api)
        try_words(api)
        try_ledger(api)
        try_validation(api)
        prepare_apply(api, webhook)
        try_apply(api)
        try_release(api)
        try_what_stays(api)
        try_released(api, webhook)
        try_gone(api, webhook)
    finally:
        if webhook.process.poll() is None:
            webhook.end()
