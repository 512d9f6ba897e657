# SPDX-License-Identifier: Apache-2.0
"""What is answered to whom: status codes, sentences, framing, TLS."""
import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess

from harness import (JSON, MOVING, PINNED, Authority, chunked, close, demand, equal, head, read_answer, read_to_end,
                     review, review_of, send, whole)

MIB = 1024 * 1024
LARGEST = 8 * MIB


def exchange(server, data, expect_closed=True):
    """(status, body) of the first answer; after a refusal nothing more may come."""
    sock = server.connect()
    send(sock, data)
    status, headers, body, rest = read_answer(sock)
    if expect_closed:
        # The library's own refusals, of a Content-Length that is no number, come with their head twice.
        demand(b"allowed" not in rest + read_to_end(sock), "an answer comes behind the refusal")
    close(sock)
    return status, body.decode(), headers


def check_refusal(server, what, data, status):
    got, text, _ = exchange(server, data)
    equal(got, status, f"{what}: status ({text.strip()})")
    demand(re.search(r"\w \w", text), f"{what}: no sentence in {text!r}")
    demand('"allowed"' not in text, f"{what}: a verdict")


# ---- sound requests ----

def test_verdicts(tools):
    with tools.server() as server:
        server.check_alive()
        for mode in "enforce", "warn", "audit":
            for level in "tagged", "pinned", "released", "unknown":
                status, text = server.post(review(MOVING), f"/{mode}/{level}?timeout=3s")
                equal(status, 200, f"/{mode}/{level}")
                answer = json.loads(text)["response"]
                equal(answer["allowed"], mode != "enforce", f"/{mode}/{level}")
                equal(answer["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002", "uid")


def test_content_types(tools):
    with tools.server() as server:
        for kind in "application/json", "application/json; charset=utf-8", "Application/JSON ;x=y", " application/json":
            equal(server.post(review(), headers={"Content-Type": kind})[0], 200, kind)
        for kind in "text/plain", "application/jsonp", "application/json-patch+json", "json", ",application/json", "":
            status, text = server.post(review(), headers={"Content-Type": kind})
            equal(status, 415, repr(kind))
            demand("allowed" not in text, repr(kind))
        equal(exchange(server, head(kind="", more="Content-Length: 2\r\n") + b"{}")[0], 415, "no type at all")


def test_paths(tools):
    with tools.server() as server:
        for path in ("/", "/enforce", "/enforce/", "/enforce/off", "/enforce/pinned/", "//enforce/pinned", "/Enforce/pinned",
                     "/enforce%2fpinned", "/enforce/pinned%00", "/%65nforce/pinned", "/warn/pinned/tagged", "/metrics",
                     "/enforce/../enforce/pinned", "/enforce/pinned;x", "http://pinnace/enforce/pinned", "*"):
            status, text, _ = exchange(server, head(path, more="Content-Length: 0\r\n"))
            equal(status, 404, path)
            demand("/MODE/LEVEL" in text, path)
        server.check_alive()


def test_methods(tools):
    with tools.server() as server:
        for method in "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "post", "BREW":
            status, _, headers = exchange(server, head(method=method, more="Content-Length: 0\r\n"))
            equal(status, 405, method)
            equal(headers.get("allow"), "POST", f"Allow of {method}")
        # What follows as the body of a GET is no request of its own.
        inner = whole(review())
        sock = server.connect()
        send(sock, head(method="GET", more=f"Content-Length: {len(inner)}\r\n") + inner)
        equal(read_answer(sock)[0], 405, "GET with a body")
        equal(read_to_end(sock), b"", "what follows a refused GET")


def test_bodies_that_are_no_review(tools):
    request = json.loads(review())
    broken = {
        "nothing": b"",
        "no JSON": b"hello",
        "half": review()[:-1],
        "two": review() * 2,
        "a list": b"[]",
        "null": b"null",
        "not UTF-8": review().replace(b"web", b"w\xffb", 1),
        "a NUL": review().replace(b"web", b"w\0b", 1),
        "deep": b"[" * 100_000,
        "old version": review().replace(b"k8s.io/v1", b"k8s.io/v1beta1"),
        "other kind": review().replace(b"AdmissionReview", b"ConversionReview"),
        "no request": json.dumps({k: v for k, v in request.items() if k != "request"}).encode(),
        "no uid": review(uid=""),
        "other operation": review().replace(b"CREATE", b"create"),
        "no object": review().replace(b'"object"', b'"objekt"'),
        "containers no list": re.sub(rb'"containers": \[.*?\]', b'"containers": 1', review()),
        "a key twice": review().replace(b'"name": "c0"', b'"name": "c0", "name": "c1"'),
    }
    with tools.server() as server:
        with_kept = server.client()
        for what, body in broken.items():
            status, text = server.post(body, client=with_kept)
            equal(status, 400, f"{what}: status ({text.strip()})")
            demand(text.startswith("not an AdmissionReview that can be answered: "), f"{what}: {text}")
        equal(server.allowed(client=with_kept), True, "the same connection afterwards")
        equal(server.metric('pinnace_admission_errors_total{error="bad_review"}'), len(broken), "errors counted")
        server.wait_for("no review")
        demand(len(server.events("no review")) <= 10, "each of them was logged")


# ---- sizes ----

def test_largest_body(tools):
    with tools.server() as server:
        equal(server.post(review_of(LARGEST))[0], 200, "8 MiB")
        server.wait_for_metric("pinnace_body_bytes", 0)
        server.check_alive()


def test_length_too_large(tools):
    with tools.server() as server:
        for length in LARGEST + 1, 2**32, 2**63, 2**64 - 1, 2**64, 10**30:
            for expect in "", "Expect: 100-continue\r\n":
                sock = server.connect()
                send(sock, head(more=f"Content-Length: {length}\r\n{expect}"))
                status, _, body, _ = read_answer(sock)
                equal(status, 413, f"{length} {expect.strip()}")
                demand(b"allowed" not in body, f"{length}")
                close(sock)
        server.wait_for_metric("pinnace_body_bytes", 0)


def test_expect_continue(tools):
    with tools.server() as server:
        sock = server.connect()
        send(sock, head(more=f"Content-Length: {len(review())}\r\nExpect: 100-continue\r\n"))
        equal(read_answer(sock)[0], 100, "the first answer")
        send(sock, review())
        equal(read_answer(sock)[0], 200, "the second one")
        close(sock)


def test_chunks(tools):
    head_of_chunks = head(more="Transfer-Encoding: chunked\r\n")
    text = review()
    with tools.server() as server:
        for size in 1, 7, 100, 10_000:
            pieces = [text[i:i + size] for i in range(0, len(text), size)]
            equal(exchange(server, head_of_chunks + chunked(pieces), False)[0], 200, f"chunks of {size}")
        sock = server.connect()
        send(sock, head_of_chunks)
        piece = b"%x\r\n%s\r\n" % (MIB, b" " * MIB)
        for _ in range(9):
            send(sock, piece)
        send(sock, b"0\r\n\r\n")
        status, _, _, rest = read_answer(sock)
        equal((status, rest), (413, b""), "9 MiB in chunks")
        close(sock)
        for bad in b"x\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b" 5\r\nhello\r\n", b"5\r\nhelloworld\r\n", b"\r\n":
            status, _, _ = exchange(server, head_of_chunks + bad)
            equal(status, 400, f"the chunk {bad}")
        equal(exchange(server, head_of_chunks + b"f" * 17 + b"\r\n")[0], 413, "a chunk of 2**68 bytes")
        server.wait_for_metric("pinnace_body_bytes", 0)
        server.check_alive()


def fill_budget(server, kept):
    """Statuses of eight bodies of more than 4 MiB at once, each of which takes room for 8; 0: cut as too slow."""
    half = b"%x\r\n%s\r\n" % (4 * MIB + 1, b" " * (4 * MIB + 1))
    statuses = []
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(contextlib.closing(server.connect())) for _ in range(8)]
        for sock in socks:
            send(sock, head(more="Transfer-Encoding: chunked\r\n") + half)
        equal(server.allowed(), True, "a small review beside large bodies")
        equal(server.post(review_of(MIB), client=kept)[0], 200, "a large one of a client that is known")
        for sock in socks:
            send(sock, b"0\r\n\r\n")
            statuses.append(read_answer(sock)[0])
    return statuses


