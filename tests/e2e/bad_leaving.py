# SPDX-License-Identifier: Apache-2.0
"""Pinnace goes: first its namespace alone, as somebody does it in a hurry, then all of it."""
import time

import inventory
from bad_world import until
from lib import CONFIGURATIONS, SYSTEM, allowed, check, kubectl, must, same
from load import MOVING


def run(world):
    must(kubectl("delete", "namespace", SYSTEM, "--timeout=120s"))
    until(lambda: world.api.get(f"{CONFIGURATIONS}/pinnace").status == 404, "the end of the configuration")
    check("the namespace deleted, the webhook configuration goes with it", True)
    until(lambda: world.try_pod("strict", MOVING).ok, "an API server that noticed")
    allowed("nobody is locked out: labelled namespaces are open", world.create("Pod", "strict", "any", MOVING))
    allowed("Deployments are changed as before", world.create("Deployment", "strict", "late", MOVING))
    allowed("levels are taken away", world.api.patch("/api/v1/namespaces/strict", {"metadata": {"labels": {"pinnace.dev/enforce": None}}}))
    world.uninstall()
    check("what docs/install.md says takes the rest away", True)
    for name in "strict", "free", "worn":
        world.api.delete(f"/api/v1/namespaces/{name}")
    until(lambda: all(world.api.get(f"/api/v1/namespaces/{name}").status == 404 for name in ("strict", "free", "worn")), "the end")
    left = {"not looked yet"}
    for _ in range(30):  # what is being deleted takes its moments
        left = left and inventory.everything(world.api) - world.before
        time.sleep(1 if left else 0)
    same("nothing is left of it", left, set())
