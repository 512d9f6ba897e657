# SPDX-License-Identifier: Apache-2.0
"""servers: the real registry (docker-registry of Debian) in four forms on one storage, and a double that
does what real ones do not do on demand. Both take tokens of the double's token server."""
import base64
import contextlib
import crypt
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import random
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.parse
import warnings

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
USER, PASSWORD = "anna", "se:cret-password"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config(name):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"name": name}}}).encode()


def manifest(name):
    data = config(name)
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                       "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                                  "digest": digest_of(data), "size": len(data)}}).encode()


def index(*names):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": MANIFEST, "digest": digest_of(manifest(name)), "size": len(manifest(name)),
         "platform": {"os": "linux", "architecture": name}} for name in names]}).encode()


class Pki:
    """A certificate authority, and a certificate of it for this machine, and whatever else it is to be."""

    def __init__(self, folder, names=()):
        self.folder = pathlib.Path(folder)
        self.ca, self.cert, self.key = (str(self.folder / name) for name in ("ca.crt", "server.crt", "server.key"))
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                     "-keyout", "ca.key", "-out", "ca.crt", "-addext", "basicConstraints=critical,CA:TRUE")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text(
            "subjectAltName=" + ",".join(["IP:127.0.0.1", "DNS:localhost", "DNS:registry.test", *(f"DNS:{name}" for name in names)]) + "\n")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                     "-extfile", "names", "-out", "server.crt")

    def openssl(self, *arguments, stdin=b""):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, input=stdin, capture_output=True, check=True)
        return done.stdout

    def jwt(self, claims):
        """Signed with the server's key, whose certificate the real registry trusts for tokens."""
        encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
        body = "".join(line for line in pathlib.Path(self.cert).read_text().splitlines() if "-----" not in line)
        head = encode(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": [body]}).encode())
        signed = head + b"." + encode(json.dumps(claims).encode())
        return (signed + b"." + encode(self.openssl("dgst", "-sha256", "-sign", "server.key", stdin=signed))).decode()


def free_port():
    """For a program that cannot choose one itself: none of those that connections are given, which come and go."""
    for _ in range(100):
        port = random.randint(20000, 29999)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port of a hundred is free")


class Real:
    """docker-registry: kind is open, basic, token (all by TLS) or plain. It tells each push to the URL, with the secret."""

    def __init__(self, kind, folder, pki, token_realm, notify=None):
        self.kind, self.folder, self.pki = kind, pathlib.Path(folder), pki
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        lines = ["version: 0.1", "log: {level: error, accesslog: {disabled: true}}",
                 f"storage: {{filesystem: {{rootdirectory: {self.folder}/storage}}, delete: {{enabled: true}}}}"]
        if kind == "basic":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                hashed = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)).replace("$2b$", "$2y$", 1)
            (self.folder / "htpasswd").write_text(f"{USER}:{hashed}\n")
            lines.append(f"auth: {{htpasswd: {{realm: real, path: {self.folder}/htpasswd}}}}")
        if kind == "token":
            lines.append(f"auth: {{token: {{realm: '{token_realm}', service: real, issuer: tests, rootcertbundle: {pki.cert}}}}}")
        tls = "" if kind == "plain" else f", tls: {{certificate: {pki.cert}, key: {pki.key}}}"
        lines.append(f"http: {{addr: '{self.host}', secret: x{tls}}}")
        if notify:
            url, secret = notify
            lines.append(f"notifications: {{endpoints: [{{name: hooks, url: '{url}', headers: {{Authorization: ['Bearer {secret}']}}, "
                         "timeout: 1s, threshold: 3, backoff: 1s}]}")
        path = self.folder / f"{kind}.yml"
        path.write_text("\n".join(lines) + "\n")
        self.log = open(self.folder / f"{kind}.log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", path], stdout=self.log, stderr=self.log)

    def await_start(self):
        for _ in range(4800):
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / f"{self.kind}.log").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def connect(host, ca, plain=False):
    if plain:
        return http.client.HTTPConnection(host, timeout=120)
    return http.client.HTTPSConnection(host, timeout=120, context=ssl.create_default_context(cafile=ca))


