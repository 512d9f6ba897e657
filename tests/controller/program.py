# SPDX-License-Identifier: Apache-2.0
"""A running pinnace-controller, for tests: its log, its metrics, and its word about leaks and races at the end."""
import datetime
import json
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "manifests"))
from patience import InVain, until  # noqa: E402

TAKEN_OVER_S = 15  # what is promised of a leader that is gone, from when it was last heard of
PATIENCE = 120  # seconds until something counts as never: for machines that are slow, and busy besides
SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


class Failure(InVain):
    """No condition that is waited for bears it."""


def demand(holds, what):
    if not holds:
        raise Failure(what)


def equal(got, want, what):
    demand(got == want, f"{what}: {got!r}, not {want!r}")


def eventually(holds, what, patience=PATIENCE):
    """As until; that it was in vain is a failure as any other."""
    try:
        return until(holds, what, patience, 0.01)
    except Failure:
        raise
    except InVain as problem:
        raise Failure(str(problem)) from None

def lease_time(text):
    """Of a Lease, as seconds."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Controller:
    def __init__(self, binary, folder, kubeconfig, *arguments, env=None):
        self.lines, self.errors = [], pathlib.Path(folder) / f"stderr-{time.monotonic_ns()}"
        wrapper = ["setarch", "-R"] if b"__tsan_init" in pathlib.Path(binary).read_bytes() else []
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([*wrapper, str(binary), "--kubeconfig", str(kubeconfig), "--health", "127.0.0.1:0",
                                             *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors, env=env)
        self.reader = threading.Thread(target=self.read_lines, daemon=True)
        self.reader.start()
        started = self.wait_for("started")
        self.health = f"http://{started['health']}"
        self.hooks = started.get("hooks", "")

    def read_lines(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def events(self, event):
        return [line for line in list(self.lines) if line["event"] == event]

    def wait_for(self, event, count=1, saying=(), **fields):
        """The newest of at least so many log lines of an event with these fields, whose error has all these parts. What
        is not said may come first: on a busy machine even a name from a file may take longer than a connection may."""
        def found():
            lines = [line for line in self.events(event) if all(line.get(key) == value for key, value in fields.items())
                     and all(part in line["error"] for part in saying)]
            demand(len(lines) >= count or self.process.poll() is None,
                   f"the controller ended with {self.process.returncode}: {self.errors.read_text()}")
            return lines[-1] if len(lines) >= count else None
        return eventually(found, lambda: f"a line \"{event}\" {fields or ''} {saying or ''}; there are "
                                         f"{[(line['event'], line.get('error', '')) for line in list(self.lines)]}")

    def get(self, path):
        """(status, text) of the health listener."""
        try:
            with urllib.request.urlopen(self.health + path, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()

    def metric(self, sample):
        """One sample by its whole name, labels included."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        raise Failure(f"there is no metric {sample}")

    def memory_mb(self, field="RssAnon"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", text).group(1)) / 1024

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("the controller does not end on SIGTERM") from None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        ended = self.stop()
        self.reader.join(PATIENCE)
        text = self.errors.read_text(errors="replace")
        if kind is None:
            demand(not SANITIZER.search(text), f"a sanitizer complains:\n{text}")
            demand(ended in (0, -signal.SIGKILL), f"the controller ended with {ended}: {text}")
