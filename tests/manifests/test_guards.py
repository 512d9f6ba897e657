# SPDX-License-Identifier: Apache-2.0
"""The guards, asked as other users: who may change a namespace's level, and write an Exemption."""
import os
import subprocess

import render
from api import APPLY, MERGE, namespace
from patience import until, until_equal
from results import check

NAMESPACES = "/api/v1/namespaces"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
# tenant may write namespaces and Exemptions, and no more; platform may set levels everywhere, owner in one place.
TENANT, PLATFORM, OWNER = "tenant@contoso.example", "platform@contoso.example", "owner@contoso.example"


def allow(api, name, user, rules, where=None):
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    path = f"{RBAC}/namespaces/{where}" if where else RBAC
    kinds = ("Role", "roles", "rolebindings") if where else ("ClusterRole", "clusterroles", "clusterrolebindings")
    metadata = {"metadata": {"name": name}, "apiVersion": "rbac.authorization.k8s.io/v1"}
    api.make(f"{path}/{kinds[1]}", {**metadata, "kind": kinds[0], "rules": rules})
    api.make(f"{path}/{kinds[2]}", {**metadata, "kind": f"{kinds[0]}Binding", "subjects": [subject], "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io", "kind": kinds[0], "name": name}})


def prepare(api):
    writes = [{"apiGroups": [""], "resources": ["namespaces", "namespaces/status", "namespaces/finalize"], "verbs": ["*"]},
              {"apiGroups": ["pinnace.dev"], "resources": ["exemptions"], "verbs": ["*"]}]
    sets = [{"apiGroups": ["pinnace.dev"], "resources": ["enforcementlevels"], "verbs": ["set"]}]
    for name in ("guarded", "free", "owned"):
        api.make(NAMESPACES, namespace(name, **({} if name == "free" else {"pinnace_dev__enforce": "pinned"})))
    for user in (TENANT, PLATFORM, OWNER):
        allow(api, f"writes-{user.partition('@')[0]}", user, writes)
    allow(api, "sets", PLATFORM, sets)
    allow(api, "sets", OWNER, sets, "owned")
    for crd in render.render("crds"):
        api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    folder = os.path.join(render.ROOT, "manifests/policies/guards")
    applied = subprocess.run(["kubectl", "apply", "-k", folder], capture_output=True, text=True, check=False)
    check("the guards are taken", applied.returncode == 0, applied.stderr[:3000])

    def in_force():
        """Not for the tenant alone: the rights of the others are known by then, too."""
        refused = [
            api.patch(f"{NAMESPACES}/free", {"metadata": {"labels": {"pinnace.dev/enforce": "off"}}}, user=TENANT, dry=True),
            api.create("/apis/pinnace.dev/v1alpha1/namespaces/free/exemptions", exemption("nobody"), user=TENANT, dry=True)]
        able = [api.patch(f"{NAMESPACES}/{where}", {"metadata": {"labels": {"pinnace.dev/enforce": "off"}}}, user=user, dry=True)
                for where, user in (("guarded", PLATFORM), ("owned", OWNER))]
        if all("ValidatingAdmissionPolicy" in answer.message for answer in refused) and all(answer.ok for answer in able):
            return True
        raise ValueError("; ".join(map(str, [*refused, *able])))
    until(in_force, "guards in force, and rights")


def exemption(by, name="e", **changes):
    spec = {"images": ["a.b/x"], "reason": "r", "expires": "2999-01-01T00:00:00Z", "by": by, **changes}
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": name},
            "spec": {key: value for key, value in spec.items() if value is not None}}


def refused(text, answer, guard, said):
    check(f"refused: {text}", answer.status == 403 and guard in answer.message and said in answer.message, answer)


def allowed(text, answer):
    check(f"allowed: {text}", answer.ok, answer)


def labels(**values):
    return {"metadata": {"labels": {key.replace("__", "/").replace("_", "-").replace("pinnace-dev", "pinnace.dev"): value
                                    for key, value in values.items()}}}


