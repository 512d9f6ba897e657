# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the webhook share: the servers, their clocks, and what wrk sends them."""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PINNED, MOVING = f"contoso.azurecr.io/shop/web@{DIGEST}", "contoso.azurecr.io/shop/web:latest"
LUA = """
wrk.method = os.getenv("METHOD")
wrk.headers["Content-Type"] = os.getenv("CONTENT")
if os.getenv("TOKEN") then
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
end
local file = io.open(os.getenv("BODY"))
wrk.body = file:read("*a")
file:close()
done = function(summary, latency, requests)
  io.stderr:write(string.format("%d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""

# p50 and p99 in µs; bad: answers with a status of 400 or more; broken: connections
Done = collections.namedtuple("Done", "requests seconds p50 p99 bad broken")


def pod(size, image):
    """A pod of three containers, filled up with variables of their environment to a size."""
    containers = [{
        "name": f"c{i}", "image": image, "imagePullPolicy": "IfNotPresent", "env": [],
        "ports": [{"containerPort": 8080 + i, "name": f"http{i}", "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080 + i}, "periodSeconds": 5},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/web"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}} for i in range(3)]
    result = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {
        "containers": containers, "restartPolicy": "Always",
        "volumes": [{"name": "settings", "configMap": {"name": "web"}}]}}
    number = 0
    while len(json.dumps(result)) < size:
        containers[number % 3]["env"].append({"name": f"SETTING_{number}", "value": "a value of the usual length"})
        number += 1
    return result


def ledger(tracks):
    """Tracks of the namespace production with ten rows each; the first has released PINNED last."""
    rows = [{"tag": f"v1.{number}.0", "digest": f"sha256:{number:064x}", "state": "Healthy"} for number in range(9)]
    objects = [{"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": f"web-{number}", "namespace": "production"},
                "spec": {"image": "contoso.azurecr.io/shop/web" + (f"-{number}" if number else ""), "follow": {"semver": ">=1.0.0"},
                         "targets": [{"kind": "Deployment", "name": "web" if number == 0 else f"web-{number}"}]},
                "status": {"current": {"tag": "v1.9.0", "digest": DIGEST}, "ledger": [{"tag": "v1.9.0", "digest": DIGEST, "state": "Healthy"}, *rows]}}
               for number in range(tracks)]
    return "\n---\n".join(map(json.dumps, objects))


def deployment(name, spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pids_of(name):
    """Of all processes of that name, which is cut as the kernel cuts it."""
    found = []
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            if comm.read_text().strip() == name[:15]:
                found.append(int(comm.parent.name))
    return found or sys.exit(f"no {name} runs here")


def cpu_seconds(pid):
    """Of all threads there were, to the nanosecond: the process's own clock, as clock_getcpuclockid names it."""
    return time.clock_gettime(~pid << 3 | 2)


def memory(pid):
    """(anonymous, of files) in MB; of files that are kept in memory too, as the image's are in a test cluster"""
    kilobytes = dict(re.findall(r"(\w+):\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()))
    return int(kilobytes["RssAnon"]) / 1000, (int(kilobytes["RssFile"]) + int(kilobytes["RssShmem"])) / 1000


class Server:
    def __init__(self, command, port, cert):
        self.port, self.cert, self.health = port, cert, None
        self.begin = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.0005)
            if self.process.poll() is not None:
                sys.exit(f"{command[0]} does not run")
        self.started_ms = (time.monotonic() - self.begin) * 1000

    def await_ready(self):
        """ms from the start until /readyz says so"""
        while True:
            with contextlib.suppress(urllib.error.URLError):
                with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz"):
                    return (time.monotonic() - self.begin) * 1000
            time.sleep(0.0005)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def memory(self):
        return memory(self.process.pid)

    def check(self, text, allowed, path="/enforce/pinned"):
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", text.encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=self.cert)) as answer:
            response = json.load(answer)["response"]
            if response["allowed"] is not allowed or (path == "/track" and "patch" not in response):
                sys.exit(f"the verdict is not the one expected: {response}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def start_bare(binaries, folder):
    port = free_port()
    return Server([binaries / "bench_bare", str(port), folder / "cert.pem", folder / "key.pem"], port,
                  folder / "cert.pem")


def start_webhook(binaries, folder, cluster=False):
    """Standalone, or else for the cluster of $KUBECONFIG."""
    port, health = free_port(), free_port()
    (folder / "ledger.yaml").write_text(ledger(20))
    judge_by = ["--kubeconfig", os.environ["KUBECONFIG"]] if cluster else ["--standalone", "--ledger", folder / "ledger.yaml"]
    server = Server([binaries / "pinnace-webhook", *judge_by, "--listen", f"127.0.0.1:{port}", "--health",
                     f"127.0.0.1:{health}", "--lame-duck", "0", "--tls-cert", folder / "cert.pem", "--tls-key",
                     folder / "key.pem"], port, folder / "cert.pem")
    server.health = health
    return server


def print_starts(start, text):
    """The median of nine of what start() starts."""
    taken, ready = [], []
    for _ in range(9):
        server = start()
        taken.append(server.started_ms)
        ready.append(server.await_ready())
        server.stop()
    print(f"From start to the first connection taken, {text}: {sorted(taken)[4]:.0f} ms, "
          f"to ready: {sorted(ready)[4]:.0f} ms.")


def run_wrk(folder, url, body, connections, seconds, method="POST", content="application/json", token=None):
    (folder / "body.json").write_text(body)
    (folder / "send.lua").write_text(LUA)
    environment = dict(os.environ, BODY=str(folder / "body.json"), METHOD=method, CONTENT=content)
    if token:
        environment["TOKEN"] = token
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", folder / "send.lua", url],
                          check=True, text=True, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    requests, micros, p50, p99, bad, broken = map(int, done.stderr.split())
    return Done(requests, micros / 1e6, p50, p99, bad, broken)


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
