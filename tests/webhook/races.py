# SPDX-License-Identifier: Apache-2.0
"""Runs inside a cluster: one webhook that follows its real API server, asked all the time while everything that it
reads changes: see 'races'."""
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

import harness
import life

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "manifests"))
from api import Api  # noqa: E402

TRACKS = "/apis/pinnace.dev/v1alpha1/namespaces/default/tracks"
POLICIES, EXEMPTIONS = ("/apis/pinnace.dev/v1alpha1/" + rest for rest in ("pinpolicies", "namespaces/default/exemptions"))
SECONDS, LOADS = 15, 10
EXEMPTS = {"images": ["ghcr.io/*"], "reason": "a test", "by": "tests"}


def body(kind, name, spec):
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


class Writer(threading.Thread):
    """Changes something over and over until the end, on a connection of its own."""

    def __init__(self, change):
        super().__init__(daemon=True)  # one that fails must not be waited for by the others
        self.change, self.api, self.over, self.changes, self.problem = change, Api(), False, 0, None
        self.start()

    def run(self):
        try:
            while not self.over:
                self.change(self.api, self.changes)
                self.changes += 1
        except Exception as problem:  # told by end
            self.problem = repr(problem)

    def end(self):
        self.over = True
        self.join()
        harness.demand(not self.problem, f"a writer: {self.problem}")
        return self.changes


def change_policy(api, number):
    registries = ["contoso.azurecr.io", "ghcr.io"] if number % 2 else ["*.azurecr.io"]
    answer = api.patch(f"{POLICIES}/default", {"spec": {"registries": registries}})
    harness.demand(answer.ok, answer)


def change_exemptions(api, number):
    name = f"e{number % 20}"
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    if number // 20 % 2:
        api.delete(f"{EXEMPTIONS}/{name}")
    else:
        api.make(EXEMPTIONS, body("Exemption", name, {**EXEMPTS, "expires": expires}))


def release(server, name):
    """What was released by the time of asking is let in at once, heard of or not; what never was is refused."""
    image = f"contoso.azurecr.io/shop/{name}"
    Api().make(TRACKS, body("Track", name, {"image": image, "follow": {"tag": "main"}, "targets": [{"kind": "Deployment", "name": name}]}))

    def allowed(digest):
        """Who could not ask the API server in time says so: he is asked again."""
        end = time.monotonic() + harness.PATIENCE
        while True:
            status, text = server.post(harness.review(f"{image}@{digest}").replace(b'"production"', b'"default"'), "/enforce/released")
            harness.equal(status, 200, text)
            if "could not be asked" not in text or time.monotonic() > end:
                return json.loads(text)["response"]["allowed"]

    def change(api, number):
        digest = f"sha256:{number:064x}"
        answer = api.patch(f"{TRACKS}/{name}/status", {"status": {"current": {"digest": digest}, "ledger": [
            {"revision": number + 1, "digest": digest, "state": "Healthy", "startedAt": "2026-11-21T12:00:00Z"}]}})
        harness.demand(answer.ok, answer)
        harness.equal(allowed(digest), True, f"release {number} of {name}")
        if number % 4 == 0:
            harness.equal(allowed("sha256:" + "f" * 64), False, "what was never released")
    return change


def turn_certificates(server, pairs, copies):
    def change(_, number):
        for source, copy in zip(pairs[number % len(pairs)], copies):
            harness.replace(copy, source.read_bytes())
        server.signal(life.signal.SIGHUP)
        time.sleep(0.1)
    return change


def look(server):
    def change(_, __):
        server.get("/metrics")
        server.get("/readyz")
        time.sleep(0.02)
    return change


def loads(server):
    return [len(server.events(f"{what} loaded")) for what in ("policy", "certificate")]


def run(tools):
    pairs = [tools.authority.issue(f"turn-{i}") for i in range(3)]
    copies = tools.place_pair("turning", pairs[0])
    Api().make(POLICIES, body("PinPolicy", "default", {}))
    with tools.server("--kubeconfig", os.environ["KUBECONFIG"], pair=copies, standalone=False) as server:
        server.wait_for("policy loaded")
        load = life.Load(server)
        writers = [Writer(change) for change in (
            change_policy, change_exemptions, turn_certificates(server, pairs, copies), look(server),
            release(server, "web"), release(server, "api"))]
        end = time.monotonic() + harness.PATIENCE
        time.sleep(SECONDS)
        while min(loads(server)) < LOADS and time.monotonic() < end and not any(writer.problem for writer in writers):
            time.sleep(0.5)
        changes = [writer.end() for writer in writers]
        fresh = server.metric('pinnace_fresh_reads_total{result="good"}')
        answered = load.end()
        loaded = loads(server)
        harness.demand(min(loaded) >= LOADS, f"hardly anything was loaded: {loaded}")
        harness.demand(fresh > 0, "nothing was asked afresh")
    return (f"{answered} requests; {changes[0]} PinPolicies and {changes[1]} Exemptions written, {loaded[0]} snapshots, "
            f"{loaded[1]} certificates; {changes[4] + changes[5]} releases, {fresh:.0f} fresh reads")


def main():
    binaries = pathlib.Path(sys.argv[1])
    binary = binaries / "pinnace-webhook"
    wrapper = ["setarch", "-R"] if b"__tsan_init" in binary.read_bytes() else []
    with tempfile.TemporaryDirectory() as folder:
        try:
            told = run(harness.Tools(folder, binary, binaries / "kubectl-pinnace", wrapper))
            print(f"ok   it follows a cluster where all changes: {told}")
            print("1 passed, 0 failed, 0 skipped")
        except Exception as problem:  # whatever it is, it is told and counted
            print(f"FAILED it follows a cluster where all changes: {problem!r}")
            print("0 passed, 1 failed, 0 skipped")
            sys.exit(1)


main()
