# SPDX-License-Identifier: Apache-2.0
"""What must have held at every moment of a storm, read from all that was written in it, in the order of the writes."""
import collections


def digest_in(deployment):
    """None before it was rolled for the first time: images have a tag alone then."""
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"].partition("@")[2] or None


class Rules:
    def __init__(self, pushed, said):
        """pushed: the digests of each repository, by its name. said: those that people named to a Track, by namespace and name."""
        self.pushed, self.said, self.broken = pushed, said, []
        self.books, self.sound, self.quarantined, self.images = {}, collections.defaultdict(set), {}, {}

    def read(self, past):
        """Which rules were broken, in sentences."""
        for version, (_, plural, namespace, name), change, body in past:
            if change != "DELETED" and plural in ("tracks", "deployments"):
                self.at = f"version {version}: {namespace}/{name}"
                getattr(self, f"read_{plural}")(namespace, name, body)
        return self.broken

    def demand(self, holds, what):
        if not holds:
            self.broken.append(f"{self.at}: {what}")

    def read_tracks(self, namespace, name, body):
        status = body.get("status") or {}
        rows = {row["revision"]: (row["digest"], row["state"]) for row in status.get("ledger") or []}
        before = self.books.setdefault(body["metadata"]["uid"], {})
        self.demand(list(rows) == sorted(rows, reverse=True) and len(rows) == len(status.get("ledger") or []), f"revisions {list(rows)}")
        self.demand(rows or not before, "the ledger is gone")
        for revision, (digest, state) in rows.items():
            was = before.get(revision)
            self.demand(was or revision > max(before, default=0), f"revision {revision} came after a higher one")
            self.demand(not was or was[0] == digest, f"revision {revision} means other bytes than before")
            self.demand(not was or was[1] in ("RollingOut", state), f"the verdict on revision {revision} was {was}, and is {state}")
        before.update(rows)
        self.sound[namespace, name].update(digest for digest, state in rows.values() if state in ("Healthy", "Adopted"))
        self.sound[namespace, name].update(proof["digest"] for proof in status.get("proofs") or [] if "since" in proof or "provedAt" in proof)
        self.quarantined[namespace, name] = {item["digest"] for item in status.get("quarantined") or []}

    def read_deployments(self, namespace, name, body):
        """Only what moves it counts: it may be made again with what it had."""
        digest, track = digest_in(body), (namespace, name)
        before = self.images.setdefault(track, digest)
        self.images[track] = digest
        if digest in (before, None) or digest in self.said[track]:
            return
        self.demand(digest in self.pushed[name], f"it got {digest}, which nobody pushed")
        self.demand(digest not in self.quarantined.get(track, ()), f"it got {digest}, which is in quarantine")
        self.demand(namespace != "production" or digest in self.sound["staging", name], f"it got {digest}, which nobody has proved")
