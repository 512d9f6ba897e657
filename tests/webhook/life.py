# SPDX-License-Identifier: Apache-2.0
"""From start to end: what is read again while it runs, and that nothing is lost when it stops."""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness import (MOVING, PATIENCE, Authority, Server, close, demand, equal, read_answer, replace,
                     review, send, whole)

POLICY = """apiVersion: pinnace.dev/v1alpha1
kind: PinPolicy
metadata: {name: default}
spec: {registries: ["%s"]}
"""


class Load:
    """Clients that ask all the time, over kept and over fresh connections; any failure is kept."""

    def __init__(self, server, threads=3):
        self.server, self.over, self.answered, self.failures = server, False, 0, []
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        kept = self.server.client() if number == 0 else None
        while not self.over:
            try:
                equal(self.server.allowed(client=kept), True, "verdict")
                self.answered += 1
            except Exception as problem:  # told by end
                self.failures.append(repr(problem))
                return

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()
        demand(not self.failures, f"under load: {self.failures}")
        demand(self.answered > 0, "the load asked nothing")
        return self.answered


def serial_of(server):
    with server.connect() as sock:
        return sock.getpeercert()["serialNumber"]


def serial_in(cert):
    # The standard library's only reader of a certificate in a file; it is there for its own tests.
    return ssl._ssl._test_decode_cert(str(cert))["serialNumber"]


def hang_up(server):
    """SIGHUP, and waits until policy and certificate were both read again, for better or worse."""
    before = len(server.lines)
    server.signal(signal.SIGHUP)
    end = time.monotonic() + PATIENCE
    while True:
        events = [line["event"] for line in list(server.lines)[before:]]
        policy = next((i for i, event in enumerate(events) if event.startswith("policy ")), len(events))
        if any(event.startswith("certificate ") for event in events[policy:]):
            return
        demand(time.monotonic() < end, f"SIGHUP is not answered: {events}")
        time.sleep(0.002)


def wait_for_serial(server, cert):
    end, want = time.monotonic() + PATIENCE, serial_in(cert)
    while serial_of(server) != want:
        demand(time.monotonic() < end, "the new certificate is never used")
        time.sleep(0.05)


# ---- certificates ----

def alone_certificate_reload_under_load(tools):
    """Both files replaced in turn, then both at once as a kubelet does it, then on SIGHUP."""
    pairs = [tools.authority.issue(f"turn-{i}", rsa=i == 2) for i in range(4)]
    pair = tools.place_pair("reload", pairs[0])
    with tools.server(pair=pair) as server:
        load = Load(server)
        for turn in pairs[1], pairs[2]:
            for source, copy in zip(turn, pair):
                replace(copy, source.read_bytes())
                time.sleep(0.2)
            wait_for_serial(server, turn[0])
        for i in range(20):
            for source, copy in zip(pairs[i % 4], pair):
                replace(copy, source.read_bytes())
            hang_up(server)
        wait_for_serial(server, pairs[19 % 4][0])
        answered = load.end()
        equal(server.events("certificate not loaded"), [], "lines about pairs that are no pair")
        return f"{answered} requests, {len(server.events('certificate loaded'))} reloads, none failed"


def test_certificate_by_link(tools):
    """A Secret's folder: one link is turned, and both files are others."""
    folder = tools.folder / "secret"
    for name in "one", "two":
        tools.place_pair(f"secret-{name}", tools.authority.issue(f"link-{name}"))
    folder.symlink_to(tools.folder / "secret-one")
    with tools.server(pair=(folder / "tls.crt", folder / "tls.key")) as server:
        fresh = tools.folder / "secret.new"
        fresh.symlink_to(tools.folder / "secret-two")
        os.replace(fresh, folder)
        wait_for_serial(server, folder / "tls.crt")
        server.check_alive()


