# SPDX-License-Identifier: Apache-2.0
"""trust: who is sent which token and which credentials, and who is sent none; and whose word about bytes is believed."""
import base64
import hashlib
import json
import threading
import urllib.parse

from registrytest import contains, equal, test
from servers import MANIFEST, digest_of, manifest


def queries(requests):
    """What token requests have in their URLs, without an order."""
    return sorted((q["service"][0], q["scope"][0]) for q in (urllib.parse.parse_qs(r["path"].partition("?")[2]) for r in requests))


@test
def a_token_is_for_one_scope(world):
    names = [world.script(f"private/{which}", world.double.wants_token) for which in ("one", "two")]
    before = len(world.double.token_requests())
    world.resolve(*(f"{name}:v1" for name in names), env=world.login([world.double.host]), code=0)
    equal(queries(world.double.token_requests()[before:]), [("real", f"repository:private/{which}:pull") for which in ("one", "two")], "token requests")


@test
def a_token_is_for_one_service(world):
    """The same repository, and so the same scope, but the service is another one for each tag."""
    both = threading.Barrier(2)

    def script(handler):
        header = handler.headers.get("Authorization", "")
        if header:
            middle = header.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
            if claims["aud"] == f"service-{handler.reference}":
                return False
        else:
            both.wait(60)  # or else the second would have learnt from the first
        handler.error(401, "UNAUTHORIZED", "no", WWW_Authenticate=f'Bearer realm="{world.double.realm}",service="service-{handler.reference}",'
                                                                 f'scope="repository:{handler.repository}:pull"')
        return True
    name = world.script("public/services", script, ("v1", "v2"))
    before = len(world.double.token_requests())
    out, _ = world.resolve(f"{name}:v1", f"{name}:v2", code=0)
    equal(out.count("@sha256:"), 2, "resolved")
    equal(queries(world.double.token_requests()[before:]), [(f"service-{tag}", "repository:public/services:pull") for tag in ("v1", "v2")], "token requests")


@test
def a_redirect_takes_no_token_along(world):
    """Neither one that was asked for, nor one that somebody keeps in his configuration."""
    world.other.image("private/afar", "v1", manifest("afar"))

    def wants_given(handler):
        if handler.headers.get("Authorization") == "Bearer given-token":
            return False
        handler.error(401, "UNAUTHORIZED", "no", WWW_Authenticate='Basic realm="real"')
        return True
    for wants, login in ((world.double.wants_token, {}), (wants_given, {"registrytoken": "given-token"})):
        def script(handler, wants=wants):
            if not wants(handler):
                handler.answer(307, Location=f"https://{world.other.host}{handler.path}")
            return True
        name, before = world.script("private/afar", script), len(world.other.log)
        out, _ = world.resolve(f"{name}:v1", env=world.login([world.double.host], **login), code=0)
        contains(out, digest_of(manifest("afar")))
        assert "Authorization" in world.double.requests("private/afar")[-1]["headers"], "the registry itself got none"
        equal([r["headers"].get("Authorization") for r in world.other.log[before:]], [None], "what the other host was sent")


@test
def a_token_that_is_given_is_sent_as_it_is(world):
    name = world.script("private/given", lambda h: h.headers.get("Authorization") != "Bearer given-token" and (h.answer(401), True)[1])
    before = len(world.double.token_requests())
    world.resolve(f"{name}:v1", env=world.login([world.double.host], registrytoken="given-token"), code=0)
    equal([r["headers"].get("Authorization") for r in world.double.requests("private/given")], ["Bearer given-token"], "what was sent")
    _, err = world.resolve(f"{name}:v1", env=world.login([world.double.host], registrytoken="other-token"), code=2)
    assert "given-token" not in err and "other-token" not in err, "a token was told"
    equal(len(world.double.token_requests()), before, "token requests")


@test
def a_token_server_that_points_elsewhere_is_not_followed(world):
    world.double.paths["/token-moved"] = lambda h: h.answer(307, Location=f"https://{world.other.host}/token?{h.url.query}")
    name = world.script("private/pointed", lambda h: (h.error(401, "X", "no", WWW_Authenticate=f'Bearer realm="{world.double.realm}-moved",service="real"'), True)[1])
    before = len(world.other.log)
    _, err = world.resolve("--timeout", "0", f"{name}:v1", env=world.login([world.double.host]), code=2)
    contains(err, f"the token server {world.double.host}: ")
    equal(len(world.other.log), before, "requests of the other host")


@test
def digests_of_sha512(world):
    data = manifest("long")
    right, wrong = "sha512:" + hashlib.sha512(data).hexdigest(), "sha512:" + "5" * 128

    def claims(digest):
        return lambda h: (h.answer(200, data, Content_Type=MANIFEST if h.command == "GET" else "text/plain", Docker_Content_Digest=digest), True)[1]
    name = world.script("long/digest", claims(right))
    for reference in (f"{name}:v1", f"{name}@{right}"):
        contains(world.resolve(reference, code=0)[0], f"@{right}\n")
    contains(world.resolve(f"{name}@{wrong}", code=2)[1], f"the bytes that came have the digest {right}, not {wrong}")
    name = world.script("long/digest", claims(wrong))
    contains(world.resolve(f"{name}:v1", code=2)[1], f"the bytes that came have the digest {right}, not {wrong}")


@test
def what_is_found_and_what_is_not_as_json(world):
    name = f"{world.double.host}/public/web"
    out, _ = world.resolve("-o", "json", f"{name}:v1.0.0", f"{name}:none", code=1)
    found, missing = map(json.loads, out.splitlines())
    equal(found, {"input": f"{name}:v1.0.0", "reference": f"{name}:v1.0.0@{world.digest}", "digest": world.digest,
                  "mediaType": "application/vnd.oci.image.index.v1+json", "error": ""}, "what is there")
    contains(missing.pop("error"), f"{name}:none: the registry has no such image")
    equal(missing, {"input": f"{name}:none", "reference": "", "digest": "", "mediaType": ""}, "what is not")


@test
def one_tag_of_a_list_is_picked(world):
    name = f"{world.double.host}/public/web"
    out, _ = world("select", "--tag", "v1.0.0", "--image", name, code=0)
    equal(out.splitlines()[0], "v1.0.0", "the pick")
    contains(out, '"latest" is not the tag that is followed')
    equal(world("select", "--tag", "none", "--image", name, code=1)[0].splitlines()[0], "", "the pick of one that is not there")
