# SPDX-License-Identifier: Apache-2.0
"""Helm and a real API server: installed, upgraded, changed over to, gone."""
import json
import os

from chart import CHART, ROOT, flags, helm, run as command
from patience import until
from results import check

CONFIGURATION = "validatingwebhookconfiguration/pinnace"
AUTHORITY = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
KINDS = ["exemptions.pinnace.dev", "pinpolicies.pinnace.dev", "tracks.pinnace.dev"]


def kubectl(*arguments, text=None):
    return command("kubectl", *arguments, text=text)


def good(text, done):
    return check(text, done.returncode == 0, done.stdout + done.stderr)


def authorities():
    item = json.loads(kubectl("get", CONFIGURATION, "-o", "json").stdout)
    return {webhook["clientConfig"].get("caBundle") for webhook in item["webhooks"]}


def pods():
    return len(kubectl("-n", "pinnace-system", "get", "pods", "-o", "name").stdout.split())


def kinds():
    return sorted(name for name in kubectl("get", "crd", "-o", "name").stdout.replace("customresourcedefinition.apiextensions.k8s.io/", "").split()
                  if name.endswith(".pinnace.dev"))


def put_in_authority():
    """As the controller does it."""
    item = json.loads(kubectl("get", CONFIGURATION, "-o", "json").stdout)
    patch = [{"op": "add", "path": f"/webhooks/{at}/clientConfig/caBundle", "value": AUTHORITY} for at in range(len(item["webhooks"]))]
    good("the controller puts its authority in", kubectl("patch", CONFIGURATION, "--type=json", "-p", json.dumps(patch),
                                                         "--field-manager=pinnace-controller"))


def try_upgrades():
    put_in_authority()
    for values in ({"profile": "available", "platform": "gke"}, {"profile": "available", "defaultLevel": "tagged"}, {}):
        good(f"upgraded to {values}", helm("upgrade", "pinnace", CHART, "--reset-values", *flags(values)))
        with_new = values.get("defaultLevel")
        check(f"with {values} the authority is kept", authorities() == ({AUTHORITY, None} if with_new else {AUTHORITY}), authorities())
        put_in_authority()
    check("the PinPolicy of 'available' went with it", not kubectl("get", "pinpolicies", "-o", "name").stdout)


def try_old_kinds():
    good("a kind is of another version", kubectl("label", "crd", "tracks.pinnace.dev", "--overwrite", "app.kubernetes.io/version=0.0.9"))
    done = helm("upgrade", "pinnace", CHART)
    check("an upgrade is refused with old kinds, and told what to do", done.returncode != 0 and all(
        word in done.stderr for word in ("tracks.pinnace.dev is of 0.0.9", "helm show crds", "kubectl apply --server-side")), done.stderr)
    shown = helm("show", "crds", CHART)
    good("the kinds of the chart are applied", kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=shown.stdout))
    good("then it is upgraded", helm("upgrade", "pinnace", CHART))


def try_gke():
    """Critical pods need a quota here, as there."""
    good("installed without the quota", helm("install", "pinnace", CHART))
    until(lambda: "insufficient quota" in kubectl("-n", "pinnace-system", "get", "events").stdout, "a word of the quota", pause=0.2)
    check("there are no pods", pods() == 0, kubectl("-n", "pinnace-system", "get", "events,pods").stdout)
    good("upgraded to platform gke", helm("upgrade", "pinnace", CHART, "--set", "platform=gke"))
    # The controllers try again after ever longer pauses, but at once after a change.
    kubectl("-n", "pinnace-system", "rollout", "restart", "deployment")
    check("there are pods", until(lambda: pods() >= 4, lambda: kubectl("-n", "pinnace-system", "get", "events").stdout, pause=0.2))


def leave():
    good("uninstalled", helm("uninstall", "pinnace", "--wait", "--timeout", "5m"))
    left = kubectl("get", "validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies,"
                   "validatingadmissionpolicybindings,clusterroles,clusterrolebindings,namespaces", "-o", "name").stdout
    check("nothing is left of it", "pinnace" not in left, [line for line in left.split() if "pinnace" in line])
    check("but the kinds", kinds() == KINDS, kinds())


def try_change_over():
    overlay = os.path.join(ROOT, "manifests/overlays/default")
    good("installed by kustomize", kubectl("apply", "-k", overlay))
    done = helm("install", "pinnace", CHART)
    check("Helm does not take what is another's", done.returncode != 0 and "pinnace" in done.stderr, done.stderr)
    good("unless it is told to", helm("install", "pinnace", CHART, "--take-ownership", "--force-conflicts"))
    leave()


def try_own_namespace():
    arguments = ("--namespace", "pinnace-system")
    done = helm("install", "pinnace", CHART, *arguments, "--create-namespace")
    good("installed into its own namespace", done)
    check("which is then to be labelled", "kubectl label namespace pinnace-system" in done.stdout, done.stdout)
    good("uninstalled from there", helm("uninstall", "pinnace", *arguments))
    good("and the namespace by hand", kubectl("delete", "namespace", "pinnace-system"))


def run():
    try_gke()
    check("Helm brings the kinds", kinds() == KINDS, kinds())
    try_upgrades()
    try_old_kinds()
    leave()
    try_change_over()
    try_own_namespace()
