# SPDX-License-Identifier: Apache-2.0
"""What a Track has Azure Container Registry keep: locks of tags, indexes and their children, by the controller."""
import contextlib
import time

import test_azure
from servers import INDEX, MANIFEST, config, connect, digest_of, index, manifest, push
from test_azure import CLIENT, HOST
from test_controller import TRACKS, eventually
from test_controller import World as Places
from world import contains, equal

NAMES = test_azure.NAMES
TESTS = []
REPOSITORY = "shop/web"
FOREVER = {"deleteEnabled": False, "writeEnabled": False}
SOON = {"soak": "1s", "deadline": "60s"}


def test(function):
    TESTS.append(function)
    return function


class World(Places):
    """An ACR that the controller may push to, unless a test says otherwise; nothing is left of the test before."""

    @contextlib.contextmanager
    def shop(self, pusher=True, **spec):
        with self.place(test_azure) as (cloud, cluster):
            if pusher:
                cloud.registry.pushers.add(CLIENT)
            cluster.follow(f"{HOST}/{REPOSITORY}", **{"protect": True, **spec})
            yield cloud, cluster


def push_release(cloud, *tags, salt=None):
    """An index of two children of its own under the tags; gives all three digests, the index first."""
    connection = connect(cloud.behind.host, None, plain=True)
    salt = salt or str(time.monotonic_ns())
    names = [f"{name}-{salt}" for name in ("amd64", "arm64")]
    for name in names:
        push(connection, REPOSITORY, digest_of(manifest(name)), manifest(name), MANIFEST, [config(name)])
    for tag in tags:
        push(connection, REPOSITORY, tag, index(*names), INDEX)
    connection.close()
    return digest_of(index(*names)), digest_of(manifest(names[0])), digest_of(manifest(names[1]))


def locked(registry, name):
    """Whether it can neither be deleted nor, if it is a tag, be moved."""
    now = registry.attributes_of(REPOSITORY, name)
    return not now["deleteEnabled"] and now["writeEnabled"] == name.startswith("sha256:") and now["readEnabled"] and now["listEnabled"]


def free(registry, name):
    return all(registry.attributes_of(REPOSITORY, name).values())


def condition(cluster, track="web"):
    found = [row for row in cluster.status(track).get("conditions", []) if row["type"] == "Protected"]
    return found[0] if found else None


def await_condition(cluster, status, reason, track="web"):
    def so():
        row = condition(cluster, track)
        return row and (row["status"], row["reason"]) == (status, reason) and row
    return eventually(so, f"Protected={status} {reason}: {condition(cluster, track)}, {cluster.status(track).get('protected')}")


def protected(cluster, digest, track="web"):
    """The release is on the Track's list, and all that was to be locked is."""
    rows = [row for row in cluster.status(track).get("protected", []) if row["of"] == digest]
    return rows and all(row["state"] == "Ours" for row in rows) and rows


def change(cluster, name="web", **spec):
    body = cluster.api.find(TRACKS, "tracks", name, "default")
    body["spec"].update(spec)
    cluster.api.put(TRACKS, "tracks", name, body, "default")


@test
def an_index_and_its_children(world):
    with world.shop() as (cloud, cluster):
        release = push_release(cloud, "latest")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", release[0])
        row = await_condition(cluster, "True", "Locked")
        contains(row["message"], "1 release locked in the registry")
        for digest in release:
            assert locked(cloud.registry, digest), (digest, cloud.registry.attributes)
        equal(sorted(protected(cluster, release[0]), key=str),
              sorted([{"of": release[0], "state": "Ours"}, *({"of": release[0], "digest": d, "state": "Ours"} for d in release[1:])], key=str), "noted")
        # The tag that is followed has to move: it is never locked, and so the next push works.
        assert free(cloud.registry, "latest")
        second = push_release(cloud, "latest")
        cluster.rolled("web", second[0])
        eventually(lambda: protected(cluster, second[0]), "the next one is protected too")
        # What the policy takes is what has no tag and no lock: of the first release nothing.
        stray = push_release(cloud, "stray")
        push_release(cloud, "stray")
        equal(cloud.registry.clean_up(REPOSITORY, [*release, *second, stray[0]]), [stray[0]], "what a retention policy takes")
