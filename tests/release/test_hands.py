# SPDX-License-Identifier: Apache-2.0
"""Other hands: kubectl set image and rollout undo beside a Track are neither fought nor adopted in silence, and rollout
restart is no matter of it; a Track that is deleted and made again adopts what runs; objects that are made again are others."""
import json

from world import command, must


def begin(world, where, name):
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:latest@{first}")
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name))
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    second = world.push("latest", serial="two", name=name)
    world.comes_healthy(f"{name}: a push is rolled", where, second, name)
    return first, second


def drifted(world, where, name):
    return world.condition(where, "Drifted", name)[0] == "True"


def told_by_event(world, where, name, *commands):
    """Of the Track and of the workload, each with all commands."""
    kinds = {event["involvedObject"]["kind"] for event in world.events(where, "Drifted")
             if event["involvedObject"]["name"] == name and all(command in event["message"] for command in commands)}
    return kinds == {"Track", "Deployment"}


def run_set_image(world, where):
    begin(world, where, "set")
    foreign = f"{world.repository('set')}@{world.push('mine', serial='mine', name='set')}"
    world.set_image(where, "set", foreign)
    world.comes("kubectl set image beside a Track: Drifted", lambda: drifted(world, where, "set"), world.told_of(where, "set"))
    world.check("and told what settles it", "kubectl pinnace" in world.condition(where, "Drifted", "set")[2],
                world.told_of(where, "set")())
    world.comes("events of the Track and of the workload tell both commands", lambda: told_by_event(
        world, where, "set", "kubectl pinnace resume set", "rollback set --to"), lambda: str(world.events(where, "Drifted")))
    third = world.push("latest", serial="three", name="set")
    world.stays("no automatic move until that", lambda: world.image_of(where, "set") == foreign)
    world.does("resume settles it", world.pinnace("resume", "set", "-n", where))
    world.comes_healthy("and what is followed is rolled", where, third, "set")
    world.comes("no drift is left", lambda: not drifted(world, where, "set"), world.told_of(where, "set"))


def run_undo(world, where):
    first, second = begin(world, where, "undo")
    must(command("kubectl", "rollout", "undo", "deployment/undo", "-n", where))
    world.comes("kubectl rollout undo beside a Track: Drifted", lambda: drifted(world, where, "undo"), world.told_of(where, "undo"))
    world.stays("it is not fought", lambda: world.image_of(where, "undo").endswith(first))
    world.does("rollback to it settles it", world.pinnace("rollback", "undo", "-n", where, "--to", first))
    world.comes("no drift is left after the rollback", lambda: not drifted(world, where, "undo"), world.told_of(where, "undo"))
    world.comes_healthy("what was meant is on the ledger", where, first, "undo")
    world.does("resume", world.pinnace("resume", "undo", "-n", where))
    world.comes_healthy("and what is followed is back", where, second, "undo")


def run_restart(world, where):
    """New pods of the same bytes are nobody's release: the template is another, and none of its images."""
    _, second = begin(world, where, "restart")
    ledger, generation = world.status(where, "restart")["ledger"], world.generation(where, "restart")
    old = {pod["metadata"]["name"] for pod in world.pods(where, "restart")}
    must(command("kubectl", "rollout", "restart", "deployment/restart", "-n", where))
    world.comes("kubectl rollout restart beside a Track: all pods are new ones", lambda: len(world.ready_images(where, "restart")) == 2 and
                not old & {pod["metadata"]["name"] for pod in world.pods(where, "restart")}, world.told_of(where, "restart"))
    world.same("of the same bytes", {image[-71:] for image in world.ready_images(where, "restart")}, {second})
    world.stays("the Track writes nothing for that, neither to the workload nor on the ledger", lambda:
                world.generation(where, "restart") == generation + 1 and world.status(where, "restart")["ledger"] == ledger,
                world.told_of(where, "restart"))
    world.same("it is no drift", world.condition(where, "Drifted", "restart")[0], "False")
    world.same("and never was", [event for event in world.events(where, "Drifted") if event["involvedObject"]["name"] == "restart"], [])
    third = world.push("latest", serial="three", name="restart")
    world.comes_healthy("the next push is rolled", where, third, "restart")
    world.same("by one more write", world.generation(where, "restart"), generation + 2)


