# SPDX-License-Identifier: Apache-2.0
"""What the tests of the webhook share: certificates, a running server, and two kinds of client."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

PATIENCE = 120  # seconds until something counts as never, on a machine that has much else to do
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PINNED, MOVING = f"contoso.azurecr.io/shop/web@{DIGEST}", "contoso.azurecr.io/shop/web:latest"
JSON = {"Content-Type": "application/json"}
SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


class Failure(Exception):
    pass


def demand(holds, what):
    if not holds:
        raise Failure(what)


def equal(got, want, what):
    if got != want:
        raise Failure(f"{what}: {got!r}, not {want!r}")


def review(image=PINNED, containers=1, annotation="", uid="705ab4f5-6393-11e8-b7cc-42010a800002"):
    pod = {"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": "web", "namespace": "production", "annotations": {"note": annotation}},
           "spec": {"containers": [{"name": f"c{i}", "image": image} for i in range(containers)]}}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": uid, "kind": {"group": "", "version": "v1", "kind": "Pod"}, "name": "web",
        "namespace": "production", "operation": "CREATE", "object": pod, "oldObject": None}}).encode()


def review_of(size):
    """One of exactly so many bytes."""
    return review(annotation="x" * (size - len(review())))


# ---- certificates ----

class Authority:
    """A CA in a folder, made with openssl."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.cert, self.key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                     "-keyout", self.key, "-out", self.cert, "-subj", f"/CN={name}")

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def issue(self, name, usage="serverAuth", rsa=False):
        """(certificate, key): files of a new pair."""
        cert, key, request = (self.folder / f"{name}{end}" for end in (".pem", "-key.pem", ".csr"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        self.openssl("req", "-newkey", *kind, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:127.0.0.1,IP:::1\nextendedKeyUsage={usage}\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-days", "2", "-extfile",
                     extensions, "-out", cert)
        return cert, key

    def context(self, pair=None):
        context = ssl.create_default_context(cafile=self.cert)
        if pair:
            context.load_cert_chain(*pair)
        return context


# ---- the server ----

class Server:
    """One pinnace-webhook; stopped, and its word about leaks and races read, at the end of the with."""

    def __init__(self, tools, *arguments, pair=None, stdout=None, command=(), host="127.0.0.1",
                 standalone=True):
        self.tools, self.context = tools, tools.authority.context()
        self.pair = pair or tools.pair
        self.lines, self.errors = [], tools.folder / f"stderr-{id(self)}-{time.monotonic_ns()}"
        self.begun = time.monotonic()
        rules = ["--standalone"] if standalone else []
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [*tools.wrapper, *command, tools.binary, *rules, "--listen", f"{host}:0", "--health",
                 "127.0.0.1:0", "--lame-duck", "0", "--tls-cert", self.pair[0], "--tls-key", self.pair[1], *arguments],
                stdout=stdout or subprocess.PIPE, stderr=errors)
        self.stopped = False
        if stdout is None:
            self.reader = threading.Thread(target=self.read_lines, daemon=True)
            self.reader.start()
            ready = self.wait_for("started")
            self.ready_ms = (time.monotonic() - self.begun) * 1000
            self.port, self.health = (int(ready[key].rsplit(":", 1)[1]) for key in ("listen", "health"))

    def read_lines(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def wait_for(self, event, count=1):
        """The newest of at least so many log lines of an event."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = [line for line in list(self.lines) if line["event"] == event]
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                raise Failure(f"the server ended with {self.process.returncode}: {self.errors.read_text()}")
            time.sleep(0.002)
        raise Failure(f"no line \"{event}\" was logged; there are {[line['event'] for line in self.lines]}")

    def events(self, event):
        return [line for line in list(self.lines) if line["event"] == event]

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """The exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("the server does not end on SIGTERM") from None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status = self.stop()
        text = self.errors.read_text(errors="replace")
        if kind is None:
            demand(not SANITIZER.search(text), f"a sanitizer complains:\n{text}")
            demand(status in (0, -signal.SIGKILL), f"the server ended with {status}: {text}")

    # -- clients --

    def connect(self, source=None, context=None, timeout=PATIENCE):
        """A TLS connection, for bytes of one's own choice."""
        plain = self.connect_plain(source, timeout)
        try:
            return (context or self.context).wrap_socket(plain, server_hostname="127.0.0.1")
        except OSError:
            plain.close()
            raise

    def connect_plain(self, source=None, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout, source_address=source and (source, 0))

    def client(self, context=None):
        """A kept connection that speaks HTTP properly."""
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context or self.context)

    def post(self, body, path="/enforce/pinned", headers=None, client=None):
        """(status, text)"""
        own = client or self.client()
        own.request("POST", path, body, JSON if headers is None else headers)
        answer = own.getresponse()
        text = answer.read().decode()
        if not client:
            own.close()
        return answer.status, text

    def allowed(self, image=PINNED, client=None):
        status, text = self.post(review(image), client=client)
        equal(status, 200, f"status of a sound review ({text.strip()})")
        return json.loads(text)["response"]["allowed"]

    def check_alive(self):
        equal(self.allowed(), True, "a pinned pod is let in")
        equal(self.allowed(MOVING), False, "a moving tag is let in")

    def get(self, path, method="GET"):
        """(status, text) of the health listener."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.health}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
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

    def wait_for_metric(self, sample, want):
        """A connection that was ended is forgotten a moment later."""
        end = time.monotonic() + PATIENCE
        while self.metric(sample) != want:
            demand(time.monotonic() < end, f"{sample} is {self.metric(sample)}, not {want}")
            time.sleep(0.02)

    def resident_mb(self, field="VmRSS"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", text).group(1)) / 1000

    def peak_mb(self):
        return self.resident_mb("VmHWM")


class Tools:
    """What every test is given."""

    def __init__(self, folder, binary, cli, wrapper):
        self.folder, self.binary, self.cli, self.wrapper = pathlib.Path(folder), binary, cli, wrapper
        self.sanitized = any(mark in binary.read_bytes() for mark in (b"__asan_init", b"__tsan_init"))
        self.authority = Authority(folder)
        self.pair = self.authority.issue("server")

    def server(self, *arguments, **options):
        return Server(self, *arguments, **options)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def place_pair(self, name, pair):
        """A copy of a pair in a folder of its own."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        copies = folder / "tls.crt", folder / "tls.key"
        for source, copy in zip(pair, copies):
            replace(copy, source.read_bytes())
        return copies


def replace(path, content):
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


# ---- raw bytes ----

def head(path="/enforce/pinned", method="POST", version="HTTP/1.1", host="Host: pinnace\r\n",
         kind="Content-Type: application/json\r\n", more=""):
    return f"{method} {path} {version}\r\n{host}{kind}{more}\r\n".encode()


def whole(body, more=""):
    return head(more=f"Content-Length: {len(body)}\r\n{more}") + body


def chunked(pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read_answer(sock, buffered=b""):
    """(status, headers, body, what came behind it) of one answer; status 0 when the connection ended."""
    data = buffered
    while b"\r\n\r\n" not in data:
        more = receive(sock)
        if not more:
            return 0, {}, b"", data
        data += more
    start, _, rest = data.partition(b"\r\n\r\n")
    lines = start.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", 0))
    while len(rest) < length:
        more = receive(sock)
        if not more:
            break
        rest += more
    return int(lines[0].split()[1]), headers, rest[:length], rest[length:]


def receive(sock):
    """b"" when the other side ended the connection, in whatever way."""
    try:
        return sock.recv(65536)
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        return b""
    except TimeoutError:
        raise Failure("the connection is still open, and nothing comes") from None


def send(sock, data):
    """False when the other side has ended the connection."""
    try:
        sock.sendall(data)
        return True
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        return False
    except TimeoutError:
        return True


def read_to_end(sock):
    data = b""
    while True:
        more = receive(sock)
        if not more:
            return data
        data += more


def close(sock):
    try:
        sock.close()
    except OSError:
        pass
