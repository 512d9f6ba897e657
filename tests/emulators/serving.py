# SPDX-License-Identifier: Apache-2.0
"""serving: what the emulators of clouds are made of: requests as they see them, answers, servers, and the way to the real
registry behind them."""
import base64
import functools
import http.client
import http.server
import json
import ssl
import sys
import threading
import time
import traceback
import urllib.parse

FORM = "application/x-www-form-urlencoded"
MANIFEST_HEADERS = ("Content-Type", "Docker-Content-Digest", "Link", "Etag", "Content-Length")


class Refusal(Exception):
    """Any answer but the usual one: bytes, or what becomes JSON. A status of 0: the connection ends without one."""

    def __init__(self, status, body=b"", **headers):
        super().__init__(status)
        self.status, self.headers = status, headers
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def no_registry(status, code, text, **headers):
    return Refusal(status, {"errors": [{"code": code, "message": text, "detail": None}]}, **headers)


class Asked:
    """A request, as the servers see it."""

    def __init__(self, handler):
        self.method, self.target, self.headers = handler.command, handler.path, handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        self.path, _, self.query_text = handler.path.partition("?")
        self.host = (handler.headers.get("Host") or "").partition(":")[0]

    @staticmethod
    def fields(text):
        fields = urllib.parse.parse_qs(text, keep_blank_values=True, strict_parsing=bool(text))
        if any(len(values) > 1 for values in fields.values()):
            raise no_registry(400, "UNSUPPORTED", "a field is there twice")
        return {name: values[0] for name, values in fields.items()}

    def form(self):
        if self.headers.get("Content-Type") != FORM:
            raise no_registry(400, "UNSUPPORTED", "the body must be a form")
        return self.fields(self.body)

    def query(self):
        return self.fields(self.query_text)

    def basic(self):
        header = self.headers.get("Authorization", "")
        return tuple(base64.b64decode(header[6:]).decode().split(":", 1)) if header.startswith("Basic ") else None

    def bearer(self):
        header = self.headers.get("Authorization", "")
        return header[7:] if header.startswith("Bearer ") else None

    def repository(self):
        """The repository of a manifest or a list of tags."""
        parts = self.path.split("/")
        if parts[1] != "v2" or len(parts) < 5 or parts[-2] not in ("manifests", "tags"):
            raise no_registry(404, "NOT_FOUND", "no such page")
        return "/".join(parts[2:-2])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def serve(self):
        cloud, asked = self.server.cloud, Asked(self)
        with cloud.lock:
            cloud.log.append(asked)
        try:
            answer = self.server.serve_one(asked)
            self.answer(200, json.dumps(answer).encode(), Content_Type="application/json; charset=utf-8")
        except Refusal as no:
            if no.status == 0:
                self.close_connection = True
                return
            self.answer(no.status, no.body, **{"Content_Type": "application/json; charset=utf-8", **no.headers})

    def answer(self, status, body, **headers):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud, address, serve_one, pki=None):
        super().__init__(address, Handler)
        self.cloud, self.serve_one = cloud, serve_one
        if pki:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki.cert, pki.key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], OSError):  # clients that go away are part of the tests
            traceback.print_exc()


@functools.lru_cache
def trust(authority):
    return ssl.create_default_context(cafile=authority)


def connect_behind(behind, authority=None):
    """To the real registry: HOST:PORT of one that is plain, or https://HOST:PORT."""
    scheme, _, address = behind.rpartition("://")
    if scheme == "https":
        return http.client.HTTPSConnection(address, timeout=20, context=trust(authority))
    return http.client.HTTPConnection(address, timeout=20)


def pass_on(behind, asked, authority=None, **headers):
    """Asks the real registry, which wants to know of nobody who he is."""
    connection = connect_behind(behind, authority)
    try:
        connection.request(asked.method, asked.target, asked.body.encode() or None,
                           headers={k: v for k, v in asked.headers.items() if k in ("Accept", "Content-Type")})
        answer = connection.getresponse()
        body = answer.read()
        raise Refusal(answer.status, body, **headers, **{k.replace("-", "_"): v for k, v in answer.getheaders() if k in MANIFEST_HEADERS})
    finally:
        connection.close()


class Cloud:
    """Servers on one log. hosts: name -> what serves it by TLS; skew: how far its clocks are ahead of ours."""

    def __init__(self, pki, address="127.0.0.1"):
        self.lock, self.log, self.skew, self.hosts = threading.Lock(), [], 0, {}
        self.servers = [Server(self, (address, 443), self.dispatch, pki)]

    def now(self):
        return int(time.time()) + self.skew

    def dispatch(self, asked):
        if asked.host not in self.hosts:
            raise Refusal(421, b"this is nobody's name here")
        return self.hosts[asked.host].serve(asked)

    def forget(self):
        with self.lock:
            self.log.clear()

    def asked(self, host=None, path=None):
        with self.lock:
            return [a for a in self.log if host in (None, a.host) and (path is None or a.path == path)]

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
