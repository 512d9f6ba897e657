# SPDX-License-Identifier: Apache-2.0
"""pinnace-webhook alone, beside a bare TLS server with the same library: its speed, memory and start."""
import json
import statistics
import sys

import servers

UNKNOWN = f"contoso.azurecr.io/shop/web@sha256:{15:064x}"


def review(size, image):
    """An AdmissionReview of a pod of three containers, filled up with annotations to a size."""
    notes = {}
    while True:
        pod = {"apiVersion": "v1", "kind": "Pod",
               "metadata": {"name": "web", "namespace": "production", "annotations": notes},
               "spec": {"containers": [{"name": f"c{i}", "image": image, "imagePullPolicy": "IfNotPresent"}
                                       for i in range(3)], "restartPolicy": "Always"}}
        text = json.dumps({
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
                "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "production",
                "operation": "CREATE", "userInfo": {"username": "admin", "groups": ["system:masters"]},
                "object": pod, "oldObject": None, "dryRun": False}}, separators=(",", ":"))
        if len(text) >= size:
            return text
        missing = max(1, (size - len(text)) // 70)
        notes |= {f"example.com/note-{len(notes) + i}": "some text of the usual length, nothing odd"
                  for i in range(missing)}


def applied(size, image):
    """An AdmissionReview of the Deployment web with such pods."""
    made = json.loads(review(size, image))
    pod = made["request"]["object"]
    made["request"] |= {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "object": {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": pod["metadata"], "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod["spec"]}}}}
    return json.dumps(made, separators=(",", ":"))


def load(server, folder, text, connections, seconds, path="/enforce/pinned"):
    """(requests, seconds, p50 and p99 in µs, CPU seconds of the server)"""
    before = server.cpu()
    done = servers.run_wrk(folder, f"https://127.0.0.1:{server.port}{path}", text, connections, seconds)
    if done.bad or done.broken:
        sys.exit(f"{done.bad} answers were not 200 and {done.broken} connections broke")
    return done.requests, done.seconds, done.p50, done.p99, server.cpu() - before


class Row:
    """One kind of request to one server; measured in turns with the others, since machines have moods."""

    def __init__(self, name, server, text, connections, allowed, base, path="/enforce/pinned"):
        self.name, self.server, self.text, self.connections, self.base, self.path = name, server, text, connections, base, path
        server.check(text, allowed, path)
        self.before, self.turns = server.memory(), []

    def take_turn(self, folder, seconds):
        requests, seconds, p50, p99, cpu = load(self.server, folder, self.text, self.connections, seconds, self.path)
        self.turns.append((requests / seconds, p50, p99, cpu / requests * 1e6))
        self.after = self.server.memory()

    def median(self, column):
        return statistics.median(turn[column] for turn in self.turns)

    def print(self):
        rate, p50, p99, cpu = map(self.median, range(4))
        base_rate, base_cpu = self.base.median(0), self.base.median(3)
        print(f"| {self.name} | {len(self.text) / 1000:.1f} kB | {rate:,.0f} | {rate / base_rate:.2f} | {p50:.0f} µs | "
              f"{p99:.0f} µs | {cpu:.1f} µs | {cpu / base_cpu:.2f} |")


def make_rows(bare, ours):
    small = review(6600, servers.PINNED)
    many = Row("a bare TLS server, its answer a constant", bare, small, 16, True, None)
    one = Row("the same, one request at a time", bare, small, 1, True, None)
    large = Row("the same, a large one", bare, review(100_000, servers.PINNED), 16, True, None)
    many.base, one.base, large.base = many, one, large
    return [many, one, large, Row("let in", ours, small, 16, True, many),
            Row("refused, three images named", ours, review(6600, servers.MOVING), 16, False, many),
            Row("let in", ours, review(100_000, servers.PINNED), 16, True, large),
            Row("let in, one request at a time", ours, small, 1, True, one),
            Row("released by one of 20 Tracks: let in", ours, small, 16, True, many, "/enforce/released"),
            Row("not released, three images named", ours, review(6600, UNKNOWN), 16, False, many, "/enforce/released"),
            Row("tracked apply, three images replaced", ours, applied(6600, servers.MOVING), 16, True, many, "/track")]


def print_speed(binaries, folder, seconds, turns):
    bare, ours = servers.start_bare(binaries, folder), servers.start_webhook(binaries, folder)
    before = bare.memory(), ours.memory()
    rows = make_rows(bare, ours)
    for _ in range(turns):
        for row in rows:
            row.take_turn(folder, seconds)
    print("| one AdmissionReview of a pod | size | requests/s | × bare | p50 | p99 | CPU of the server | × bare |\n"
          "|---|---|---|---|---|---|---|---|")
    for row in rows:
        row.print()
    print("\n| resident, anonymous + of files | before | after all of this |\n|---|---|---|")
    for name, server, first in ("the bare server", bare, before[0]), ("pinnace-webhook", ours, before[1]):
        last = server.memory()
        print(f"| {name} | {first[0]:.1f} + {first[1]:.1f} MB | {last[0]:.1f} + {last[1]:.1f} MB |")
        server.stop()


def print_memory(binaries, folder, total):
    server = servers.start_webhook(binaries, folder)
    text = review(6600, servers.PINNED)
    print("| requests answered since the start | MB resident: anonymous + of files |\n|---|---|")
    print(f"| 0 | {server.memory()[0]:.1f} + {server.memory()[1]:.1f} |")
    answered, step = 0, total // 4
    while answered < total:
        while answered < step:
            answered += load(server, folder, text, 16, 2)[0]
        step += total // 4
        anonymous, files = server.memory()
        print(f"| {answered:,} | {anonymous:.1f} + {files:.1f} |")
    server.stop()
