# SPDX-License-Identifier: Apache-2.0
"""Where the images are, and who the controller is there: in the cluster's own registry, which asks nobody who he is; or in
Azure's, which stands before it and lets nobody in who is not known."""
import json
import os
import pathlib
import sys

from commands import SYSTEM, command, must
import hookcases

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEHIND = "registry.test:5000"
# Hosts of what senders tell of, for which the cluster's registry stands.
MIRRORED = sorted({hint["registry"] for case in hookcases.pushes().values() for hint in case.verdict["hints"]} - {""})


class Here:
    host, cannot = BEHIND, ("identities", "locks")
    overlay, components = "overlays/default", ()

    def __init__(self, folder, work):
        self.folder, self.work = folder, work
        self.authority = folder / "trust/ca.crt"

    def arguments(self):
        """Of a controller outside of the cluster; and its environment."""
        return (["--registry-ca", self.authority, *(argument for host in MIRRORED for argument in ("--mirror", f"{host}={BEHIND}"))],
                os.environ)

    def move_in(self, part, namespace):
        """A namespace of a part was made."""

    def installed(self):
        """Pinnace is in the cluster."""
        must(command("kubectl", "create", "configmap", "registry-authority", "-n", SYSTEM, f"--from-file=ca.crt={self.authority}"))
        pod = "/spec/template/spec"
        must(command("kubectl", "patch", "deployment", "pinnace-controller", "-n", SYSTEM, "--type=json", "-p", json.dumps([
            {"op": "add", "path": f"{pod}/volumes", "value": [{"name": "ca", "configMap": {"name": "registry-authority"}}]},
            {"op": "add", "path": f"{pod}/containers/0/volumeMounts", "value": [{"name": "ca", "mountPath": "/registry"}]},
            {"op": "add", "path": f"{pod}/containers/0/command/-", "value": "--registry-ca=/registry/ca.crt"}])))
        must(command("kubectl", "rollout", "status", "deployment/pinnace-controller", "-n", SYSTEM, "--timeout=400s"))

    def stop(self):
        """Nothing of it is left."""


class Azure:
    """The controller is a managed identity that its ServiceAccount is federated with. It may pull what is of a part, unless
    that is one of ACCOUNTS: there each account of a namespace has an identity of its own, and the controller's may nothing."""
    host, cannot = "contoso.azurecr.io", ("registries", "senders", "silence")
    CONTROLLER, READER = "22222222-2222-4333-8444-555555555555", "33333333-2222-4333-8444-555555555555"
    ACCOUNTS = ("faults", "hands", "people", "trouble")
    overlay = "overlays/aks"

    def __init__(self, folder, work):
        sys.path.insert(1, str(ROOT / "tests/emulators"))
        from beside import Beside, environment  # pylint: disable=import-outside-toplevel,import-error
        self.beside, self.environment = Beside(folder, self.host, f"https://{BEHIND}"), environment
        self.registry, self.work = self.beside.registry, work
        self.beside.federate(self.CONTROLLER, SYSTEM, "pinnace-controller")
        self.registry.readers[self.CONTROLLER] = set()
        # People pull, too: who goes back by hand wants to know whether it is still there.
        self.beside.login(work / "docker", self.READER)
        self.registry.pullers.add(self.READER)
        os.environ["DOCKER_CONFIG"] = str(work / "docker")
        component = work / "identity"
        component.mkdir()
        (component / "kustomization.yaml").write_text(json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": [{"patch": json.dumps({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
                    "name": "pinnace-controller", "namespace": SYSTEM,
                    "annotations": {"azure.workload.identity/client-id": self.CONTROLLER}}})}]}))
        self.components = ("components/account-identity", str(component))

    def arguments(self):
        must(command("kubectl", "apply", "-f", ROOT / "manifests/components/account-identity/rbac.yaml"))
        token = self.work / "azure-identity-token"
        token.write_text(must(command("kubectl", "create", "token", "pinnace-controller", "-n", SYSTEM, "--duration", "2h",
                                      "--audience", "api://AzureADTokenExchange")))
        return ["--account-identity"], {**os.environ, **self.environment(self.CONTROLLER, token)}

    def move_in(self, part, namespace):
        if part in self.ACCOUNTS:
            self.identify(part, namespace)
        else:
            self.registry.readers[self.CONTROLLER].add(part)

    def identify(self, part, namespace):
        """The account of its pods is somebody, who may pull what is of the part; the client's id."""
        client = f"44444444-2222-4333-8444-{len(self.registry.readers):012}"
        self.beside.federate(client, namespace, "default")
        self.registry.readers[client] = {part}
        must(command("kubectl", "annotate", "serviceaccount", "default", "-n", namespace, f"azure.workload.identity/client-id={client}"))
        return client

    def installed(self):
        """AKS has put into its pods what they need. What was asked from outside is past."""
        self.beside.azure.forget()

    def stop(self):
        self.beside.stop()