AKS = "kubernetes.azure.com/managedby"
EVASIONS = [
    ("remove the label", {"pinnace.dev/enforce": None}),
    ("turn it off", {"pinnace.dev/enforce": "off"}),
    ("lower the level", {"pinnace.dev/enforce": "tagged"}),
    ("raise the level", {"pinnace.dev/enforce": "released"}),
    ("misspell it", {"pinnace.dev/enforce": "Pinned"}),
    ("add another of our labels", {"pinnace.dev/warn": "pinned"}),
    ("take the second layer off", {"pinnace.dev/second-layer": "off"}),
    ("add control-plane", {"control-plane": "true"}),
    ("add managedby", {AKS: "aks"}),
    ("hide one among others", {"team": "a", "pinnace.dev/enforce": None, "x.example/y": "z"}),
]


def try_levels(api):
    guard = "pinnace-guard-levels"
    for text, change in EVASIONS:
        body = {"metadata": {"labels": change}}
        said = next(key for key in change if "pinnace" in key or key in ("control-plane", AKS))
        for path in ("", "/status"):
            answer = api.patch(f"{NAMESPACES}/guarded{path}", body, user=TENANT, dry=True)
            refused(f"a tenant's attempt to {text} by namespaces{path}", answer, guard, said)
        finalize = api.get(f"{NAMESPACES}/guarded").body
        finalize["metadata"]["labels"] = {key: value for key, value in
                                          {**finalize["metadata"]["labels"], **change}.items() if value is not None}
        refused(f"a tenant's attempt to {text} by PUT", api.put(f"{NAMESPACES}/guarded", finalize, user=TENANT, dry=True),
                guard, said)
        refused(f"a tenant's attempt to {text} by finalize",
                api.put(f"{NAMESPACES}/guarded/finalize", finalize, user=TENANT, dry=True), guard, said)
        allowed(f"platform may {text}", api.patch(f"{NAMESPACES}/guarded", body, user=PLATFORM, dry=True))
        allowed(f"the owner may {text}", api.patch(f"{NAMESPACES}/owned", body, user=OWNER, dry=True))
        refused(f"the owner of another namespace may not {text}",
                api.patch(f"{NAMESPACES}/guarded", body, user=OWNER, dry=True), guard, said)
    applied = namespace("guarded")
    refused("a forced apply that takes the label over",
            api.patch(f"{NAMESPACES}/guarded", {**applied, **{"metadata": {"name": "guarded", "labels": {
                "pinnace.dev/enforce": "off"}}}}, APPLY, user=TENANT, dry=True, force=True), guard, "pinnace.dev/enforce")
    refused("a new namespace with a level", api.create(NAMESPACES, namespace("new", pinnace_dev__enforce="off"),
                                                       user=TENANT, dry=True), guard, "pinnace.dev/enforce")


def try_what_is_free(api):
    for text, change in (("team", {"team": "a"}), ("a foreign label", {"pinnace.example/enforce": "x"})):
        allowed(f"a tenant may set {text}", api.patch(f"{NAMESPACES}/guarded", {"metadata": {"labels": change}},
                                                       user=TENANT, dry=True))
    annotated = {"metadata": {"annotations": {"pinnace.dev/note": "x"}}}
    allowed("a tenant may annotate", api.patch(f"{NAMESPACES}/guarded", annotated, user=TENANT, dry=True))
    for label in ("control-plane", AKS):
        allowed(f"{label} of a namespace without a level",
                api.patch(f"{NAMESPACES}/free", {"metadata": {"labels": {label: "x"}}}, user=TENANT, dry=True))
    allowed("a new namespace without a level", api.create(NAMESPACES, namespace("new"), user=TENANT, dry=True))
    allowed("a tenant may write a namespace back", api.put(f"{NAMESPACES}/guarded", api.get(f"{NAMESPACES}/guarded").body,
                                                           user=TENANT, dry=True))
    api.make(NAMESPACES, namespace("leaving", pinnace_dev__enforce="pinned"))
    allowed("a tenant may delete a namespace", api.delete(f"{NAMESPACES}/leaving", user=TENANT))
    gone = until_equal(lambda: api.get(f"{NAMESPACES}/leaving").status, 404)
    check("and it goes, finalizer and all", gone == 404, gone)


