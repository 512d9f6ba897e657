# SPDX-License-Identifier: Apache-2.0
"""Registries that fail as they are told to: each is a port of its own in front of the real one, plain, and hands on what
it is not told to spoil. Only the controller asks them; the node pulls from the real one under their names."""
import http.client
import http.server
import ssl
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        faulty = self.server.faulty
        faulty.count += 1
        fault = faulty.fault
        if not fault or not fault(self):
            self.hand_on()

    def ask(self, path=None):
        """(status, body, headers) of the real one."""
        faulty = self.server.faulty
        real = http.client.HTTPSConnection(faulty.real, context=faulty.context, timeout=30)
        try:
            real.request(self.command, path or self.path, headers={"Accept": self.headers.get("Accept", "*/*")})
            answer = real.getresponse()
            body = answer.read()
            kept = ("Content-Type", "Docker-Content-Digest", "Link", "Content-Length")
            return answer.status, body, {name: answer.headers[name] for name in kept if answer.headers[name]}
        finally:
            real.close()

    def say(self, status, body=b"", headers=None):
        """The length that is told need not be that of the body."""
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def hand_on(self):
        return self.say(*self.ask())

    def cut_off(self, sent=b""):
        """The connection ends after so many bytes."""
        self.close_connection = True
        self.wfile.write(sent)
        return True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # who is made to wait may leave


class Faulty:
    """fault(handler) answers in place of the real registry, or gives False; None: all is well."""

    def __init__(self, port, real, authority):
        self.real, self.context = real, ssl.create_default_context(cafile=authority)
        self.fault, self.count = None, 0
        self.server = Server(("192.0.2.1", port), Handler)
        self.server.faulty = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.fault = None
        self.server.shutdown()
        self.server.server_close()


# --- Faults ---------------------------------------------------------------------------------------------------------

def refuse(status, **headers):
    head = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.say(status, b'{"errors": [{"code": "SCRIPTED", "message": "scripted"}]}',
                                       {"Content-Type": "application/json", **head})


def drop(handler):
    return handler.cut_off()


def page_of_login(handler):
    return handler.say(200, b"<html><body>Sign in</body></html>", {"Content-Type": "text/html"})


def without_digest(spoil):
    """HEAD has no digest, so that the manifest is fetched, and that is spoilt."""
    def fault(handler):
        status, body, headers = handler.ask()
        if handler.command == "HEAD":
            headers.pop("Docker-Content-Digest")
            return handler.say(status, body, headers)
        return spoil(handler, status, body, headers)
    return fault


def other_bytes(handler, status, body, headers):
    """They are a manifest, and not the one that the registry's own digest is of."""
    return handler.say(status, body.replace(b"{", b"{ ", 1), headers | {"Content-Length": str(len(body) + 1)})


def oversized(handler, status, body, headers):
    """A manifest that says it has 64 MiB, and goes on for as long as somebody reads."""
    handler.say(status, body, headers | {"Content-Length": str(64 << 20)})
    for _ in range(64):
        handler.wfile.write(b" " * (1 << 20))
    return True


def half_a_list(handler):
    """The first page has the newest tag; the second one ends in its middle."""
    if "/tags/list" not in handler.path:
        return False
    if "last=" not in handler.path:
        status, body, headers = handler.ask(handler.path.split("?")[0])
        return handler.say(status, body, {"Content-Type": headers["Content-Type"],
                                          "Link": f'<{handler.path.split("?")[0]}?last=v9&n=9>; rel="next"'})
    return handler.cut_off(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"name": "x", "tags": ["v')


class Hang:
    """No answer, until it is released."""

    def __init__(self):
        self.over = threading.Event()

    def __call__(self, _):
        self.over.wait(120)
        return False
