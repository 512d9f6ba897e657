# SPDX-License-Identifier: Apache-2.0
"""Every object that an API server knows, to compare before with after."""

# These come and go by themselves, in whatever cluster.
FLEETING = {"events", "leases", "endpointslices", "endpoints", "replicasets", "controllerrevisions"}


def resources(api):
    """The paths of all lists."""
    groups = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in api.get("/apis").body["groups"]]
    for path in ["/api/v1", *groups]:
        for resource in api.get(path).body["resources"]:
            if "list" in resource["verbs"] and "/" not in resource["name"] and resource["name"] not in FLEETING:
                yield path, resource["name"]


def everything(api):
    """A set of strings, one an object."""
    found = set()
    for path, resource in resources(api):
        answer = api.get(f"{path}/{resource}")
        if not answer.ok:
            raise RuntimeError(f"{path}/{resource}: {answer}")
        for item in answer.body["items"] or []:
            meta = item["metadata"]
            found.add(f"{path}/{resource} {meta.get('namespace', '')}/{meta['name']}")
    return found
