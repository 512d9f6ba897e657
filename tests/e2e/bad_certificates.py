# SPDX-License-Identifier: Apache-2.0
"""Certificates change while admissions go on: as operators force it, by deleting Secrets."""
import base64
import copy
import ssl
import time

import lib
from bad_world import until
from lib import CONFIGURATIONS, SYSTEM, check, kubectl, must, same
from load import Load

BEGIN = "-----BEGIN CERTIFICATE-----"


def secret(world, name, key="tls.crt"):
    return base64.b64decode(world.api.get(f"/api/v1/namespaces/{SYSTEM}/secrets/{name}").body["data"][key]).decode()


def served(pod):
    """The certificate that it shows to whoever connects."""
    return ssl.get_server_certificate((pod["status"]["podIP"], 8443), timeout=10)


def replaced(world, name):
    """Deletes a Secret, and waits until it is there again."""
    before = secret(world, name)
    must(kubectl("-n", SYSTEM, "delete", "secret", name))
    until(lambda: secret(world, name) != before, f"another {name}")


def taken_in(world):
    """Kubelets look at Secrets once a minute; a pod that changes makes them look at once."""
    leaf = ssl.PEM_cert_to_DER_cert(secret(world, "pinnace-serving-cert"))
    must(kubectl("-n", SYSTEM, "annotate", "pods", "--all", "--overwrite", f"seen={time.time()}"))
    until(lambda: all(ssl.PEM_cert_to_DER_cert(served(pod)) == leaf for pod in world.webhook_pods()), "the new certificate")


def new_leaf(world):
    authority = world.bundles()
    replaced(world, "pinnace-serving-cert")
    taken_in(world)
    same("it is by the same authority", world.bundles(), authority)


def new_authority(world):
    old, leaf = secret(world, "pinnace-ca"), secret(world, "pinnace-serving-cert")
    replaced(world, "pinnace-ca")
    until(lambda: {bundle.count(BEGIN) for bundle in world.bundles()} == {2}, "two authorities in each bundle")
    check("the old authority is trusted beside the new one", all(old.strip() in bundle for bundle in world.bundles()))
    same("what is served is by the old one first", secret(world, "pinnace-serving-cert"), leaf)
    until(lambda: secret(world, "pinnace-serving-cert") != leaf, "a certificate by the new authority")
    taken_in(world)
    check("the old one stays while somebody may still show its certificate",
          all(old.strip() in bundle for bundle in world.bundles()))


def reset(world):
    """What somebody does who replaces the configuration by the one of the manifests."""
    body = copy.deepcopy(world.config())
    del body["metadata"]["ownerReferences"]
    for entry in body["webhooks"]:
        del entry["clientConfig"]["caBundle"]
    answer = world.api.put(f"{CONFIGURATIONS}/pinnace", body)
    if not answer.ok:
        raise RuntimeError(f"the configuration: {answer}")


def run(world):
    world.under_load("nothing is lost when the serving Secret is deleted and made anew", lambda: new_leaf(world))
    world.under_load("nothing is lost when the authority is deleted and made anew", lambda: new_authority(world))
    bundles = world.bundles()
    with Load(world.api, "strict") as load:
        reset(world)
        until(lambda: world.bundles() == bundles, "the bundles")
        until(world.judges, "verdicts")
    check("a configuration without an authority gets it back", True)
    same("and nothing bad came in meanwhile", load.wrong["wrongly let in"], 0)
    owners = until(lambda: world.config()["metadata"].get("ownerReferences"), "its owner")
    same("and its owner too", [(owner["kind"], owner["name"]) for owner in owners], [("Namespace", lib.SYSTEM)])