def test_bodies_share_a_budget(tools):
    with tools.server() as server:
        kept = server.client()
        equal(server.allowed(client=kept), True, "a first request")
        statuses = fill_budget(server, kept)
        demand(503 in statuses and set(statuses) <= {0, 400, 503}, f"eight times 8 MiB at once: {statuses}")
        demand(server.metric('pinnace_shed_total{cause="body_budget"}') >= 1, "not counted")
        server.wait_for_metric("pinnace_body_bytes", 0)


# ---- framing that two readers could take in two ways ----

def test_framing(tools):
    body = review()
    length = f"Content-Length: {len(body)}\r\n"
    cases = {
        "length and chunks": head(more=length + "Transfer-Encoding: chunked\r\n") + chunked([body]),
        "chunks and length": head(more="Transfer-Encoding: chunked\r\n" + length) + chunked([body]),
        "two lengths": head(more=length + "Content-Length: 1\r\n") + body,
        "the same length twice": head(more=length * 2) + body,
        "a list of lengths": head(more=f"Content-Length: {len(body)}, {len(body)}\r\n") + body,
        "a length with a sign": head(more=f"Content-Length: +{len(body)}\r\n") + body,
        "a negative length": head(more="Content-Length: -1\r\n") + body,
        "a length in hex": head(more="Content-Length: 0x10\r\n") + body,
        "an empty length": head(more="Content-Length:\r\n") + body,
        "gzip": head(more="Transfer-Encoding: gzip\r\n") + body,
        "gzip, chunked": head(more="Transfer-Encoding: gzip, chunked\r\n") + chunked([body]),
        "chunked twice": head(more="Transfer-Encoding: chunked\r\n" * 2) + chunked([body]),
        "identity": head(more="Transfer-Encoding: identity\r\n" + length) + body,
        "xchunked": head(more="Transfer-Encoding: xchunked\r\n") + chunked([body]),
        "chunks in HTTP/1.0": head(version="HTTP/1.0", more="Transfer-Encoding: chunked\r\n") + chunked([body]),
        "no Host": head(host="", more=length) + body,
        "two Hosts": head(host="Host: a\r\nHost: b\r\n", more=length) + body,
        "two types": head(kind="Content-Type: text/plain\r\nContent-Type: application/json\r\n", more=length) + body,
    }
    with tools.server() as server:
        for what, data in cases.items():
            # Whatever is thought to follow must not be answered.
            check_refusal(server, what, data + whole(review()), 400)
        equal(exchange(server, head(version="HTTP/1.0", host="", more=length) + body)[0], 200, "HTTP/1.0 without Host")
        demand(server.metric('pinnace_shed_total{cause="bad_framing"}') >= 10, "not counted")


