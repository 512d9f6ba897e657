# SPDX-License-Identifier: Apache-2.0
"""A thousand connections are held while admissions go on; then how much memory all that was."""
import http.client
import json
import resource
import socket
import ssl
import subprocess
import time

from bad_world import memory_of, processes
from lib import SYSTEM, check, review, same
from load import PINNED

CROWD = 1000
SOURCES = [f"192.0.2.{number}" for number in range(201, 209)]


def addresses(world, verb):
    """More addresses of the node: no client may have all connections to itself. A Service would hide them."""
    for source in SOURCES:
        subprocess.run(["ip", "address", verb, f"{source}/24", "dev", "node0"], check=True)


class Client(http.client.HTTPSConnection):
    """To a pod, by the Service's name."""

    def __init__(self, address, source, context):
        super().__init__(address, 8443, context=context, timeout=30, source_address=(source, 0))

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=f"pinnace-webhook.{SYSTEM}.svc")

    def allows(self, body):
        self.request("POST", "/enforce/pinned", body, {"Content-Type": "application/json"})
        return json.loads(self.getresponse().read())["response"]["allowed"]


def crowd(world, body):
    pods = [pod["status"]["podIP"] for pod in world.webhook_pods()]
    context = ssl.create_default_context(cadata="".join(world.bundles()))
    held = [Client(pods[number % 2], SOURCES[number // 2 % len(SOURCES)], context) for number in range(CROWD)]
    same(f"{CROWD} clients are answered", sum(client.allows(body) for client in held), CROWD)
    sockets = [client.sock for client in held]
    time.sleep(3)
    same("and again on the same connections", sum(client.allows(body) for client in held), CROWD)
    check("none of which was cut", [client.sock for client in held] == sockets)
    for client in held:
        client.close()


def report(world):
    for pid in processes("pinnace-webhook"):
        print("   a webhook after all this: %.1f MB resident, %.1f MB of them its own" % memory_of(pid))
    for pod in world.webhook_pods():
        status = pod["status"]["containerStatuses"][0]
        same(f"{pod['metadata']['name']} was never restarted by its kubelet", status["restartCount"], 0)


def run(world):
    world.settled()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8192), limit))
    body = json.dumps(review("Pod", world.pod_spec(PINNED)))
    addresses(world, "add")
    try:
        world.under_load("nothing is lost among a thousand that hold connections", lambda: crowd(world, body))
    finally:
        addresses(world, "delete")
    report(world)
