# SPDX-License-Identifier: Apache-2.0
"""beside: an emulated Azure beside a test cluster, for programs that run in the cluster's namespaces: Entra, the metadata
service of machines, Azure Container Registry in front of a registry of the cluster, and what AKS puts into pods. Names lead
there for programs, pods and nodes, and everything in the cluster trusts its certificates. It ends with the cluster."""
import base64
import json
import pathlib
import shutil
import subprocess
import time

from azure import ASSERTION_AUDIENCE, Azure, Identity, Issuer, Registry
from place import METADATA
from serving import Server

NODE, INJECTOR_PORT = "192.0.2.1", 9443
ISSUER = "https://kubernetes.default.svc.cluster.local"
TENANT = "72f988bf-0000-4000-8000-000000000001"
BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
NO_NAME = "00000000-0000-0000-0000-000000000000"  # whose password is a refresh token
LOGIN_LIFE = 24 * 3600


def run(*command, text=None):
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


class Certificate:
    """Of these names of a cloud, by the cluster's own authority."""

    def __init__(self, folder, names, cloud="azure"):
        pki = folder / "pki"
        self.ca, self.cert, self.key = str(pki / "ca.crt"), str(pki / f"{cloud}.crt"), str(pki / f"{cloud}.key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={cloud}", "-CA", self.ca, "-CAkey", pki / "ca.key", "-keyout", self.key, "-out", self.cert,
            "-addext", "basicConstraints=CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
            "-addext", "subjectAltName=" + ",".join([f"IP:{NODE}", *(f"DNS:{name}" for name in names)]))


class Injector:
    """The two things that AKS's pods find and these would not: AZURE_* and a projected token, which its mutating webhook
    gives to pods with the label azure.workload.identity/use, from the annotations of their ServiceAccount; and authorities
    that everybody trusts, for pods of Pinnace, whose image brings a bundle of its own."""
    FOLDER, VOLUME, TRUST = "/var/run/secrets/azure/tokens", "azure-identity-token", "authorities-of-everybody"

    def __init__(self, cloud, pki):
        self.authority = pathlib.Path(pki.ca).read_text(encoding="ascii")
        self.server = Server(cloud, (NODE, INJECTOR_PORT), self.serve, pki)
        webhooks = [{"name": f"{name}.azure.test", "sideEffects": "NoneOnDryRun", "admissionReviewVersions": ["v1"],
                     "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded", "objectSelector": {"matchLabels": labels},
                     "clientConfig": {"url": f"https://{NODE}:{INJECTOR_PORT}/{name}",
                                      "caBundle": base64.b64encode(self.authority.encode()).decode()},
                     "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]}
                    for name, labels in (("identity", {"azure.workload.identity/use": "true"}),
                                         ("authorities", {"app.kubernetes.io/name": "pinnace"}))]
        run("kubectl", "apply", "-f", "-", text=json.dumps({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "azure-wi-webhook-mutating-webhook-configuration"}, "webhooks": webhooks}))

    def serve(self, asked):
        request = json.loads(asked.body)["request"]
        where, pod = request["namespace"], request["object"]
        volume, mount, env = (self.trust if asked.path == "/authorities" else self.identity)(where, pod, request.get("dryRun"))
        patch = []
        if volume["name"] not in [known["name"] for known in pod["spec"].get("volumes", [])]:
            self.add(patch, pod["spec"], "/spec", "volumes", volume)
            for number, container in enumerate(pod["spec"]["containers"]):
                path = f"/spec/containers/{number}"
                self.add(patch, container, path, "volumeMounts", {"name": volume["name"], "readOnly": True, **mount})
                for name, value in env.items():
                    self.add(patch, container, path, "env", {"name": name, "value": value})
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
            "uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}}

    @staticmethod
    def add(patch, holder, path, name, entry):
        """To a list that may have to be made; one that has an entry of that name is left alone."""
        known = holder.setdefault(name, [])
        if not known:
            patch.append({"op": "add", "path": f"{path}/{name}", "value": []})
        if name != "env" or entry["name"] not in [other["name"] for other in known]:
            known.append(entry)
            patch.append({"op": "add", "path": f"{path}/{name}/-", "value": entry})

    def identity(self, where, pod, _):
        account = json.loads(run("kubectl", "get", "serviceaccount", pod["spec"]["serviceAccountName"], "-n", where, "-o", "json"))
        said = account["metadata"].get("annotations", {})
        token = {"path": self.VOLUME, "expirationSeconds": 3600, "audience": ASSERTION_AUDIENCE}
        return ({"name": self.VOLUME, "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": token}]}},
                {"mountPath": self.FOLDER},
                environment(said.get("azure.workload.identity/client-id", ""), f"{self.FOLDER}/{self.VOLUME}",
                            said.get("azure.workload.identity/tenant-id", TENANT)))

    def trust(self, where, _, dry):
        if not dry:
            run("kubectl", "apply", "-f", "-", text=json.dumps({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": self.TRUST, "namespace": where},
                "data": {"bundle": self.authority}}))
        return {"name": self.TRUST, "configMap": {"name": self.TRUST}}, {"mountPath": str(BUNDLE), "subPath": "bundle"}, {}