def run_made_again(world, where):
    _, second = begin(world, where, "again")
    generation = world.generation(where, "again")
    world.api.delete(world.track_path(where, "again"))
    world.comes("a Track is deleted", lambda: world.api.get(world.track_path(where, "again")).status == 404)
    world.track(where, "again", {"tag": "latest"}, ["again"], image=world.repository("again"))
    world.comes("and made again: what runs is adopted", lambda: world.ledger(where, "again")[:1] == [("Adopted", "latest", second)],
                world.told_of(where, "again"))
    world.stays("nothing is rolled for that", lambda: world.generation(where, "again") == generation)


def run_target_again(world, where):
    _, second = begin(world, where, "target")
    must(command("kubectl", "delete", "deployment", "target", "-n", where))
    world.stays("a target that is deleted is not made", lambda: world.api.get(
        f"/apis/apps/v1/namespaces/{where}/deployments/target").status == 404)
    world.comes("it is said that it is missing", lambda: "target" in str(world.status(where, "target").get("conditions", "")) and
                world.condition(where, "Ready", "target")[0] == "False", world.told_of(where, "target"))
    world.workload(where, "target", f"{world.repository('target')}:latest@{second}")
    world.comes("it is made again with what ought to run: all is well",
                lambda: world.condition(where, "Ready", "target")[0] == "True", world.told_of(where, "target"))
    third = world.push("latest", serial="three", name="target")
    world.comes_healthy("and goes on", where, third, "target")


def image_owners(world, where, name):
    """The field managers of the container's image."""
    entries = world.get("Deployment", where, name)["metadata"]["managedFields"]
    return sorted(entry["manager"] for entry in entries if '"f:image":' in json.dumps(entry["fieldsV1"]))


def sync(where, name, **container):
    """As Argo CD does it with ServerSideApply=true."""
    return command("kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-n", where, "-f", "-",
                   text=json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
                       "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": {
                           "containers": [{"name": "web", **container}]}}}}))


def run_gitops(world, where):
    """A tool that applies what is in git: without the image it stays out of the way, with it it is another hand."""
    _, second = begin(world, where, "git")
    released = f"{world.repository('git')}:latest@{second}"
    world.same("what owns the image of a released workload", image_owners(world, where, "git"), ["pinnace"])
    world.does("a sync of a manifest without the image", sync(where, "git", env=[{"name": "FROM", "value": "git"}]))
    world.same("the image stays", world.image_of(where, "git"), released)
    world.same("and so does its owner", image_owners(world, where, "git"), ["pinnace"])
    world.stays("it is no drift", lambda: not drifted(world, where, "git"), world.told_of(where, "git"))
    world.does("a sync of what runs", sync(where, "git", image=released))
    world.same("makes a second owner", image_owners(world, where, "git"), ["argocd-controller", "pinnace"])
    third = world.push("latest", serial="three", name="git")
    world.comes_healthy("and keeps no release back", where, third, "git")
    world.same("which is of one owner again", image_owners(world, where, "git"), ["pinnace"])
    world.does("a sync of one with the image", sync(where, "git", image=f"{world.repository('git')}:latest"))
    world.comes("is another hand: Drifted", lambda: drifted(world, where, "git"), world.told_of(where, "git"))
    world.same("that owns the image now", image_owners(world, where, "git"), ["argocd-controller"])
    world.stays("and is not fought", lambda: world.image_of(where, "git") == f"{world.repository('git')}:latest")
    world.does("resume", world.pinnace("resume", "git", "-n", where))
    world.comes("brings the release back", lambda: world.image_of(where, "git").endswith(third) and not drifted(world, where, "git"),
                world.told_of(where, "git"))
    world.same("and its owner", image_owners(world, where, "git"), ["pinnace"])


def run(world):
    where = world.namespace("shop")
    world.at_once((run_set_image, run_undo, run_restart, run_made_again, run_target_again, run_gitops), where)
