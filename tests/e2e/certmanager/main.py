# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'run'. cert-manager is there first, as its documents have it."""
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import traceback

SHELVES = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(SHELVES / shelf) for shelf in ("e2e", "manifests", "webhook")]
import results  # noqa: E402
from bad_certificates import new_authority, secret, served, taken_in  # noqa: E402
from bad_world import World, until  # noqa: E402
from lib import CONFIGURATIONS, SYSTEM, allowed, check, kubectl, must, refused, same  # noqa: E402
from load import MOVING, PINNED  # noqa: E402

RESOURCES, COMPONENTS = ("base",), ("components/image", "profiles/strict", "components/cert-manager")
CONFIGURED = tuple(f"{CONFIGURATIONS}/{name}" for name in ("pinnace", "pinnace-objects"))
SECRETS = tuple(f"/api/v1/namespaces/{SYSTEM}/secrets/{name}" for name in ("pinnace-ca", "pinnace-serving-cert"))
CERTIFICATES = f"/apis/cert-manager.io/v1/namespaces/{SYSTEM}/certificates"


class CertManager:
    """Its controllers, as a process beside those of the control plane."""

    def __init__(self, world):
        self.log = os.path.join(world.folder, "logs/certmanager.log")
        folder, self.process = os.environ["CERTMANAGER"], None
        must(kubectl("create", "namespace", "cert-manager"))
        must(kubectl("apply", "--server-side", "-f", f"{folder}/crds"))
        must(kubectl("wait", "--for=condition=Established", "--timeout=240s", "crd/certificates.cert-manager.io"))
        self.start()

    def start(self, *features):
        command = [os.path.join(os.environ["CERTMANAGER"], "certmanager"), os.environ["KUBECONFIG"], *features]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def story(self):
        return f"cert-manager: {self.process.poll()}\n{pathlib.Path(self.log).read_text(encoding='utf-8')[-8000:]}"


def authority(world):
    """What whoever is served is to trust, as cert-manager has it."""
    return secret(world, "pinnace-serving-cert", "ca.crt")


def trusted(world):
    """Whoever asks trusts what the Secret has; beside others, since the injector leaves what it finds."""
    return all(authority(world).strip() in bundle for bundle in world.bundles())


def installed(world):
    world.install(*RESOURCES, components=COMPONENTS)
    for name in ("pinnace-ca", "pinnace-serving-cert"):
        must(kubectl("-n", SYSTEM, "wait", "--for=condition=Ready", "--timeout=240s", f"certificate/{name}"))
    same("the authority of the Secret is in all entries", world.bundles(), {authority(world)})
    same("it is the one that signed itself", authority(world), secret(world, "pinnace-ca"))
    leaf = ssl.PEM_cert_to_DER_cert(secret(world, "pinnace-serving-cert"))
    check("each webhook serves with what cert-manager made",
          all(ssl.PEM_cert_to_DER_cert(served(pod)) == leaf for pod in world.webhook_pods()))
    world.namespace("strict", enforce="pinned")
    world.settled()
    refused("a moving tag is refused", world.try_pod("strict", MOVING), "NoDigest")
    allowed("what is pinned is let in", world.try_pod("strict", PINNED))
    done = kubectl("pinnace", "doctor")
    check("doctor finds it sound", done.returncode == 0 and "problems: 0" in done.stdout, done.stdout + done.stderr)


# --- Who writes what --------------------------------------------------------------------------------------------

def writers(world, path):
    """Who wrote which fields, as the API server keeps account."""
    return {entry["manager"]: json.dumps(entry["fieldsV1"]) for entry in world.api.get(path).body["metadata"]["managedFields"]}


def versions(world):
    return [world.api.get(path).body["metadata"]["resourceVersion"] for path in (*CONFIGURED, *SECRETS)]


