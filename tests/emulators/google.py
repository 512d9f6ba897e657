# SPDX-License-Identifier: Apache-2.0
"""google: the metadata service, and Artifact Registry in front of a real registry."""
import base64
import secrets

from serving import Cloud, Refusal, Server, no_registry, pass_on

TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"


class Metadata:
    """account None: the machine has none."""

    def __init__(self, cloud):
        self.cloud, self.account, self.moods, self.flavor = cloud, "puller@project.iam.gserviceaccount.com", [], "Google"

    def serve(self, asked):
        flavor = {"Metadata_Flavor": self.flavor} if self.flavor else {}
        if asked.headers.get("Metadata-Flavor") != "Google" or "X-Forwarded-For" in asked.headers:
            raise Refusal(403, b"Missing required header: Metadata-Flavor", Content_Type="text/html", **flavor)
        if self.moods:
            mood = self.moods.pop(0)
            mood.headers |= flavor
            raise mood
        if asked.method != "GET" or asked.path != TOKEN_PATH or not self.account:
            raise Refusal(404, b"<html>404</html>", Content_Type="text/html", **flavor)
        token = "ya29.c." + secrets.token_urlsafe(60)
        self.cloud.access[token] = self.cloud.now() + 3599
        raise Refusal(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}, **flavor)


class ArtifactRegistry:
    """Its token server is on its own host. key: what _json_key has to bring, byte by byte."""

    def __init__(self, cloud, host, behind):
        self.cloud, self.host, self.behind, self.tokens, self.key, self.public = cloud, host, behind, {}, None, set()

    def serve(self, asked):
        if asked.path == "/v2/token":
            return self.token(asked)
        repository = asked.repository()
        scope, expires = self.tokens.get(asked.bearer(), ("", 0))
        if scope != f"repository:{repository}:pull" or expires <= self.cloud.now():
            raise no_registry(401, "UNAUTHORIZED", "Unauthenticated request. Unauthenticated requests do not have permission",
                              Www_Authenticate=f'Bearer realm="https://{self.host}/v2/token",service="{self.host}",scope="repository:{repository}:pull"')
        return pass_on(self.behind, asked)

    def known(self, name, password):
        if name == "oauth2accesstoken":
            return self.cloud.access.get(password, 0) > self.cloud.now()
        if name == "_json_key":
            return self.key is not None and password == self.key
        if name == "_json_key_base64":
            return self.key is not None and base64.b64decode(password).decode() == self.key
        return False

    def token(self, asked):
        if asked.method != "GET":
            raise no_registry(405, "UNSUPPORTED", "method not allowed")
        query, basic = asked.query(), asked.basic()
        if query.get("service") != self.host or not query.get("scope", "").startswith("repository:"):
            raise no_registry(400, "UNSUPPORTED", "service or scope is not valid")
        if basic and not self.known(*basic):
            raise no_registry(401, "UNAUTHORIZED", "authentication failed")
        if not basic and query["scope"].split(":")[1] not in self.public:
            raise no_registry(403, "DENIED", 'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)')
        token = secrets.token_urlsafe(80)
        self.tokens[token] = (query["scope"], self.cloud.now() + 3600)
        return {"token": token, "expires_in": 3600, "issued_at": "2026-11-21T10:00:00Z"}


class Google(Cloud):
    def __init__(self, pki):
        super().__init__(pki)
        self.access, self.metadata = {}, Metadata(self)
        self.servers.append(Server(self, ("127.0.0.1", 80), self.metadata.serve))
