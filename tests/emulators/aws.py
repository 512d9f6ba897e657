# SPDX-License-Identifier: Apache-2.0
"""aws: STS, the metadata service of a machine (IMDSv2), the agent of EKS, and ECR in front of a real registry. They are
as strict as the real ones where a client could be wrong: signatures and what is in them, times, sessions, tokens."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import re
import secrets
from xml.sax.saxutils import escape

from serving import FORM, Cloud, Refusal, Server, pass_on

STS_AUDIENCE, AGENT_AUDIENCE = "sts.amazonaws.com", "pods.eks.amazonaws.com"
SKEW_ALLOWED, ECR_LIFE = 300, 12 * 3600
ECR_TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "ecr-public": "SpencerFrontendService.GetAuthorizationToken"}
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), "
                           r"Signature=([0-9a-f]{64})")


def claims_of(token):
    try:
        text = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError):
        return None


def amz_time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def http_time(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


def iso_time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(secret, method, path, query, headers, signed, body, when, scope):
    """As AWS computes it anew; headers: by their names in lower case, as lists."""
    lines = [f"{name}:{','.join(' '.join(value.split()) for value in headers[name])}" for name in signed]
    pairs = sorted(tuple((part + "=").split("=")[:2]) for part in query.split("&")) if query else []
    canonical = "\n".join([method, path, "&".join("=".join(pair) for pair in pairs), *lines, "", ";".join(signed),
                           hashlib.sha256(body.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", when, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.new(key, text.encode(), "sha256").hexdigest()


class Key:
    """One that signs; token and expires: of a session."""

    def __init__(self, prefix, token=None, expires=None, allowed=True):
        self.id, self.secret = prefix + secrets.token_hex(8).upper(), base64.b64encode(secrets.token_bytes(30)).decode()
        self.token, self.expires, self.allowed = token, expires, allowed


class Sts:
    def __init__(self, cloud):
        self.cloud, self.moods = cloud, []
        self.roles = {}  # ARN -> (issuer, subject, what its keys may)

    def error(self, status, code, text):
        return Refusal(status, (f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n    '
                                f"<Code>{code}</Code>\n    <Message>{escape(text)}</Message>\n  </Error>\n  <RequestId>0</RequestId>\n</ErrorResponse>\n"
                                ).encode(), Content_Type="text/xml", Date=http_time(self.cloud.now()))

    def check(self, role, token):
        claims, now = claims_of(token), self.cloud.now()
        if not claims:
            raise self.error(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        issuer, subject, _ = self.roles.get(role, (None, None, None))
        known = issuer or next(iter(self.roles.values()))[0]
        if claims["iss"] != known.url:
            raise self.error(400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {claims['iss']}")
        if not known.signed(token):
            raise self.error(400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please reference documentation")
        if STS_AUDIENCE not in claims["aud"]:
            raise self.error(400, "InvalidIdentityToken", "Incorrect token audience")
        if claims["exp"] <= now:
            raise self.error(400, "ExpiredTokenException", f"Token expired: current date/time {now} must be before the expiration date/time {claims['exp']}")
        if not issuer or claims["sub"] != subject:
            raise self.error(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")

    def serve(self, asked):
        if self.moods:
            raise self.moods.pop(0)
        if asked.method != "POST" or asked.path != "/" or asked.headers.get("Content-Type") != FORM:
            raise self.error(400, "InvalidAction", "Could not find operation")
        fields = asked.form()
        if fields.get("Version") != "2011-06-15" or fields.get("Action") != "AssumeRoleWithWebIdentity":
            raise self.error(400, "InvalidAction", f"Could not find operation {fields.get('Action')} for version {fields.get('Version')}")
        if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+", fields.get("RoleArn", "")):
            raise self.error(400, "ValidationError", f"{fields.get('RoleArn')} is invalid")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", fields.get("RoleSessionName", "")):
            raise self.error(400, "ValidationError", "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint")
        self.check(fields["RoleArn"], fields.get("WebIdentityToken", ""))
        key = self.cloud.new_session(self.roles[fields["RoleArn"]][2])
        raise Refusal(200, f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>{STS_AUDIENCE}</Audience>
    <AssumedRoleUser>
      <AssumedRoleId>AROA1:{fields["RoleSessionName"]}</AssumedRoleId>
      <Arn>{fields["RoleArn"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/{fields["RoleSessionName"]}</Arn>
    </AssumedRoleUser>
    <Provider>arn:aws:iam::123456789012:oidc-provider/oidc.example.com</Provider>
    <Credentials>
      <AccessKeyId>{key.id}</AccessKeyId>
      <SecretAccessKey>{escape(key.secret)}</SecretAccessKey>
      <SessionToken>{escape(key.token)}</SessionToken>
      <Expiration>{iso_time(key.expires)}</Expiration>
    </Credentials>
    <SubjectFromWebIdentityToken>{claims_of(fields["WebIdentityToken"])["sub"]}</SubjectFromWebIdentityToken>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>0</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
""".encode(), Content_Type="text/xml", Date=http_time(self.cloud.now()))


