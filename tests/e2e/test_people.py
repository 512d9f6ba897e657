# SPDX-License-Identifier: Apache-2.0
"""Those who would get around it, by kubectl, where the overlay for AKS is installed: each attempt is refused, and
what they may do in a namespace with a level goes on as before."""
import json

from lib import LATEST, allowed, check, kubectl, must, refused, same, until

# In the namespace: tenant has the role edit, owner may patch the namespace too, platform sets levels, rescuer breaks
# the glass.
TENANT, OWNER, PLATFORM, RESCUER = (f"{name}@contoso.example" for name in ("tenant", "owner", "platform", "rescuer"))
SET = 'needs the verb "set" on enforcementlevels.pinnace.dev'


def prepare(world):
    world.namespace("tenanted", enforce="pinned")
    must(kubectl("create", "clusterrole", "patches-namespaces", "--verb=get,patch,update", "--resource=namespaces,namespaces/status"))
    for user, role in ((TENANT, "edit"), (OWNER, "edit"), (OWNER, "patches-namespaces"), (PLATFORM, "pinnace-levels"),
                       (RESCUER, "pinnace-break-glass"), (RESCUER, "edit")):
        name = f"{user.partition('@')[0]}-{role}"
        must(kubectl("-n", "tenanted", "create", "rolebinding", name, f"--clusterrole={role}", f"--user={user}"))
    # Whoever decides learns of rights and policies by watches of its own.
    for user, *right in ((TENANT, "create", "deployments.apps"), (TENANT, "get", "exemptions.pinnace.dev"),
                         (OWNER, "create", "pods"),
                         (RESCUER, "create", "exemptions.pinnace.dev")):
        until(lambda user=user, right=right: kubectl("-n", "tenanted", "auth", "can-i", *right, user=user).stdout.strip() == "yes",
              f"the right of {user}: {' '.join(right)}")
    until(lambda: label(PLATFORM, "pinnace.dev/enforce=tagged", "--dry-run=server").returncode == 0, "the right to set levels")
    until(lambda: SET in label(OWNER, "pinnace.dev/enforce-", "--dry-run=server").stderr, "the guard of levels")
    until(lambda: "spec.by must be" in kubectl("-n", "tenanted", "create", "-f", "-", "--dry-run=server", text=exemption(PLATFORM),
                                               user=RESCUER).stderr, "the guard of Exemptions")


def label(user, *labels):
    return kubectl("label", "namespace", "tenanted", *labels, "--overwrite", user=user)


def try_labels(world):
    before = world.api.get("/api/v1/namespaces/tenanted").body["metadata"]["labels"]
    refused("a tenant with edit cannot write the namespace at all", label(TENANT, "pinnace.dev/enforce-"), "cannot patch")
    for text, change in (("removes the label", "pinnace.dev/enforce-"), ("turns it off", "pinnace.dev/enforce=off"),
                         ("lowers the level", "pinnace.dev/enforce=tagged"), ("takes the second layer off", "pinnace.dev/second-layer=off")):
        refused(f"one who may patch the namespace {text}: refused", label(OWNER, change), SET, change.rstrip("-").partition("=")[0])
    for change in ("control-plane=true", "kubernetes.azure.com/managedby=aks"):
        refused(f"one who may patch the namespace adds {change}, which AKS keeps webhooks out by: refused", label(OWNER, change),
                SET, change.partition("=")[0])
    same("the namespace is as it was", world.api.get("/api/v1/namespaces/tenanted").body["metadata"]["labels"], before)
    allowed("a label of one's own is let through", label(OWNER, "team=shop"))
    refused("and a mutable image is refused as ever", kubectl("-n", "tenanted", "run", "p", f"--image={LATEST}", user=OWNER), "NoDigest")
    allowed("who has the verb set may lower the level", label(PLATFORM, "pinnace.dev/enforce=tagged"))
    allowed("and raise it again", label(PLATFORM, "pinnace.dev/enforce=pinned"))


def exemption(by):
    return json.dumps({"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "mine"}, "spec": {
        "images": ["registry.test:5000/**"], "reason": "r", "expires": "2999-01-01T00:00:00Z", "by": by}})


def try_exemptions():
    def plant(user, by):
        return kubectl("-n", "tenanted", "apply", "-f", "-", text=exemption(by), user=user)
    refused("a tenant plants an Exemption: refused", plant(TENANT, TENANT), "forbidden", "exemptions")
    refused("a tenant's break-glass: refused", kubectl("pinnace", "break-glass", "-n", "tenanted", "--images", "registry.test:5000/**", "--for",
                                                      "1h", "--reason", "r", "--as", TENANT), "exemptions")
    refused("who may break the glass does it in another's name: refused", plant(RESCUER, PLATFORM), f'spec.by must be "{RESCUER}"')
    refused("or for ever: refused", plant(RESCUER, RESCUER), "spec.expires", "lasts at most 24h")
    allowed("or within what may be: done", kubectl("pinnace", "break-glass", "-n", "tenanted", "--images", "registry.test:5000/shop/web",
                                                  "--for", "1h", "--reason", "the shop is down", "--as", RESCUER))
    name = must(kubectl("-n", "tenanted", "get", "exemptions", "-o", "jsonpath={.items[0].metadata.name}"))
    for user in (TENANT, OWNER):
        refused(f"{user} widens it: refused", kubectl("-n", "tenanted", "patch", "exemption", name, "--type=merge", "-p",
                                                     '{"spec":{"images":["**"]}}', user=user), "forbidden")
    allowed("a tenant may see it", kubectl("-n", "tenanted", "get", "exemptions", user=TENANT), name)
    for kind in ("pinpolicy/default", "validatingwebhookconfiguration/pinnace", "validatingadmissionpolicy/pinnace-guard-levels"):
        refused(f"a tenant deletes {kind}: refused", kubectl("delete", kind, user=OWNER), "orbidden")


def try_work(world):
    allowed("a tenant runs a digest", kubectl("-n", "tenanted", "create", "deployment", "web", f"--image={world.web}", user=TENANT))
    allowed("scales it", kubectl("-n", "tenanted", "scale", "deployment/web", "--replicas=2", user=TENANT))
    world.await_running("tenanted", "app=web", 2)
    check("and it runs", True)


def run(world):
    world.install("overlays/aks")
    selectors = [{"key": "control-plane", "operator": "NotIn", "values": ["true"]},
                 {"key": "kubernetes.azure.com/managedby", "operator": "NotIn", "values": ["aks"]}]
    same("the Enforcer's selectors are written out in every entry", [entry["name"] for entry in world.entries() if not all(
        selector in entry["namespaceSelector"].get("matchExpressions", []) for selector in selectors)], [])
    prepare(world)
    try_labels(world)
    try_exemptions()
    try_work(world)
    must(kubectl("delete", "clusterrole", "patches-namespaces"))
    world.api.delete("/api/v1/namespaces/tenanted")
    world.install()
