# SPDX-License-Identifier: Apache-2.0
"""ECR, and who lets us into it."""
import json
import subprocess
import time

import place
from aws import AGENT_AUDIENCE, STS_AUDIENCE, Aws, Ecr, EcrApi, Key, PublicEcr
from azure import Issuer
from serving import FORM, Refusal
from world import Behind, Program, contains, equal, patience_of

ACCOUNT, AGENT_ADDRESS = "123456789012", "169.254.170.23"
HOST, OTHER_REGION = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com", f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com"
CHINA, FIPS = f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com"
DUAL, FOREIGN = f"{ACCOUNT}.dkr-ecr.us-west-2.on.aws", f"{HOST}.example.com"
APIS = {HOST: "api.ecr.us-west-2.amazonaws.com", OTHER_REGION: "api.ecr.eu-north-1.amazonaws.com", CHINA: "api.ecr.cn-north-1.amazonaws.com.cn",
        FIPS: "ecr-fips.us-east-1.amazonaws.com", DUAL: "ecr.us-west-2.api.aws"}
REGIONS = {HOST: "us-west-2", OTHER_REGION: "eu-north-1", CHINA: "cn-north-1", FIPS: "us-east-1", DUAL: "us-west-2"}
STS = {"us-west-2": "sts.us-west-2.amazonaws.com", "eu-north-1": "sts.eu-north-1.amazonaws.com", "cn-north-1": "sts.cn-north-1.amazonaws.com.cn"}
PUBLIC, PUBLIC_API = "public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com"
NAMES = [*APIS, *APIS.values(), *STS.values(), PUBLIC, PUBLIC_API, FOREIGN]
ROLE, SUBJECT = f"arn:aws:iam::{ACCOUNT}:role/pinnace", "system:serviceaccount:pinnace-system:pinnace-controller"
MACHINE = ("--machine-identity", "aws")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class World:
    def __init__(self, binary, folder, pki):
        subprocess.run(["ip", "address", "replace", f"{AGENT_ADDRESS}/32", "dev", "lo"], check=True)
        self.behind, self.program, self.folder = Behind(folder, pki), Program(binary, folder, pki), folder
        self.aws, self.issuer = Aws(pki, place.METADATA, AGENT_ADDRESS), Issuer(folder)
        self.role_token, self.agent_token = folder / "aws-token", folder / "eks-pod-identity-token"

    def fresh(self):
        """As on the first day: one role, which the account may take, and which may pull."""
        aws = self.aws
        aws.skew, aws.keys, aws.passwords, aws.password_life, aws.session_life = 0, {}, {}, 12 * 3600, 3600
        aws.sts.roles, aws.sts.moods = {ROLE: (self.issuer, SUBJECT, True)}, []
        aws.machine.role, aws.machine.allowed, aws.machine.moods, aws.machine.sessions = "node-role", True, [], {}
        aws.agent.issuer, aws.agent.associations, aws.agent.moods = self.issuer, {SUBJECT: True}, []
        aws.hosts = {host: Ecr(aws, host, REGIONS[host], self.behind.host) for host in APIS}
        aws.hosts |= {api: EcrApi(aws, REGIONS[host], "ecr") for host, api in APIS.items()}
        aws.hosts |= {name: aws.sts for name in STS.values()}
        aws.hosts |= {PUBLIC: PublicEcr(aws, self.behind.host), PUBLIC_API: EcrApi(aws, "us-east-1", "ecr-public"),
                      FOREIGN: Ecr(aws, FOREIGN, "us-west-2", self.behind.host)}
        self.api = aws.hosts[APIS[HOST]]
        self.key = aws.add_key(Key("AKIA"))
        self.role_token.write_text(self.issuer.token(SUBJECT, audience=STS_AUDIENCE) + "\n")
        self.agent_token.write_text(self.issuer.token(SUBJECT, audience=AGENT_AUDIENCE) + "\n")
        aws.forget()

    def stop(self):
        self.aws.stop()
        self.behind.stop()

    def irsa(self, **more):
        """What EKS puts into a pod whose account has a role by annotation."""
        env = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.role_token), "AWS_STS_REGIONAL_ENDPOINTS": "regional", **more}
        return {name: value for name, value in env.items() if value is not None}

    def pod_identity(self, **more):
        """What EKS puts into a pod whose account has a role by association."""
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{AGENT_ADDRESS}/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.agent_token), **more}

    def static(self, **more):
        return {"AWS_ACCESS_KEY_ID": self.key.id, "AWS_SECRET_ACCESS_KEY": self.key.secret, **more}

    def resolve(self, *options, image=f"{HOST}/shop/web:v1.0.0", code=0, env=None):
        out, err = self.program("resolve", "--timeout", patience_of(code), *options, image, code=code, env=self.irsa() if env is None else env)
        with self.aws.lock:
            told = [text for key in self.aws.keys.values() for text in (key.secret, key.token) if text] + list(self.aws.passwords)
        assert not any(text in out + err for text in told), "a secret was told"
        if code == 0:
            contains(out, self.behind.digest)
        return err

    def places(self):
        return [(a.method, a.host, a.path) for a in self.aws.asked()]