def nobody_fights(world):
    for path in CONFIGURED:
        told = writers(world, path)
        same(f"only the injector wrote an authority: {path.rpartition('/')[2]}",
             [name for name, fields in told.items() if "caBundle" in fields], ["cainjector"])
    for path in SECRETS:
        check(f"the controller wrote nothing: {path.rpartition('/')[2]}", "pinnace-controller" not in writers(world, path))
    owners = [world.api.get(path).body["metadata"]["ownerReferences"][0]["kind"] for path in CONFIGURED]
    same("but it made the Namespace their owner", owners, ["Namespace", "Namespace"])
    must(kubectl("-n", SYSTEM, "rollout", "restart", "deployment/pinnace-controller"))
    world.rolled_out("controller")
    before = versions(world)
    must(kubectl("apply", "-k", world.kustomization))
    time.sleep(10)
    same("with new controllers, and applied again, all stays as it was for 10 s", versions(world), before)
    entry = {"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}
    world.api.patch(CONFIGURED[0], [entry], "application/json-patch+json")
    until(lambda: trusted(world), "the authority that was taken out")
    same("what takes an authority out sees the injector put it back",
         [name for name, fields in writers(world, CONFIGURED[0]).items() if "caBundle" in fields], ["cainjector"])


# --- Renewals ---------------------------------------------------------------------------------------------------

def renew(world, name):
    """As its own command does: a condition that asks for another certificate."""
    before = secret(world, name)
    body = world.api.get(f"{CERTIFICATES}/{name}").body
    body["status"]["conditions"].append({"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "by a test",
                                         "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    answer = world.api.put(f"{CERTIFICATES}/{name}/status", body)
    if not answer.ok:
        raise RuntimeError(f"{name}: {answer}")
    until(lambda: secret(world, name) != before, f"another {name}")


def renewals(world):
    world.under_load("nothing is lost when the certificate is renewed", lambda: renew(world, "pinnace-serving-cert"),
                     lambda: taken_in(world))
    old = authority(world)
    world.under_load("nothing is lost when the authority is renewed, and then the certificate",
                     lambda: renew(world, "pinnace-ca"), lambda: renew_by(world, secret(world, "pinnace-ca")),
                     lambda: until(lambda: trusted(world), "the new authority"), lambda: time.sleep(5), lambda: taken_in(world))
    check("it is another one", authority(world) != old)


def renew_by(world, issuer):
    """Until it is by this authority: whoever signs may not have seen it yet."""
    renew(world, "pinnace-serving-cert")
    while authority(world) != issuer:
        renew(world, "pinnace-serving-cert")


def renewals_of_old(world):
    """Before cert-manager 1.19 its injector put the new authority in the place of the old one."""
    manager.stop()
    manager.start("CAInjectorMerging=false")
    renewals(world)
    same("which it does here", {bundle.count("BEGIN CERTIFICATE") for bundle in world.bundles()}, {1})
    manager.stop()
    manager.start()


# --- Changing over ----------------------------------------------------------------------------------------------

def to_our_own(world):
    def change():
        must(world.apply("overlays/default"))
        world.rolled_out()
        must(kubectl("-n", SYSTEM, "delete", "certificates/pinnace-ca", "certificates/pinnace-serving-cert",
                     "issuers/pinnace-self", "issuers/pinnace"))
        taken_in(world)
    world.under_load("nothing is lost on the way to our own controller", change)
    same("which keeps the authority that it finds", world.bundles(), {secret(world, "pinnace-ca")})
    world.under_load("or when it is to make one of its own", lambda: new_authority(world))
    done = kubectl("pinnace", "doctor")
    check("doctor finds it sound", done.returncode == 0 and "problems: 0" in done.stdout, done.stdout + done.stderr)


def to_certmanager(world):
    def change():
        must(kubectl("apply", "-k", world.kustomization))
        for name in ("pinnace-ca", "pinnace-serving-cert"):
            must(kubectl("-n", SYSTEM, "wait", "--for=condition=Ready", "--timeout=240s", f"certificate/{name}"))
        until(lambda: trusted(world), "the authority")
        time.sleep(5)
        taken_in(world)
    world.under_load("nothing is lost on the way to cert-manager", change)
    renewals(world)


def leaving(world):
    must(kubectl("delete", "-k", world.kustomization, "--timeout=240s"))
    same("nothing is left of the installation",
         [world.api.get(path).status for path in (*CONFIGURED, f"/api/v1/namespaces/{SYSTEM}", *SECRETS)], [404] * 5)
    check("nobody is locked out", world.try_pod("strict", MOVING).ok)


PARTS = (installed, nobody_fights, renewals, renewals_of_old, to_our_own, to_certmanager, leaving)

world = World()
world.kustomization = world.compose(RESOURCES, COMPONENTS)
results.verbose = True
manager = CertManager(world)
try:
    for part in PARTS:
        try:
            part(world)
        except Exception:  # pylint: disable=broad-except
            check(f"{part.__name__} could go on to its end", False, traceback.format_exc() + world.story() + manager.story())
finally:
    manager.stop()
sys.exit(results.summary())