def push(connection, repository, tag, data, media_type, configs=()):
    """Puts a manifest, and its configuration if it has one, into a registry."""
    for blob in configs:
        connection.request("POST", f"/v2/{repository}/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        place = urllib.parse.urlsplit(answer.getheader("Location"))
        connection.request("PUT", f"{place.path}?{place.query}&digest={digest_of(blob)}", blob, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        answer.read()
    connection.request("PUT", f"/v2/{repository}/manifests/{tag}", data, {"Content-Type": media_type})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 201, (answer.status, text)


class Handler(http.server.BaseHTTPRequestHandler):
    """As the real one answers; then what the repository's script says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as real servers do: or else each answer waits for an acknowledgement

    def setup(self):
        self.timeout, self.served = self.server.double.patience, 0
        super().setup()
        with self.server.double.lock:
            self.server.double.connections += 1

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response_only(status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name.replace("_", "-"), one)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, **headers):
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
        self.answer(status, body, Content_Type="application/json; charset=utf-8", **headers)

    def send_manifest(self, data, media_type, **headers):
        self.answer(200, data, **{"Content_Type": media_type, "Docker_Content_Digest": digest_of(data), **headers})

    def challenge(self, scheme, scope=""):
        if scheme == "basic":
            return 'Basic realm="real"'
        return f'Bearer realm="{self.server.double.realm}",service="real",scope="{scope}"'

    def do_HEAD(self):
        self.serve()

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def do_PUT(self):
        self.serve()

    def do_DELETE(self):
        self.serve()

    def serve(self):
        double = self.server.double
        self.served += 1
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.url = urllib.parse.urlsplit(self.path)
        entry = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": self.body.decode()}
        with double.lock:
            double.log.append(entry)
        if self.url.path in double.paths:
            double.paths[self.url.path](self)
            return
        parts = self.url.path.split("/")
        if parts[1] != "v2" or len(parts) < 5 or parts[-2] not in ("manifests", "tags"):
            self.answer(404)
            return
        self.repository, self.kind, self.reference = "/".join(parts[2:-2]), parts[-2], parts[-1]
        with double.lock:
            self.turn = double.turns[self.repository] = double.turns.get(self.repository, -1) + 1
        script = double.scripts.get(self.repository)
        if not script or not script(self):
            self.serve_honestly()

    def serve_honestly(self):
        images = self.server.double.images.get(self.repository)
        if self.command in ("PUT", "DELETE"):
            self.change(self.server.double.images.setdefault(self.repository, {}))
        elif images is None:
            if self.kind == "tags":
                self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
            else:
                self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        elif self.kind == "tags":
            self.send_tags(images)
        else:
            found = images.get(self.reference) or next((i for i in images.values() if digest_of(i[0]) == self.reference), None)
            if found:
                self.send_manifest(*found)
            else:
                self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def change(self, images):
        """A manifest put under a tag, or a tag taken away: by a digest nothing is deleted here."""
        if self.command == "PUT" and self.kind == "manifests":
            images[self.reference] = (self.body, self.headers["Content-Type"])
            self.answer(201, Docker_Content_Digest=digest_of(self.body))
        elif self.command == "DELETE" and images.pop(self.reference, None):
            self.answer(202)
        else:
            self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def send_tags(self, images, **headers):
        query = urllib.parse.parse_qs(self.url.query)
        tags = sorted(images)
        last = query.get("last", [""])[0]
        left = [tag for tag in tags if tag > last]
        size = int(query.get("n", ["100000"])[0])
        if len(left) > size:
            following = urllib.parse.urlencode({"last": left[size - 1], "n": size})
            headers.setdefault("Link", f'</v2/{self.repository}/tags/list?{following}>; rel="next"')
        body = json.dumps({"name": self.repository, "tags": left[:size]}).encode()
        self.answer(200, body, Content_Type="application/json; charset=utf-8", **headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # as real ones; with the usual five a client that connects often waits for seconds

    def handle_error(self, *_):
        pass  # clients that go away are part of the tests


class Double:
    """A registry and a token server on one port, by TLS or plain."""

    def __init__(self, pki, plain=False):
        self.pki, self.lock = pki, threading.Lock()
        self.log, self.turns, self.images, self.scripts, self.paths = [], {}, {}, {}, {}
        self.life = 300
        self.connections, self.patience = 0, None  # accepted so far; seconds until one without requests is ended
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.double = self
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.realm = f"http{'' if plain else 's'}://{self.host}/token"
        self.paths["/token"] = self.give_token
        if not plain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki.cert, pki.key)
            # The handshake belongs to the connection's thread, or one client would hold up all.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def image(self, repository, tag, data=None, media_type=MANIFEST):
        data = data or manifest(f"{repository}:{tag}")
        self.images.setdefault(repository, {})[tag] = (data, media_type)
        return digest_of(data)

    def scripted(self, script, count=1):
        """So many repositories that behave as the script says; an image in each."""
        names = [f"r{number}" for number in range(count)]
        for name in names:
            self.image(name, "v1")
            self.scripts[name] = script
        return [f"{self.host}/{name}:v1" for name in names]

    def requests(self, repository):
        with self.lock:
            return [e for e in self.log if e["path"].startswith(f"/v2/{repository}/")]

    def token_requests(self):
        with self.lock:
            return [e for e in self.log if e["path"].split("?")[0] == "/token"]

    def give_token(self, handler):
        """Everybody may pull public/*, the user everything: as GET with Basic, or as a form."""
        fields = urllib.parse.parse_qs(handler.body.decode() if handler.command == "POST" else handler.url.query)
        user, password = "", ""
        if handler.headers.get("Authorization", "").startswith("Basic "):
            user, _, password = base64.b64decode(handler.headers["Authorization"][6:]).decode().partition(":")
        if handler.command == "POST":
            user, password = fields.get("username", [""])[0], fields.get("password", [""])[0]
            if fields.get("grant_type") == ["refresh_token"]:
                user, password = (USER, PASSWORD) if fields["refresh_token"] == ["identity"] else ("x", "")
        if user and (user, password) != (USER, PASSWORD):
            handler.error(401, "UNAUTHORIZED", "wrong name or password")
            return
        access = []
        for scope in fields.get("scope", []):
            kind, name, actions = scope.split(":")
            allowed = user or name.startswith("public/")
            access.append({"type": kind, "name": name, "actions": actions.split(",") if allowed else []})
        now = int(time.time())
        token = self.pki.jwt({"iss": "tests", "sub": user, "aud": fields["service"][0], "exp": now + 300, "nbf": now - 10,
                              "iat": now, "jti": os.urandom(8).hex(), "access": access})
        body = json.dumps({"token": token, "expires_in": self.life}).encode()
        handler.answer(200, body, Content_Type="application/json")

    def wants_token(self, handler):
        """A script: 401 unless a token for the repository is there."""
        header = handler.headers.get("Authorization", "")
        if header.startswith("Bearer ") and header.count(".") == 2:
            middle = header.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
            if any(a["name"] == handler.repository and "pull" in a["actions"] for a in claims["access"]):
                return False
        handler.error(401, "UNAUTHORIZED", "authentication required", Docker_Distribution_Api_Version="registry/2.0",
                      WWW_Authenticate=handler.challenge("bearer", f"repository:{handler.repository}:pull"))
        return True

    def wants_basic(self, handler):
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if handler.headers.get("Authorization") == wanted:
            return False
        handler.error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=handler.challenge("basic"))
        return True


class Crowd:
    """A script, or a fault of the API server, that counts the requests that are within it, and holds them until there are enough at once."""

    def __init__(self, enough):
        self.lock, self.there, self.enough, self.inside, self.most = threading.Lock(), threading.Event(), enough, 0, 0

    def __call__(self, *_):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside >= self.enough:
                self.there.set()
        self.there.wait(30)
        time.sleep(0.1)  # so that one too many has time to come
        with self.lock:
            self.inside -= 1
        return False


class Proxy(socketserver.ThreadingTCPServer):
    """Takes CONNECT to whatever host there is to one server, and keeps the first line and the head."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), ProxyConnection)
        self.target, self.heads = port, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ProxyConnection(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        self.server.heads.append(head.decode())
        with socket.create_connection(("127.0.0.1", self.server.target)) as onward:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=self.pump, args=(onward, self.connection), daemon=True).start()
            self.pump(self.connection, onward)

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # whoever went away first
