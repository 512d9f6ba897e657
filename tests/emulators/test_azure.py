# SPDX-License-Identifier: Apache-2.0
"""Azure Container Registry, and who lets us into it."""
import json
import subprocess
import time

import place
from azure import ACR, ARM, ASSERTION_AUDIENCE, Azure, Identity, Issuer, Refusal, Registry, encode
from world import Behind, Program, contains, equal, patience_of

TENANT, OTHER_TENANT = "72f988bf-0000-4000-8000-000000000001", "72f988bf-0000-4000-8000-000000000002"
CLIENT, OTHER = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa"
SUBJECT = "system:serviceaccount:pinnace-system:pinnace-controller"
SECRET = "Q~secret.of-a_principal"
HOST, OTHER_HOST, CHINA, GOVERNMENT = "contoso.azurecr.io", "fabrikam.azurecr.io", "contoso.azurecr.cn", "contoso.azurecr.us"
FOREIGN = "contoso.azurecr.io.example.com"
NAMES = [HOST, OTHER_HOST, CHINA, GOVERNMENT, FOREIGN, "mcr.microsoft.com", *Azure.AUTHORITIES]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class World:
    def __init__(self, binary, folder, pki):
        self.behind, self.program = Behind(folder, pki), Program(binary, folder, pki)
        self.program.secrets += [SECRET, "tok-en+/="]
        self.azure, self.folder, self.issuer = Azure(pki, place.METADATA), folder, Issuer(folder)
        self.token_file = folder / "azure-identity-token"

    def fresh(self):
        """As on the first day: one identity, federated with the account, that may pull from every registry but one."""
        azure = self.azure
        azure.skew, azure.refresh_life, azure.access_life = 0, 3 * 3600, 75 * 60
        self.identity = Identity(CLIENT, TENANT, SECRET, SUBJECT, self.issuer)
        azure.entra.identities = [self.identity, Identity(OTHER, TENANT)]
        azure.metadata.identities, azure.metadata.moods = [self.identity], []
        azure.registries = {host: Registry(azure, host, self.behind.host) for host in (HOST, OTHER_HOST, CHINA, GOVERNMENT, FOREIGN, "mcr.microsoft.com")}
        for registry in azure.registries.values():
            registry.pullers.add(CLIENT)
        self.registry = azure.registries[HOST]
        self.write_token(self.issuer.token(SUBJECT))
        azure.forget()

    def write_token(self, token):
        self.token_file.write_text(token + "\n")

    def stop(self):
        self.azure.stop()
        self.behind.stop()

    def env(self, **more):
        """What AKS puts into a pod."""
        env = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, "AZURE_FEDERATED_TOKEN_FILE": str(self.token_file),
               "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/", **more}
        return {name: value for name, value in env.items() if value is not None}

    def resolve(self, *options, image=f"{HOST}/shop/web:v1.0.0", code=0, env=None):
        out, err = self.program("resolve", "--timeout", patience_of(code), *options, image, code=code, env=self.env() if env is None else env)
        if code == 0:
            contains(out, self.behind.digest)
        return err

    def docker(self, host=HOST, **entry):
        """Docker's own configuration, and nothing of Azure."""
        folder = self.folder / f"docker{time.time_ns()}"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"auths": {host: entry}}))
        return {"DOCKER_CONFIG": str(folder)}


# --- Workload identity -----------------------------------------------------------------------------------------------


