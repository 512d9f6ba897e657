# SPDX-License-Identifier: Apache-2.0
"""What ran before the level came: it goes on, can be scaled, annotated, finalised, debugged and deleted; it cannot be
rolled with its old images, and nothing is lost by the attempt."""
from api import MERGE, path_of
from lib import LATEST, allowed, check, kubectl, must, refused, same, until
from patience import PATIENCE


def names(pods):
    return sorted(pod["metadata"]["name"] for pod in pods)


def try_deployment(world):
    def run(*arguments):
        return kubectl("-n", "old", *arguments)
    pods = names(world.await_running("old", "app=web", 2))
    allowed("old Deployment: annotated", run("annotate", "deployment/web", "note=x"))
    allowed("old Deployment: labelled", run("label", "deployment/web", "team=x"))
    refused("old Deployment: restarted, refused with the reason", run("rollout", "restart", "deployment/web"),
            'Pinnace refuses Deployment "web"', "NoDigest")
    refused("old Deployment: another mutable image, refused", run("set", "image", "deployment/web", f"c0={LATEST}x"), "NoDigest")
    refused("old Deployment: another environment is another template, refused",
            run("set", "env", "deployment/web", "A=b"), "NoDigest")
    same("old Deployment: the same pods run as before", names(world.await_running("old", "app=web", 2)), pods)
    allowed("old Deployment: scaled down", run("scale", "deployment/web", "--replicas=1"))
    world.await_running("old", "app=web", 1)
    allowed("old Deployment: scaled up again, itself", run("scale", "deployment/web", "--replicas=2"))
    events = ("get", "events", "--field-selector=reason=FailedCreate,involvedObject.kind=ReplicaSet", "-o", "jsonpath={..message}")
    until(lambda: "NoDigest" in run(*events).stdout, "the event that tells why no pod comes")
    check("old Deployment: why its new pod is refused is told by an event", True)
    allowed("old Deployment: rolled to a digest", run("set", "image", "deployment/web", f"c0={world.web}"))
    world.await_running("old", "app=web", 2)
    must(run("rollout", "status", "deployment/web", f"--timeout={PATIENCE}s"))
    refused("old Deployment: rolled back to what was mutable, refused", run("rollout", "undo", "deployment/web"), "NoDigest")
    allowed("old Deployment: restarted, now that it is pinned", run("rollout", "restart", "deployment/web"))
    must(run("rollout", "status", "deployment/web", f"--timeout={PATIENCE}s"))


def try_finalizer(world):
    path = path_of("Deployment", "old", "held")
    hold = {"metadata": {"finalizers": ["tests.example/hold"]}}
    allowed("old Deployment: a finalizer is added", world.api.patch(path, hold, MERGE))
    allowed("old Deployment: deleted", kubectl("-n", "old", "delete", "deployment/held", "--wait=false"))
    same("it waits for its finalizer", world.api.get(path).status, 200)
    allowed("old Deployment: its finalizer is taken away", world.api.patch(path, {"metadata": {"finalizers": None}}, MERGE))
    until(lambda: world.api.get(path).status == 404, "the Deployment to go")
    check("and it is gone", True)


def try_pod(world):
    def debug(image):
        return kubectl("-n", "old", "debug", "alone", f"--image={image}", "--image-pull-policy=IfNotPresent", "--attach=false")
    allowed("old Pod: annotated", kubectl("-n", "old", "annotate", "pod/alone", "note=x"))
    refused("kubectl debug of an old Pod with a mutable image, refused", debug(LATEST), "(ephemeral container ", "NoDigest",
            "its image does not meet")
    allowed("kubectl debug of an old Pod with a digest", debug(world.next))
    until(lambda: any("running" in status.get("state", {}) for status in
                      world.api.get(path_of("Pod", "old", "alone")).body["status"].get("ephemeralContainerStatuses", [])),
          "the debugger to run")
    check("and it runs beside the old container", True)
    refused("kubectl set image of an old Pod to another tag, refused",
            kubectl("-n", "old", "set", "image", "pod/alone", "c0=registry.test:5000/shop/web:1.4.0"), "NoDigest")
    allowed("old Pod: deleted", kubectl("-n", "old", "delete", "pod/alone"))


def try_jobs(world):
    allowed("old CronJob: its schedule", world.api.patch(path_of("CronJob", "old", "nightly"), {"spec": {"schedule": "1 1 1 1 *"}}, MERGE))
    refused("a Job of an old CronJob, refused", kubectl("-n", "old", "create", "job", "now", "--from=cronjob/nightly"),
            'Pinnace refuses Job "now"', "NoDigest")
    allowed("old Job: suspended", world.api.patch(path_of("Job", "old", "once"), {"spec": {"suspend": True}}, MERGE))
    for kind in ("cronjob/nightly", "job/once"):
        allowed(f"old {kind}: deleted", kubectl("-n", "old", "delete", kind))


def run(world):
    world.install()
    world.namespace("old")
    for made in (world.create("Deployment", "old", "web", LATEST, replicas=2), world.create("Deployment", "old", "held", LATEST),
                 world.create("Pod", "old", "alone", LATEST), world.create("CronJob", "old", "nightly", LATEST),
                 world.create("Job", "old", "once", LATEST, suspend=False)):
        if not made.ok:
            raise RuntimeError(str(made))
    world.await_running("old", "app=web", 2)
    world.await_running("old", "app=once", 1)
    until(lambda: world.api.get(path_of("Pod", "old", "alone")).body["status"]["phase"] == "Running", "the old pod")
    told = kubectl("label", "namespace", "old", "pinnace.dev/enforce=pinned")
    allowed("the label comes, with a warning of what it would not let in again", told, "Warning: ",
            "enforce=pinned would not let in again ", "NoDigest")
    for what in ('Deployment "web"', 'Pod "alone"', 'CronJob "nightly"'):
        check(f"the warning names {what}", what in told.stderr, told.stderr)
    world.label("old", enforce="pinned")
    try_pod(world)
    try_deployment(world)
    try_finalizer(world)
    try_jobs(world)
    allowed("the old Deployment is deleted", kubectl("-n", "old", "delete", "deployment/web", "--cascade=foreground"))
    world.api.delete("/api/v1/namespaces/old")