def test_bad_certificates(tools):
    """What cannot be used is told, once, and the one before stays."""
    pair = tools.place_pair("bad", tools.pair)
    other = tools.authority.issue("bad-other")
    with tools.server(pair=pair) as server:
        serial = serial_of(server)
        for count, (cert, key) in enumerate([(b"", other[1].read_bytes()), (b"rubbish", b"rubbish"),
                                             (other[0].read_bytes(), tools.pair[1].read_bytes())], 1):
            replace(pair[0], cert)
            replace(pair[1], key)
            line = server.wait_for("certificate not loaded", count)
            demand("tls." in line["error"], f"the line names no file: {line}")
            equal(serial_of(server), serial, "the certificate in use")
        time.sleep(2.5)  # two more looks at the same files
        equal(len(server.events("certificate not loaded")), 3, "lines")
        os.unlink(pair[0])
        server.wait_for("certificate not loaded", 4)
        server.check_alive()
        for source, copy in zip(other, pair):
            replace(copy, source.read_bytes())
        wait_for_serial(server, other[0])


def test_client_ca_reload(tools):
    first, second = Authority(tools.folder, "clients-1"), Authority(tools.folder, "clients-2")
    file = tools.write("clients.pem", first.cert.read_text())
    contexts = [tools.authority.context(ca.issue(f"{ca.cert.stem}-user", "clientAuth")) for ca in (first, second)]
    with tools.server("--client-ca", file) as server:
        server.context = contexts[0]
        server.check_alive()
        replace(file, first.cert.read_bytes() + second.cert.read_bytes())
        server.wait_for("certificate loaded")
        server.check_alive()
        server.context = contexts[1]
        server.check_alive()


# ---- policy ----

def test_policy_reload(tools):
    policy = tools.write("policy.yaml", POLICY % "contoso.azurecr.io")
    with tools.server("--policy", policy) as server:
        server.check_alive()
        replace(policy, (POLICY % "ghcr.io").encode())
        equal(server.allowed(), True, "before the signal")
        server.signal(signal.SIGHUP)
        server.wait_for("policy loaded")
        equal(server.allowed(), False, "by the new policy")
        for count, text in enumerate([POLICY + "  oops: 1\n", "kind: [", "", " \n", POLICY.replace("registries", "registrys"),
                                      "apiVersion: v1\nkind: Pod\n"], 1):
            replace(policy, text.encode())
            server.signal(signal.SIGHUP)
            broken = server.wait_for("policy not loaded", count)
            demand(str(policy) in broken["error"], f"the line names no file: {broken}")
            equal(server.allowed(), False, "by the last good policy")
        equal(server.metric('pinnace_snapshot_reloads_total{result="bad"}'), 6, "bad reloads")
        equal(server.metric('pinnace_snapshot_reloads_total{result="good"}'), 2, "good reloads")
        equal(server.metric('pinnace_admission_reasons_total{reason="RegistryNotAllowed"}'), 7, "refused by registry")
        replace(policy, b"apiVersion: v1\nkind: List\nitems: []\n")
        server.signal(signal.SIGHUP)
        server.wait_for("policy loaded", 2)
        server.check_alive()
        os.unlink(policy)
        server.signal(signal.SIGHUP)
        server.wait_for("policy not loaded", 7)
        server.check_alive()


def alone_policy_reload_under_load(tools):
    policy = tools.write("turning.yaml", POLICY % "contoso.azurecr.io")
    with tools.server("--policy", policy) as server:
        load = Load(server)
        for i in range(100):
            replace(policy, (POLICY % ('contoso.azurecr.io", "ghcr.io' if i % 2 else "*.azurecr.io")).encode())
            server.signal(signal.SIGHUP)
            time.sleep(0.01)
        return f"{load.end()} requests, {len(server.events('policy loaded'))} reloads, none failed"


# ---- the end ----

