# SPDX-License-Identifier: Apache-2.0
"""The controller with Tracks of images that only a cloud's identity, or a Secret, lets it see; the cluster is a double."""
import base64
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

import aws
import google
import test_aws
import test_azure
import test_google
import test_others
from program import Controller, eventually
from releaseworld import APPS, CORE, TRACKS, ReleaseWorld  # noqa: F401
from servers import INDEX, connect, digest_of, index, push
from world import contains, equal

NAMES = [*test_aws.NAMES, *test_azure.NAMES, *test_google.NAMES, *test_others.NAMES]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Cluster(ReleaseWorld):
    """With the names of clouds, and what the controller finds in its environment."""

    def lead(self, *arguments, env=None):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(env or {})}
        program = self.programs.enter_context(Controller(self.binary, self.folder, self.api.kubeconfig, "--no-certificates",
                                                         "--registry-ca", self.pki.ca, *arguments, env=environment))
        self.started.append(program)
        program.wait_for("leading")
        return program

    def follow(self, image, secret=None, namespace="default", by_account=False, **spec):
        """A Deployment that runs something else, and a Track; secret: docker's configuration that its pods pull with, in
        today's form as the workload's own; by_account: in the old form, as their ServiceAccount's."""
        labels, pod = {"app": "web"}, {"containers": [{"name": "main", "image": f"{image}:old"}]}
        account = {"metadata": {}}
        if secret:
            (account if by_account else pod)["imagePullSecrets"] = [{"name": "puller"}]
            kind, key, content = ("dockercfg", ".dockercfg", secret) if by_account else ("dockerconfigjson", ".dockerconfigjson", {"auths": secret})
            data = base64.b64encode(json.dumps(content).encode()).decode()
            self.api.put(CORE, "secrets", "puller", {"type": f"kubernetes.io/{kind}", "data": {key: data}}, namespace)
        self.api.put(CORE, "serviceaccounts", "default", account, namespace)
        self.api.put(APPS, "deployments", "web", {"metadata": {}, "spec": {
            "replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}}, namespace)
        host, _, path = image.partition("/")
        self.track("web", namespace, image=f"{host}/{path}", **spec)

    def unresolved(self, words, namespace, name="web"):
        """Waits until the Track there says that it cannot look, with these words."""
        eventually(lambda: any(c["type"] == "Resolved" and c["status"] == "False" and words in c["message"]
                               for c in self.status(name, namespace).get("conditions", [])),
                   lambda: f"a condition with {words!r} of {namespace}/{name}: {self.status(name, namespace)}")

    def change(self, name, **spec):
        """Fields of the Track; None takes one away."""
        body = self.api.find(TRACKS, "tracks", name, "default")
        body["spec"] = {field: value for field, value in {**body["spec"], **spec}.items() if value is not None}
        self.api.put(TRACKS, "tracks", name, body, "default")

    def condition(self, name, kind):
        """(status, reason, message), all empty while it says nothing."""
        rows = [row for row in self.status(name).get("conditions", []) if row["type"] == kind]
        return tuple(rows[0].get(field, "") for field in ("status", "reason", "message")) if rows else ("", "", "")

    def told(self):
        """All that the controller has said anywhere but to a registry."""
        logs = [str(line) for program in self.started for line in program.lines]
        with self.api.lock:
            return "\n".join(logs + [json.dumps(asked.body) for asked in self.api.requests if asked.body])


class World:
    """The parts' own worlds, one at a time, since each is at port 443."""

    def __init__(self, binary, folder, pki):
        self.controller, self.folder, self.pki = pathlib.Path(binary).parent / "pinnace-controller", folder, pki

    def fresh(self):
        pass

    def stop(self):
        pass

    @contextlib.contextmanager
    def place(self, part):
        cloud = part.World(self.controller.parent / "kubectl-pinnace", self.folder, self.pki)
        try:
            cloud.fresh()
            with Cluster(self.controller, self.folder, self.pki) as cluster:
                yield cloud, cluster
        finally:
            cloud.stop()


def push_anew(behind, *children, name=None, tag="latest"):
    """Other bytes under the tag, of other children or with another name; gives their digest."""
    connection, data = connect(behind.host, None, plain=True), index(*(children or ("arm64", "amd64")))
    if name:
        data = json.dumps({**json.loads(data), "annotations": {"name": name}}).encode()
    push(connection, "shop/web", tag, data, INDEX)
    connection.close()
    return digest_of(data)


@test
def a_role_of_aws(world):
    with world.place(test_aws) as (cloud, cluster):
        cluster.follow(f"{test_aws.HOST}/shop/web")
        cluster.lead(env=cloud.irsa())
        cluster.rolled("web", cloud.behind.digest)
        polls = lambda: len(cloud.aws.asked(test_aws.HOST))  # noqa: E731
        before = polls()
        eventually(lambda: polls() > before + 3, "it polls on")
        equal(len(cloud.aws.asked(test_aws.STS["us-west-2"])), 1, "questions to STS")
        equal(len(cloud.aws.asked(test_aws.APIS[test_aws.HOST])), 1, "passwords")
        # All that was given ends, and the token of the account is another one.
        cloud.aws.passwords = {password: (region, 0) for password, (region, _) in cloud.aws.passwords.items()}
        cloud.aws.keys = {}
        renewed = cloud.issuer.token(test_aws.SUBJECT, audience=aws.STS_AUDIENCE, renewed=True)
        cloud.role_token.write_text(renewed)
        cluster.rolled("web", push_anew(cloud.behind))
        equal(cloud.aws.asked(test_aws.STS["us-west-2"])[-1].form()["WebIdentityToken"], renewed, "the token that STS was given last")
        for secret in (renewed, *cloud.aws.passwords, *(key.secret for key in cloud.aws.keys.values())):
            assert secret not in cluster.told(), "a secret was told"


@test
def what_aws_refuses_is_told_to_people(world):
    with world.place(test_aws) as (cloud, cluster):
        cloud.aws.sts.roles[test_aws.ROLE] = (cloud.issuer, "somebody else", True)
        cluster.follow(f"{test_aws.HOST}/shop/web")
        program = cluster.lead(env=cloud.irsa())
        program.wait_for("registry trouble", saying=["AWS: STS says no (403 AccessDenied", "trust policy"])
        cloud.aws.sts.roles[test_aws.ROLE] = (cloud.issuer, test_aws.SUBJECT, True)
        cluster.rolled("web", cloud.behind.digest)


@test
def pod_identity_and_the_machine_of_aws(world):
    with world.place(test_aws) as (cloud, cluster):
        cluster.follow(f"{test_aws.HOST}/shop/web")
        with contextlib.ExitStack() as first:
            cluster.programs = first
            cluster.lead(env=cloud.pod_identity())
            cluster.rolled("web", cloud.behind.digest)
        cluster.programs = contextlib.ExitStack()
        cluster.lead("--machine-identity", "aws")
        cluster.rolled("web", push_anew(cloud.behind))
        assert cloud.aws.asked(path="/v1/credentials") and cloud.aws.asked(path="/latest/api/token")


@test
def the_machine_of_google(world):
    with world.place(test_google) as (cloud, cluster):
        cluster.follow(f"{test_google.HOST}/shop/web")
        cluster.lead("--machine-identity", "google")
        cluster.rolled("web", cloud.behind.digest)
        equal(len(cloud.google.asked(path=google.TOKEN_PATH)), 1, "questions to the machine")
        # What was given ends, tokens of the registry too.
        cloud.google.access = {}
        cloud.registry.tokens = {}
        cluster.rolled("web", push_anew(cloud.behind))
        assert "ya29" not in cluster.told()


@test
def what_azure_hides(world):
    """Soft-deleted or in quarantine: what runs is kept, and nobody goes back to what no node could pull."""
    with world.place(test_azure) as (cloud, cluster):
        hidden, repository = cloud.registry.hidden, "shop/web"
        cluster.follow(f"{test_azure.HOST}/{repository}")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", cloud.behind.digest)
        releases = [cloud.behind.digest]
        for names in (("arm64", "amd64"), ("amd64",), ("arm64",)):
            releases.append(push_anew(cloud.behind, *names))
            cluster.rolled("web", releases[-1])

        def back_is_refused(nearest):
            out, err = cloud.program("rollback", "web", "--to", releases[2], "--kubeconfig", cluster.api.kubeconfig, code=1, env=cloud.env())
            contains(out + err, "nothing was changed", f"kubectl pinnace rollback web -n default --to {nearest}")
            assert "hold" not in cluster.api.find(TRACKS, "tracks", "web", "default")["spec"]
        hidden.add((repository, releases[2]))
        back_is_refused(releases[1])
        hidden.add((repository, releases[1]))
        back_is_refused(releases[0])
        # What never ran here, by another client than ours: only the controller can refuse it.
        never = push_anew(cloud.behind, "amd64", "arm64", "arm64", tag="never")
        hidden.add((repository, never))
        cluster.change("web", hold={"digest": never, "by": "ann", "at": "2026-01-01T00:00:00Z"})
        eventually(lambda: cluster.condition("web", "Ready")[1] == "Stopped", "it is refused")
        contains(cluster.condition("web", "Ready")[2], f"cannot go back to {never[:19]}: the registry does not have it", f"it has latest ({releases[0][:19]}")
        assert cluster.image_of("web").endswith(releases[3])
        cluster.change("web", hold=None, resume={"by": "ann", "at": "2026-01-01T00:00:01Z"})
        eventually(lambda: cluster.condition("web", "Ready")[0] == "True", "it goes on")
        hidden.add((repository, releases[3]))
        eventually(lambda: cluster.condition("web", "Resolved")[0] == "False", "what is followed is not there")
        rows, polls = len(cluster.rows("web")), len(cloud.azure.asked(test_azure.HOST))
        eventually(lambda: len(cloud.azure.asked(test_azure.HOST)) > polls + 5, "it is asked for again")
        assert cluster.image_of("web").endswith(releases[3]), "what runs was not kept"
        equal([row["digest"] for row in cluster.rows("web")][:1], [releases[3]], "the newest row")
        hidden.clear()
        eventually(lambda: cluster.condition("web", "Resolved")[0] == "True", "it is there again")
        equal(len(cluster.rows("web")), rows, "rows")


class GoogleAccounts:
    """The API server's part: whom it makes tokens for, and who it says it is itself."""

    def __init__(self, cloud, cluster, **annotations):
        self.cloud, self.issuer, self.tokens = cloud, test_google.CLUSTER, []
        cluster.follow(f"{test_google.HOST}/shop/web")
        cluster.api.put(CORE, "serviceaccounts", "default", {"metadata": {"annotations": {f"iam.gke.io/{k.replace('_', '-')}": v for k, v in annotations.items()}}}, "default")
        cluster.api.faults.append(self.answer)

    def answer(self, handler, asked):
        if asked.path == "/.well-known/openid-configuration":
            handler.say(*((200, {"issuer": self.issuer, "jwks_uri": "x"}) if self.issuer else (403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"})))
            return True
        if not asked.path.endswith("/serviceaccounts/default/token"):
            return False
        audience, = asked.body["spec"]["audiences"]
        self.tokens.append(self.cloud.issuer.token("system:serviceaccount:default:default", audience=audience))
        handler.say(201, {**asked.body, "status": {"token": self.tokens[-1], "expirationTimestamp": "2030-01-01T00:00:00Z"}})
        return True


def asked_of_google(cloud):
    """How often each of those was asked that say who we are, and the machine."""
    return [len(cloud.google.asked(host)) for host in (google.STS, google.IAM, test_google.METADATA)]


@test
def an_account_of_the_cluster_that_is_one_of_google(world):
    with world.place(test_google) as (cloud, cluster):
        cloud.iam.accounts[test_google.ROBOT] = {test_google.PRINCIPAL}
        cloud.google.pullers.add(test_google.ROBOT)
        accounts = GoogleAccounts(cloud, cluster, gcp_service_account=test_google.ROBOT)
        cluster.lead("--account-identity", "--machine-identity", "google")
        cluster.rolled("web", cloud.behind.digest)
        equal(asked_of_google(cloud), [1, 1, 0], "questions to STS, IAM and the machine")
        # All that was given ends.
        cloud.google.access, cloud.google.federated, cloud.registry.tokens = {}, {}, {}
        cluster.rolled("web", push_anew(cloud.behind))
        equal(asked_of_google(cloud), [2, 2, 0], "questions to STS, IAM and the machine")
        for secret in ("ya29", *accounts.tokens):
            assert secret not in cluster.told(), "a secret was told"


@test
def an_account_of_the_cluster_that_google_knows_as_itself(world):
    with world.place(test_google) as (cloud, cluster):
        cloud.google.pullers.add(test_google.PRINCIPAL)
        GoogleAccounts(cloud, cluster, return_principal_id_as_email="true")
        cluster.lead("--account-identity", "--machine-identity", "google")
        cluster.rolled("web", cloud.behind.digest)
        equal(asked_of_google(cloud), [1, 0, 0], "questions to STS, IAM and the machine")


@test
def accounts_that_are_spoken_for_only_when_that_was_said(world):
    with world.place(test_google) as (cloud, cluster):
        GoogleAccounts(cloud, cluster, gcp_service_account=test_google.ROBOT)
        cluster.lead("--machine-identity", "google")
        cluster.rolled("web", cloud.behind.digest)
        equal(asked_of_google(cloud), [0, 0, 1], "questions to STS, IAM and the machine")


@test
def what_google_refuses_an_account_is_told(world):
    with world.place(test_google) as (cloud, cluster):
        accounts = GoogleAccounts(cloud, cluster, gcp_service_account=test_google.ROBOT)
        accounts.issuer = None
        program = cluster.lead("--account-identity")
        # One sentence for each kind of trouble: each of these is of another kind than the one before.
        told = lambda *parts: program.wait_for("registry trouble", saying=parts)  # noqa: E731
        told('Google, for the ServiceAccount "default" of namespace "default"', "openid-configuration")
        accounts.issuer = "https://kubernetes.default.svc.cluster.local"
        told("made by https://kubernetes.default.svc.cluster.local, which is no cluster of GKE")
        accounts.issuer = test_google.CLUSTER
        told("Google's IAM says no (403 PERMISSION_DENIED", "roles/iam.workloadIdentityUser")
        accounts.issuer = test_google.CLUSTER + "-other"
        told("Google's STS says no (400 invalid_target")
        accounts.issuer = test_google.CLUSTER
        cloud.google.pullers.add(test_google.ROBOT)
        cloud.iam.accounts[test_google.ROBOT] = {test_google.PRINCIPAL}
        cluster.rolled("web", cloud.behind.digest)
        assert "ya29" not in cluster.told()


@test
def a_key_of_google_in_a_secret(world):
    with world.place(test_google) as (cloud, cluster):
        cloud.registry.key = test_google.KEY
        cluster.follow(f"{test_google.HOST}/shop/web", {test_google.HOST: {"username": "_json_key", "password": test_google.KEY}})
        cluster.lead("--pull-secrets")
        cluster.rolled("web", cloud.behind.digest)
        assert "PRIVATE KEY" not in cluster.told()


@test
def secrets_of_everybody(world):
    for row in test_others.ALL:
        with world.place(test_others) as (cloud, cluster):
            key = "https://index.docker.io/v1/" if row is test_others.HUB else row[0].split("/")[0]
            user = "anybody" if row[5] == "*" else row[5]
            image = f"docker.io/{row[0]}" if row is test_others.HUB else row[0]
            cluster.follow(image, {key: {"username": user, "password": test_others.PASSWORD}})
            cluster.lead("--pull-secrets")
            cluster.rolled("web", cloud.behind.digest)
            assert test_others.PASSWORD not in cluster.told(), row[0]


@test
def a_secret_of_an_account_in_the_old_form(world):
    with world.place(test_others) as (cloud, cluster):
        cluster.follow(test_others.QUAY[0], {"quay.io": {"username": test_others.QUAY[5], "password": test_others.PASSWORD}}, by_account=True)
        cluster.lead("--pull-secrets")
        cluster.rolled("web", cloud.behind.digest)
        assert test_others.PASSWORD not in cluster.told()


@test
def a_secret_is_for_its_own_namespace(world):
    """What one may see, and the token for it that is kept, is nothing to another who asks for the same."""
    with world.place(test_others) as (cloud, cluster):
        image, host = test_others.HARBOR[0], test_others.HARBOR[1]
        cluster.follow(image, {host: {"username": test_others.HARBOR[5], "password": test_others.PASSWORD}}, "first")
        cluster.lead("--pull-secrets")
        cluster.rolled("web", cloud.behind.digest, "first")
        cluster.follow(image, namespace="second")
        cluster.unresolved("401", "second")
        cluster.rolled("web", push_anew(cloud.behind), "first")
        cluster.unresolved("401", "second")
        equal(cluster.image_of("web", "second"), f"{image}:old", "what runs where no Secret is")


@test
def a_secret_goes_to_a_token_server_of_another_domain_if_that_is_named(world):
    with world.place(test_others) as (cloud, cluster):
        cloud.give_tokens_elsewhere(test_others.HARBOR)
        image, host, user = test_others.HARBOR[0], test_others.HARBOR[1], test_others.HARBOR[5]
        cluster.follow(image, {host: {"username": user, "password": test_others.PASSWORD}})
        with contextlib.ExitStack() as first:
            cluster.programs = first
            cluster.lead("--pull-secrets")
            cluster.unresolved("credentials are not sent to a token server of another domain unless it is named with "
                               f'--token-server: "{test_others.ELSEWHERE}"', "default")
        equal(cloud.cloud.asked(test_others.ELSEWHERE), [], "what it got")
        equal(cluster.image_of("web"), f"{image}:old", "what runs")
        cluster.programs = contextlib.ExitStack()
        cluster.lead("--pull-secrets", "--token-server", test_others.ELSEWHERE)
        cluster.rolled("web", cloud.behind.digest)
        equal({a.basic() for a in cloud.cloud.asked(test_others.ELSEWHERE)}, {(user, test_others.PASSWORD)}, "what it got then")
        assert test_others.PASSWORD not in cluster.told()


@contextlib.contextmanager
def silent_nameserver(folder):
    """The machine's nameserver takes questions and never answers; each look-up goes on for two and a half minutes."""
    configuration = pathlib.Path(folder) / "resolv.conf"
    configuration.write_text("nameserver 127.0.0.53\noptions timeout:30 attempts:5\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.53", 53))
        server.setblocking(False)
        subprocess.run(["mount", "--bind", configuration, "/etc/resolv.conf"], check=True)
        try:
            yield server
        finally:
            subprocess.run(["umount", "/etc/resolv.conf"], check=True)


@test
def a_nameserver_that_never_answers_delays_nobody_else(world):
    with world.place(test_others) as (cloud, cluster), silent_nameserver(world.folder) as nameserver:
        cloud.registries[test_others.HARBOR].public.add("shop/web")
        cluster.follow(test_others.HARBOR[0])
        cluster.deployment("lost", "lost.example.invalid/shop/lost:old")
        cluster.track("lost", image="lost.example.invalid/shop/lost")
        began = time.monotonic()
        cluster.lead()
        cluster.rolled("web", cloud.behind.digest)
        for number in range(3):
            cluster.rolled("web", push_anew(cloud.behind, name=f"{number}"))
        cluster.unresolved("lost.example.invalid", "default", "lost")
        cluster.rolled("web", push_anew(cloud.behind, name="last"))
        took = time.monotonic() - began
        assert b"\x04lost\x07example" in nameserver.recv(512), "the nameserver was not asked"
        assert took < 75, f"{took:.0f} s: somebody waited for a look-up to end, which takes 150"


@test
def the_limit_of_docker_hub_is_a_metric(world):
    with world.place(test_others) as (cloud, cluster):
        hub = cloud.registries[test_others.HUB]
        hub.public.add("shop/web")
        hub.rate = [100, 21600, 76]
        cluster.follow("docker.io/shop/web")
        program = cluster.lead()
        cluster.rolled("web", cloud.behind.digest)
        host = '{host="registry-1.docker.io"}'
        samples = lambda: dict(line.rsplit(" ", 1) for line in program.get("/metrics")[1].splitlines() if host in line)  # noqa: E731
        eventually(lambda: samples().get(f"pinnace_registry_pulls_left{host}") == "76", "how many are left")
        equal(samples()[f"pinnace_registry_pulls_limit{host}"], "100", "the limit")
        equal(samples()[f"pinnace_registry_paused_seconds{host}"], "0", "nothing is in the way")
        hub.before = [test_others.Refusal(429, b"You have reached your pull rate limit.", Content_Type="text/plain",
                                          Ratelimit_Limit="100;w=21600", Ratelimit_Remaining="0;w=21600")]
        eventually(lambda: samples().get(f"pinnace_registry_pulls_left{host}") == "0", "none is left")
        paused = float(samples()[f"pinnace_registry_paused_seconds{host}"])
        assert 100 < paused <= 216, paused
        asked = len(cloud.cloud.asked("registry-1.docker.io"))
        time.sleep(3)
        equal(len(cloud.cloud.asked("registry-1.docker.io")), asked, "questions while it is left alone")
