# SPDX-License-Identifier: Apache-2.0
"""azure: Entra, a machine's metadata service, and Azure Container Registry in front of a real registry. They are as
strict as the real ones where a client could be wrong: audiences, times, headers, forms, scopes."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.parse

from serving import Cloud, Refusal, Server, connect_behind, no_registry, pass_on

ARM, ACR = "https://management.azure.com", "https://containerregistry.azure.net"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_AUDIENCE = "api://AzureADTokenExchange"
ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
SKEW_ALLOWED, ENTRA_LIFE, REFRESH_LIFE, ACCESS_LIFE = 300, 3599, 3 * 3600, 75 * 60


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def no_entra(code, status, error, text):
    return Refusal(status, {"error": error, "error_description": f"AADSTS{code}: {text}. Trace ID: 0 Correlation ID: 0 Timestamp: 0",
                            "error_codes": [code], "timestamp": "2026-11-20 10:00:00Z", "trace_id": "0", "correlation_id": "0",
                            "error_uri": f"https://login.microsoftonline.com/error?code={code}"})


def der_integer(number):
    """The shortest there is, with the first bit left for the sign."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


class Issuer:
    """Who signs the tokens of ServiceAccounts: a cluster."""

    def __init__(self, folder, url="https://oidc.example.com/cluster/"):
        self.url, self.key = url, pathlib.Path(folder) / "issuer.key"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)

    @classmethod
    def of_cluster(cls, key, url):
        issuer = cls.__new__(cls)
        issuer.key, issuer.url = key, url
        return issuer

    def token(self, subject, audience=ASSERTION_AUDIENCE, life=3600, now=None, **claims):
        now = int(now or time.time())
        signed = (encode(b'{"alg":"RS256","kid":"k"}') + "." + encode(json.dumps(
            {"iss": self.url, "sub": subject, "aud": [audience], "iat": now, "nbf": now, "exp": now + life, **claims}).encode()))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed.encode(), capture_output=True, check=True)
        return signed + "." + encode(done.stdout)

    def signed(self, token):
        """RS256, or ES256 as API servers sign with keys of that kind."""
        signed, _, signature = token.rpartition(".")
        signature = decode(signature)
        if json.loads(decode(signed.split(".")[0]))["alg"] == "ES256":
            numbers = [int.from_bytes(signature[at:at + 32], "big") for at in (0, 32)]
            inner = b"".join(b"\x02" + bytes([len(number)]) + number for number in map(der_integer, numbers))
            signature = b"\x30" + bytes([len(inner)]) + inner
        with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile() as key:
            file.write(signature)
            file.flush()
            key.write(subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout"], capture_output=True, check=True).stdout)
            key.flush()
            return subprocess.run(["openssl", "dgst", "-sha256", "-verify", key.name, "-signature", file.name],
                                  input=signed.encode(), capture_output=True, check=False).returncode == 0


class Signer:
    """Tokens that only their maker has to believe."""

    def __init__(self, name):
        self.secret, self.name = name.encode(), name

    def sign(self, claims):
        signed = encode(b'{"alg":"HS256"}') + "." + encode(json.dumps(claims).encode())
        return signed + "." + encode(hmac.digest(self.secret, signed.encode(), hashlib.sha256))

    def read(self, token, now, audience=None):
        """The claims, or None if it is not ours, has ended, begins later, or is for somebody else."""
        try:
            signed, _, signature = token.rpartition(".")
            if not hmac.compare_digest(encode(hmac.digest(self.secret, signed.encode(), hashlib.sha256)), signature):
                return None
            claims = json.loads(decode(signed.split(".")[1]))
        except (ValueError, IndexError):
            return None
        inside = claims["nbf"] - SKEW_ALLOWED <= now < claims["exp"]
        return claims if inside and audience in (None, claims["aud"]) else None


class Identity:
    """An application or a managed identity of a tenant."""

    def __init__(self, client, tenant, secret=None, subject=None, issuer=None):
        self.client, self.tenant, self.secret, self.subject, self.issuer = client, tenant, secret, subject, issuer


class Entra:
    def __init__(self, cloud):
        self.cloud, self.signer, self.identities = cloud, Signer("entra"), []

    def token(self, identity, audience):
        now = self.cloud.now()
        return self.signer.sign({"iss": f"https://sts.windows.net/{identity.tenant}/", "aud": audience, "tid": identity.tenant,
                                 "appid": identity.client, "iat": now, "nbf": now, "exp": now + ENTRA_LIFE})

    def serve(self, asked):
        parts = asked.path.split("/")
        if asked.method != "POST" or len(parts) != 5 or parts[2:] != ["oauth2", "v2.0", "token"]:
            raise no_entra(90023, 404, "invalid_request", "no such page")
        fields = asked.form()
        if not any(identity.tenant == parts[1] for identity in self.identities):
            raise no_entra(90002, 400, "invalid_request", f"Tenant '{parts[1]}' not found")
        known = [i for i in self.identities if i.client == fields.get("client_id") and i.tenant == parts[1]]
        if not known:
            raise no_entra(700016, 400, "unauthorized_client", "Application was not found in the directory")
        if fields.get("grant_type") != "client_credentials":
            raise no_entra(70003, 400, "unsupported_grant_type", "The app requested an unsupported grant type")
        if "client_assertion" in fields:
            self.check_assertion(known[0], fields)
        elif not known[0].secret or fields.get("client_secret") != known[0].secret:
            raise no_entra(7000215, 401, "invalid_client", "Invalid client secret provided")
        if fields.get("scope") != f"{ACR}/.default":
            raise no_entra(500011, 400, "invalid_resource", f"The resource principal {fields.get('scope')} was not found")
        return {"token_type": "Bearer", "expires_in": ENTRA_LIFE, "ext_expires_in": ENTRA_LIFE, "access_token": self.token(known[0], ACR)}

    def check_assertion(self, identity, fields):
        token, now = fields["client_assertion"], self.cloud.now()
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise no_entra(50027, 400, "invalid_request", "Invalid assertion type")
        try:
            claims = json.loads(decode(token.split(".")[1]))
        except (ValueError, IndexError):
            raise no_entra(50027, 401, "invalid_client", "Invalid JWT token") from None
        if not identity.issuer:
            raise no_entra(70021, 401, "invalid_client", "No matching federated identity record found")
        if claims["iss"] != identity.issuer.url:
            raise no_entra(700211, 401, "invalid_client", "No matching federated identity record found for presented assertion issuer")
        if ASSERTION_AUDIENCE not in claims["aud"]:
            raise no_entra(700212, 401, "invalid_client", "No matching federated identity record found for presented assertion audience")
        if claims["sub"] != identity.subject:
            raise no_entra(700213, 401, "invalid_client", "No matching federated identity record found for presented assertion subject")
        if not identity.issuer.signed(token):
            raise no_entra(700027, 401, "invalid_client", "The certificate used to sign is not registered")
        if not claims["nbf"] - SKEW_ALLOWED <= now < claims["exp"] + SKEW_ALLOWED:
            raise no_entra(700024, 401, "invalid_client", "Client assertion is not within its valid time range")


class Metadata:
    """The service that a machine has for itself; identities are those that the machine was given."""

    def __init__(self, cloud):
        self.cloud, self.identities, self.moods = cloud, [], []

    def serve(self, asked):
        query = asked.query()
        if asked.headers.get("Metadata") != "true" or "X-Forwarded-For" in asked.headers:
            raise Refusal(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
        if asked.path != "/metadata/identity/oauth2/token" or asked.method != "GET":
            raise Refusal(404, b"<html>404</html>")
        if self.moods:
            raise self.moods.pop(0)
        if query.get("api-version") != "2018-02-01":
            raise Refusal(400, {"error": "bad_request_102", "error_description": "Required API version missing or not supported"})
        named = [i for i in self.identities if query.get("client_id") in (None, i.client)]
        if len(named) > 1:
            raise Refusal(400, {"error": "invalid_request", "error_description": "Multiple user assigned identities exist, please specify"})
        if not named:
            raise Refusal(400, {"error": "invalid_request", "error_description": "Identity not found"})
        if query.get("resource") not in (ACR, ARM):
            raise Refusal(400, {"error": "invalid_resource", "error_description": "The resource principal was not found"})
        now = self.cloud.now()
        return {"access_token": self.cloud.entra.token(named[0], query["resource"]), "client_id": named[0].client,
                "expires_in": str(ENTRA_LIFE), "expires_on": str(now + ENTRA_LIFE), "ext_expires_in": str(ENTRA_LIFE),
                "not_before": str(now), "resource": query["resource"], "token_type": "Bearer"}


class Registry:
    """Azure Container Registry; behind it a real one. Who may what: pullers and pushers have the roles AcrPull and AcrPush;
    readers and writers have roles for the repositories below some folders, client -> folders; passwords: name -> (password,
    what it may).

    attributes: (repository, digest or tag) -> what may not be done to it; hidden: (repository, digest) of what was deleted
    and can be brought back for some days (soft delete), or is not let out yet (quarantine): nobody finds it, by no name."""

    def __init__(self, cloud, host, behind, authority=None):
        self.cloud, self.host, self.behind, self.authority = cloud, host, behind, authority
        self.signer, self.pullers, self.pushers, self.passwords = Signer(host), set(), set(), {}
        self.readers, self.writers = {}, {}
        self.anonymous, self.closed, self.moods, self.times = False, False, {}, {}
        self.attributes, self.hidden, self.hanging = {}, set(), None

    def serve(self, asked):
        if self.closed:
            raise no_registry(403, "DENIED", "client with IP '203.0.113.9' is not allowed access")
        if self.moods.get(asked.path):
            raise self.moods[asked.path].pop(0)
        if asked.path == "/oauth2/exchange":
            return self.exchange(asked)
        if asked.path == "/oauth2/token":
            return self.token(asked)
        if asked.path.startswith("/v2/"):
            return self.pass_on(asked)
        if asked.path.startswith("/acr/v1/") and asked.path.endswith("/_tags"):
            return self.tags(asked, urllib.parse.unquote(asked.path[8:-6]))
        if asked.path.startswith("/acr/v1/"):
            return self.one(asked)
        raise no_registry(404, "NOT_FOUND", "no such page")

    def exchange(self, asked):
        fields, now = asked.form(), self.cloud.now()
        claims = self.cloud.entra.signer.read(fields.get("access_token", ""), now)
        if asked.method != "POST" or fields.get("grant_type") != "access_token" or fields.get("service") != self.host:
            raise no_registry(400, "UNSUPPORTED", "grant_type or service is not valid")
        if not claims or claims["aud"] != ACR or fields.get("tenant", claims["tid"]) != claims["tid"]:
            raise no_registry(401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.")
        if claims["appid"] not in self.pullers | self.pushers | self.readers.keys() | self.writers.keys():
            raise no_registry(401, "UNAUTHORIZED", "the identity has no role on this registry")
        return {"refresh_token": self.signer.sign({
            "iss": "Azure Container Registry", "aud": self.host, "sub": claims["appid"], "jti": str(time.time_ns()), "iat": now, "nbf": now,
            "exp": now + self.cloud.refresh_life, "grant_type": "refresh_token", "tenant": claims["tid"]})}

    def role(self, client, repository):
        """What it may there."""
        folder = repository.partition("/")[0]
        if client in self.pushers or folder in self.writers.get(client, ()):
            return ("pull", "push", "metadata_read", "metadata_write")
        return ("pull", "metadata_read") if client in self.pullers or folder in self.readers.get(client, ()) else ()

    def by_password(self, name, password, repository):
        kept, allowed = self.passwords.get(name, (None, None))
        refresh = name == "00000000-0000-0000-0000-000000000000" and self.by_refresh_token(password, repository)
        if refresh:
            return refresh
        if kept is None or kept != password:
            raise no_registry(401, "UNAUTHORIZED", "invalid username or password")
        return name, allowed

    def by_refresh_token(self, token, repository):
        claims = self.signer.read(token, self.cloud.now(), self.host)
        if not claims or claims.get("grant_type") != "refresh_token":
            raise no_registry(401, "UNAUTHORIZED", "the refresh token is not valid")
        return claims["sub"], self.role(claims["sub"], repository)

    def token(self, asked):
        fields = asked.form() if asked.method == "POST" else asked.query()
        if fields.get("service") != self.host:
            raise no_registry(400, "UNSUPPORTED", "service is not valid")
        kind, name, actions = fields.get("scope", "::").split(":")
        basic = asked.basic()
        if asked.method == "POST" and fields.get("grant_type") == "refresh_token":
            who, allowed = self.by_refresh_token(fields.get("refresh_token", ""), name)
        elif asked.method == "POST" and fields.get("grant_type") == "password":
            who, allowed = self.by_password(fields.get("username"), fields.get("password"), name)
        elif asked.method == "POST":
            raise no_registry(400, "UNSUPPORTED", "grant_type is not valid")
        elif basic:
            who, allowed = self.by_password(*basic, name)
        elif self.anonymous:
            who, allowed = "", ("pull",)
        else:
            raise no_registry(401, "UNAUTHORIZED", "authentication required")
        now = self.cloud.now()
        granted = [action for action in actions.split(",") if action in allowed]
        return {"access_token": self.signer.sign({
            "iss": "Azure Container Registry", "aud": self.host, "sub": who, "jti": str(time.time_ns()), "iat": now, "nbf": now,
            "exp": now + self.cloud.access_life, "grant_type": "access_token",
            "access": [{"type": kind, "name": name, "actions": granted}]})}

    def check(self, asked, repository, action):
        """Nobody gets in but with a token, or a password, for this very repository and action."""
        token = asked.headers.get("Authorization", "")
        claims = self.signer.read(token[7:], self.cloud.now(), self.host) if token.startswith("Bearer ") else None
        if claims and claims["grant_type"] == "access_token" and any(
                entry["name"] == repository and action in entry["actions"] for entry in claims["access"]):
            return
        if asked.basic() and action in self.by_password(*asked.basic(), repository)[1]:
            return
        raise no_registry(401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.",
                          Www_Authenticate=f'Bearer realm="https://{self.host}/oauth2/token",service="{self.host}",'
                                           f'scope="repository:{repository}:{action}"' + (',error="invalid_token"' if token else ""))

    def ask_behind(self, method, target, accept="*/*"):
        connection = connect_behind(self.behind, self.authority)
        try:
            connection.request(method, target, headers={"Accept": accept})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def digest_behind(self, repository, name):
        return self.ask_behind("HEAD", f"/v2/{repository}/manifests/{name}", ACCEPT)[0].getheader("Docker-Content-Digest")

    def is_hidden(self, repository, name):
        return any(repository == hidden for hidden, _ in self.hidden) and (repository, self.digest_behind(repository, name)) in self.hidden

    def tags(self, asked, repository):
        """The tags with their digests and times, which are when they were first seen as they are."""
        query = asked.query()
        self.check(asked, repository, "metadata_read")
        if set(query) - {"n", "orderby", "last", "api-version"} or query.get("orderby", "none") not in ("none", "timedesc", "timeasc"):
            raise no_registry(400, "INVALID_PARAMETER", "orderby is not valid")
        answer, body = self.ask_behind("GET", f"/v2/{repository}/tags/list")
        if answer.status != 200:
            raise no_registry(404, "NAME_UNKNOWN", "repository not found")
        rows = []
        for name in json.loads(body)["tags"] or []:
            digest = self.digest_behind(repository, name)
            if (repository, digest) in self.hidden:
                continue
            seen = self.times.setdefault((repository, name), {}).setdefault(digest, time.time_ns())
            rows.append({"name": name, "digest": digest, "createdTime": f"{seen}", "lastUpdateTime": f"{seen}", "signed": False,
                         "changeableAttributes": self.attributes_of(repository, name)})
        if query.get("orderby", "none") != "none":
            rows.sort(key=lambda row: int(row["lastUpdateTime"]), reverse=query["orderby"] == "timedesc")
        return {"registry": self.host, "imageName": repository, "tags": rows[:int(query.get("n", "100"))]}

    def attributes_of(self, repository, name):
        return {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True, **self.attributes.get((repository, name), {})}

    def list(self, asked, repository):
        """The tags of what is not hidden, in one page."""
        answer, body = self.ask_behind("GET", asked.path)
        if answer.status != 200:
            raise no_registry(404, "NAME_UNKNOWN", "repository not found")
        return {"name": repository, "tags": [name for name in json.loads(body)["tags"] or [] if not self.is_hidden(repository, name)]}

    def one(self, asked):
        """What may be done to a manifest or a tag; a tag's attributes and its manifest's know nothing of each other."""
        repository, kind, name = urllib.parse.unquote(asked.path[8:]).rsplit("/", 2)
        if asked.method not in ("GET", "PATCH") or kind not in ("_manifests", "_tags") or (kind == "_manifests") != name.startswith("sha256:"):
            raise no_registry(404, "NOT_FOUND", "no such page")
        if asked.method == "PATCH" and self.hanging:
            self.hanging.wait(60)
        self.check(asked, repository, "metadata_read" if asked.method == "GET" else "metadata_write")
        answer, body = self.ask_behind("GET", f"/v2/{repository}/manifests/{name}", ACCEPT)
        if answer.status != 200 or self.is_hidden(repository, name):
            raise no_registry(404, "MANIFEST_UNKNOWN" if kind == "_manifests" else "TAG_UNKNOWN", "it is not known")
        if asked.method == "PATCH":
            self.change(asked, repository, name)
        digest, manifest = answer.getheader("Docker-Content-Digest"), json.loads(body)
        row = {"digest": digest, "createdTime": "2026-11-21T10:00:00.0000000Z", "lastUpdateTime": "2026-11-21T10:00:00.0000000Z",
               "changeableAttributes": self.attributes_of(repository, name)}
        if kind == "_tags":
            return {"registry": self.host, "imageName": repository, "tag": {"name": name, "signed": False, **row}}
        row["mediaType"], tags = answer.getheader("Content-Type"), self.tags_of(repository, digest)
        if tags:
            row["tags"] = tags
        if "manifests" in manifest:
            row["references"] = [{"digest": child["digest"]} for child in manifest["manifests"]]
        return {"registry": self.host, "imageName": repository, "manifest": row}

    def change(self, asked, repository, name):
        if asked.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise no_registry(415, "UNSUPPORTED", "the body must be JSON")
        try:
            fields = json.loads(asked.body)
        except ValueError:
            fields = None
        known = {"deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"}
        if not isinstance(fields, dict) or not fields or set(fields) - known or not all(isinstance(value, bool) for value in fields.values()):
            raise no_registry(400, "INVALID_PARAMETER", "the attributes are not valid")
        with self.cloud.lock:
            self.attributes[repository, name] = {**self.attributes.get((repository, name), {}), **fields}

    def tags_of(self, repository, digest):
        answer, body = self.ask_behind("GET", f"/v2/{repository}/tags/list")
        names = json.loads(body)["tags"] or [] if answer.status == 200 else []
        return [name for name in names if self.digest_behind(repository, name) == digest]

    def locked(self, repository, name, *attributes):
        return not all(self.attributes_of(repository, name)[attribute] for attribute in attributes)

    def refuse_locked(self, asked, repository, name):
        """Whatever is not to be deleted or not to be written to is not deleted; a tag not to be written to is not moved."""
        if asked.method == "DELETE" and self.locked(repository, name, "deleteEnabled", "writeEnabled"):
            raise no_registry(405, "REGISTRY_DISALLOWED_OPERATION", "The operation is disallowed on this registry, repository or image.")
        if asked.method == "PUT" and self.locked(repository, name, "writeEnabled"):
            raise no_registry(405, "REGISTRY_DISALLOWED_OPERATION", "The operation is disallowed on this registry, repository or image.")
        if asked.method == "DELETE":
            self.attributes.pop((repository, name), None)

    def clean_up(self, repository, digests):
        """The retention policy, on the day on which it looks at these: what has no tag and may be deleted goes. Gives what went."""
        gone = [digest for digest in digests
                if not self.tags_of(repository, digest) and not self.locked(repository, digest, "deleteEnabled", "writeEnabled")]
        for digest in gone:
            self.ask_behind("DELETE", f"/v2/{repository}/manifests/{digest}")
        return gone

    def purge(self, repository, digests, untag):
        """As somebody who does it by hand or by a task: tags that may be deleted go, and then what has none. Gives what went."""
        for name in json.loads(self.ask_behind("GET", f"/v2/{repository}/tags/list")[1])["tags"] or []:
            if not self.locked(repository, name, "deleteEnabled", "writeEnabled"):
                untag(repository, name)
        return self.clean_up(repository, digests)

    def pass_on(self, asked):
        parts = asked.path.split("/")
        if len(parts) < 5:
            raise no_registry(404, "NOT_FOUND", "no such page")
        repository, kind, name = "/".join(parts[2:-2]), parts[-2], parts[-1]
        action = {"PUT": "push", "DELETE": "delete"}.get(asked.method, "metadata_read" if kind == "tags" else "pull")
        self.check(asked, repository, action)
        self.refuse_locked(asked, repository, name)
        if kind == "manifests" and asked.method in ("GET", "HEAD") and self.is_hidden(repository, name):
            raise no_registry(404, "MANIFEST_UNKNOWN", f"manifest tagged by \"{name}\" is not found")
        if kind == "tags" and self.hidden:
            return self.list(asked, repository)
        return pass_on(self.behind, asked, self.authority)


class Azure(Cloud):
    """All of it."""

    AUTHORITIES = ("login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn")

    def __init__(self, pki, metadata_address, address="127.0.0.1"):
        super().__init__(pki, address)
        self.refresh_life, self.access_life = REFRESH_LIFE, ACCESS_LIFE
        self.entra, self.metadata, self.registries = Entra(self), Metadata(self), {}
        self.servers.append(Server(self, (metadata_address, 80), self.metadata.serve))

    def dispatch(self, asked):
        if asked.host in self.AUTHORITIES:
            return self.entra.serve(asked)
        if asked.host in self.registries:
            return self.registries[asked.host].serve(asked)
        return super().dispatch(asked)
