# SPDX-License-Identifier: Apache-2.0
"""Those who drip, stall, flood and do not read: all are cut off, and others are served meanwhile."""
import os
import resource
import socket
import struct
import threading
import time

from harness import PATIENCE, PINNED, Failure, close, demand, equal, head, read_answer, read_to_end, review, send, whole


GIVEN_BACK_MB = 8  # what may stay of the memory of a burst


def expect_cut(sock, what):
    """The server ends the connection by itself, sooner or later."""
    sock.settimeout(PATIENCE)
    try:
        read_to_end(sock)
    except Failure:
        raise Failure(f"{what}: the connection is never ended") from None
    finally:
        close(sock)


def drip(server, what, first, answered=b"", pause=0.5):
    """After the first bytes, one at a time; the server must not wait for the last one."""
    sock = server.connect()
    if answered:
        send(sock, answered)
        equal(read_answer(sock)[0], 200, f"{what}: the request before")
    send(sock, first)
    sock.settimeout(0.05)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not send(sock, b"a"):
            close(sock)
            return
        try:
            data = sock.recv(4096)
            demand(b"allowed" not in data, f"{what}: a verdict")
            if not data:
                close(sock)
                return
        except TimeoutError:
            pass
        except OSError:
            close(sock)
            return
        time.sleep(pause)
    raise Failure(f"{what}: drips for ever")


def test_drips(tools):
    with tools.server() as server:
        cases = {"request line": b"", "path": b"POST /", "header": head()[:-2] + b"X: ",
                 "body": head(more="Content-Length: 100000\r\n"),
                 "chunks": head(more="Transfer-Encoding: chunked\r\n") + b"10000\r\n",
                 "chunk size": head(more="Transfer-Encoding: chunked\r\n") + b"1;"}
        failures = []
        threads = [threading.Thread(target=collect, args=(failures, drip, server, what, first))
                   for what, first in cases.items()]
        threads.append(threading.Thread(target=collect, args=(failures, drip, server, "second request's header",
                                                              head()[:-2] + b"X: ", whole(review()))))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            server.check_alive()
            time.sleep(0.2)
        demand(not failures, "; ".join(failures))
        cut = sum(server.metric(f'pinnace_shed_total{{cause="{cause}"}}') for cause in ("no_request", "slow"))
        demand(cut >= len(cases), f"{cut} connections counted as cut")


def collect(failures, call, *arguments):
    try:
        call(*arguments)
    except Exception as problem:  # carried to the test's own thread
        failures.append(str(problem))


def test_stalls(tools):
    with tools.server() as server:
        stalled = {"after the handshake": b"", "in the request line": b"POST /enf", "after the head": head(more="Content-Length: 9\r\n"),
                   "in the head": head()[:-2], "in the body": head(more="Content-Length: 9000\r\n") + b"{",
                   "before the last chunk": head(more="Transfer-Encoding: chunked\r\n") + b"1\r\n{\r\n"}
        socks = {}
        for what, data in stalled.items():
            socks[what] = server.connect()
            send(socks[what], data)
        for what, sock in socks.items():
            expect_cut(sock, what)
        server.check_alive()


def test_half_open(tools):
    """Connections that never get as far as TLS."""
    with tools.server() as server:
        client_hello = bytes.fromhex("16030100a5010000a10303") + os.urandom(20)
        cases = {"nothing": b"", "one byte": b"\x16", "half a hello": client_hello, "garbage": os.urandom(2000),
                 "an endless record": b"\x16\x03\x01\x3f\xff\x01\x00\x3f\xfb" + b"\0" * 5000,
                 "an alert": bytes.fromhex("15030100020228"), "zeros": b"\0" * 100}
        socks = {}
        for what, data in cases.items():
            socks[what] = server.connect_plain()
            send(socks[what], data)
        for what, sock in socks.items():
            expect_cut(sock, what)
        server.check_alive()
        demand(len(server.events("connection trouble")) <= 10, "a line of log for each bad handshake")


def test_slow_reader(tools):
    """Asks without end and reads nothing; the answers fill what the system buffers, then it is cut."""
    with tools.server() as server:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plain.settimeout(PATIENCE)
        plain.connect(("127.0.0.1", server.port))
        sock = server.context.wrap_socket(plain, server_hostname="127.0.0.1")
        sock.settimeout(0.2)
        question = whole(review("nginx", containers=20))
        end = time.monotonic() + PATIENCE
        while send(sock, question):
            demand(time.monotonic() < end, "a client that does not read is never cut")
            server.check_alive()
        close(sock)
        demand(server.metric('pinnace_shed_total{cause="slow"}') >= 1, "not counted")


