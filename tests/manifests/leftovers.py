# SPDX-License-Identifier: Apache-2.0
"""What a part has made goes when it ends, so that no part depends on which came before it."""
import time

from api import RESOURCES, collection

ADMISSION, RBAC = "/apis/admissionregistration.k8s.io/v1", "/apis/rbac.authorization.k8s.io/v1"
# What could refuse that the rest goes comes first.
LISTS = [f"{ADMISSION}/{kind}" for kind in (
    "validatingwebhookconfigurations", "mutatingwebhookconfigurations",
    "validatingadmissionpolicybindings", "validatingadmissionpolicies")]
LISTS += [collection(kind, "default") for kind in RESOURCES]
LISTS += ["/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/serviceaccounts"]
LISTS += [f"{RBAC}/{kind}" for kind in ("namespaces/default/rolebindings", "namespaces/default/roles",
                                       "clusterrolebindings", "clusterroles")]
LISTS += ["/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/namespaces"]
PATIENCE = 120


def there(api):
    return [f"{path}/{item['metadata']['name']}" for path in LISTS for item in api.get(path).body["items"]]


def let_go(api, items):
    """What a finalizer holds, and its namespace with it."""
    for meta in (item["metadata"] for item in items if item["metadata"].get("finalizers")):
        api.patch(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", {"metadata": {"finalizers": None}})


def clean(api, before):
    """Until nothing is there but what was."""
    end = time.monotonic() + PATIENCE
    while left := [path for path in there(api) if path not in before]:
        if time.monotonic() > end:
            raise RuntimeError(f"it does not go: {left}")
        for path in left:
            api.delete(path)
        let_go(api, api.get("/api/v1/pods").body["items"])
        time.sleep(0.2)
