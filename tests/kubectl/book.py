# SPDX-License-Identifier: Apache-2.0
"""Tracks whose controller is a test."""
import json
import os
import time

from lib import kubectl, must

TRACKS = "/apis/pinnace.dev/v1alpha1/namespaces"
REPOSITORY = "registry.test:5000/shop/web"
GONE = "sha256:" + "0" * 64
OTHER = "sha256:" + "9" * 64


def now(ago=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))


def row(revision, tag, digest, state="Healthy", **more):
    return {"revision": revision, "tag": tag, "digest": digest, "state": state, "startedAt": now(3600), "why": f"followed {tag}", **more}


class Book:
    """A Track, and the controller's part of it played by hand."""

    def __init__(self, world, namespace, name="web", **spec):
        self.world, self.namespace, self.name = world, namespace, name
        self.path = f"{TRACKS}/{namespace}/tracks"
        world.api.make(self.path, {
            "apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": name, "namespace": namespace},
            "spec": {"image": REPOSITORY, "follow": {"semver": ">=1.0.0"}, "targets": [{"kind": "Deployment", "name": "web"}], **spec}})

    @property
    def track(self):
        return self.world.api.get(f"{self.path}/{self.name}").body

    @property
    def spec(self):
        return self.track["spec"]

    def spec_is(self, **spec):
        answer = self.world.api.patch(f"{self.path}/{self.name}", {"spec": spec})
        if not answer.ok:
            raise RuntimeError(str(answer))

    def touch(self, note):
        """A change of the Track that says nothing."""
        self.world.api.patch(f"{self.path}/{self.name}", {"metadata": {"annotations": {"note": note}}})

    def status_is(self, *rows, phase="Current", seen=True, **status):
        """The ledger, newest first; the first row is what runs."""
        status = {"begun": True, "phase": phase, "ledger": list(rows), "conditions": [], **status}
        if rows:
            status.setdefault("current", {**{key: rows[0][key] for key in ("tag", "digest", "revision")}, "since": now(300)})
        conflict = True
        while conflict:
            track = self.track
            if seen:
                status["observedGeneration"] = track["metadata"]["generation"]
            answer = self.world.api.put(f"{self.path}/{self.name}/status", {**track, "status": status})
            conflict = answer.status == 409
        if not answer.ok:
            raise RuntimeError(str(answer))


def bytes_of(image):
    return image.rpartition("@")[2]


def user():
    return json.loads(must(kubectl("auth", "whoami", "-o", "json")))["status"]["userInfo"]["username"]


def ask_registry(world):
    return ("--ca-file", os.path.join(world.folder, "trust/ca.crt"))


class Own:
    """With a connection of its own, for a thread."""

    def __init__(self, world):
        self.api = type(world.api)()