def try_exemptions(api):
    guard, path = "pinnace-guard-exemptions", "/apis/pinnace.dev/v1alpha1/namespaces/guarded/exemptions"
    for text, by in (("in another's name", PLATFORM), ("in nobody's name", None), ("in an empty name", ""),
                     ("in a name that is longer", TENANT + "x"), ("in other letters", TENANT.upper())):
        refused(f"an Exemption {text}", api.create(path, exemption(by), user=TENANT), guard, TENANT)
    allowed("an Exemption in one's own name", api.create(path, exemption(TENANT), user=TENANT))
    for text, change in (("make it longer", {"expires": "2999-02-01T00:00:00Z"}), ("widen it", {"images": ["**"]})):
        refused(f"another's attempt to {text}", api.patch(f"{path}/e", {"spec": change}, user=PLATFORM), guard, PLATFORM)
        allowed(f"another may {text} in his own name",
                api.patch(f"{path}/e", {"spec": {**change, "by": PLATFORM}}, user=PLATFORM, dry=True))
        allowed(f"one may {text} oneself", api.patch(f"{path}/e", {"spec": change}, user=TENANT, dry=True))
    refused("a change of the name alone", api.patch(f"{path}/e", {"spec": {"by": "x"}}, user=TENANT), guard, TENANT)
    refused("an apply in another's name", api.patch(f"{path}/applied", exemption(PLATFORM, "applied"), APPLY, user=TENANT),
            guard, TENANT)
    allowed("another may label it", api.patch(f"{path}/e", {"metadata": {"labels": {"a": "b"}}}, MERGE, user=PLATFORM))
    allowed("another may delete it", api.delete(f"{path}/e", user=PLATFORM))


CONTROLLER = "system:serviceaccount:pinnace-system:pinnace-controller"


def history(name, ours=True):
    labels = {"app.kubernetes.io/managed-by": "pinnace"} if ours else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"rows": ""}}


def try_history(api):
    """The controller's account writes histories of Tracks, and no other ConfigMap."""
    guard, path, said = "pinnace-guard-history", "/api/v1/namespaces/free/configmaps", "TRACK-history"
    writes = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    for user in (CONTROLLER, TENANT):
        allow(api, f"histories-{len(user)}", user, writes)
    until(lambda: said in api.create(path, history("wait"), user=CONTROLLER, dry=True).message, "the guard of histories")
    until(lambda: api.create(path, history("wait"), user=TENANT, dry=True).ok, "the tenant's rights")
    allowed("a history", api.create(path, history("web-history"), user=CONTROLLER))
    refused("a ConfigMap of another name", api.create(path, history("web"), user=CONTROLLER), guard, said)
    refused("a history without the label", api.create(path, history("a-history", ours=False), user=CONTROLLER), guard, said)
    allowed("somebody else's ConfigMap of that name", api.create(path, history("its-history", ours=False), user=TENANT))
    refused("an attempt to make it a history", api.patch(
        f"{path}/its-history", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "pinnace"}}}, user=CONTROLLER), guard, said)
    refused("a change of it", api.patch(f"{path}/its-history", {"data": {"rows": "x"}}, user=CONTROLLER), guard, said)
    allowed("more rows", api.patch(f"{path}/web-history", {"data": {"rows": "x"}}, user=CONTROLLER))
    allowed("others write what they like", api.patch(f"{path}/web-history", {"data": {"rows": "y"}}, user=TENANT))


def run(api, folder):
    prepare(api)
    try_levels(api)
    try_what_is_free(api)
    try_exemptions(api)
    try_history(api)