# --- IRSA ------------------------------------------------------------------------------------------------------------


@test
def a_role_line_by_line(world):
    world.resolve()
    equal(world.places(), [("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0")][:0] + [
        ("POST", STS["us-west-2"], "/"), ("POST", APIS[HOST], "/"),
        ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0"), ("HEAD", HOST, "/v2/shop/web/manifests/v1.0.0")], "what was asked")
    sts, ecr, first, second = world.aws.asked()
    equal(sts.form(), {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "pinnace",
                       "WebIdentityToken": world.role_token.read_text().strip()}, "the form for STS")
    equal((sts.headers.get("Authorization"), sts.headers["Content-Type"]), (None, FORM), "it is not signed")
    equal((ecr.body, ecr.headers["X-Amz-Target"]), ("{}", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"), "the question to ECR")
    contains(ecr.headers["Authorization"], "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,", "/us-west-2/ecr/aws4_request")
    assert not first.headers.get("Authorization"), "the first question needs no credentials"
    equal(second.basic()[0], "AWS", "the name")
    assert second.basic()[1] in world.aws.passwords


@test
def the_region_where_we_are_is_asked_for_the_role(world):
    world.resolve(env=world.irsa(AWS_REGION="eu-north-1", AWS_ROLE_SESSION_NAME="a.name@of=its,own"))
    equal(world.places()[:2], [("POST", STS["eu-north-1"], "/"), ("POST", APIS[HOST], "/")], "what was asked")
    equal(world.aws.asked()[0].form()["RoleSessionName"], "a.name@of=its,own", "the session")


@test
def many_images_cost_one_password_for_each_registry(world):
    images = [f"{host}/shop/web:{tag}" for host in (HOST, OTHER_REGION) for tag in ("v1.0.0", "v1.2.0", "latest", "amd64")]
    world.program("resolve", *images, code=0, env=world.irsa(AWS_REGION="us-west-2"))
    for host in (HOST, OTHER_REGION):
        equal(len(world.aws.asked(APIS[host])), 1, f"passwords for {host}")


@test
def tags_are_listed(world):
    out, _ = world.program("select", "--semver", ">=1.0", "--image", f"{HOST}/shop/web", code=0, env=world.irsa())
    contains(out, "v1.2.0")


@test
def what_sts_refuses_is_told_with_what_to_do(world):
    now, token = time.time(), lambda subject=SUBJECT, audience=STS_AUDIENCE, **more: world.issuer.token(subject, audience=audience, **more)
    rows = (
        (token(now=now - 7200), {}, "400 ExpiredTokenException: Token expired", "the token in AWS_WEB_IDENTITY_TOKEN_FILE has ended"),
        (token("system:serviceaccount:other:web"), {}, "403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", "trust policy"),
        (token(), {"AWS_ROLE_ARN": ROLE + "2"}, "AccessDenied", "system:serviceaccount:NAMESPACE:NAME"),
        (token(audience="https://kubernetes.default.svc"), {}, "InvalidIdentityToken: Incorrect token audience", "with the audience sts.amazonaws.com"),
        (token(iss="https://elsewhere.example.com/"), {}, "No OpenIDConnect provider found", "eksctl utils associate-iam-oidc-provider"),
        (token()[:-8] + "AAAAAAAA", {}, "InvalidIdentityToken: Couldn't retrieve", "OIDC provider in IAM"),
        ("rubbish", {}, "InvalidIdentityToken", "OIDC provider in IAM"),
        (token(), {"AWS_ROLE_ARN": "pinnace"}, "ValidationError", "AWS_ROLE_ARN is no role's ARN"),
    )
    for text, more, *parts in rows:
        world.role_token.write_text(text)
        contains(world.resolve(code=2, env=world.irsa(**more)), f"{HOST}/shop/web:v1.0.0: AWS: STS says no", *parts)


@test
def a_token_file_is_read_anew_and_told_when_missing(world):
    contains(world.resolve(code=2, env=world.irsa(AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere/token")), "AWS_WEB_IDENTITY_TOKEN_FILE: /nowhere/token:")
    equal(world.aws.asked(STS["us-west-2"]), [], "questions to STS")


@test
def sts_is_down_and_comes_back(world):
    world.aws.sts.moods = [Refusal(503, b"<html>busy</html>"), world.aws.sts.error(400, "IDPCommunicationError", "x"),
                           world.aws.sts.error(400, "Throttling", "Rate exceeded"), Refusal(0)]
    world.resolve()
    equal(len(world.aws.asked(STS["us-west-2"])), 5, "how often it was asked")


@test
def what_is_no_answer_of_sts_is_told(world):
    for body in (b"<html></html>", b"{}", b"<a><AccessKeyId>x</AccessKeyId><AccessKeyId>y</AccessKeyId></a>", b"<!DOCTYPE x><a/>", b"<a>" * 40):
        world.aws.sts.moods = [Refusal(200, body)]
        contains(world.resolve(code=2), "the answer of STS: ")


# --- Pod Identity ----------------------------------------------------------------------------------------------------


@test
def pod_identity_line_by_line(world):
    world.resolve(env=world.pod_identity())
    equal(world.places()[:2], [("GET", AGENT_ADDRESS, "/v1/credentials"), ("POST", APIS[HOST], "/")], "what was asked")
    equal(world.aws.asked()[0].headers["Authorization"], world.agent_token.read_text().strip(), "the token")


@test
def what_the_agent_refuses_is_told(world):
    world.aws.agent.associations = {}
    contains(world.resolve(code=2, env=world.pod_identity()), "the agent of EKS says no (404 ResourceNotFoundException", "pods.eks.amazonaws.com")
    world.agent_token.write_text(world.issuer.token(SUBJECT, audience="other"))
    contains(world.resolve(code=2, env=world.pod_identity()), "(400 ExpiredTokenException")


@test
def an_agent_elsewhere_gets_no_token(world):
    for place_of in ("http://agent.example.com/v1/credentials", f"http://{place.METADATA}/v1/credentials", f"http://127.0.0.1:x@{HOST}/"):
        contains(world.resolve(code=2, env=world.pod_identity(AWS_CONTAINER_CREDENTIALS_FULL_URI=place_of)), "so it gets no token")
    assert not [a for a in world.aws.asked() if a.headers.get("Authorization")]


# --- The machine -----------------------------------------------------------------------------------------------------


def machine_questions(world):
    return [a for a in world.aws.asked() if a.host == place.METADATA]


@test
def the_machine_line_by_line(world):
    world.resolve(*MACHINE, env={})
    put, roles, key = machine_questions(world)
    folder = "/latest/meta-data/iam/security-credentials/"
    equal([(a.method, a.path) for a in (put, roles, key)], [("PUT", "/latest/api/token"), ("GET", folder), ("GET", folder + "node-role")], "what was asked")
    equal(put.headers["X-aws-ec2-metadata-token-ttl-seconds"], "300", "for how long")
    equal({a.headers["X-aws-ec2-metadata-token"] for a in (roles, key)}, set(world.aws.machine.sessions), "the session")
    world.aws.forget()
    world.resolve(code=2, env={})
    world.resolve(*MACHINE, code=2, env={"AWS_EC2_METADATA_DISABLED": "true"})
    equal(machine_questions(world), [], "it is not asked unless that was said")


@test
def what_the_machine_refuses_is_told(world):
    machine = world.aws.machine
    machine.role = None
    contains(world.resolve(*MACHINE, code=2, env={}), "the machine has no role: give its instance profile one")
    machine.role = "node-role"
    machine.moods = [Refusal(403, b"")]
    contains(world.resolve(*MACHINE, code=2, env={}), "it may be switched off for this machine")
    machine.moods = [Refusal(200, b"session-of-nobody")]
    contains(world.resolve(*MACHINE, code=2, env={}), "the metadata service says no (401)")
    machine.allowed = False
    contains(world.resolve(*MACHINE, code=2, env={}), "AccessDeniedException", "ecr:GetAuthorizationToken")


@test
def too_many_hops_to_the_machine_are_told(world):
    """The answer to PUT does not reach a pod when the hop limit is 1."""
    world.aws.machine.moods = [Refusal(0)]
    contains(world.resolve(*MACHINE, code=2, env={}), f"{place.METADATA}: ", "the hop limit of the machine's metadata service has to be 2")


@test
def no_proxy_ever_hears_of_machine_and_agent(world):
    proxied = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1",
               "NO_PROXY": f"{HOST},{APIS[HOST]}"}
    world.resolve(*MACHINE, env=proxied)
    world.resolve(env=world.pod_identity(**proxied))


# --- Keys and ECR ----------------------------------------------------------------------------------------------------


@test
def a_key_goes_before_all_else(world):
    world.resolve(*MACHINE, env={**world.irsa(), **world.pod_identity(), **world.static()})
    equal(world.places()[0], ("POST", APIS[HOST], "/"), "what was asked first")
    assert "x-amz-security-token" not in world.aws.asked()[0].headers["Authorization"]
    session = world.aws.new_session(True)
    world.resolve(env={"AWS_ACCESS_KEY_ID": session.id, "AWS_SECRET_ACCESS_KEY": session.secret, "AWS_SESSION_TOKEN": session.token})


@test
def what_ecr_refuses_is_told_with_what_to_do(world):
    session = world.aws.new_session(True)
    ended = {"AWS_ACCESS_KEY_ID": session.id, "AWS_SECRET_ACCESS_KEY": session.secret, "AWS_SESSION_TOKEN": session.token}
    session.expires = world.aws.now() - 1
    rows = ((world.static(AWS_SECRET_ACCESS_KEY="wrong"), "InvalidSignatureException", "is not that of AWS_ACCESS_KEY_ID"),
            (world.static(AWS_ACCESS_KEY_ID="AKIAGONE"), "UnrecognizedClientException", "they were deleted"),
            (world.static(AWS_SESSION_TOKEN="x"), "UnrecognizedClientException", "AWS does not know these keys"),
            (ended, "ExpiredTokenException", "AWS_SESSION_TOKEN has to be a new one"))
    for env, *parts in rows:
        contains(world.resolve(code=2, env=env), "AWS: ECR says no (400 ", *parts)
    world.key.allowed = False
    contains(world.resolve(code=2, env=world.static()), "AccessDeniedException", "the role needs ecr:GetAuthorizationToken")
    contains(world.resolve(code=2, env={"AWS_ACCESS_KEY_ID": "x"}), "AWS_ACCESS_KEY_ID is there, but AWS_SECRET_ACCESS_KEY is not")


@test
def clocks_that_are_off_do_not_matter(world):
    for skew, questions in ((-290, 1), (290, 1), (-3600, 2), (3600, 2)):
        world.aws.skew = skew
        world.aws.forget()
        world.resolve(env=world.static())
        equal(len(world.aws.asked(APIS[HOST])), questions, f"questions to ECR with {skew} s")


@test
def ecr_is_down_and_comes_back(world):
    world.api.moods = [Refusal(500, {"__type": "ServerException"}), world.api.error("ThrottlingException", "Rate exceeded"), Refusal(0)]
    world.resolve()
    contains(world.resolve(env=world.static(), code=0), "")
    world.api.moods = [Refusal(200, body, Content_Type="application/x-amz-json-1.1") for body in (b"{}", b"<html>", b'{"authorizationData":[]}')]
    for _ in range(3):
        contains(world.resolve(code=2), "the answer of ECR: ")


@test
def a_password_that_has_ended_is_replaced_once(world):
    """ECR says 403 then, and not 401."""
    expired = Refusal(403, {"errors": [{"code": "DENIED", "message": "Your authorization token has expired. Reauthenticate and try again."}]})
    registry = world.aws.hosts[HOST]
    challenge = Refusal(401, b"Not Authorized\n", Www_Authenticate=f'Basic realm="https://{HOST}/",service="ecr.amazonaws.com"')
    registry.moods = [challenge, expired]
    world.resolve()
    equal(len(world.aws.asked(APIS[HOST])), 2, "passwords")
    world.aws.forget()
    registry.moods = [challenge] + [expired] * 9
    contains(world.resolve(code=2), "403")
    equal(len(world.aws.asked(APIS[HOST])), 2, "passwords, when it never helps")


@test
def every_part_of_the_world_has_places_of_its_own(world):
    for host, api in APIS.items():
        world.aws.forget()
        region = REGIONS[host]
        world.resolve(image=f"{host}/shop/web:v1.0.0", env=world.irsa() if region in STS else world.static())
        wanted = [("POST", STS[region], "/")] if region in STS else []
        equal(world.places()[:len(wanted) + 1], [*wanted, ("POST", api, "/")], f"what was asked for {host}")


@test
def keys_of_aws_are_for_registries_of_aws_only(world):
    world.resolve(image=f"{FOREIGN}/shop/web:v1.0.0", code=2)
    equal(world.places(), [("HEAD", FOREIGN, "/v2/shop/web/manifests/v1.0.0")], "what was asked")
    assert not world.aws.asked()[0].headers.get("Authorization")


@test
def what_sends_elsewhere_gets_nothing(world):
    """An answer of the registry that leads to another host: no password goes there."""
    world.aws.hosts[HOST].moods = [Refusal(307, b"", Location=f"https://{FOREIGN}/v2/shop/web/manifests/v1.0.0")] * 2
    world.resolve(code=2)
    assert all(not a.headers.get("Authorization") for a in world.aws.asked(FOREIGN)), "what the other one got"


# --- Public ECR ------------------------------------------------------------------------------------------------------


@test
def what_is_public_needs_nobody(world):
    world.resolve(image=f"{PUBLIC}/shop/web:v1.0.0", env={})
    equal(world.places(), [("HEAD", PUBLIC, "/v2/shop/web/manifests/v1.0.0"), ("GET", PUBLIC, "/token/"),
                           ("HEAD", PUBLIC, "/v2/shop/web/manifests/v1.0.0")], "what was asked")


@test
def what_is_public_is_more_patient_with_somebody(world):
    world.aws.hosts[PUBLIC].anonymous = False
    contains(world.resolve(image=f"{PUBLIC}/shop/web:v1.0.0", env={}, code=2), "Rate exceeded")
    world.resolve(image=f"{PUBLIC}/shop/web:v1.0.0", env=world.static())
    equal(world.aws.asked(PUBLIC_API)[0].headers["X-Amz-Target"], "SpencerFrontendService.GetAuthorizationToken", "the question")
    world.aws.hosts[PUBLIC].anonymous, world.key.allowed = True, False
    world.resolve(image=f"{PUBLIC}/shop/web:v1.0.0", env=world.static())


@test
def passwords_by_docker(world):
    """What aws ecr get-login-password leaves."""
    data = world.aws.new_password("us-west-2")
    folder = world.folder / f"docker{time.time_ns()}"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": data["authorizationToken"]}}}))
    world.resolve(env={"DOCKER_CONFIG": str(folder)})
    equal(world.aws.asked(APIS[HOST]), [], "passwords that nobody needed")
