# SPDX-License-Identifier: Apache-2.0
"""strict and available, with a webhook and without one."""
from lib import LATEST, SYSTEM, allowed, check, kubectl, must, refused, until
from test_rules import EXEMPTIONS, exemption

AVAILABLE = (("base",), ("components/image", "profiles/available"))


def scale(world, replicas):
    must(kubectl("-n", SYSTEM, "scale", "deployment/pinnace-webhook", f"--replicas={replicas}"))
    until(lambda: len(world.webhook_pods(ending=True)) == replicas, f"{replicas} webhooks")
    if replicas:
        world.await_sound()


def try_untouched(world, profile):
    allowed(f"{profile}, no webhook: a namespace without a label is not concerned", world.create("Pod", "free", "p", LATEST, dry=True))
    allowed(f"{profile}, no webhook: neither is the system", world.create("Pod", "kube-system", "p", LATEST, dry=True))
    allowed(f"{profile}, no webhook: what runs can be scaled", kubectl("-n", "held", "scale", "deployment/web", "--replicas=1"))
    allowed(f"{profile}, no webhook: the level can be taken away by who may",
            kubectl("label", "namespace", "held", "pinnace.dev/enforce-", "--dry-run=server"))


def try_strict(world):
    scale(world, 0)
    for image in (world.web, LATEST):
        refused(f"strict, no webhook: {image[:40]} is refused, and why is told", world.create("Pod", "held", "p", image, dry=True),
                'failed calling webhook "enforce-pinned.pinnace.dev"')
    try_untouched(world, "strict")
    scale(world, 2)
    check("strict: the webhook comes back by itself", True)


def try_available(world):
    world.install(*AVAILABLE[0], components=AVAILABLE[1])
    until(lambda: "'pinnace-pinned'" in world.create("Pod", "held", "p", LATEST, dry=True).message, "the second layer")
    refused("available: refused by both layers' rule", world.create("Pod", "held", "p", LATEST, dry=True), "NoDigest")
    allowed("available: a digest is let in", world.create("Pod", "held", "p", world.web, dry=True))
    allowed("available: an Exemption is taken", world.api.create(EXEMPTIONS.format("held"), exemption("hotfix", 600, world.user)))
    refused("available: but is not known to the second layer", world.create("Pod", "held", "p", LATEST, dry=True), "'pinnace-pinned'")
    must(kubectl("label", "namespace", "held", "pinnace.dev/second-layer=off"))
    world.until_judged("/enforce/pinned", "held", LATEST, True)
    until(lambda: "'pinnace-pinned'" not in world.create("Pod", "held", "p", LATEST, dry=True).message, "the second layer to be off")
    allowed("available: which can be taken off meanwhile", world.create("Pod", "held", "p", LATEST, dry=True), "Exemption")
    must(kubectl("label", "namespace", "held", "pinnace.dev/second-layer-"))
    must(kubectl("-n", "held", "delete", "exemption", "hotfix"))
    scale(world, 0)
    refused("available, no webhook: a mutable image is refused by the second layer", world.create("Pod", "held", "p", LATEST, dry=True),
            "'pinnace-pinned'", "NoDigest")
    allowed("available, no webhook: a digest is let in", world.create("Pod", "held", "p", world.web, dry=True))
    try_untouched(world, "available")
    scale(world, 2)


def run(world):
    world.install()
    world.namespace("free")
    world.namespace("held", enforce="pinned")
    must(kubectl("-n", "held", "create", "deployment", "web", f"--image={world.web}"))
    try_strict(world)
    try_available(world)
    world.uninstall(*AVAILABLE[0], components=AVAILABLE[1])
    until(lambda: world.create("Pod", "held", "p", LATEST, dry=True).ok, "an API server that noticed")
    allowed("uninstalled, nothing is refused", world.create("Pod", "held", "p", LATEST, dry=True))
    for name in ("free", "held"):
        world.api.delete(f"/api/v1/namespaces/{name}")
