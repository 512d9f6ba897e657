# SPDX-License-Identifier: Apache-2.0
"""Registries of everybody, which want a name and a password in a Secret: each with its own token server, names and oddities."""
import json
import secrets
import time

from servers import Proxy
from serving import Cloud, Refusal, no_registry, pass_on
from world import Behind, Program, contains, equal, patience_of

TESTS = []
PASSWORD = "pa:ss-w0rd$%"


def test(function):
    TESTS.append(function)
    return function


class TokenServer:
    """realm: HOST and path. users: name -> password. Nobody gets a token too unless strict; of what is not public it is worth nothing."""

    def __init__(self, cloud, realm, service, users, life=300, strict=False):
        self.cloud, self.realm, self.service, self.users, self.life, self.strict = cloud, realm, service, users, life, strict
        self.tokens, self.refusals = {}, []

    def serve(self, asked):
        if asked.method != "GET" or f"{asked.host}{asked.path}" != self.realm:
            raise no_registry(404, "NOT_FOUND", "no such page")
        if self.refusals:
            raise self.refusals.pop(0)
        query, basic = asked.query(), asked.basic()
        if query.get("service") != self.service or not query.get("scope", "").startswith("repository:"):
            raise no_registry(400, "UNSUPPORTED", "service or scope is not valid")
        if basic and self.users.get(basic[0], self.users.get("*")) != basic[1]:
            raise no_registry(401, "UNAUTHORIZED", "incorrect username or password")
        if not basic and self.strict:
            raise no_registry(403, "DENIED", "access forbidden")
        token = secrets.token_urlsafe(60)
        self.tokens[token] = (query["scope"], self.cloud.now() + self.life, bool(basic))
        return {"token": token, "expires_in": self.life}


class Registry:
    def __init__(self, cloud, token_server, behind, public=()):
        self.cloud, self.token_server, self.behind, self.public = cloud, token_server, behind, set(public)
        self.rate, self.before = None, []

    def serve(self, asked):
        if self.before:
            raise self.before.pop(0)
        repository, server = asked.repository(), self.token_server
        scope, expires, known = server.tokens.get(asked.bearer(), ("", 0, False))
        if scope != f"repository:{repository}:pull" or expires <= self.cloud.now() or not (known or repository in self.public):
            raise no_registry(401, "UNAUTHORIZED", "authentication required", Www_Authenticate=(
                f'Bearer realm="https://{server.realm}",service="{server.service}",scope="repository:{repository}:pull"'))
        return pass_on(self.behind, asked, **self.counted(asked))

    def counted(self, asked):
        """As Docker Hub counts: whoever gets a manifest pulls, and whoever looks at one does not."""
        if not self.rate:
            return {}
        limit, window = self.rate[:2]
        if asked.method == "GET" and "/manifests/" in asked.path:
            if not self.rate[2]:
                raise Refusal(429, b"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading.",
                              Content_Type="text/plain", Ratelimit_Limit=f"{limit};w={window}", Ratelimit_Remaining=f"0;w={window}")
            self.rate[2] -= 1
        return {"Ratelimit_Limit": f"{limit};w={window}", "Ratelimit_Remaining": f"{self.rate[2]};w={window}", "Docker_Ratelimit_Source": "192.0.2.1"}


# image, hosts of the registry and of its tokens, path, service, a name as people have it there
HUB = ("shop/web", "registry-1.docker.io", "auth.docker.io", "/token", "registry.docker.io", "anna")
GHCR = ("ghcr.io/shop/web", "ghcr.io", "ghcr.io", "/token", "ghcr.io", "*")
QUAY = ("quay.io/shop/web", "quay.io", "quay.io", "/v2/auth", "quay.io", "shop+puller")
GITLAB = ("registry.gitlab.com/shop/web", "registry.gitlab.com", "gitlab.com", "/jwt/auth", "container_registry", "gitlab+deploy-token-1")
HARBOR = ("harbor.example.com/shop/web", "harbor.example.com", "harbor.example.com", "/service/token", "harbor-registry", "robot$shop+puller")
OWN_GITLAB = ("registry.example.org:443/shop/web", "registry.example.org", "gitlab.example.org", "/jwt/auth", "container_registry", "anna")
ALL = (HUB, GHCR, QUAY, GITLAB, HARBOR, OWN_GITLAB)
ELSEWHERE = "tokens.example.net"
NAMES = sorted({name for row in ALL for name in row[1:3]} | {ELSEWHERE})


