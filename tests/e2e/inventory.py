# SPDX-License-Identifier: Apache-2.0
"""Every object that an API server knows, to compare before with after."""
import time

from patience import until

# These come and go by themselves, in whatever cluster.
FLEETING = {"events", "leases", "endpointslices", "endpoints", "replicasets", "controllerrevisions"}


def resources(api):
    """The paths of all lists."""
    groups = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in api.get("/apis").body["groups"]]
    for path in ["/api/v1", *groups]:
        answer = api.get(path)
        for resource in answer.body["resources"] if answer.status != 404 else []:  # a group that just went
            if "list" in resource["verbs"] and "/" not in resource["name"] and resource["name"] not in FLEETING:
                yield path, resource["name"]


def everything(api):
    """A set of strings, one an object."""
    found = set()
    for path, resource in resources(api):
        answer = api.get(f"{path}/{resource}")
        if answer.status == 404:  # a kind that just went, with all its objects
            continue
        if not answer.ok:
            raise RuntimeError(f"{path}/{resource}: {answer}")
        for item in answer.body["items"] or []:
            meta = item["metadata"]
            found.add(f"{path}/{resource} {meta.get('namespace', '')}/{meta['name']}")
    return found


def at_rest(api):
    """The same of a cluster that makes nothing of its own any more."""
    def looked():
        first = everything(api)
        time.sleep(3)
        return first if everything(api) == first else None
    return until(looked, "a cluster at rest")