class Rolling:
    """A client of two servers, as a Service is: it asks those that are ready, and loses nothing."""

    def __init__(self, servers):
        self.servers, self.ready, self.over = servers, list(servers), False
        self.answered, self.failures = 0, []
        self.threads = [threading.Thread(target=self.probe)] + [threading.Thread(target=self.run) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def probe(self):
        while not self.over:
            self.ready = [server for server in self.servers if self.is_ready(server)]
            time.sleep(0.05)

    @staticmethod
    def is_ready(server):
        try:
            return server.get("/readyz")[0] == 200
        except OSError:
            return False

    def run(self):
        client, of = None, None
        while not self.over:
            try:
                if client is None:
                    of = self.ready[0]
                    client = of.client()
                client.request("POST", "/enforce/pinned", review(), {"Content-Type": "application/json"})
                answer = client.getresponse()
                demand(answer.status == 200 and b'"allowed":true' in answer.read(), "verdict")
                self.answered += 1
                if answer.will_close:
                    client = None
            except Exception as problem:  # told by end
                self.failures.append(repr(problem))
                return

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()
        demand(not self.failures, f"in a rolling restart: {self.failures}")
        return self.answered


def alone_drain_loses_nothing(tools):
    with tools.server("--lame-duck", "2") as first, tools.server() as second:
        rolling = Rolling([first, second])
        time.sleep(0.5)
        first.signal(signal.SIGTERM)
        first.process.wait(PATIENCE)
        time.sleep(0.3)
        answered = rolling.end()
        demand(second.metric("pinnace_admission_duration_seconds_count") > 0, "the second one was never asked")
        equal([line["event"] for line in first.lines][-2:], ["draining", "stopped"], "the last lines")
        return f"{answered} requests, none lost"


def test_drain(tools):
    with tools.server("--lame-duck", "600") as server:
        client = server.client()
        equal(server.allowed(client=client), True, "before")
        server.signal(signal.SIGTERM)
        server.wait_for("draining")
        equal(server.get("/readyz"), (503, "stopping\n"), "/readyz")
        equal(server.get("/healthz")[0], 200, "/healthz")
        sock = server.connect()
        send(sock, whole(review()) + whole(review()))
        status, headers, _, rest = read_answer(sock)
        equal((status, headers.get("connection"), rest), (200, "close", b""), "an answer meanwhile")
        close(sock)
        # A request that is under way when the second signal comes is answered.
        body = review()
        sock = server.connect()
        send(sock, whole(body)[:-10])
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        time.sleep(0.2)
        send(sock, body[-10:])
        equal(read_answer(sock)[0], 200, "the request that was under way")
        close(sock)
        equal(server.process.wait(PATIENCE), 0, "exit status")


def test_interrupt_and_idle_connections(tools):
    with tools.server() as server:
        socks = [server.connect() for _ in range(5)] + [server.connect_plain() for _ in range(5)]
        server.signal(signal.SIGINT)
        equal(server.process.wait(PATIENCE), 0, "exit status")
        for sock in socks:
            close(sock)


def test_kill_and_start_again(tools):
    times = []
    with tools.server() as server:
        server.check_alive()
        server.signal(signal.SIGKILL)
        server.process.wait(PATIENCE)
    for _ in range(5):
        with tools.server() as server:
            times.append(server.ready_ms)
            server.check_alive()
    return f"ready after {sorted(times)[2]:.0f} ms"


def test_as_process_one(tools):
    probe = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False)
    demand(probe.returncode == 0, "unshare does not work here; run this as root")
    with tools.server(command=["unshare", "--pid", "--fork", "--kill-child"]) as server:
        server.check_alive()
        children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGHUP)
        server.wait_for("policy loaded")
        os.kill(int(children[0]), signal.SIGTERM)
        equal(server.process.wait(PATIENCE), 0, "exit status")


# ---- what the log goes to ----

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def quiet_server(tools, stdout):
    """One whose log is not read by us; its ports are chosen before."""
    port, health = free_port(), free_port()
    server = Server(tools, "--listen", f"127.0.0.1:{port}", "--health", f"127.0.0.1:{health}", stdout=stdout)
    server.port, server.health = port, health
    end = time.monotonic() + PATIENCE
    while socket.socket().connect_ex(("127.0.0.1", health)):
        demand(time.monotonic() < end, "the server does not start")
        time.sleep(0.01)
    return server


def test_nobody_reads_the_log(tools):
    read_end, write_end = os.pipe()
    with quiet_server(tools, write_end) as server:
        os.close(write_end)
        client, line = server.client(), review(MOVING)
        for _ in range(2500):
            equal(server.post(line, client=client)[0], 200, "a refusal")
        demand(server.metric("pinnace_log_dropped_total") > 0, "no line was dropped")
        server.check_alive()
        text = b""
        while b"log dropped" not in text:
            text += os.read(read_end, 65536)
        server.stop()
        os.close(read_end)
    for each in text.split(b"\n")[:-1]:
        json.loads(each)