class World:
    def __init__(self, binary, folder, pki):
        self.behind, self.program, self.folder = Behind(folder, pki), Program(binary, folder, pki), folder
        self.program.secrets.append(PASSWORD)
        self.cloud = Cloud(pki)

    def fresh(self):
        self.cloud.skew, self.cloud.hosts, self.registries, self.tokens = 0, {}, {}, {}
        for row in ALL:
            _, host, token_host, path, service, user = row
            tokens = TokenServer(self.cloud, token_host + path, service, {user: PASSWORD}, strict=row in (GHCR, GITLAB, OWN_GITLAB))
            registry = Registry(self.cloud, tokens, self.behind.host)
            self.registries[row], self.tokens[row] = registry, tokens
            self.cloud.hosts |= {host: registry, token_host: tokens} if host != token_host else {host: Both(registry, tokens)}
        self.cloud.forget()

    def stop(self):
        self.cloud.stop()
        self.behind.stop()

    def docker(self, row, **entry):
        folder = self.folder / f"docker{time.time_ns()}"
        folder.mkdir()
        key = "https://index.docker.io/v1/" if row is HUB else row[0].split("/")[0]
        entry = entry or {"username": "anybody" if row[5] == "*" else row[5], "password": PASSWORD}
        (folder / "config.json").write_text(json.dumps({"auths": {key: entry}}))
        return {"DOCKER_CONFIG": str(folder)}

    def give_tokens_elsewhere(self, row):
        """By a server of another domain, which knows the same names."""
        registry, tokens = self.registries[row], self.tokens[row]
        registry.token_server = TokenServer(self.cloud, f"{ELSEWHERE}/service/token", tokens.service, tokens.users)
        self.cloud.hosts[ELSEWHERE] = registry.token_server

    def resolve(self, row, *options, tag="v1.0.0", code=0, env=None):
        out, err = self.program("resolve", "--timeout", patience_of(code), *options, f"{row[0]}:{tag}", code=code, env=env)
        if code == 0:
            contains(out, self.behind.digest)
        return err


class Both:
    """A registry that gives tokens itself."""

    def __init__(self, registry, tokens):
        self.registry, self.tokens = registry, tokens

    def serve(self, asked):
        return (self.tokens if f"{asked.host}{asked.path}" == self.tokens.realm else self.registry).serve(asked)


@test
def each_line_by_line(world):
    for row in ALL:
        _, host, token_host, path, service, _ = row
        world.cloud.forget()
        world.resolve(row, env=world.docker(row))
        first, token, second = world.cloud.asked()
        equal([(a.method, a.host, a.path) for a in (first, token, second)],
              [("HEAD", host, "/v2/shop/web/manifests/v1.0.0"), ("GET", token_host, path), ("HEAD", host, "/v2/shop/web/manifests/v1.0.0")], row[0])
        name, password = token.basic()
        equal(token.query(), {"service": service, "scope": "repository:shop/web:pull", "client_id": "pinnace", "account": name}, row[0])
        equal(password, PASSWORD, row[0])
        assert not first.headers.get("Authorization") and not second.basic(), row[0]


@test
def tags_are_listed(world):
    for row in ALL:
        out, _ = world.program("select", "--semver", ">=1.0", "--image", row[0], code=0, env=world.docker(row))
        contains(out, "v1.2.0")


@test
def what_is_public_needs_nobody(world):
    for row in (HUB, QUAY, HARBOR):
        world.registries[row].public.add("shop/web")
        world.resolve(row)
    assert not [a for a in world.cloud.asked() if a.basic()]


@test
def who_may_not_is_told(world):
    for row in ALL:
        contains(world.resolve(row, code=2), "no credentials" if not world.tokens[row].strict else "token server")
        contains(world.resolve(row, code=2, env=world.docker(row, username="anybody", password="wr-ong")), "incorrect username or password")


@test
def a_wrong_password_is_told_though_nobody_needs_one(world):
    """Or else nobody would learn why the limit is that of nobody in particular."""
    world.registries[HUB].public.add("shop/web")
    contains(world.resolve(HUB, code=2, env=world.docker(HUB, username="anna", password="wr-ong")), "incorrect username or password")