class Machine:
    """IMDSv2; role None: the machine has no instance profile."""

    def __init__(self, cloud):
        self.cloud, self.role, self.allowed, self.moods, self.sessions = cloud, "node-role", True, [], {}

    def serve(self, asked):
        if self.moods:
            raise self.moods.pop(0)
        if asked.path == "/latest/api/token":
            return self.begin(asked)
        if self.sessions.get(asked.headers.get("X-aws-ec2-metadata-token"), 0) <= self.cloud.now():
            raise Refusal(401, b"<html>401 - Unauthorized</html>", Content_Type="text/html")
        folder = "/latest/meta-data/iam/security-credentials/"
        if asked.method != "GET" or not self.role or asked.path not in (folder, folder + self.role):
            raise Refusal(404, b"<html>404 - Not Found</html>", Content_Type="text/html")
        if asked.path == folder:
            raise Refusal(200, self.role.encode(), Content_Type="text/plain")
        key = self.cloud.new_session(self.allowed)
        return {"Code": "Success", "LastUpdated": iso_time(self.cloud.now()), "Type": "AWS-HMAC", "AccessKeyId": key.id,
                "SecretAccessKey": key.secret, "Token": key.token, "Expiration": iso_time(key.expires)}

    def begin(self, asked):
        life = asked.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if asked.method != "PUT":
            raise Refusal(405, b"", Allow="OPTIONS, PUT")
        if "X-Forwarded-For" in asked.headers:
            raise Refusal(403, b"")
        if not life.isdigit() or not 1 <= int(life) <= 21600:
            raise Refusal(400, b"<html>400 - Bad Request</html>", Content_Type="text/html")
        session = base64.b64encode(secrets.token_bytes(40)).decode()
        self.sessions[session] = self.cloud.now() + int(life)
        raise Refusal(200, session.encode(), Content_Type="text/plain")


class Agent:
    """The agent of EKS: associations by the subject of the pod's token."""

    def __init__(self, cloud):
        self.cloud, self.issuer, self.associations, self.moods = cloud, None, {}, []

    def serve(self, asked):
        if self.moods:
            raise self.moods.pop(0)
        token, now = asked.headers.get("Authorization", ""), self.cloud.now()
        claims = claims_of(token)
        if asked.method != "GET" or asked.path != "/v1/credentials":
            raise Refusal(404, b"404 page not found\n", Content_Type="text/plain")
        if not claims:
            raise Refusal(400, b"Service account token cannot be empty\n" if not token else b"token is malformed\n", Content_Type="text/plain")
        if not self.issuer.signed(token) or AGENT_AUDIENCE not in claims["aud"] or claims["exp"] <= now:
            raise Refusal(400, b"[0]: (ExpiredTokenException): Token is expired, fault: client\n", Content_Type="text/plain")
        if claims["sub"] not in self.associations:
            raise Refusal(404, b"[0]: (ResourceNotFoundException): No PodIdentityAssociation found, fault: client\n", Content_Type="text/plain")
        key = self.cloud.new_session(self.associations[claims["sub"]])
        return {"AccessKeyId": key.id, "SecretAccessKey": key.secret, "Token": key.token, "AccountId": "123456789012",
                "Expiration": iso_time(key.expires)}


