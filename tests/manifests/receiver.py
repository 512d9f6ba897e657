# SPDX-License-Identifier: Apache-2.0
"""Stands where the webhook would, lets everything in and keeps what arrives: it shows what the API server
sends, and nothing of what the webhook does with it."""
import base64
import http.server
import json
import ssl
import subprocess
import threading


class Receiver:
    def __init__(self, folder):
        self.arrived, self._lock = [], threading.Lock()
        self._make_certificate(folder)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.keep(self.path.partition("?")[0], review["request"])
                answer = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"],
                                     "response": {"uid": review["request"]["uid"], "allowed": True}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/receiver.crt", f"{folder}/receiver.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _make_certificate(self, folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", f"{folder}/receiver.key", "-out", f"{folder}/receiver.crt"],
                       check=True, capture_output=True)
        with open(f"{folder}/receiver.crt", "rb") as file:
            self.authority = base64.b64encode(file.read()).decode()

    def keep(self, path, request):
        with self._lock:
            self.arrived.append((path, request))

    def take(self, user=None):
        """What arrived since the last call: all of it, or what one user sent."""
        with self._lock:
            taken = [entry for entry in self.arrived if user in (None, entry[1]["userInfo"]["username"])]
            self.arrived = [entry for entry in self.arrived if entry not in taken]
            return taken

    def stand_in_for(self, configuration):
        """The webhook configuration, with this receiver for the Service; all else stays as it is."""
        for webhook in configuration["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            webhook["clientConfig"] = {"url": f"https://127.0.0.1:{self.server.server_port}{path}",
                                       "caBundle": self.authority}
        return configuration
