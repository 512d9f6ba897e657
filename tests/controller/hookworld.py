# SPDX-License-Identifier: Apache-2.0
"""A controller that is sent hints, for the suites of them; and how those run their tests."""
import argparse
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "registry"), str(HERE.parent / "cases")]
from apiserver import ApiServer  # noqa: E402
from program import Controller  # noqa: E402
from servers import INDEX  # noqa: E402

SECRET, OTHER = "0123456789abcdef", "another-secret-of-a-pipeline"
EVENTS = "application/vnd.docker.distribution.events.v2+json"
RECEIVERS = ("acr", "distribution", "dockerhub", "ecr", "eventgrid", "gcr", "generic", "gitea", "github", "gitlab", "harbor", "jfrog",
             "nexus", "quay")
AT_ONCE = 14  # tests wait most of the time


def event(repository, tag, action="push", media=INDEX, **more):
    return {"action": action, "target": {"mediaType": media, "repository": repository, "tag": tag, **more}}


def envelope(*events):
    return json.dumps({"events": events}).encode()


def generic(repository, tag, **more):
    return json.dumps({"repository": repository, "tag": tag, **more}).encode()


def signature(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class World:
    """A controller that leads, with its hooks."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.secrets = self.folder / "secrets"
        self.know(SECRET + "\n")

    def __enter__(self):
        self.api = ApiServer(self.folder)
        self.api.put("/api/v1", "namespaces", "pinnace-system", {})
        self.program = self.start()
        self.program.wait_for("leading")
        return self

    def __exit__(self, *reason):
        self.program.__exit__(*reason)
        self.api.__exit__(*reason)

    def know(self, text, *receivers):
        """The same secrets for these receivers and no others (default: all), changed at once as a kubelet does it."""
        data = self.folder / f"data-{time.monotonic_ns()}"
        data.mkdir()
        for receiver in receivers or RECEIVERS:
            (data / receiver).write_text(text)
        link = self.folder / "link"
        link.symlink_to(data)
        os.replace(link, self.secrets)

    def start(self, *arguments):
        return Controller(self.binary, self.folder, self.api.kubeconfig, "--no-certificates", "--hooks", "127.0.0.1:0",
                          "--hooks-secrets", self.secrets, *arguments)

    def ask(self, path, body, method="POST", program=None, **headers):
        """(status, text, headers)"""
        connection = http.client.HTTPConnection((program or self.program).hooks, timeout=120)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        except ConnectionError:
            pass  # it has answered before it read all
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def distribution(self, body, secret=SECRET, **more):
        return self.ask("/hooks/distribution", body, Content_Type=EVENTS, Authorization=f"Bearer {secret}", **more)[0]

    def generic(self, body, secret=SECRET, **more):
        return self.ask("/hooks/generic", body, Content_Type="application/json", X_Hub_Signature_256=signature(body, secret), **more)[0]

    def case(self, case):
        """A case of tests/cases/hooks, sent."""
        return self.ask(case.path, case.body, **{name.replace("-", "_"): value for name, value in case.headers.items()})

    def hints(self):
        return [(line["host"], line["repository"], line["tag"]) for line in self.program.events("hint taken")]

    def ended(self, how):
        return self.program.metric(f'pinnace_controller_hint_requests_total{{end="{how}"}}')


def in_world(binary, function):
    """A test in a World of its own: what it has to tell."""
    with tempfile.TemporaryDirectory() as folder, World(binary, folder) as world:
        return function(world)


def run_one(run, binary, function):
    """(name, what went wrong, what it has to tell)"""
    name = f"{function.__name__} ({binary.parent.parent.name})"
    try:
        return name, None, run(str(binary), function)
    except Exception as problem:  # pylint: disable=broad-except
        return name, f"{type(problem).__name__}: {problem}", None  # one broken test must not hide the others


def main(about, tests, run=in_world):
    """Runs each test with each binary, many at once; returns the exit status."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, action="append", help="a controller (repeatable)")
    parser.add_argument("names", nargs="*", help="only these tests")
    options = parser.parse_args()
    binaries = options.binary or [ROOT / "build/release/bin/pinnace-controller"]
    for binary in binaries:
        if not os.access(binary, os.X_OK):
            sys.exit(f"there is no {binary}: build it, or name it with --binary")
    chosen = [(binary.resolve(), function) for function in tests for binary in binaries
              if not options.names or function.__name__ in options.names]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda pair: run_one(run, *pair), chosen))
    failed = sum(problem is not None for _, problem, _ in results)
    for name, problem, remark in results:
        if problem or remark:
            print(f"FAILED {name}: {problem}" if problem else f"{name}: {remark}")
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not results else 0