@test
def a_token_that_ended_is_replaced(world):
    world.tokens[QUAY].life = 0
    contains(world.resolve(QUAY, code=2, env=world.docker(QUAY)), "401")
    equal(len(world.cloud.asked("quay.io", "/v2/auth")), 2, "tokens")


@test
def a_token_server_of_another_domain_gets_no_password(world):
    world.give_tokens_elsewhere(HARBOR)
    contains(world.resolve(HARBOR, code=2, env=world.docker(HARBOR)), "credentials are not sent to a token server of another domain")
    equal(world.cloud.asked(ELSEWHERE), [], "what it got")
    world.resolve(HARBOR, "--token-server", ELSEWHERE, env=world.docker(HARBOR))


@test
def too_many_without_a_word_how_long(world):
    """Quay says 429 without Retry-After."""
    world.registries[QUAY].before = [Refusal(429, b'{"error":"too many"}')] * 2
    world.resolve(QUAY, env=world.docker(QUAY))
    world.registries[QUAY].before = [Refusal(429, b"")]
    contains(world.resolve(QUAY, env=world.docker(QUAY), code=2), "asked less often")


@test
def token_servers_that_are_overrun_are_waited_for(world):
    """GitLab limits its token server."""
    world.tokens[GITLAB].refusals = [Refusal(429, b"Retry later\n", Content_Type="text/plain", Retry_After="1"), Refusal(502, b"<html>")]
    world.resolve(GITLAB, env=world.docker(GITLAB))


@test
def looking_costs_no_pull(world):
    hub = world.registries[HUB]
    hub.rate = [100, 21600, 5]
    world.program("resolve", *[f"{HUB[0]}:{tag}" for tag in ("v1.0.0", "v1.2.0", "latest", "amd64")], code=0, env=world.docker(HUB))
    equal(hub.rate[2], 5, "pulls that are left")


@test
def pulls_that_are_used_up_are_not_tried(world):
    """A manifest has to be fetched where a HEAD says too little; when none is left, that is told at once."""
    hub = world.registries[HUB]
    hub.rate = [100, 21600, 0]
    world.resolve(HUB, env=world.docker(HUB))
    behind = hub.serve

    def without_digest(asked):
        try:
            return behind(asked)
        except Refusal as answer:
            answer.headers.pop("Docker_Content_Digest", None)
            raise
    hub.serve = without_digest
    contains(world.resolve(HUB, code=2, env=world.docker(HUB)), "registry-1.docker.io lets 100 images be pulled in 21600 s")
    equal([a.method for a in world.cloud.asked("registry-1.docker.io")].count("GET"), 0, "fetches")
    hub.rate = [100, 21600, 1]
    world.resolve(HUB, env=world.docker(HUB))
    equal(hub.rate[2], 0, "the last one")


@test
def a_limit_tells_how_long_to_wait(world):
    """Docker Hub says 429 without Retry-After, but how many pulls there are in what time."""
    no = Refusal(429, b"You have reached your pull rate limit.", Content_Type="text/plain", Ratelimit_Limit="100;w=21600", Ratelimit_Remaining="0;w=21600")
    world.registries[HUB].before = [no]
    images = [f"{HUB[0]}:v1.0.0", f"{HUB[0]}:v1.2.0", f"{HUB[0]}:latest"]
    _, err = world.program("resolve", "--timeout", "20", *images, code=2, env=world.docker(HUB))
    contains(err, "wants to be left alone for another 216 s (429)")


@test
def tokens_are_asked_for_by_proxy_too_and_whom_it_is_not_for_is_asked_without(world):
    proxy = Proxy(443)
    try:
        env = {**world.docker(GITLAB), "HTTPS_PROXY": proxy.url}
        for exempt, by_proxy in (("", ["registry.gitlab.com", "gitlab.com"]), ("registry.gitlab.com", ["gitlab.com"]), ("gitlab.com,quay.io", [])):
            proxy.heads.clear()
            world.resolve(GITLAB, env={**env, "NO_PROXY": exempt})
            equal([head.split("\r\n")[0] for head in proxy.heads], [f"CONNECT {host}:443 HTTP/1.1" for host in by_proxy], f"without {exempt!r}")
            assert not any("uthorization" in head for head in proxy.heads), proxy.heads
    finally:
        proxy.shutdown()
        proxy.server_close()
