# SPDX-License-Identifier: Apache-2.0
"""Artifact Registry, and who lets us into it."""
import base64
import json
import time

from azure import Issuer
from google import IAM, STS, TOKEN_PATH, ArtifactRegistry, Google, Iam, Sts
from serving import Refusal
from world import Behind, Program, contains, equal, patience_of

HOST, OTHER, OLD, METADATA = "europe-west1-docker.pkg.dev", "us-docker.pkg.dev", "eu.gcr.io", "metadata.google.internal"
FOREIGN = "us-docker.pkg.dev.example.com"
NAMES = [HOST, OTHER, OLD, METADATA, FOREIGN, STS, IAM]
CLUSTER, POOL = "https://container.googleapis.com/v1/projects/shop-1/locations/europe-west1/clusters/main", "shop-1.svc.id.goog"
ROBOT, PRINCIPAL = "puller@shop-1.iam.gserviceaccount.com", f"{POOL}[default/default]"
MACHINE = ("--machine-identity", "google")
# As the console gives it to people: lines, and a key whose lines are escaped.
KEY = json.dumps({"type": "service_account", "project_id": "project", "private_key": "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
                  "client_email": "puller@project.iam.gserviceaccount.com"}, indent=2) + "\n"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class World:
    def __init__(self, binary, folder, pki):
        self.behind, self.program, self.folder = Behind(folder, pki), Program(binary, folder, pki), folder
        self.program.secrets += ["ya29", "PRIVATE KEY"]
        self.google, self.issuer = Google(pki), Issuer(folder, CLUSTER)

    def fresh(self):
        google = self.google
        google.skew, google.access, google.federated, google.pullers = 0, {}, {}, set()
        google.metadata.account, google.metadata.moods, google.metadata.flavor = "puller@project.iam.gserviceaccount.com", [], "Google"
        google.hosts = {host: ArtifactRegistry(google, host, self.behind.host) for host in (HOST, OTHER, OLD, FOREIGN)}
        self.registry = google.hosts[HOST]
        self.sts = google.hosts[STS] = Sts(google)
        self.iam = google.hosts[IAM] = Iam(google)
        self.sts.clusters[CLUSTER] = (POOL, self.issuer)
        google.forget()

    def stop(self):
        self.google.stop()
        self.behind.stop()

    def resolve(self, *options, image=f"{HOST}/shop/web:v1.0.0", code=0, env=None):
        out, err = self.program("resolve", "--timeout", patience_of(code), *options, image, code=code, env=env)
        if code == 0:
            contains(out, self.behind.digest)
        return err

    def docker(self, **entry):
        folder = self.folder / f"docker{time.time_ns()}"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"auths": {HOST: entry}}))
        return {"DOCKER_CONFIG": str(folder)}

    def questions(self):
        return self.google.asked(METADATA)


@test
def the_machine_line_by_line(world):
    world.resolve(*MACHINE)
    equal([(a.method, a.host, a.path) for a in world.google.asked()],
          [("GET", METADATA, TOKEN_PATH), ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0"), ("GET", HOST, "/v2/token"),
           ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0")], "what was asked")
    metadata, first, token, _ = world.google.asked()
    equal(metadata.headers["Metadata-Flavor"], "Google", "the header")
    equal(token.basic(), ("oauth2accesstoken", next(iter(world.google.access))), "who asked for the token")
    equal(token.query(), {"service": HOST, "scope": "repository:shop/web:pull", "client_id": "pinnace", "account": "oauth2accesstoken"}, "the query")
    assert not first.headers.get("Authorization"), "the first question needs no credentials"
    world.google.forget()
    world.resolve(code=2)
    equal(world.questions(), [], "it is not asked unless that was said")


@test
def many_images_cost_one_question_for_each_registry(world):
    images = [f"{host}/shop/web:{tag}" for host in (HOST, OLD) for tag in ("v1.0.0", "v1.2.0", "latest", "amd64")]
    world.program("resolve", *MACHINE, *images, code=0)
    equal(len(world.questions()), 2, "questions")


@test
def tags_are_listed(world):
    out, _ = world.program("select", *MACHINE, "--semver", ">=1.0", "--image", f"{OTHER}/shop/web", code=0)
    contains(out, "v1.2.0")


@test
def what_is_public_needs_nobody(world):
    world.registry.public.add("shop/web")
    world.resolve()
    equal(world.questions(), [], "questions to the machine")
    world.google.metadata.account = None
    world.resolve(*MACHINE)


@test
def what_the_machine_refuses_is_told(world):
    metadata = world.google.metadata
    metadata.account = None
    contains(world.resolve(*MACHINE, code=2), "Google's metadata service says no (404); the machine has no service account")
    metadata.account = "x"
    metadata.moods = [Refusal(403, b"Unable to generate access token; IAM returned 403 Forbidden")]
    contains(world.resolve(*MACHINE, code=2), "(403); the Google account has to have roles/iam.workloadIdentityUser")
    metadata.moods = [Refusal(200, b"{}")]
    contains(world.resolve(*MACHINE, code=2), "the answer of Google's metadata service: token: is missing")


@test
def somebody_else_who_answers_is_not_believed(world):
    for flavor in (None, "Googol"):
        world.google.metadata.flavor = flavor
        contains(world.resolve(*MACHINE, code=2), "what answers as Google's metadata service is not it")
    assert not [a for a in world.google.asked() if a.headers.get("Authorization")]


@test
def a_machine_that_is_slow_to_wake_is_waited_for(world):
    world.google.metadata.moods = [Refusal(503, b""), Refusal(429, b""), Refusal(0)]
    world.resolve(*MACHINE)
    equal(len(world.questions()), 4, "how often it was asked")


@test
def a_token_that_is_not_taken_is_replaced_once(world):
    known = ArtifactRegistry.known
    refusals = [1]
    world.registry.known = lambda *basic: (not refusals or bool(refusals.clear())) and known(world.registry, *basic)
    world.resolve(*MACHINE)
    equal(len(world.questions()), 2, "questions")


@test
def no_proxy_ever_hears_of_the_machine(world):
    world.resolve(*MACHINE, env={"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": HOST})


@test
def another_metadata_service_may_be_named(world):
    world.resolve(*MACHINE, env={"GCE_METADATA_HOST": "127.0.0.1:80"})
    equal(len(world.google.asked("127.0.0.1", TOKEN_PATH)), 1, "how often it was asked")


@test
def tokens_of_google_are_for_registries_of_google_only(world):
    world.google.hosts[FOREIGN].public.add("shop/web")
    world.resolve(*MACHINE, image=f"{FOREIGN}/shop/web:v1.0.0")
    equal(world.questions(), [], "questions to the machine")
    assert not [a for a in world.google.asked(FOREIGN) if a.basic()]


@test
def keys_in_secrets(world):
    """A key file of several lines, byte by byte, as kubectl create secret docker-registry writes it, and as base64."""
    world.registry.key = KEY
    world.resolve(env=world.docker(username="_json_key", password=KEY))
    world.resolve(env=world.docker(username="_json_key", password=KEY, auth=base64.b64encode(f"_json_key:{KEY}".encode()).decode()))
    world.resolve(env=world.docker(auth=base64.b64encode(f"_json_key:{KEY}".encode()).decode()))
    world.resolve(env=world.docker(username="_json_key_base64", password=base64.b64encode(KEY.encode()).decode()))
    contains(world.resolve(env=world.docker(username="_json_key", password=KEY[:-1]), code=2), "the token server", "authentication failed")
    equal(world.questions(), [], "questions to the machine")