def environment(client, token_file, tenant=TENANT):
    """What AKS puts into pods, for a program outside of them too."""
    return {"AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": tenant, "AZURE_FEDERATED_TOKEN_FILE": str(token_file),
            "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/"}


class Beside:
    """folder: the cluster's run folder; behind: a registry of the cluster, such as https://registry.test:5000."""

    def __init__(self, folder, host="contoso.azurecr.io", behind="https://registry.test:5000"):
        self.folder, self.host, self.behind = pathlib.Path(folder), host, behind
        names = [host, *Azure.AUTHORITIES]
        with open(self.folder / "hosts", "a", encoding="ascii") as hosts:
            hosts.writelines(f"{NODE} {name}\n" for name in names)
        run("ip", "address", "add", f"{METADATA}/32", "dev", "lo")
        pki = Certificate(self.folder, names)
        self.trusted_by_programs(pki)
        self.nodes_pull_from_behind(pki)
        self.azure = Azure(pki, METADATA, NODE)
        self.issuer = Issuer.of_cluster(self.folder / "pki/service-accounts.key", ISSUER)
        self.registry = self.azure.registries[host] = Registry(self.azure, host, behind, pki.ca)
        self.injector = Injector(self.azure, pki)

    def trusted_by_programs(self, pki):
        """In the cluster's mounts, and nowhere else."""
        bundle = self.folder / "pki/everybody.crt"
        bundle.write_text((BUNDLE.read_text(encoding="utf-8") if BUNDLE.exists() else "") + pathlib.Path(pki.ca).read_text(encoding="ascii"))
        run("mount", "--bind", bundle, BUNDLE)

    def nodes_pull_from_behind(self, pki):
        """Their own way into a registry is kubelet's, and not ours."""
        trust = self.folder / "certs.d" / self.host
        trust.mkdir(parents=True)
        (trust / "hosts.toml").write_text(
            f'server = "{self.behind}"\n[host."{self.behind}"]\ncapabilities = ["pull", "resolve"]\nca = "{pki.ca}"\n')

    def federate(self, client, namespace, account):
        """A managed identity that trusts this ServiceAccount of the cluster; it has no role yet."""
        self.azure.entra.identities.append(Identity(client, TENANT, None, f"system:serviceaccount:{namespace}:{account}", self.issuer))
        return client

    def of_machines(self, client):
        """The nodes' identity, which a registry that is attached to the cluster lets pull."""
        identity = Identity(client, TENANT)
        self.azure.entra.identities.append(identity)
        self.azure.metadata.identities.append(identity)
        self.registry.pullers.add(client)

    def purge(self, repository, digests):
        """Whatever is not locked. The registry behind cannot take a tag away, so its files are asked to."""
        storage = self.folder / "data" / ("registry-tls" if self.behind.startswith("https") else "registry-plain")
        tags = storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return self.registry.purge(repository, digests, lambda _, name: shutil.rmtree(tags / name))

    def login(self, folder, client):
        """As 'az acr login' leaves it behind for docker; DOCKER_CONFIG is the folder."""
        now = int(time.time())
        token = self.registry.signer.sign({
            "iss": "Azure Container Registry", "aud": self.host, "sub": client, "jti": str(time.time_ns()), "iat": now, "nbf": now,
            "exp": now + LOGIN_LIFE, "grant_type": "refresh_token", "tenant": TENANT})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps({"auths": {self.host: {
            "auth": base64.b64encode(f"{NO_NAME}:".encode()).decode(), "identitytoken": token}}}))

    def stop(self):
        self.injector.server.shutdown()
        self.injector.server.server_close()
        self.azure.stop()
