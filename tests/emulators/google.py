# SPDX-License-Identifier: Apache-2.0
"""google: the metadata service, the services that let a cluster's accounts be somebody, and Artifact Registry in front of a
real registry."""
import base64
import datetime
import json
import re
import secrets
import urllib.parse

from serving import Cloud, Refusal, Server, no_registry, pass_on

TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
STS, IAM = "sts.googleapis.com", "iamcredentials.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
EXCHANGE = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "scope": SCOPE,
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}


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


class Sts:
    """clusters: those with Workload Identity, by the names they have at Google: their pool and who signs their tokens."""

    def __init__(self, cloud):
        self.cloud, self.clusters, self.moods = cloud, {}, []

    @staticmethod
    def error(code, text):
        return Refusal(400, {"error": code, "error_description": text})

    def principal(self, token, pool, provider, issuer):
        try:
            part = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (ValueError, IndexError):
            raise self.error("invalid_request", "The subject token is not a JWT.") from None
        if claims["iss"] != provider or not issuer.signed(token):
            raise self.error("invalid_grant", "The ID Token could not be verified.")
        if claims["aud"] != [pool]:
            raise self.error("invalid_grant", "The audience in ID Token does not match the expected audience.")
        if not claims["nbf"] <= self.cloud.now() < claims["exp"]:
            raise self.error("invalid_grant", "ID Token issued at is stale to sign-in.")
        _, account = claims["sub"].split("system:serviceaccount:")
        return f"{pool}[{account.replace(':', '/')}]"

    def serve(self, asked):
        if self.moods:
            raise self.moods.pop(0)
        if (asked.method, asked.path, asked.query_text) != ("POST", "/v1/token", ""):
            raise Refusal(404, b"<html>404</html>", Content_Type="text/html")
        fields = asked.form()
        audience, token = fields.pop("audience", ""), fields.pop("subject_token", "")
        if fields != EXCHANGE:
            raise self.error("invalid_request", f"Invalid fields: {sorted(fields)}.")
        match = re.fullmatch(r"identitynamespace:([^:]+\.svc\.id\.goog):(https://.+)", audience)
        pool, issuer = self.clusters.get(match and match[2], (None, None))
        if not match or match[1] != pool:
            raise self.error("invalid_target", 'The target service indicated by the "audience" parameters is invalid.')
        given = "ya29.d." + secrets.token_urlsafe(400)
        self.cloud.federated[given] = (self.principal(token, pool, match[2], issuer), self.cloud.now() + 3600)
        return {"access_token": given, "issued_token_type": EXCHANGE["requested_token_type"], "token_type": "Bearer", "expires_in": 3599}


class Iam:
    """accounts: of Google, by their names: who may be them."""

    def __init__(self, cloud):
        self.cloud, self.accounts = cloud, {}

    @staticmethod
    def error(code, status, text):
        return Refusal(code, {"error": {"code": code, "message": text, "status": status, "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo"}]}})

    def serve(self, asked):
        match = re.fullmatch(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken", asked.path)
        if asked.method != "POST" or not match or asked.query_text:
            raise Refusal(404, b"<html>404</html>", Content_Type="text/html")
        principal, expires = self.cloud.federated.get(asked.bearer(), (None, 0))
        if expires <= self.cloud.now():
            raise self.error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        body = json.loads(asked.body)
        if asked.headers.get("Content-Type") != "application/json" or body != {"scope": [SCOPE], "lifetime": "3600s"}:
            raise self.error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        account = urllib.parse.unquote(match[1])
        if principal not in self.accounts.get(account, ()):
            raise self.error(403, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).")
        token, expires = "ya29.c." + secrets.token_urlsafe(200), self.cloud.now() + 3600
        if account in self.cloud.pullers:
            self.cloud.access[token] = expires
        return {"accessToken": token, "expireTime": datetime.datetime.fromtimestamp(expires, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}


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
            principal, expires = self.cloud.federated.get(password, (None, 0))
            return max(self.cloud.access.get(password, 0), expires if principal in self.cloud.pullers else 0) > self.cloud.now()
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
    """access: tokens that let in; federated: whose they are; pullers: who is let in."""

    def __init__(self, pki):
        super().__init__(pki)
        self.access, self.federated, self.pullers, self.metadata = {}, {}, set(), Metadata(self)
        self.servers.append(Server(self, ("127.0.0.1", 80), self.metadata.serve))