@test
def workload_identity_line_by_line(world):
    world.resolve()
    equal([(a.method, a.host, a.path) for a in world.azure.log],
          [("POST", "login.microsoftonline.com", f"/{TENANT}/oauth2/v2.0/token"), ("POST", HOST, "/oauth2/exchange"),
           ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0"), ("POST", HOST, "/oauth2/token"),
           ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0")], "what was asked")
    form = world.azure.log[0].form()
    equal(form.pop("client_assertion"), world.token_file.read_text().strip(), "the assertion")
    equal(form, {"client_id": CLIENT, "scope": f"{ACR}/.default", "grant_type": "client_credentials",
                 "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "the form for Entra")
    form = world.azure.log[1].form()
    assert form.pop("access_token").count(".") == 2
    equal(form, {"grant_type": "access_token", "service": HOST, "tenant": TENANT}, "the form of the exchange")
    form = world.azure.log[3].form()
    assert form.pop("refresh_token").count(".") == 2
    equal(form, {"grant_type": "refresh_token", "service": HOST, "scope": "repository:shop/web:pull", "client_id": "pinnace"}, "the form for a token")
    assert not world.azure.log[2].headers.get("Authorization"), "the first question needs no credentials"


@test
def tags_are_listed_by_the_permission_that_is_named(world):
    out, _ = world.program("select", "--semver", ">=1.0", "--image", f"{HOST}/shop/web", code=0, env=world.env())
    contains(out, "v1.2.0")
    equal([a.form()["scope"] for a in world.azure.asked(HOST, "/oauth2/token")][-1], "repository:shop/web:metadata_read", "scope")


@test
def many_images_cost_one_exchange_for_each_registry(world):
    images = [f"{host}/shop/web:{tag}" for host in (HOST, OTHER_HOST) for tag in ("v1.0.0", "v1.2.0", "latest", "amd64")]
    world.program("resolve", *images, code=0, env=world.env())
    for host in (HOST, OTHER_HOST):
        equal(len(world.azure.asked(host, "/oauth2/exchange")), 1, f"exchanges at {host}")
        equal(len(world.azure.asked(host, "/oauth2/token")), 1, f"tokens of {host}")
    services = {a.host: a.form()["service"] for a in world.azure.log if a.path == "/oauth2/exchange"}
    equal(services, {HOST: HOST, OTHER_HOST: OTHER_HOST}, "each exchange is for its own registry")


@test
def whatever_the_numbers_of_a_signature_are(world):
    """Of an emulated Entra: a number of an elliptic curve's signature may begin with zeros, and then with a high bit."""
    key, text = world.folder / "curve.key", encode(b'{"alg":"ES256"}') + "." + encode(b"{}")
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    cluster = Issuer.of_cluster(key, "https://oidc.example.com/")

    def numbers():
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True).stdout
        first = 4 + der[3]
        return [int.from_bytes(part, "big").to_bytes(32, "big") for part in (der[4:first], der[first + 2:])]
    for _ in range(20_000):
        pair = numbers()
        if any(number[0] == 0 and number[1] > 127 for number in pair):
            break
    equal(cluster.signed(text + "." + encode(b"".join(pair))), True, f"signed by {pair}")


@test
def what_entra_refuses_is_told_with_what_to_do(world):
    now = time.time()
    rows = (
        (world.issuer.token(SUBJECT, now=now - 7200), {}, "AADSTS700024", "the token in AZURE_FEDERATED_TOKEN_FILE has ended"),
        (world.issuer.token(SUBJECT, now=now + 900), {}, "AADSTS700024", "or a clock is wrong"),
        (world.issuer.token("system:serviceaccount:other:web"), {}, "AADSTS700213", "system:serviceaccount:NAMESPACE:NAME"),
        (world.issuer.token(SUBJECT, audience="https://kubernetes.default.svc"), {}, "AADSTS700212", ASSERTION_AUDIENCE),
        (world.issuer.token(SUBJECT, iss="https://elsewhere.example.com/"), {}, "AADSTS700211", "OIDC issuer URL"),
        (world.issuer.token(SUBJECT)[:-8] + "AAAAAAAA", {}, "AADSTS700027", "the cluster's OIDC issuer has to be reachable"),
        (world.issuer.token(SUBJECT), {"AZURE_CLIENT_ID": OTHER}, "AADSTS70021", "add one with the cluster's OIDC issuer"),
        (world.issuer.token(SUBJECT), {"AZURE_CLIENT_ID": "0"}, "AADSTS700016", "not its object id"),
        (world.issuer.token(SUBJECT), {"AZURE_TENANT_ID": OTHER_TENANT}, "AADSTS90002", "AZURE_TENANT_ID names no tenant"),
    )
    for token, more, code, advice in rows:
        world.write_token(token)
        err = world.resolve(code=2, env=world.env(**more))
        contains(err, f"{HOST}/shop/web:v1.0.0: Azure: Entra says no", code, advice)


@test
def what_is_missing_is_named(world):
    contains(world.resolve(code=2, env=world.env(AZURE_CLIENT_ID=None)), "AZURE_FEDERATED_TOKEN_FILE is there, but AZURE_CLIENT_ID is not")
    contains(world.resolve(code=2, env=world.env(AZURE_TENANT_ID=None)), "but AZURE_TENANT_ID is not")
    contains(world.resolve(code=2, env=world.env(AZURE_FEDERATED_TOKEN_FILE="/nowhere/token")), "AZURE_FEDERATED_TOKEN_FILE: /nowhere/token:")
    equal(world.azure.asked("login.microsoftonline.com"), [], "questions to Entra")


@test
def entra_is_asked_over_https_only(world):
    contains(world.resolve(code=2, env=world.env(AZURE_AUTHORITY_HOST="http://login.microsoftonline.com")), "https only")
    equal([a for a in world.azure.log if a.path.endswith("/oauth2/v2.0/token")], [], "questions to Entra")


@test
def clocks_five_minutes_off_do_not_matter(world):
    for skew in (-290, 290):
        world.azure.skew = skew
        world.resolve()


@test
def entra_is_down_and_comes_back(world):
    entra, turns = world.azure.entra.serve, []

    def serve(asked):
        turns.append(asked)
        if len(turns) < 3:
            raise Refusal(503, b"<html>busy</html>", Retry_After="1")
        return entra(asked)
    world.azure.entra.serve = serve
    try:
        contains(world.resolve(code=2), "Azure: Entra says no (503)")
        world.resolve()
    finally:
        world.azure.entra.serve = entra


# --- The registry ----------------------------------------------------------------------------------------------------


@test
def an_identity_without_a_role_is_told_which_it_needs(world):
    world.registry.pullers.clear()
    contains(world.resolve(code=2), "Azure: contoso.azurecr.io does not let this identity in (401)", "AcrPull")


@test
def the_walls_of_a_registry_are_told(world):
    world.registry.closed = True
    contains(world.resolve(code=2), "(403)", "network rules")


@test
def a_registry_that_takes_no_tokens_for_arm_is_never_given_one(world):
    world.resolve()
    world.resolve("--machine-identity", "azure", env={})
    told = [world.azure.entra.signer.read(a.form()["access_token"], time.time()) for a in world.azure.log if a.path == "/oauth2/exchange"]
    equal([claims["aud"] for claims in told], [ACR, ACR], "audiences")
    assert ARM not in str([a.target for a in world.azure.log])


@test
def an_exchange_that_fails_is_tried_again(world):
    world.registry.moods["/oauth2/exchange"] = [Refusal(429, b"", Retry_After="1"), Refusal(502, b"")]
    world.resolve()


@test
def a_refresh_token_that_is_not_taken_is_replaced_once(world):
    world.registry.moods["/oauth2/token"] = [Refusal(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"revoked"}]}')]
    world.resolve()
    equal(len(world.azure.asked(HOST, "/oauth2/exchange")), 2, "exchanges")
    world.azure.forget()
    world.registry.moods["/oauth2/token"] = [Refusal(401, b"") for _ in range(9)]
    contains(world.resolve(code=2), "the token server contoso.azurecr.io")
    equal(len(world.azure.asked(HOST, "/oauth2/exchange")), 2, "exchanges, when it never helps")


@test
def an_image_that_is_not_there_is_no_matter_of_identity(world):
    contains(world.resolve(image=f"{HOST}/shop/web:v9", code=1), "the registry has no such image")
    equal(len(world.azure.asked(HOST, "/oauth2/exchange")), 1, "exchanges")


@test
def what_nobody_may_know_is_not_taken_for_gone(world):
    """Anonymous pull is allowed, and Entra fails: what is not shown to nobody may well be there."""
    world.registry.anonymous = True
    world.resolve(env=world.env(AZURE_CLIENT_ID="0"))
    contains(world.resolve(image=f"{HOST}/shop/web:v9", code=2, env=world.env(AZURE_CLIENT_ID="0")), "AADSTS700016")


@test
def anonymous(world):
    world.registry.anonymous = True
    world.resolve(env={})
    equal([(a.method, a.path) for a in world.azure.log][1], ("GET", "/oauth2/token"), "the token of nobody")
    world.registry.anonymous = False
    contains(world.resolve(code=2, env={}), "the token server contoso.azurecr.io", "wants credentials")


# --- Clouds ----------------------------------------------------------------------------------------------------------


@test
def sovereign_clouds_have_authorities_of_their_own(world):
    for host, authority in ((HOST, "login.microsoftonline.com"), (GOVERNMENT, "login.microsoftonline.us"), (CHINA, "login.chinacloudapi.cn")):
        world.azure.forget()
        world.resolve(image=f"{host}/shop/web:v1.0.0", env=world.env(AZURE_AUTHORITY_HOST=None))
        equal([a.host for a in world.azure.log if "/oauth2/v2.0/" in a.path], [authority], f"authorities asked for {host}")


@test
def azure_tokens_go_to_registries_of_azure_only(world):
    for host in (FOREIGN, "mcr.microsoft.com"):
        world.azure.registries[host].anonymous = True
        world.resolve(image=f"{host}/shop/web:v1.0.0")
        equal([a.path for a in world.azure.log if "exchange" in a.path or "v2.0" in a.path], [], f"what {host} made us ask")
        assert not [a for a in world.azure.asked(host) if "Basic" in a.headers.get("Authorization", "") or "refresh_token" in a.body]
        world.azure.forget()


@test
def a_login_for_one_registry_is_not_for_its_neighbour(world):
    """A registry that sends for tokens to another one of the same domain."""
    registry, serve = world.registry, world.registry.serve

    def elsewhere(asked):
        try:
            return serve(asked)
        except Refusal as no:
            if "Www_Authenticate" in no.headers:
                no.headers["Www_Authenticate"] = no.headers["Www_Authenticate"].replace(f"https://{HOST}", f"https://{OTHER_HOST}")
            raise
    registry.serve = elsewhere
    contains(world.resolve(code=2), "credentials are not sent to a token server of another domain")
    equal(world.azure.asked(OTHER_HOST), [], "what the neighbour got")


# --- Other ways in ---------------------------------------------------------------------------------------------------


@test
def service_principal_by_entra(world):
    env = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_SECRET": SECRET}
    world.resolve(env=env)
    equal(world.azure.log[0].form()["client_secret"], SECRET, "the secret")
    contains(world.resolve(code=2, env={**env, "AZURE_CLIENT_SECRET": "wrong"}), "AADSTS7000215", "its value is needed, not its id")


@test
def passwords_by_docker(world):
    """A service principal, a token with a scope map, the admin user, and what az acr login leaves."""
    world.registry.passwords = {CLIENT: (SECRET, ("pull",)), "scoped": ("tok-en+/=", ("pull",)), "contoso": ("tok-en+/=", ("pull",)),
                                "narrow": ("tok-en+/=", ())}
    for name, password in ((CLIENT, SECRET), ("scoped", "tok-en+/="), ("contoso", "tok-en+/=")):
        world.resolve(env=world.docker(username=name, password=password))
    contains(world.resolve(code=2, env=world.docker(username="narrow", password="tok-en+/=")), "the credentials that are there for it are not taken")
    contains(world.resolve(code=2, env=world.docker(username="scoped", password="wrong")), "invalid username or password")
    now = world.azure.now()
    refresh = world.registry.signer.sign({"aud": HOST, "sub": CLIENT, "iat": now, "nbf": now, "exp": now + 600, "grant_type": "refresh_token"})
    world.resolve(env=world.docker(username="00000000-0000-0000-0000-000000000000", password=refresh))
    world.resolve(env=world.docker(identitytoken=refresh))
    equal([a for a in world.azure.log if "exchange" in a.path or a.host in Azure.AUTHORITIES], [], "what needs no identity")


@test
def a_login_that_is_not_taken_gives_way_to_the_identity(world):
    world.resolve(env={**world.env(), **world.docker(username="gone", password="wrong")})
    equal(len(world.azure.asked(HOST, "/oauth2/exchange")), 1, "exchanges")
    world.azure.forget()
    world.registry.passwords = {"scoped": ("tok-en+/=", ("pull",))}
    world.resolve(env={**world.env(), **world.docker(username="scoped", password="tok-en+/=")})
    equal(world.azure.asked(HOST, "/oauth2/exchange"), [], "exchanges when the login is taken")


# --- The machine's own identity --------------------------------------------------------------------------------------


def metadata_questions(world):
    return [a for a in world.azure.log if a.path == "/metadata/identity/oauth2/token"]


@test
def machine_identity_line_by_line(world):
    world.resolve("--machine-identity", "azure", env={})
    asked = metadata_questions(world)
    equal([(a.method, a.host, a.headers["Metadata"], a.query()) for a in asked],
          [("GET", place.METADATA, "true", {"api-version": "2018-02-01", "resource": ACR})], "what the metadata service was asked")
    assert "tenant" not in world.azure.asked(HOST, "/oauth2/exchange")[0].form()
    world.azure.forget()
    world.resolve(env={}, code=2)
    equal(metadata_questions(world), [], "it is not asked unless that was said")


@test
def of_several_identities_one_has_to_be_named(world):
    world.azure.metadata.identities = [world.identity, world.azure.entra.identities[1]]
    contains(world.resolve("--machine-identity", "azure", env={}, code=2), "the metadata service says no (400", "AZURE_CLIENT_ID does not say which")
    world.resolve("--machine-identity", "azure", env={"AZURE_CLIENT_ID": CLIENT})
    equal(metadata_questions(world)[-1].query()["client_id"], CLIENT, "who was asked for")
    contains(world.resolve("--machine-identity", "azure", env={"AZURE_CLIENT_ID": "0"}, code=2), "Identity not found")


@test
def a_metadata_service_that_is_made_anew_is_waited_for(world):
    world.azure.metadata.moods = [Refusal(410, b""), Refusal(404, b""), Refusal(429, b""), Refusal(500, b"")]
    world.resolve("--machine-identity", "azure", env={})
    equal(len(metadata_questions(world)), 5, "how often it was asked")
    world.azure.metadata.moods = [Refusal(410, b"")]
    contains(world.resolve("--machine-identity", "azure", env={}, code=2), "is not there just now (410)")


@test
def no_proxy_ever_hears_of_the_metadata_service(world):
    proxied = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "NO_PROXY": HOST, "HTTPS_PROXY": "http://127.0.0.1:1"}
    world.resolve("--machine-identity", "azure", env=proxied)
    equal(len(metadata_questions(world)), 1, "how often it was asked")


@test
def another_metadata_service_may_be_named(world):
    world.resolve("--machine-identity", "azure", env={"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{place.METADATA}:80"})
    equal(len(metadata_questions(world)), 1, "how often it was asked")


@test
def no_cloud_of_that_name(world):
    contains(world.program("resolve", "--machine-identity", "nimbus", f"{HOST}/shop/web", code=2, env={})[1], "no cloud whose machines have identities is known")