class EcrApi:
    def __init__(self, cloud, region, service):
        self.cloud, self.region, self.service, self.moods = cloud, region, service, []

    def error(self, code, text, status=400):
        field = "Message" if code == "AccessDeniedException" else "message"
        return Refusal(status, {"__type": code, field: text}, Content_Type="application/x-amz-json-1.1", Date=http_time(self.cloud.now()))

    def check(self, asked):
        """Who signed it; as AWS finds that out."""
        found = AUTHORIZATION.fullmatch(asked.headers.get("Authorization", ""))
        if not found:
            raise self.error("MissingAuthenticationTokenException" if not asked.headers.get("Authorization") else "IncompleteSignatureException", "x", 403)
        key_id, day, region, service, names, given = found.groups()
        when, signed, now = asked.headers.get("X-Amz-Date", ""), names.split(";"), self.cloud.now()
        headers = {name.lower(): asked.headers.get_all(name) for name in asked.headers.keys()}
        key = self.cloud.keys.get(key_id)
        if not key or asked.headers.get("X-Amz-Security-Token") != key.token:
            raise self.error("UnrecognizedClientException", "The security token included in the request is invalid.")
        if signed != sorted(signed) or any(name not in headers for name in signed) or "host" not in signed or any(
                name not in signed for name in headers if name.startswith("x-amz-")):
            raise self.error("InvalidSignatureException", "'Host' or 'X-Amz-...' must be a 'SignedHeader' in the AWS Authorization.")
        if not when.startswith(day) or (region, service) != (self.region, self.service):
            raise self.error("InvalidSignatureException", f"Credential should be scoped to a valid region, not '{region}'.")
        then = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if then < now - SKEW_ALLOWED:
            raise self.error("InvalidSignatureException", f"Signature expired: {when} is now earlier than {amz_time(now - SKEW_ALLOWED)} (5 min.)")
        if then > now + SKEW_ALLOWED:
            raise self.error("InvalidSignatureException", f"Signature not yet current: {when} is still later than {amz_time(now + SKEW_ALLOWED)} (5 min.)")
        wanted = signature(key.secret, asked.method, asked.path, asked.query_text, headers, signed, asked.body, when,
                           (day, region, service, "aws4_request"))
        if not hmac.compare_digest(wanted, given):
            raise self.error("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
        if key.expires is not None and key.expires <= now:
            raise self.error("ExpiredTokenException", "The security token included in the request is expired")
        return key

    def serve(self, asked):
        if self.moods:
            raise self.moods.pop(0)
        if asked.method != "POST" or asked.path != "/" or asked.headers.get("X-Amz-Target") != ECR_TARGETS[self.service]:
            raise self.error("UnknownOperationException", "x")
        key = self.check(asked)
        if asked.headers.get("Content-Type") != "application/x-amz-json-1.1" or json.loads(asked.body) != {}:
            raise self.error("SerializationException", "x")
        if not key.allowed:
            raise self.error("AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/r/pinnace is not authorized to perform: "
                                                      "ecr:GetAuthorizationToken on resource: *")
        data = self.cloud.new_password(self.region if self.service == "ecr" else "public")
        answer = {"authorizationData": data if self.service == "ecr-public" else [data]}
        raise Refusal(200, answer, Content_Type="application/x-amz-json-1.1", Date=http_time(self.cloud.now()))


class Ecr:
    """A private registry of a region."""

    def __init__(self, cloud, host, region, behind):
        self.cloud, self.host, self.region, self.behind, self.moods = cloud, host, region, behind, []

    def serve(self, asked):
        basic = asked.basic()
        if self.moods:
            raise self.moods.pop(0)
        if not basic:
            raise Refusal(401, b"Not Authorized\n", Content_Type="text/plain; charset=utf-8",
                          Www_Authenticate=f'Basic realm="https://{self.host}/",service="ecr.amazonaws.com"')
        region, expires = self.cloud.passwords.get(basic[1], (None, 0))
        if basic[0] != "AWS" or region != self.region:
            raise Refusal(400, {"errors": [{"code": "DENIED", "message": "Your Authorization Token is invalid."}]}) if not region else Refusal(
                403, {"errors": [{"code": "DENIED", "message": "not authorized"}]})
        if expires <= self.cloud.now():
            raise Refusal(403, {"errors": [{"code": "DENIED", "message": "Your authorization token has expired. Reauthenticate and try again."}]})
        asked.repository()
        return pass_on(self.behind, asked)


class PublicEcr:
    def __init__(self, cloud, behind):
        self.cloud, self.behind, self.tokens, self.anonymous = cloud, behind, {}, True

    def serve(self, asked):
        if asked.path == "/token/":
            return self.token(asked)
        if self.tokens.get(asked.bearer(), 0) <= self.cloud.now():
            raise Refusal(401, {"errors": [{"code": "DENIED", "message": "Not Authorized"}]},
                          Www_Authenticate='Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"')
        asked.repository()
        return pass_on(self.behind, asked)

    def token(self, asked):
        basic, query = asked.basic(), asked.query()
        if asked.method != "GET" or query.get("service") != "public.ecr.aws":
            raise Refusal(400, b"")
        if basic and (basic[0] != "AWS" or self.cloud.passwords.get(basic[1], ("", 0))[0] != "public"):
            raise Refusal(400, {"errors": [{"code": "DENIED", "message": "Your Authorization Token is invalid."}]})
        if not basic and not self.anonymous:
            raise Refusal(429, {"errors": [{"code": "TOOMANYREQUESTS", "message": "Rate exceeded"}]})
        token = secrets.token_hex(20)
        self.tokens[token] = self.cloud.now() + 3600
        return {"token": token, "expires_in": 3600}


class Aws(Cloud):
    def __init__(self, pki, machine_address, agent_address):
        super().__init__(pki)
        self.keys, self.passwords, self.password_life, self.session_life = {}, {}, ECR_LIFE, 3600
        self.sts, self.machine, self.agent = Sts(self), Machine(self), Agent(self)
        self.servers += [Server(self, (machine_address, 80), self.machine.serve), Server(self, (agent_address, 80), self.agent.serve)]

    def add_key(self, key):
        self.keys[key.id] = key
        return key

    def new_session(self, allowed):
        return self.add_key(Key("ASIA", "IQoJb3JpZ2luX2VjE" + secrets.token_hex(100) + "//+==", self.now() + self.session_life, allowed))

    def new_password(self, scope):
        password, expires = base64.b64encode(secrets.token_bytes(600)).decode(), self.now() + self.password_life
        self.passwords[password] = (scope, expires)
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        # As AWS writes it: seconds with a fraction, and with an exponent.
        return {"authorizationToken": token, "expiresAt": float(f"{expires}.123"), "proxyEndpoint": "https://123456789012.dkr.ecr.us-west-2.amazonaws.com"}
