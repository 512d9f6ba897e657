# SPDX-License-Identifier: Apache-2.0
"""What kustomize makes of the manifests: that all of it builds, that what has to be the same is the same, and that
the API server takes it."""
import json
import os
import subprocess

import render
from patience import PATIENCE, until_equal
from results import check

COMPOSITIONS = [os.path.join(folder, name) for folder in (os.path.join(render.ROOT, "manifests/overlays"),
                                                          os.path.join(render.ROOT, "tests/manifests/overlays"))
                for name in sorted(os.listdir(folder))]
SYSTEM = ["kube-system", "kube-public", "kube-node-lease", "pinnace-system"]
LEVELS = ["tagged", "pinned", "released", "unknown"]
ENFORCER = [{"key": "control-plane", "operator": "NotIn", "values": ["true"]},
            {"key": "kubernetes.azure.com/managedby", "operator": "NotIn", "values": ["aks"]}]
OUTSIDE = "system:serviceaccount:pinnace-system:"


def same(text, got, want):
    check(text, got == want, f"expected: {want}\ngot:      {got}")


def selector_of(mode, level):
    key = f"pinnace.dev/{mode}"
    if level == "default":
        chosen = [{"key": key, "operator": "DoesNotExist"}]
    elif level == "unknown":
        chosen = [{"key": key, "operator": "Exists"},
                  {"key": key, "operator": "NotIn", "values": ["off", "tagged", "pinned", "released"]}]
    else:
        chosen = [{"key": key, "operator": "In", "values": [level]}]
    return chosen + [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": SYSTEM}]


def try_entries(name, objects):
    """Each entry of the webhook configuration says what its name says."""
    (configuration,) = render.find(objects, "ValidatingWebhookConfiguration", "pinnace")
    entries = {webhook["name"]: webhook for webhook in configuration["webhooks"]}
    pairs = [(mode, level) for mode in ("enforce", "warn", "audit") for level in LEVELS]
    pairs += [("enforce", "default")] * ("default-level" in name)
    wanted = [(mode, level, update) for mode, level in pairs for update in ("", "-update")]
    same(f"{name}: entries", sorted(entries), sorted(f"{mode}-{level}{update}.pinnace.dev" for mode, level, update in wanted))
    create, changed = configuration["webhooks"][:2]
    same(f"{name}: updates are of what is created", by_operation(changed["rules"], "CREATE"), create["rules"])
    for mode, level, update in wanted:
        entry = entries.get(f"{mode}-{level}{update}.pinnace.dev", {})
        text = f"{name}: {mode}-{level}{update}"
        closed = mode == "enforce" and "available" not in name
        path = f"/{mode}/{'pinned' if level == 'default' else level}"
        same(f"{text}: client", entry.get("clientConfig"), {"service": {
            "namespace": "pinnace-system", "name": "pinnace-webhook", "port": 443, "path": path}})
        same(f"{text}: settings", [entry.get(key) for key in ("failurePolicy", "matchPolicy", "sideEffects",
                                                              "timeoutSeconds", "admissionReviewVersions")],
             ["Fail" if closed else "Ignore", "Equivalent", "None", 3, ["v1"]])
        same(f"{text}: selector", entry.get("namespaceSelector", {}).get("matchExpressions"),
             selector_of(mode, level) + (ENFORCER if "aks" in name else []))
        same(f"{text}: rules and condition", [entry.get("rules"), entry.get("matchConditions")],
             [changed["rules"], changed["matchConditions"]] if update else [by_operation(create["rules"], "CREATE"), None])
    return changed


def by_operation(rules, *operations):
    return [{**rule, "operations": list(operations)} for rule in rules]


def try_policies(name, objects, changed):
    """The second layer sees what the webhook sees, where the profile has it."""
    policies = render.find(objects, "ValidatingAdmissionPolicy")
    bindings = {item["metadata"]["name"]: item["spec"] for item in render.find(objects, "ValidatingAdmissionPolicyBinding")}
    guards = [f"pinnace-guard-{each}" for each in ("exemptions", "history", "ledger", "levels", "tracks")]
    layer = ["pinnace-pinned", "pinnace-tagged", "pinnace-unknown"] if "available" in name else []
    same(f"{name}: policies", sorted(item["metadata"]["name"] for item in policies), guards + layer)
    default = ["pinnace-default"] if "available-default" in name else []
    same(f"{name}: bindings", sorted(bindings), default + guards + layer)
    for policy in policies:
        if policy["metadata"]["name"] in layer:
            level = policy["metadata"]["name"].removeprefix("pinnace-")
            (only_if,), (condition,) = changed["matchConditions"], policy["spec"]["matchConditions"]
            same(f"{name}: {level}: what it sees", [policy["spec"]["matchConstraints"]["resourceRules"], condition],
                 [by_operation(changed["rules"], "CREATE", "UPDATE"),
                  {**only_if, "expression": f"request.operation != 'UPDATE' || ( {only_if['expression']})"}])
            same(f"{name}: {level}: its level", policy["spec"]["variables"][0], {"name": "level", "expression": f"'{level}'"})
        check(f"{name}: {policy['metadata']['name']} fails closed", policy["spec"]["failurePolicy"] == "Fail")
    for binding, spec in bindings.items():
        same(f"{name}: {binding} denies", spec["validationActions"], ["Deny"])
        if binding in layer + default:
            level = binding.removeprefix("pinnace-")
            same(f"{name}: {binding}: its policy", spec["policyName"], f"pinnace-{'pinned' if level == 'default' else level}")
            chosen = selector_of("enforce", level)
            if level == "pinned":
                chosen[0]["values"] = ["pinned", "released"]
            chosen.insert(-1, {"key": "pinnace.dev/second-layer", "operator": "NotIn", "values": ["off"]})
            same(f"{name}: {binding}: its namespaces", spec["matchResources"]["namespaceSelector"]["matchExpressions"],
                 chosen + (ENFORCER if "aks" in name and level == "default" else []))
    (levels,) = [item["spec"]["variables"] for item in policies if item["metadata"]["name"] == "pinnace-guard-levels"]
    everywhere = [variable["expression"] == "true" for variable in levels if variable["name"] == "hasLevel"]
    same(f"{name}: selectors are guarded everywhere", everywhere, ["default-level" in name])


def hardened(container):
    context = container["securityContext"]
    return (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"], context["capabilities"]) == \
        (False, True, {"drop": ["ALL"]})


def try_workloads(name, objects):
    for item in render.find(objects, "Deployment"):
        what, spec = item["metadata"]["name"], item["spec"]
        pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
        (container,) = pod["containers"]
        text = f"{name}: {what}"
        same(f"{text}: replicas", spec["replicas"], 1 if name == "kind" else 2)
        same(f"{text}: on nodes and in zones of their own", [each["topologyKey"] for each in pod["topologySpreadConstraints"]],
             ["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
        check(f"{text}: image by digest", "@sha256:" in container["image"], container["image"])
        check(f"{text}: confined", hardened(container) and pod["securityContext"]["runAsNonRoot"] and
              pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, pod)
        check(f"{text}: goes on answering for 15 s", pod["terminationGracePeriodSeconds"] > 15)
        same(f"{text}: priority", pod["priorityClassName"], "system-cluster-critical")
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("livenessProbe", "readinessProbe"):
            same(f"{text}: {probe}", ports[container[probe]["httpGet"]["port"]], 8080)
        for kind in ("PodDisruptionBudget", "NetworkPolicy"):
            (other,) = render.find(objects, kind, what)
            chosen = other["spec"].get("selector", other["spec"].get("podSelector"))["matchLabels"]
            check(f"{text}: its {kind}", chosen.items() <= labels.items() and len(chosen) > 1, chosen)
        check(f"{text}: apart from each other", all(
            constraint["labelSelector"]["matchLabels"].items() <= labels.items()
            for constraint in pod["topologySpreadConstraints"]), pod["topologySpreadConstraints"])
    (service,) = render.find(objects, "Service", "pinnace-webhook")
    (webhook,) = render.find(objects, "Deployment", "pinnace-webhook")
    template = webhook["spec"]["template"]
    check(f"{name}: the Service leads to the webhook", service["spec"]["selector"].items() <=
          template["metadata"]["labels"].items() and service["spec"]["ports"][0]["targetPort"] in
          [port["name"] for port in template["spec"]["containers"][0]["ports"]])
    controller = render.find(objects, "Deployment", "pinnace-controller")[0]["spec"]["template"]["spec"]["containers"][0]
    same(f"{name}: who makes certificates", "--no-certificates" in controller.get("args", []), "cert-manager" in name)


def try_hooks(name, objects):
    """The Service of the hooks leads to the port that the controller is told to listen at, and no other way does."""
    controller = render.find(objects, "Deployment", "pinnace-controller")[0]["spec"]["template"]
    (container,) = controller["spec"]["containers"]
    services, policies = (render.find(objects, kind, "pinnace-hooks") for kind in ("Service", "NetworkPolicy"))
    if "hooks" not in name:
        check(f"{name}: no hooks", not services and not policies and not any("hooks" in word for word in container["command"]))
        return
    port = {port["name"]: port["containerPort"] for port in container["ports"]}[services[0]["spec"]["ports"][0]["targetPort"]]
    mount = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "hooks")
    same(f"{name}: hooks", container["command"][1:3], [f"--hooks=:{port}", f"--hooks-secrets={mount}"])
    for other in services[0]["spec"]["selector"], policies[0]["spec"]["podSelector"]["matchLabels"]:
        check(f"{name}: hooks lead to the controller", other.items() <= controller["metadata"]["labels"].items() and len(other) > 1)
    same(f"{name}: who may send hints", policies[0]["spec"]["ingress"], [{
        "from": [{"namespaceSelector": {"matchLabels": {"pinnace.dev/hooks": "send"}}}], "ports": [{"protocol": "TCP", "port": port}]}])


# Where the controller asks who it is, of which cloud, and the annotation that says so, by what the name of an overlay has in it.
PLATFORMS = {
    "aks": (["169.254.169.254/32"], "azure", "azure.workload.identity/client-id"),
    "eks": (["169.254.170.23/32", "fd00:ec2::23/128", "169.254.169.254/32", "fd00:ec2::254/128"], "aws", "eks.amazonaws.com/role-arn"),
    "gke": (["169.254.169.254/32", "169.254.169.252/32"], "google", "iam.gke.io/gcp-service-account"),
}


def try_platform(name, objects):
    (policy,) = render.find(objects, "NetworkPolicy", "pinnace-controller")
    blocks = [peer["ipBlock"]["cidr"] for rule in policy["spec"]["egress"] for peer in rule.get("to", [])]
    platform = next((each for each in PLATFORMS if each in name), "")
    addresses, cloud, annotation = PLATFORMS.get(platform, ([], "", ""))
    same(f"{name}: where identities are asked for", blocks, addresses)
    (account,) = render.find(objects, "ServiceAccount", "pinnace-controller")
    (controller,) = render.find(objects, "Deployment", "pinnace-controller")
    identified = bool(platform) and (name == "aks" or "identity" in name)
    same(f"{name}: its identity", list(account["metadata"].get("annotations", {})), [annotation] * identified)
    same(f"{name}: workload identity", controller["spec"]["template"]["metadata"]["labels"].get("azure.workload.identity/use"),
         "true" if identified and platform == "aks" else None)
    words = [word for word in controller["spec"]["template"]["spec"]["containers"][0]["command"] if "machine" in word]
    same(f"{name}: it may be who the nodes are", words, [f"--machine-identity={cloud}"] * bool(cloud))
    same(f"{name}: a quota for critical pods", len(render.find(objects, "ResourceQuota")), int(platform == "gke"))
    (webhook,) = render.find(objects, "NetworkPolicy", "pinnace-webhook")
    senders = [peer["podSelector"]["matchLabels"] for rule in webhook["spec"]["ingress"] for peer in rule.get("from", [])]
    same(f"{name}: who reaches the webhook", senders, [{"app": "konnectivity-agent"}] * ("konnectivity" in name))


def try_images(name, yaml):
    """By our own rules."""
    done = subprocess.run([os.environ["PINNACE_CLI"], "check", "--level", "pinned", "-o", "json", "-f", "-"], input=yaml,
                          capture_output=True, text=True, check=False)
    check(f"{name}: passes 'check' at pinned", done.returncode == 0, done.stdout + done.stderr)
    done = subprocess.run([os.environ["PINNACE_CLI"], "check", "--level", "pinned", "-f", "-"], capture_output=True,
                          input=yaml.replace("@sha256:", ":x"), text=True, check=False)
    check(f"{name}: and would not without digests", done.returncode == 1, done.stdout + done.stderr)


def review(api, user, **attributes):
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": OUTSIDE + user, "resourceAttributes": attributes}}
    return api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body).body["status"]["allowed"]


def rights_for_releases():
    """(what the controller may do for Tracks, what not), anywhere."""
    tracks, anywhere = {"group": "pinnace.dev", "resource": "tracks"}, {"namespace": "default"}
    workloads = [("apps", "deployments"), ("apps", "statefulsets"), ("apps", "daemonsets"), ("batch", "cronjobs")]
    may = [{**tracks, "verb": verb} for verb in ("get", "list", "watch")]
    may += [{"group": group, "resource": kind, "verb": verb} for group, kind in workloads for verb in ("get", "list", "watch", "patch")]
    may += [{**tracks, "subresource": "status", **anywhere, "verb": "update"}]
    may += [{"group": group, "resource": kind, **anywhere, "verb": verb} for group, kind in (("", "pods"), ("batch", "jobs"))
            for verb in ("list", "watch")]
    may += [{"group": "events.k8s.io", "resource": "events", **anywhere, "verb": verb} for verb in ("create", "get", "patch")]
    may += [{"resource": "configmaps", **anywhere, "verb": verb} for verb in ("create", "get", "update")]
    may_not = [{**tracks, **anywhere, "verb": verb} for verb in ("create", "update", "patch", "delete")]
    may_not += [{"group": group, "resource": kind, **anywhere, "verb": verb} for group, kind in workloads
                for verb in ("create", "update", "delete")]
    may_not += [{"resource": "configmaps", **anywhere, "verb": verb} for verb in ("list", "watch", "patch", "delete")]
    may_not += [{"resource": kind, **anywhere, "verb": verb} for kind in ("secrets", "serviceaccounts") for verb in ("get", "list")]
    may_not += [{"resource": "pods", **anywhere, "verb": verb} for verb in ("create", "delete", "patch")]
    return [("controller", attributes) for attributes in may], [("controller", attributes) for attributes in may_not]


def try_rights(api):
    """What the two accounts may do, asked of the API server's own authorizer."""
    own, webhooks = "pinnace-system", {"group": "admissionregistration.k8s.io", "resource": "validatingwebhookconfigurations"}
    secret, lease = {"resource": "secrets"}, {"group": "coordination.k8s.io", "resource": "leases"}
    may = [("webhook", {"group": "pinnace.dev", "resource": kind, "verb": verb})
           for kind in ("pinpolicies", "exemptions", "tracks") for verb in ("get", "list", "watch")]
    may += [("webhook", {"group": "apps", "resource": kind, "namespace": "default", "verb": "list"})
            for kind in ("replicasets", "statefulsets", "controllerrevisions")]
    mutating = {**webhooks, "resource": "mutatingwebhookconfigurations"}
    may += [("controller", {**mutating, "name": "pinnace-track", "verb": verb}) for verb in ("get", "patch", "list", "watch")]
    may += [("controller", {**webhooks, "name": name, "verb": verb}) for name in ("pinnace", "pinnace-objects")
            for verb in ("get", "patch", "list", "watch")]
    may += [("controller", {**secret, "namespace": own, "name": name, "verb": verb})
            for name in ("pinnace-ca", "pinnace-serving-cert") for verb in ("get", "update", "watch")]
    may += [("controller", {**secret, "namespace": own, "verb": "create"}),
            ("controller", {**lease, "namespace": own, "verb": "create"}),
            ("controller", {**lease, "namespace": own, "name": "pinnace-controller", "verb": "update"}),
            ("controller", {"resource": "namespaces", "namespace": own, "name": own, "verb": "get"})]
    may_not = [("webhook", {"group": "pinnace.dev", "resource": "pinpolicies", "verb": "update"}),
               ("webhook", {"group": "pinnace.dev", "resource": "tracks", "subresource": "status", "verb": "update"}),
               ("controller", {**mutating, "name": "other", "verb": "patch"}),
               ("webhook", {**secret, "namespace": own, "name": "pinnace-serving-cert", "verb": "get"}),
               ("webhook", {**webhooks, "name": "pinnace", "verb": "get"}),
               ("controller", {**webhooks, "verb": "list"}), ("controller", {**webhooks, "verb": "create"}),
               ("controller", {**webhooks, "name": "other", "verb": "patch"}),
               ("controller", {**webhooks, "name": "pinnace", "verb": "delete"}),
               ("controller", {**secret, "namespace": own, "verb": "list"}),
               ("controller", {**secret, "namespace": own, "name": "other", "verb": "get"}),
               ("controller", {**secret, "namespace": "default", "name": "pinnace-ca", "verb": "get"}),
               ("controller", {**secret, "namespace": own, "name": "pinnace-ca", "verb": "delete"}),
               ("controller", {"resource": "namespaces", "namespace": "default", "name": "default", "verb": "get"}),
               ("controller", {"resource": "namespaces", "namespace": own, "name": own, "verb": "patch"}),
               ("controller", {"group": "pinnace.dev", "resource": "enforcementlevels", "verb": "set"})]
    for all_of, more in zip((may, may_not), rights_for_releases()):
        all_of += more
    for user, attributes in may + may_not:
        allowed = review(api, f"pinnace-{user}", **attributes)
        check(f"{user} {'may' if (user, attributes) in may else 'may not'} {attributes}",
              allowed == ((user, attributes) in may))
    token = api.create("/api/v1/namespaces/pinnace-system/serviceaccounts/pinnace-controller/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}).body["status"]["token"]
    check("its account gets a token", token.count(".") == 2)
    base = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    account = {"user": OUTSIDE + "pinnace-controller", "groups": ("system:serviceaccounts",)}
    one = api.get(f"{base}?fieldSelector=metadata.name%3Dpinnace", **account)
    check("a list of the one it may see", one.ok and len(one.body["items"]) == 1, one)
    check("no list of all", api.get(base, **account).status == 403)


def kubectl(*arguments, text=None):
    return subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)


def try_install(api):
    """The API server takes it, twice, and keeps what the controller wrote in between."""
    yaml = render.kustomize("overlays/default")
    first = kubectl("apply", "-f", "-", text=yaml)
    check("the default overlay is taken", first.returncode == 0, first.stderr)
    pods = until_equal(lambda: len(api.get("/api/v1/namespaces/pinnace-system/pods").body["items"]), 4)
    check("its pods are let in, under 'restricted'", pods == 4, kubectl("-n", "pinnace-system", "get", "events").stdout)
    warnings = [line for line in first.stderr.splitlines() if "Warning" in line]
    check("without a warning", not warnings, warnings)
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pinnace"
    api.patch(path, [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": CA}], "application/json-patch+json")
    again = kubectl("apply", "-f", "-", text=yaml)
    kept = api.get(path).body["webhooks"][0]["clientConfig"].get("caBundle")
    check("applied again it keeps the authority that was put in", again.returncode == 0 and kept == CA, again.stderr)
    try_rights(api)
    for composition in COMPOSITIONS:
        # Without what needs kinds.
        taken = [item for item in render.render(composition) if not item["apiVersion"].startswith(("cert-manager.io", "pinnace.dev"))]
        tried = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-",
                        text=json.dumps({"apiVersion": "v1", "kind": "List", "items": taken}))
        check(f"{os.path.basename(composition)}: the API server takes it, without a warning",
              tried.returncode == 0 and "Warning" not in tried.stderr, tried.stderr)
    gone = kubectl("delete", "-f", "-", f"--timeout={PATIENCE}s", text=yaml)
    check("it is deleted", gone.returncode == 0, gone.stderr)


CA = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"


def try_objects(name, objects):
    """Pinnace's own kinds and the levels of namespaces are checked; only an Exemption needs its webhook."""
    (configuration,) = render.find(objects, "ValidatingWebhookConfiguration", "pinnace-objects")
    entries = {webhook["name"].split(".")[0]: webhook for webhook in configuration["webhooks"]}
    same(f"{name}: paths for objects", {key: entry["clientConfig"]["service"]["path"] for key, entry in entries.items()},
         {key: f"/{key}" for key in ("namespaces", "pinpolicies", "exemptions", "tracks")})
    same(f"{name}: who fails closed", [key for key, entry in entries.items() if entry["failurePolicy"] == "Fail"],
         ["exemptions"])
    for key, entry in entries.items():
        same(f"{name}: {key} can be deleted", entry["rules"][0]["operations"], ["CREATE", "UPDATE"])
        selectors = entry.get("namespaceSelector", {}).get("matchExpressions", [])
        same(f"{name}: {key} has what AKS would add", [each for each in selectors if each in ENFORCER],
             ENFORCER if "aks" in name else [])
    (tracked,) = render.find(objects, "MutatingWebhookConfiguration")
    (entry,) = tracked["webhooks"]
    same(f"{name}: tracked apply", [entry["clientConfig"]["service"]["path"], entry["failurePolicy"], entry["reinvocationPolicy"]],
         ["/track", "Ignore", "IfNeeded"])
    same(f"{name}: where it is", entry["namespaceSelector"], {
        "matchLabels": {"pinnace.dev/pin": "track"},
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": SYSTEM}] +
                            (ENFORCER if "aks" in name else [])})
    for each in render.find(objects, "ValidatingWebhookConfiguration") + [tracked]:
        same(f"{name}: who puts the authority into {each['metadata']['name']}",
             each["metadata"].get("annotations", {}).get("cert-manager.io/inject-ca-from"),
             "pinnace-system/pinnace-serving-cert" if "cert-manager" in name else None)
    for key in "namespaces", "exemptions":
        same(f"{name}: {key} of the system are left alone", entries[key]["namespaceSelector"]["matchExpressions"][:1],
             [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": SYSTEM}])


def run(api, folder):
    for composition in COMPOSITIONS:
        name = os.path.basename(composition)
        yaml = render.kustomize(composition)
        objects = render.objects_of(yaml)
        changed = try_entries(name, objects)
        try_objects(name, objects)
        try_policies(name, objects, changed)
        try_workloads(name, objects)
        try_hooks(name, objects)
        try_platform(name, objects)
        try_images(name, yaml)
        check(f"{name}: no kinds, and no placeholder", not render.find(objects, "CustomResourceDefinition") and
              "pinnace:0.1.0" not in yaml)
        taken = [item for item in objects if not item["apiVersion"].startswith(("cert-manager.io", "pinnace.dev"))]
        deep = kubectl("create", "--dry-run=client", "--validate=strict", "-f", "-",
                       text=json.dumps({"apiVersion": "v1", "kind": "List", "items": taken}))
        check(f"{name}: every field is known", deep.returncode == 0, deep.stderr)
    try_install(api)
