# SPDX-License-Identifier: Apache-2.0
"""Certificates change while admissions go on: as operators force it, by deleting Secrets."""
import base64
import pathlib
import ssl
import subprocess
import tempfile
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


# For "openssl ca", which alone writes certificates with a beginning of one's choice.
CA_CONFIG = f"""[ca]
default_ca = it
[it]
database = index
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = optional
[leaf]
subjectAltName = DNS:pinnace-webhook.{SYSTEM}.svc
extendedKeyUsage = serverAuth
"""


def aged_leaf(world, seconds):
    """(certificate, key) by the present authority, as if they had been made so long ago."""
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset)) for offset in (-seconds, 30 * 86400))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in {"config": CA_CONFIG, "index": "", "serial": "1000", "ca.crt": secret(world, "pinnace-ca"),
                           "ca.key": secret(world, "pinnace-ca", "tls.key")}.items():
            (folder / file).write_text(text, encoding="ascii")
        for command in ("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -subj /CN=pinnace -out request",
                        f"ca -batch -notext -config config -cert ca.crt -keyfile ca.key -in request -out crt -startdate {begin} -enddate {end}"):
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
        return [(folder / file).read_text(encoding="ascii") for file in ("crt", "key")]


def drop_old(world):
    """The old authority goes ten minutes after the certificate was made; so one that is older is put there."""
    crt, key = (base64.b64encode(text.encode()).decode() for text in aged_leaf(world, 1200))
    answer = world.api.patch(f"/api/v1/namespaces/{SYSTEM}/secrets/pinnace-serving-cert", {"data": {"tls.crt": crt, "tls.key": key}})
    if not answer.ok:
        raise RuntimeError(f"the serving Secret: {answer}")
    until(lambda: world.bundles() == {secret(world, "pinnace-ca")}, "one authority in each bundle")
    taken_in(world)


def reset(world):
    """What somebody does who replaces the configuration by the one of the manifests."""
    def change(body):
        body["metadata"].pop("ownerReferences", None)
        for entry in body["webhooks"]:
            entry["clientConfig"].pop("caBundle", None)
    world.replace(f"{CONFIGURATIONS}/pinnace", change)


def run(world):
    world.under_load("nothing is lost when the serving Secret is deleted and made anew", lambda: new_leaf(world))
    world.under_load("nothing is lost when the authority is deleted and made anew", lambda: new_authority(world))
    world.under_load("nothing is lost when the old authority goes at last", lambda: drop_old(world))
    bundles = world.bundles()
    with Load(world.api, "strict") as load:
        reset(world)
        until(lambda: world.bundles() == bundles, "the bundles")
        until(world.judges, "verdicts")
    check("a configuration without an authority gets it back", True)
    same("and nothing bad came in meanwhile", load.wrong["wrongly let in"], 0)
    owners = until(lambda: world.config()["metadata"].get("ownerReferences"), "its owner")
    same("and its owner too", [(owner["kind"], owner["name"]) for owner in owners], [("Namespace", lib.SYSTEM)])
