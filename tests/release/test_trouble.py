# SPDX-License-Identifier: Apache-2.0
"""What is not the image's fault: it is told, nobody is put away for it, no deadline counts, and when it is mended the
rollout goes on."""
from world import command, must, until

POLICIES, BINDINGS = (f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic{end}" for end in ("ies", "ybindings"))


def begin(world, where, name, **more):
    first = world.push("latest", serial="one", name=name)
    world.workload(where, name, f"{world.repository(name)}:latest@{first}", **more)
    world.track(where, name, {"tag": "latest"}, [name], image=world.repository(name), rollout={"deadline": "40s"})
    world.comes(f"{name}: what runs is adopted", lambda: world.ledger(where, name), world.told_of(where, name))
    return first


def stalls(world, where, name, says, mend, break_it=lambda: None):
    """It stalls for longer than its deadline, with the reason; once mended it is sound."""
    first = begin(world, where, name)
    world.comes(f"{name}: it runs", lambda: len(world.ready_images(where, name)) == 2)
    break_it()
    second = world.push("latest", serial="two", name=name)
    world.comes(f"{name}: it is Stalled, and told why", lambda: world.condition(where, "Stalled", name)[0] == "True" and
                says in world.condition(where, "Stalled", name)[2], world.told_of(where, name))
    world.stays(f"{name}: for longer than the deadline, and nobody is put away", lambda: world.ledger(where, name)[0] == (
        "RollingOut", "latest", second) and not world.status(where, name).get("quarantined"), world.told_of(where, name), seconds=44)
    world.check(f"{name}: what ran before still runs", any(image.endswith(first) for image in world.ready_images(where, name)),
                world.ready_images(where, name))
    mend()
    world.comes_healthy(f"{name}: mended, it goes on", where, second, name)


def run_quota(world):
    where = world.namespace("quota")

    def refuse():
        must(command("kubectl", "create", "quota", "none", "--hard=pods=2", "-n", where))
        until(lambda: "exceeded quota" in command("kubectl", "run", "one-more", "--image=x", "--dry-run=server", "-n", where).stderr,
              "a quota that counts")
    stalls(world, where, "quota", "exceeded quota", lambda: must(command("kubectl", "delete", "quota", "none", "-n", where)), refuse)


def template(world, where, name, change):
    """A change of the pod spec by another hand, which is none of the image."""
    answer = world.api.patch(f"/apis/apps/v1/namespaces/{where}/deployments/{name}", {"spec": {"template": {"spec": change}}},
                             "application/strategic-merge-patch+json")
    if not answer.ok:
        raise RuntimeError(str(answer))


def run_secret(world):
    where = world.namespace("secret")
    stalls(world, where, "secret", 'secret "absent" not found',
           lambda: must(command("kubectl", "create", "secret", "generic", "absent", "--from-literal=a=b", "-n", where)),
           lambda: template(world, where, "secret", {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": "absent"}}]}]}))


def run_node(world):
    where = world.namespace("node")
    stalls(world, where, "node", "the pod has no node", lambda: template(world, where, "node", {"nodeSelector": None}),
           lambda: template(world, where, "node", {"nodeSelector": {"no": "such"}}))


def policy(kind, name, spec):
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def run_admission(world):
    """A policy that lets no pod in, whatever it runs."""
    where = world.namespace("admission")

    def refuse():
        world.api.make(POLICIES, policy("ValidatingAdmissionPolicy", where, {
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]},
            "validations": [{"expression": "false", "message": "the shop is closed"}]}))
        world.api.make(BINDINGS, policy("ValidatingAdmissionPolicyBinding", where, {
            "policyName": where, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": where}}}}))
        until(lambda: "the shop is closed" in command("kubectl", "run", "one-more", "--image=x", "--dry-run=server", "-n", where).stderr,
              "a policy that counts")

    def allow():
        for path in (BINDINGS, POLICIES):
            world.api.delete(f"{path}/{where}")
    try:
        stalls(world, where, "admission", "the shop is closed", allow, refuse)
    finally:
        allow()


def run(world):
    world.at_once((run_quota, run_secret, run_node, run_admission))