def test_resets(tools):
    """Connections that end by a reset at every stage."""
    with tools.server() as server:
        for data in b"", b"PO", head(), head(more="Content-Length: 10\r\n") + b"123", whole(review()):
            for _ in range(20):
                sock = server.connect()
                send(sock, data)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                close(sock)
        server.check_alive()


def hold(server, sources, each):
    """TLS connections that have asked one question and stay."""
    socks, question = [], whole(review())
    for i in range(sources * each):
        sock = server.connect(f"127.0.1.{i // each + 1}")
        send(sock, question)
        socks.append(sock)
    return socks


def alone_thousand_held_connections(tools):
    with tools.server() as server:
        server.check_alive()
        before = server.resident_mb()
        socks = hold(server, 4, 250)
        during = server.resident_mb()
        kept = server.client()
        for _ in range(20):
            equal(server.allowed(client=kept), True, "beside a thousand others")
            server.check_alive()
        for sock in socks:
            close(sock)
        end = time.monotonic() + PATIENCE
        while server.metric('pinnace_connections{state="idle"}') > 8:
            demand(time.monotonic() < end, "closed connections are not forgotten")
            time.sleep(0.05)
        # The heap is looked at once a second, when nothing is being done. Sanitizers keep what is freed.
        after = server.resident_mb()
        while not tools.sanitized and after > before + GIVEN_BACK_MB:
            demand(time.monotonic() < end, f"{after:.1f} MB are never given back; {before:.1f} MB there were before")
            time.sleep(0.1)
            after = server.resident_mb()
        return f"resident {before:.1f} MB before, {during:.1f} MB during, {after:.1f} MB after"


class Flood:
    """Opens connections as fast as it can, from several addresses, and holds them."""

    def __init__(self, server, tls):
        self.server, self.tls, self.over, self.opened = server, tls, False, 0
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(3)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        held = []
        while not self.over:
            try:
                held.append(self.server.connect_plain(f"127.0.2.{number + 1}", timeout=1))
                if self.tls:
                    send(held[-1], b"\x16\x03\x01")
                self.opened += 1
            except OSError:
                pass
            if len(held) > 500:
                close(held.pop(0))
        for sock in held:
            close(sock)

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def flood(tools, tls):
    with tools.server("--connections", "128") as server:
        kept = server.client()
        equal(server.allowed(client=kept), True, "before the flood")
        flooding = Flood(server, tls)
        answered = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            equal(server.allowed(PINNED, client=kept), True, "a client that was there before")
            answered += 1
            time.sleep(0.005)
        newcomers = sum(server.allowed() for _ in range(20))
        flooding.end()
        equal(server.allowed(client=kept), True, "after the flood")
        server.check_alive()
        evicted = server.metric('pinnace_shed_total{cause="evicted"}')
        demand(evicted > 0, "nobody was evicted: was there a flood?")
        equal(newcomers, 20, "newcomers served, of 20")
        return f"{flooding.opened} connections, {evicted:.0f} evicted, {answered} kept requests and {newcomers} newcomers served"


def alone_flood_of_silent_connections(tools):
    return flood(tools, False)


def alone_flood_of_half_handshakes(tools):
    return flood(tools, True)


def test_useful_connections_are_kept(tools):
    """With every place taken by others, a client that proved useful is not the one to go."""
    with tools.server("--connections", "64") as server:
        kept = server.client()
        equal(server.allowed(client=kept), True, "a first request")
        others = [server.connect_plain(f"127.0.3.{i % 8 + 1}") for i in range(200)]
        equal(server.allowed(client=kept), True, "the same connection")
        server.check_alive()
        for sock in others:
            close(sock)


def test_one_address_cannot_take_all(tools):
    with tools.server("--connections", "64") as server:
        others = [server.connect_plain("127.0.4.1") for _ in range(200)]
        open_ones = server.metric('pinnace_connections{state="fresh"}')
        demand(open_ones <= 32, f"{open_ones} of 64 connections are of one address")
        server.check_alive()
        for sock in others:
            close(sock)


def test_no_files_left(tools):
    """The server says at its start when connections could not all be held, and lives with it otherwise."""
    limit = 40

    with tools.server("--connections", "64") as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        others = []
        for i in range(60):
            try:
                others.append(server.connect_plain(f"127.0.5.{i % 8 + 1}", timeout=1))
            except OSError:
                break
        for sock in others:
            close(sock)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                server.check_alive()
                return
            except OSError:
                demand(time.monotonic() < end, "no answer since the files ran out")
                time.sleep(0.2)
