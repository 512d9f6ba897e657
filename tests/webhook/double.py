# SPDX-License-Identifier: Apache-2.0
"""An API server that says what a test wants: for what a sound one does once in a year."""
import http.server
import json
import queue
import sys
import threading
import urllib.parse

GROUP = "/apis/pinnace.dev/v1alpha1/"
KINDS = {"pinpolicies": "PinPolicy", "exemptions": "Exemption", "tracks": "Track"}


def status(code, message="scripted", **details):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "code": code, "details": details}


def query(handler):
    return dict(urllib.parse.parse_qsl(handler.path.partition("?")[2]))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, code, body, headers=()):
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, kind, body):
        self.wfile.write(json.dumps({"type": kind, "object": body}).encode() + b"\n")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        plural = path.removeprefix(GROUP)
        double = self.server.double
        try:
            if plural in KINDS:
                double.answer(self, plural, asked)
            elif not double.elsewhere or not double.elsewhere(self, path, asked):
                self.say(404, status(404))
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # as real ones; with the usual five a client that connects often waits for seconds

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever gives up a call ends its connection
            super().handle_error(request, client_address)


class Double:
    """Lists and watches PinPolicies, Exemptions and Tracks; a script takes over of that what it likes, elsewhere(handler,
    path, asked) answers for other kinds. Both say whether they did."""

    def __init__(self, folder, script=None, elsewhere=None, handler=Handler):
        self.lock, self.version, self.script, self.elsewhere = threading.Lock(), 100, script, elsewhere
        self.objects = {plural: {} for plural in KINDS}
        self.streams = {plural: [] for plural in KINDS}
        self.history = {plural: [] for plural in KINDS}
        self.asked = []
        self.server = Server(("127.0.0.1", 0), handler)
        self.server.double = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.kubeconfig = folder / f"double-{self.server.server_port}.json"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def put(self, plural, name, spec, tell=True, status=None, **metadata):
        with self.lock:
            self.version += 1
            kept = {"apiVersion": "pinnace.dev/v1alpha1", "kind": KINDS[plural], "spec": spec,
                    "metadata": {"name": name, "resourceVersion": str(self.version), **metadata}}
            if status is not None:
                kept["status"] = status
            if plural != "pinpolicies":
                kept["metadata"].setdefault("namespace", "production")
            self.objects[plural][name] = kept
            if tell:
                self.tell(plural, "MODIFIED", kept)

    def remove(self, plural, name):
        with self.lock:
            self.version += 1
            gone = self.objects[plural].pop(name)
            gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
            self.tell(plural, "DELETED", gone)

    def tell(self, plural, kind, body):
        """To those who watch, and to those who will from an older version; the lock is held."""
        self.history[plural].append((self.version, (kind, body)))
        for stream in self.streams[plural]:
            stream.put((kind, body))

    def bookmark(self, plural):
        with self.lock:
            for stream in self.streams[plural]:
                stream.put(("BOOKMARK", {"kind": KINDS[plural], "metadata": {"resourceVersion": str(self.version)}}))

    def cut_streams(self, plural):
        """As when the server goes: in the midst of a line."""
        with self.lock:
            for stream in self.streams[plural]:
                stream.put(("CUT", None))

    def end_streams(self, plural, code):
        with self.lock:
            for stream in self.streams[plural]:
                stream.put(("ERROR", status(code)))

    def page(self, plural, items=None, **metadata):
        with self.lock:
            items = list(self.objects[plural].values()) if items is None else items
            return {"kind": KINDS[plural] + "List", "apiVersion": "pinnace.dev/v1alpha1", "items": items,
                    "metadata": {"resourceVersion": str(self.version), **metadata}}

    def answer(self, handler, plural, asked):
        self.asked.append((plural, asked))
        if self.script and self.script(self, handler, plural, asked):
            return
        if "watch" not in asked:
            items, begin, limit = list(self.objects[plural].values()), int(asked.get("continue", 0)), int(asked["limit"])
            more = {"continue": str(begin + limit)} if begin + limit < len(items) else {}
            handler.say(200, self.page(plural, items[begin:begin + limit], **more))
            return
        stream = queue.SimpleQueue()
        with self.lock:
            for version, event in self.history[plural]:
                if version > int(asked["resourceVersion"]):
                    stream.put(event)
            self.streams[plural].append(stream)
        handler.begin_stream()
        while True:
            kind, body = stream.get()
            if kind == "CUT":
                handler.wfile.write(b'{"type":')
                break
            handler.event(kind, body)
            if kind == "ERROR":
                break
        with self.lock:
            self.streams[plural].remove(stream)
