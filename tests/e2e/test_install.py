# SPDX-License-Identifier: Apache-2.0
"""The default overlay, with the image that the Dockerfile makes: it gets ready, and judges by its Service."""
from lib import LATEST, allowed, check, kubectl, refused, same, until, SYSTEM

SAYS = '"registry.test:5000/shop/web:latest" names no digest'


def run(world):
    world.install()
    pods = world.webhook_pods()
    same("two webhooks run our image by digest", [pod["spec"]["containers"][0]["image"] for pod in pods], [world.image] * 2)
    again = world.apply()
    allowed("applied again, nothing is amiss", again)
    check("and nothing is restarted", {pod["metadata"]["name"] for pod in pods} ==
          {pod["metadata"]["name"] for pod in world.webhook_pods()}, kubectl("-n", SYSTEM, "get", "pods").stdout)
    world.namespace("first", enforce="pinned")
    refused("kubectl run of :latest is refused, and told why",
            kubectl("-n", "first", "run", "bad", f"--image={LATEST}"),
            'admission webhook "enforce-pinned.pinnace.dev" denied the request', 'container "bad"', SAYS)
    same("no pod came of it", kubectl("-n", "first", "get", "pods", "-o", "name").stdout, "")
    allowed("kubectl run of the same image by digest is let in",
            kubectl("-n", "first", "run", "good", f"--image={world.web}"))
    world.await_running("first", "run=good")
    check("and it runs", True)
    world.api.delete("/api/v1/namespaces/first")
    until(lambda: world.api.get("/api/v1/namespaces/first").status == 404, "the namespace to go")