def test_lines_that_are_none(tools):
    with tools.server() as server:
        for data in (b"\r\n" * 4, b"GARBAGE\r\n\r\n", b"POST\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"POST /enforce/pinned HTTP/9.9\r\n\r\n",
                     b"POST /enforce/pinned HTTP/1.1\r\n: x\r\n\r\n", b"POST /enforce/pinned HTTP/1.1\r\nHost : x\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            sock = server.connect()
            send(sock, data)
            sock.settimeout(0.2)
            try:
                got = sock.recv(65536)
            except (TimeoutError, OSError):
                got = b""
            demand(b"allowed" not in got and b" 200 " not in got, f"{data!r}: {got!r}")
            close(sock)
        server.check_alive()


def test_pipelining(tools):
    with tools.server() as server:
        sock = server.connect()
        count = 40
        send(sock, b"".join(whole(review(MOVING if i % 2 else PINNED, uid=f"uid-{i}")) for i in range(count)))
        rest = b""
        for i in range(count):
            status, _, body, rest = read_answer(sock, rest)
            answer = json.loads(body)["response"]
            equal((status, answer["uid"], answer["allowed"]), (200, f"uid-{i}", i % 2 == 0), f"answer {i}")
        close(sock)


def test_huge_heads(tools):
    with tools.server() as server:
        for more in ("X: " + "y" * 100_000 + "\r\n", "X: y\r\n" * 20_000, "X" * 100_000 + ": y\r\n"):
            status, text, _ = exchange(server, head(more=more + "Content-Length: 0\r\n"))
            demand(status in (0, 413, 431), f"a head of {len(more)} bytes: {status} {text}")
        status, text, _ = exchange(server, head("/" + "a" * 100_000, more="Content-Length: 0\r\n"))
        demand(status in (0, 414, 431), f"a path of 100,000 bytes: {status} {text}")
        server.check_alive()


# ---- TLS ----

def handshake(server, context):
    """(version, cipher) or the reason it failed."""
    try:
        with server.connect(context=context) as sock:
            send(sock, whole(review()))
            equal(read_answer(sock)[0], 200, "the answer")
            return sock.version(), sock.cipher()[0]
    except (ssl.SSLError, ConnectionError) as problem:
        return str(problem)


def test_tls_versions_and_ciphers(tools):
    rsa = tools.authority.issue("rsa-server", rsa=True)
    for pair in tools.pair, rsa:
        with tools.server(pair=pair) as server:
            for version, name in (ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3"):
                context = tools.authority.context()
                context.minimum_version = context.maximum_version = version
                equal(handshake(server, context)[0], name, "version")
            for version, ciphers in ((ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"), (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256"),
                                     (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA256"),
                                     (ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES128-GCM-SHA256")):
                context = tools.authority.context()
                context.set_ciphers(ciphers)
                context.minimum_version = context.maximum_version = version
                got = handshake(server, context)
                demand(isinstance(got, str), f"{version.name} with {ciphers}: {got}")
            for cipher in "ECDHE+AES256+AESGCM", "ECDHE+CHACHA20", "ECDHE+AES128+AESGCM":
                context = tools.authority.context()
                context.set_ciphers(cipher)
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                equal(handshake(server, context)[0], "TLSv1.2", cipher)


def test_extended_master_secret(tools):
    """What API servers and nodes under FIPS 140-3 want with TLS 1.2."""
    with tools.server() as server:
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"], input="", text=True,
                              capture_output=True, check=False)
        demand("Extended master secret: yes" in done.stdout, done.stdout[-1500:])


def test_client_certificates(tools):
    other = Authority(tools.folder, "other-ca")
    good = tools.authority.issue("client", "clientAuth")
    with tools.server("--client-ca", tools.authority.cert) as server:
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            for what, pair, welcome in (("none", None, False), ("another CA's", other.issue("other-client", "clientAuth"), False),
                                        ("a server's", tools.pair, False), ("a good one", good, True)):
                context = tools.authority.context(pair)
                context.minimum_version = context.maximum_version = version
                got = handshake_raw(server, context)
                equal(got, 200 if welcome else 0, f"client certificate: {what}, {version.name}")
        server.context = tools.authority.context(good)


def handshake_raw(server, context):
    """The status of an answer, 0 when there was none; TLS 1.3 tells of a refusal only afterwards."""
    try:
        sock = server.connect(context=context)
    except (ssl.SSLError, ConnectionError):
        return 0
    send(sock, whole(review()))
    status = read_answer(sock)[0]
    close(sock)
    return status


def test_plain_http_on_the_tls_port(tools):
    with tools.server() as server:
        sock = server.connect_plain()
        send(sock, whole(review()))
        demand(b"HTTP" not in read_to_end(sock), "an answer without TLS")
        server.check_alive()


def test_both_families(tools):
    with tools.server(host="") as server:
        server.check_alive()
        if socket.has_ipv6 and hosts_have_ipv6():
            client = http.client.HTTPSConnection("::1", server.port, timeout=10, context=server.context)
            client.request("POST", "/enforce/pinned", review(), JSON)
            equal(client.getresponse().status, 200, "over IPv6")
            client.close()
    with tools.server(host="127.0.0.1") as server:
        server.check_alive()


def hosts_have_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


# ---- the plain listener ----

def test_health(tools):
    with tools.server() as server:
        equal(server.get("/healthz"), (200, "ok\n"), "/healthz")
        equal(server.get("/readyz"), (200, "ready\n"), "/readyz")
        equal(server.get("/readyz", "HEAD"), (200, ""), "HEAD")
        equal(server.get("/enforce/pinned")[0], 404, "reviews are not answered here")
        equal(server.get("/healthz", "POST")[0], 405, "POST")
        equal(server.get("/healthz", "DELETE")[0], 405, "DELETE")


def test_metrics(tools):
    line = re.compile(r"(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*\})? -?[0-9.]+)")
    with tools.server() as server:
        server.check_alive()
        server.post(review(containers=3, image="nginx"), "/audit/tagged")
        text = server.get("/metrics")[1]
        for number, each in enumerate(text.splitlines(), 1):
            demand(line.fullmatch(each), f"line {number} of the metrics: {each}")
        for sample, value in {
            'pinnace_admission_requests_total{mode="enforce",level="pinned",verdict="allowed"}': 1,
            'pinnace_admission_requests_total{mode="enforce",level="pinned",verdict="refused"}': 1,
            'pinnace_admission_requests_total{mode="audit",level="tagged",verdict="violation"}': 1,
            'pinnace_admission_reasons_total{reason="NoDigest"}': 1,
            'pinnace_admission_reasons_total{reason="NoTag"}': 3,
            "pinnace_admission_duration_seconds_count": 3,
            "pinnace_connections_accepted_total": 3,
            'pinnace_snapshot_reloads_total{result="good"}': 1,
        }.items():
            equal(server.metric(sample), value, sample)
        expiry = server.metric("pinnace_certificate_expiry_seconds")
        demand(0 < expiry <= 2 * 86400, f"expiry in {expiry} s")
        demand(server.metric("pinnace_snapshot_age_seconds") >= 0, "age of the snapshot")


def test_every_complaint_is_counted(tools):
    """Whatever is wrong, beyond single images too; what is let in without a complaint is no violation."""
    pod, strange = review(), json.loads(review())
    strange["request"].update(kind={"group": "example.org", "version": "v1", "kind": "Widget"}, object={})
    widget = json.dumps(strange).encode()
    with tools.server() as server:
        for mode, verdict in ("enforce", "refused"), ("warn", "violation"), ("audit", "violation"):
            for level, body in ("unknown", pod), ("released", pod), ("pinned", widget), ("tagged", review(image="nginx")):
                equal(server.post(body, f"/{mode}/{level}")[0], 200, f"/{mode}/{level}")
                sample = f'pinnace_admission_requests_total{{mode="{mode}",level="{level}",verdict="%s"}}'
                equal(server.metric(sample % verdict), 1, sample % verdict)
                equal(server.metric(sample % "allowed"), 0, sample % "allowed")
            server.post(pod, f"/{mode}/pinned")
            sample = f'pinnace_admission_requests_total{{mode="{mode}",level="pinned",verdict="allowed"}}'
            equal(server.metric(sample), 1, sample)


def test_log_lines(tools):
    with tools.server() as server:
        server.check_alive()
        line = server.wait_for("refused")
        for key, value in {"level": "pinned", "mode": "enforce", "kind": "Pod", "namespace": "production", "name": "web",
                           "reasons": "NoDigest", "image": MOVING, "images": 1, "against": 1}.items():
            equal(line.get(key), value, f"{key} of the line")
        equal(server.events("allowed"), [], "lines about what is let in")
    with tools.server("--log-allowed") as server:
        server.check_alive()
        equal(server.wait_for("allowed")["name"], "web", "the line about what is let in")
        hostile_name = review("a" * 100_000 + "\n\u2028\x7f")
        equal(server.post(hostile_name)[0], 200, "a name nobody can mean")
        demand(len(json.dumps(server.wait_for("refused", 2))) < 4096, "a long line")
