# SPDX-License-Identifier: Apache-2.0
"""Every kind of target, and those that a rollout has to wait for: zero replicas, paused, OnDelete, a CronJob; and an
index that is made anew."""
from world import command, must

SOON = 10  # seconds of a deadline


def begin(world, where, name, kind="Deployment", tag="latest", rollout=None, **more):
    """A workload and a Track of a repository of its own; the digest that is adopted."""
    first = world.push(tag, serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:{tag}@{first}", kind=kind, **more)
    world.track(where, name, {"tag": tag}, [{"kind": kind, "name": name}], image=world.repository(name), rollout=rollout)
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    return first


def waits(world, where, name):
    """For longer than its deadline, which gives it more time from then on."""
    world.stays(f"{name}: and waits for longer than the deadline", lambda: world.ledger(where, name)[0][0] == "RollingOut",
                world.told_of(where, name), seconds=SOON + 8)
    world.api.patch(world.track_path(where, name), {"spec": {"rollout": {"deadline": "15m"}}})
    world.comes_seen(f"{name}: a longer deadline", where, name)


def run_sets(world, where):
    for name, kind in (("set", "StatefulSet"), ("nodes", "DaemonSet")):
        begin(world, where, name, kind)
    for name, kind in (("set", "StatefulSet"), ("nodes", "DaemonSet")):
        digest = world.push("latest", serial="two", name=name)
        world.comes_healthy(f"a {kind} is rolled", where, digest, name)
        world.check(f"every pod of the {kind} has it", all(image.endswith(digest) for image in world.ready_images(where, name)),
                    world.ready_images(where, name))
    run_stuck_set(world, where)


def run_stuck_set(world, where):
    """A StatefulSet does not replace a pod that is not ready: the way back needs a hand, and it is told which."""
    good = world.get("StatefulSet", where, "set")["spec"]["template"]["spec"]["containers"][0]["image"][-71:]
    bad = world.push("latest", "crash 0", name="set")
    world.comes("a bad image in a StatefulSet is put away", lambda: [
        entry["digest"] for entry in world.status(where, "set").get("quarantined", [])] == [bad], world.told_of(where, "set"))
    world.comes("the template is back", lambda: world.image_of(where, "set", "StatefulSet").endswith(good))

    def told():
        return [condition["message"] for condition in world.status(where, "set").get("conditions", [])
                if "kubectl delete pod" in condition.get("message", "")]
    world.comes("it is told which pod is in the way, and what to do", told, world.told_of(where, "set"))
    for pod in world.pods(where, "set"):
        if not pod["spec"]["containers"][0]["image"].endswith(good):
            must(command("kubectl", "delete", "pod", pod["metadata"]["name"], "-n", where, "--now", "--ignore-not-found"))
    world.comes_healthy("once that is done, it is sound", where, good, "set")


def run_job(world, where):
    """The next run shows how a CronJob does."""
    begin(world, where, "job", "CronJob", restartPolicy="Never", spec={"suspend": False})
    world.api.patch(f"/apis/batch/v1/namespaces/{where}/cronjobs/job", {"spec": {"jobTemplate": {"spec": {"backoffLimit": 0}}}})
    for serial, does, state in (("two", "done 0", "Healthy"), ("three", "crash 0", "Failed")):
        digest = world.push("latest", does, serial, "job")
        world.comes(f"a CronJob has the image that {does.split()[0]}s", lambda digest=digest:
                    world.image_of(where, "job", "CronJob").endswith(digest), world.told_of(where, "job"))
        world.check("it is not judged before a Job ran", world.ledger(where, "job")[0][0] == "RollingOut", world.told_of(where, "job")())
        # The schedule is years away: a person runs it.
        must(command("kubectl", "create", "job", f"run-{serial}", "--from=cronjob/job", "-n", where))
        world.comes(f"a Job of it ends: {state}", lambda digest=digest, state=state: (state, "latest", digest) in world.ledger(where, "job"),
                    world.told_of(where, "job"))


def run_suspended(world, where):
    begin(world, where, "asleep", "CronJob")  # which the tests' CronJobs are if nothing else is said
    digest = world.push("latest", "done 0", "two", "asleep")
    world.comes("a suspended CronJob: in place, and no proof of anything", lambda: world.ledger(where, "asleep")[0] == (
        "Applied", "latest", digest), world.told_of(where, "asleep"))


def run_containers(world, where):
    """Init containers of the repository go along; a sidecar of another image, and what else the manifest has, is left."""
    first = world.push("latest", "done 0", "one", "init")
    image = f"{world.repository('init')}:latest@{first}"
    side = f"{world.repository('side')}@{world.push('1', serial='side', name='side')}"
    world.workload(where, "init", side, initContainers=[{"name": "prepare", "image": image}],
                   containers=[{"name": "named", "image": side, "command": ["/behave", "x"], "env": [{"name": "KEPT", "value": "yes"}],
                                "ports": [{"containerPort": 9}]}], ready=False)
    world.track(where, "init", {"tag": "latest"}, ["init"], image=world.repository("init"))
    world.comes("init: what runs is adopted", lambda: world.ledger(where, "init"), world.told_of(where, "init"))
    before = world.pod_spec("Deployment", where, "init")
    second = world.push("latest", "done 0", "two", "init")
    world.comes("init: the init container has it", lambda: world.image_of(where, "init", container="prepare").endswith(second),
                world.told_of(where, "init"))
    before["initContainers"][0]["image"] = image.replace(first, second)
    world.same("init: nothing else of the template is another", world.pod_spec("Deployment", where, "init"), before)


def run_idle(world, where):
    begin(world, where, "zero", spec={"replicas": 0})
    digest = world.push("latest", serial="two", name="zero")
    world.comes("zero replicas: in place, and no proof of anything", lambda: world.ledger(where, "zero")[0] == ("Applied", "latest", digest),
                world.told_of(where, "zero"))
    world.check("so it is not proved", not [proof for proof in world.status(where, "zero").get("proofs", [])
                                            if proof["digest"] == digest and "provedAt" in proof], world.told_of(where, "zero")())


def run_paused(world, where):
    begin(world, where, "paused", rollout={"deadline": f"{SOON}s"})
    must(command("kubectl", "rollout", "pause", "deployment/paused", "-n", where))
    digest = world.push("latest", serial="two", name="paused")
    world.comes("paused: it is in the template", lambda: world.image_of(where, "paused").endswith(digest), world.told_of(where, "paused"))
    waits(world, where, "paused")
    must(command("kubectl", "rollout", "resume", "deployment/paused", "-n", where))
    world.comes_healthy("paused: it goes on when the Deployment does", where, digest, "paused")


def run_on_delete(world, where):
    begin(world, where, "ondelete", "DaemonSet", rollout={"deadline": f"{SOON}s"}, spec={"updateStrategy": {"type": "OnDelete"}})
    digest = world.push("latest", serial="two", name="ondelete")
    world.comes("OnDelete: it is in the template", lambda: world.image_of(where, "ondelete", "DaemonSet").endswith(digest),
                world.told_of(where, "ondelete"))
    waits(world, where, "ondelete")
    must(command("kubectl", "delete", "pods", "-l", "app=ondelete", "-n", where, "--now"))
    world.comes_healthy("OnDelete: it is new when its pods were deleted", where, digest, "ondelete")


def run_rebuilt(world):
    """An index made anew of the same images is another digest: it is rolled once, and what was proved was not it."""
    staging, production = world.namespace("staging"), world.namespace("production")
    path = f"{world.name}/rebuilt"
    first = world.registry.push_index(path, ("latest", "v1.0.0"), serial="one")
    for where, tag in ((staging, "latest"), (production, "v1.0.0")):
        world.workload(where, "rebuilt", f"{world.repository('rebuilt')}:{tag}@{first}")
    world.track(staging, "rebuilt", {"tag": "latest"}, ["rebuilt"], image=world.repository("rebuilt"))
    world.track(production, "rebuilt", {"semver": ">=1.0.0"}, ["rebuilt"], {"namespace": staging, "track": "rebuilt"},
                world.repository("rebuilt"))
    for where in (staging, production):
        world.comes(f"rebuilt: what runs in {where} is adopted", lambda where=where: world.ledger(where, "rebuilt"),
                    world.told_of(where, "rebuilt"))
    second = world.registry.push_index(path, "latest", serial="two")
    world.comes_healthy("rebuilt: staging runs an index", staging, second, "rebuilt")
    generation = world.generation(staging, "rebuilt")
    version = world.registry.annotate_index(path, second, "v1.1.0")
    world.check("rebuilt: the version is another digest of the same images", version != second and
                world.registry.children(path, version) == world.registry.children(path, second), f"{version} {second}")
    world.comes("rebuilt: that staging never ran: production says so", lambda: world.condition(production, "NeverProved", "rebuilt")[0] ==
                "True" and world.status(production, "rebuilt")["candidate"]["digest"] == version, world.told_of(production, "rebuilt"))
    world.stays("rebuilt: and stays where it is", lambda: world.image_of(production, "rebuilt").endswith(first))
    world.registry.tag(path, version, "latest")
    world.comes_healthy("rebuilt: under latest it is rolled", staging, version, "rebuilt")
    world.stays("rebuilt: once", lambda: world.generation(staging, "rebuilt") == generation + 1 and len(world.ledger(staging, "rebuilt")) == 3,
                world.told_of(staging, "rebuilt"))
    world.comes_healthy("rebuilt: and proved, so that production has it", production, version, "rebuilt")
    world.same("rebuilt: production says so no more", world.condition(production, "NeverProved", "rebuilt")[0], "False")


def run_all(world):
    where = world.namespace("all")
    world.at_once((run_sets, run_job, run_suspended, run_containers, run_idle, run_paused, run_on_delete), where)


def run(world):
    world.at_once((run_all, run_rebuilt))