def test_end_while_nobody_reads_the_log(tools):
    read_end, write_end = os.pipe()
    with quiet_server(tools, write_end) as server:
        os.close(write_end)
        client = server.client()
        for _ in range(2500):
            server.post(review(MOVING), client=client)
        equal(server.stop(), 0, "exit status")
    os.close(read_end)


def test_log_goes_away(tools):
    read_end, write_end = os.pipe()
    with quiet_server(tools, write_end) as server:
        os.close(write_end)
        os.close(read_end)
        for _ in range(5):
            server.check_alive()


# ---- what does not start ----

def start_fails(tools, *arguments):
    """(status, what it says)"""
    done = subprocess.run([*tools.wrapper, tools.binary, *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stderr


def test_what_does_not_start(tools):
    base = ["--standalone", "--listen", "127.0.0.1:0", "--health", "127.0.0.1:0", "--tls-cert", tools.pair[0], "--tls-key",
            tools.pair[1]]
    other = tools.authority.issue("not-its-key")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for status, says, arguments in (
                (2, "--tls-cert", []), (2, "--tls-cert", ["--standalone"]), (1, "pod", base[1:]),
                (2, "--standalone", base[1:] + ["--policy", "p.yaml"]), (2, "--standalone", base + ["--kubeconfig", "k"]),
                (2, "--kubeconfig", base[1:] + ["--context", "c"]), (1, "absent.conf", base[1:] + ["--kubeconfig", "absent.conf"]),
                (2, "--nonsense", base + ["--nonsense"]), (2, "--policy", base + ["--policy"]),
                (2, "not spare", base + ["spare"]), (2, "--lame-duck", base + ["--lame-duck", "-1"]),
                (2, "--threads", base + ["--threads", "0"]), (2, "--connections", base + ["--connections", "1e3"]),
                (1, "no address", base + ["--listen", "localhost"]), (1, "no address", base + ["--listen", "127.0.0.1:65536"]),
                (1, "no address", base + ["--health", "[::1:80"]), (1, f"127.0.0.1:{port}", base + ["--listen", f"127.0.0.1:{port}"]),
                (1, f"127.0.0.1:{port}", base + ["--health", f"127.0.0.1:{port}"]),
                (1, "absent.yaml", base + ["--policy", tools.folder / "absent.yaml"]),
                (1, "Pod", base + ["--policy", tools.write("pod.yaml", "apiVersion: v1\nkind: Pod\n")]),
                (1, "is empty", base + ["--policy", tools.write("nothing.yaml", "")]),
                (2, "--policy", base + ["--policy", "-"]), (2, "--ledger", base + ["--ledger", "-"]),
                (1, "absent.yaml", base + ["--ledger", tools.folder / "absent.yaml"]),
                (1, "absent.pem", base + ["--tls-cert", tools.folder / "absent.pem"]),
                (1, "no certificate", base + ["--tls-cert", tools.pair[1]]), (1, "no private key", base + ["--tls-key", tools.pair[0]]),
                (1, "is not the key of", base + ["--tls-key", other[1]]),
                (1, "no CA certificates", base + ["--client-ca", tools.pair[1]]),
                (1, "Is a directory", base + ["--tls-cert", "/"])):
            got, text = start_fails(tools, *arguments)
            equal(got, status, f"{says}: exit status ({text})")
            demand(says in text and text.startswith("pinnace-webhook"), f"{says!r} is not in {text!r}")
    equal(start_fails(tools, "--help")[0], 0, "--help")
    equal(start_fails(tools, "--version")[0], 0, "--version")


def test_more_connections_than_files(tools):
    few = ["prlimit", "--nofile=256:256"]
    done = subprocess.run([*few, *tools.wrapper, tools.binary, "--standalone", "--tls-cert", tools.pair[0], "--tls-key",
                           tools.pair[1]], capture_output=True, text=True, timeout=PATIENCE, check=False)
    equal(done.returncode, 1, "exit status")
    demand("open files" in done.stderr and "--connections" in done.stderr, done.stderr)
    with tools.server("--connections", "64", command=few) as server:
        server.check_alive()


def test_secrets_stay_inside(tools):
    """A release build leaves no core and lets nobody look; others may be debugged."""
    with tools.server() as server:
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        core = next(line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size"))
        if "/release/" in str(tools.binary):
            equal(core, "0", "the limit for core files")
        server.check_alive()
