# SPDX-License-Identifier: Apache-2.0
"""Pinnace goes: first its namespace alone, as somebody does it in a hurry, then all of it."""
import inventory
from lib import CONFIGURATIONS, MUTATING, SYSTEM, allowed, check, kubectl, must, same
from load import MOVING
from patience import PATIENCE, until, until_equal


def run(world):
    must(kubectl("delete", "namespace", SYSTEM, f"--timeout={PATIENCE}s"))
    paths = f"{CONFIGURATIONS}/pinnace", f"{CONFIGURATIONS}/pinnace-objects", f"{MUTATING}/pinnace-track"
    until(lambda: {world.api.get(path).status for path in paths} == {404}, "the end of the configurations")
    check("the namespace deleted, the webhook configurations go with it", True)
    unlabelled = {"metadata": {"labels": {"pinnace.dev/enforce": None}}}
    until(lambda: world.try_pod("strict", MOVING).ok and world.create("Deployment", "strict", "late", MOVING, dry=True).ok and
          world.api.patch("/api/v1/namespaces/strict", unlabelled, dry=True).ok, "an API server that noticed")
    allowed("nobody is locked out: labelled namespaces are open", world.create("Pod", "strict", "any", MOVING))
    allowed("Deployments are changed as before", world.create("Deployment", "strict", "late", MOVING))
    allowed("levels are taken away", world.api.patch("/api/v1/namespaces/strict", unlabelled))
    world.uninstall()
    check("what docs/install.md says takes the rest away", True)
    for name in "strict", "free", "worn":
        world.api.delete(f"/api/v1/namespaces/{name}")
    until(lambda: all(world.api.get(f"/api/v1/namespaces/{name}").status == 404 for name in ("strict", "free", "worn")), "the end")
    # What is being deleted takes its moments.
    same("nothing is left of it", until_equal(lambda: inventory.everything(world.api) - world.before, set()), set())
