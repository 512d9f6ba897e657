# SPDX-License-Identifier: Apache-2.0
"""Level `released` in a cluster: by the Tracks that are followed, and by a fresh look before anything is refused."""
import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import double
from follow import await_ready, following
from harness import DIGEST, PATIENCE, PINNED, close, demand, equal, head, read_answer, review, send

REPOSITORY = "contoso.azurecr.io/shop/web"
OTHER = "sha256:" + "b" * 64
SPEC = {"image": REPOSITORY, "follow": {"tag": "main"}, "targets": [{"kind": "Deployment", "name": "web"}]}
PATH = "/enforce/released"
TRACKS = "/apis/pinnace.dev/v1alpha1/namespaces/production/tracks"
DOUBT = "could not be asked"


def ledger(*digests, state="Healthy"):
    return {"current": {"digest": digests[0]}, "ledger": [{"tag": "main", "digest": digest, "state": state} for digest in digests],
            "proofs": [{"digest": OTHER, "seconds": 5}]}


def response(server, body=None, path=PATH, client=None):
    status, text = server.post(body or review(), path, client=client)
    equal(status, 200, f"status ({text.strip()})")
    return json.loads(text)["response"]


def message(answer):
    return answer.get("status", {}).get("message", "")


def await_tracks(server, count):
    end = time.monotonic() + PATIENCE
    while not any(line["tracks"] == count for line in server.events("policy loaded")):
        demand(time.monotonic() < end, f"no {count} Tracks came in force: {server.events('policy loaded')}")
        time.sleep(0.02)


class Namespaced:
    """Answers for lists of the namespace; of one, hook(handler, plural) may take over."""

    def __init__(self, hook=None, **items):
        self.hook, self.items, self.asked, self.cluster = hook, items, [], None

    def __call__(self, handler, path, asked):
        plural = path.rsplit("/", 1)[1]
        if path != TRACKS and not path.startswith("/apis/apps/v1/namespaces/production/"):
            return False
        demand("resourceVersion" not in asked, "an old list would do for it")
        self.asked.append(plural)
        if self.hook and self.hook(handler, plural):
            return True
        if plural == "tracks":
            handler.say(200, self.cluster.page("tracks"))
        else:
            kind = {"replicasets": "ReplicaSet", "statefulsets": "StatefulSet", "controllerrevisions": "ControllerRevision"}[plural]
            handler.say(200, {"kind": kind + "List", "apiVersion": "apps/v1", "metadata": {"resourceVersion": "1"},
                              "items": self.items.get(plural, [])})
        return True


class World:
    """A webhook that has followed one Track, which released nothing but OTHER."""

    def __init__(self, tools, lists, *arguments, spec=None):
        self.cluster = lists.cluster = double.Double(tools.folder, elsewhere=lists)
        self.cluster.put("tracks", "web", spec or SPEC, status=ledger(OTHER))
        self.server = tools.server("--kubeconfig", self.cluster.kubeconfig, *arguments, standalone=False)

    def release(self):
        """What the webhook has not heard of yet."""
        self.cluster.put("tracks", "web", SPEC, tell=False, status=ledger(DIGEST, OTHER))

    def __enter__(self):
        await_ready(self.server)
        return self

    def __exit__(self, *what):
        self.server.__exit__(*what)
        self.cluster.__exit__(*what)


ANSWERED_S = 5  # the API server is told to wait for 3, and machines of tests are busy


class Gate:
    """Lists of Tracks that are not answered until they are let go."""

    def __init__(self):
        self.gate, self.come = threading.Event(), threading.Semaphore(0)

    def __call__(self, handler, plural):
        if plural == "tracks":
            self.come.release()
            self.gate.wait(PATIENCE)
        return False

    def await_come(self, count=1):
        for _ in range(count):
            demand(self.come.acquire(timeout=PATIENCE), "nobody asks")


# ---- what is followed ----

def test_tracks_are_followed(tools):
    with double.Double(tools.folder) as cluster, following(tools, cluster) as server:
        await_ready(server)
        answer = response(server)
        equal(answer["allowed"], False, "without a Track it is let in")
        demand("no Track of this namespace follows" in message(answer), message(answer))
        cluster.put("tracks", "web", SPEC, status=ledger(DIGEST))
        await_tracks(server, 1)
        equal(response(server)["allowed"], True, "what was released is let in")
        cluster.put("tracks", "web", SPEC, status={**ledger(DIGEST), "quarantined": [{"digest": DIGEST}]})
        server.wait_for("policy loaded", 3)
        equal(response(server)["allowed"], False, "quarantined bytes are let in")
        cluster.remove("tracks", "web")
        await_tracks(server, 0)


def test_what_only_counts_on_is_not_loaded_again(tools):
    """Proofs and conditions are none of the ledger's business."""
    with double.Double(tools.folder) as cluster:
        cluster.put("tracks", "web", SPEC, status=ledger(DIGEST))
        with following(tools, cluster) as server:
            await_tracks(server, 1)
            before = len(server.events("policy loaded"))
            for second in range(20):
                cluster.put("tracks", "web", SPEC, status={**ledger(DIGEST), "proofs": [{"digest": OTHER, "seconds": second}]})
            cluster.put("tracks", "api", SPEC, status=ledger(DIGEST))
            await_tracks(server, 2)
            equal(len(server.events("policy loaded")), before + 1, "snapshots")


def test_a_cluster_without_tracks(tools):
    """It gets ready without that kind; when the kind comes, it is followed, and when it goes, it is told."""
    there = threading.Event()

    def script(cluster, handler, plural, asked):
        if plural != "tracks" or there.is_set():
            return False
        handler.say(404, double.status(404))
        return True

    def refuses(server):
        answer = response(server)
        return not answer["allowed"] and answer["status"]["code"] == 500 and "there is none" in message(answer)

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        await_ready(server)
        demand(refuses(server), "without a ledger it says something of releases")
        equal(server.allowed(), True, "a pinned pod is let in")
        demand(server.metric("pinnace_snapshot_age_seconds") >= 0, "its age is not known")
        cluster.put("tracks", "web", SPEC, tell=False, status=ledger(DIGEST))
        there.set()
        await_tracks(server, 1)
        equal(response(server)["allowed"], True, "what was released is let in")
        there.clear()
        cluster.end_streams("tracks", 410)
        end = time.monotonic() + PATIENCE
        while not refuses(server):
            demand(time.monotonic() < end, "it goes by Tracks that are no more")
            time.sleep(0.05)
        server.wait_for("the cluster has no such kind", 2)
        equal(len(server.events("the cluster has no such kind")), 2, "how often it is told")


def test_not_ready_before_the_tracks(tools):
    for code in 403, 500, 503:
        fine = threading.Event()

        def script(cluster, handler, plural, asked, code=code, fine=fine):
            if plural != "tracks" or fine.is_set():
                return False
            handler.say(code, double.status(code))
            return True

        with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
            server.wait_for("watch trouble")
            equal(server.get("/readyz")[0], 503, f"readiness while Tracks get a {code}")
            equal(server.post(review(), PATH)[0], 500, "status")
            fine.set()
            await_ready(server)


def test_a_track_that_cannot_be_read(tools):
    lists = Namespaced()
    with World(tools, lists) as world:
        world.cluster.put("tracks", "web", SPEC, status=ledger(DIGEST))
        world.server.wait_for("policy loaded", 2)
        world.cluster.put("tracks", "web", {**SPEC, "image": "contoso.azurecr.io/shop/web:main"}, status=ledger(OTHER))
        world.server.wait_for("object not usable")
        world.server.wait_for_metric("pinnace_unusable_objects", 1)
        equal(response(world.server)["allowed"], True, "what it said before holds")
        equal(response(world.server, review(f"{REPOSITORY}@{OTHER}"))["allowed"], False, "what cannot be read counts")
        demand("tracks" in lists.asked, "nobody asked")
        world.cluster.put("tracks", "new", {**SPEC, "image": 7}, status=ledger(OTHER))
        answer = response(world.server, review(f"{REPOSITORY}@{OTHER}"))
        demand(not answer["allowed"] and "a Track cannot be read" in message(answer), message(answer))


# ---- the fresh look ----

def test_a_release_not_heard_of(tools):
    lists = Namespaced()
    with World(tools, lists) as world:
        answer = response(world.server)
        demand(not answer["allowed"] and DOUBT not in message(answer), message(answer))
        equal(lists.asked, ["tracks", "replicasets"], "lists")
        world.release()
        equal(response(world.server)["allowed"], True, "what was released just now is let in")
        equal(world.server.metric('pinnace_fresh_reads_total{result="good"}'), 2, "reads")


def test_a_track_taken_back(tools):
    """What the namespace's Tracks say by now counts alone."""
    with World(tools, Namespaced()) as world:
        world.cluster.put("tracks", "web", SPEC, tell=False, status=ledger(DIGEST, state="Failed"))
        equal(response(world.server)["allowed"], False, "let in")
        demand("no release of it is known" in message(response(world.server)), "it suggests what is no longer released")


def test_only_enforcement_asks(tools):
    lists = Namespaced()
    with World(tools, lists) as world:
        world.release()
        for path in "/warn/released", "/audit/released":
            equal(response(world.server, path=path)["allowed"], True, path)
        equal(response(world.server, review(f"{REPOSITORY}:main"))["allowed"], False, "no digest")
        two = json.loads(review())
        two["request"]["object"]["spec"]["containers"].append({"name": "x", "image": "nginx:latest"})
        equal(response(world.server, json.dumps(two).encode())["allowed"], False, "one of two has no digest")
        equal(lists.asked, [], "lists")


def revision(name, digest, owner, **spec):
    return {"metadata": {"name": name, "namespace": "production",
                         "ownerReferences": [{"kind": owner[0], "name": owner[1], "controller": True}]}, **spec}


def template(digest):
    return {"template": {"spec": {"containers": [{"name": "c0", "image": f"{REPOSITORY}@{digest}"}]}}}


def test_live_revisions(tools):
    deployment = ("Deployment", "web")
    rows = [("live", deployment, {"replicas": 1}, True), ("empty", deployment, {"replicas": 0}, False),
            ("of another", ("Deployment", "api"), {"replicas": 1}, False)]
    for what, owner, spec, allowed in rows:
        one = revision("web-1", DIGEST, owner, spec={**spec, **template(DIGEST)})
        with World(tools, Namespaced(replicasets=[one])) as world:
            equal(response(world.server)["allowed"], allowed, what)


def test_revisions_of_other_kinds(tools):
    for kind, name, allowed in ("DaemonSet", "agent-1", True), ("StatefulSet", "agent-1", True), ("StatefulSet", "agent-0", False):
        spec = {**SPEC, "targets": [{"kind": kind, "name": "agent"}]}
        one = revision(name, DIGEST, (kind, "agent"), data={"spec": template(DIGEST)}, revision=1)
        owner = {"metadata": {"name": "agent", "namespace": "production"}, "spec": template(OTHER),
                 "status": {"currentRevision": "agent-1", "updateRevision": "agent-1"}}
        lists = Namespaced(controllerrevisions=[one], statefulsets=[owner])
        with World(tools, lists, spec=spec) as world:
            equal(response(world.server)["allowed"], allowed, f"{kind} {name}")
            demand("replicasets" not in lists.asked, f"lists {lists.asked}")


def test_pages_of_tracks(tools):
    """It is on the last page."""
    def hook(handler, plural):
        if plural != "tracks":
            return False
        at = int(double.query(handler).get("continue", "0"))
        more = {"continue": str(at + 1)} if at < 3 else {}
        items = [world.cluster.objects["tracks"]["web"]] if at == 3 else []
        handler.say(200, world.cluster.page("tracks", items, **more))
        return True

    with World(tools, Namespaced(hook)) as world:
        world.release()
        equal(response(world.server)["allowed"], True, "let in")


def test_in_doubt_it_is_refused(tools):
    def broken(handler):
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    def endless(handler):
        handler.say(200, {"kind": "TrackList", "apiVersion": "pinnace.dev/v1alpha1", "items": [],
                          "metadata": {"resourceVersion": "1", "continue": "more"}})

    answers = {"an error": lambda handler: handler.say(500, double.status(500)),
               "forbidden": lambda handler: handler.say(403, double.status(403)),
               "another language": lambda handler: handler.say(200, "<html>"),
               "no Track": lambda handler: handler.say(200, {"kind": "TrackList", "items": [7], "metadata": {"resourceVersion": "1"}}),
               "too much": lambda handler: handler.say(200, "x" * 5_000_000),
               "pages without end": endless, "an end": broken}
    for of in "tracks", "replicasets":
        for what, answer in answers.items():
            def hook(handler, plural, answer=answer, of=of):
                if plural == of:
                    answer(handler)
                return plural == of
            with World(tools, Namespaced(hook)) as world:
                client = world.server.client()
                got = response(world.server, client=client)
                demand(not client.sock, "the connection ends, so that the API server may find another replica")
                # A list of workloads that ends after so many pages, or is of nothing, leaves the same doubt.
                demand(not got["allowed"] and DOUBT in message(got) and "NotReleased" in message(got), f"{what} of {of}: {message(got)}")
                equal(world.server.metric('pinnace_fresh_reads_total{result="bad"}'), 1, f"{what} of {of}: counted")
                world.server.check_alive()


def test_without_doubt_the_connection_stays(tools):
    with World(tools, Namespaced()) as world:
        client = world.server.client()
        got = response(world.server, client=client)
        demand(not got["allowed"] and DOUBT not in message(got), message(got))
        demand(client.sock, "it ended")
        client.close()


def test_what_is_released_needs_no_rest(tools):
    """The Tracks say so; that ReplicaSets cannot be listed is no doubt then."""
    def hook(handler, plural):
        if plural == "replicasets":
            handler.say(403, double.status(403))
        return plural == "replicasets"

    with World(tools, Namespaced(hook)) as world:
        world.release()
        equal(response(world.server)["allowed"], True, "let in")


def test_no_thread_waits_for_it(tools):
    """And who asked has an answer before an API server would give it up."""
    gate = Gate()
    with World(tools, Namespaced(gate), "--threads", "1") as world, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(response, world.server)
        gate.await_come()
        served, come = 0, time.monotonic()
        while not asking.done():
            world.server.check_alive()
            served += not asking.done()
        took = time.monotonic() - come
        demand(took < ANSWERED_S, f"answered after {took:.1f} s")
        demand(served > 0, "nobody was served meanwhile")
        demand("in time" in message(asking.result()), message(asking.result()))
        gate.gate.set()


def test_one_answer_for_many(tools):
    """Sixty pods of one rollout: those that come while it is asked share the next answer."""
    def hook(handler, plural):
        if plural == "tracks":
            time.sleep(0.3)
        return False

    lists = Namespaced(hook)
    with World(tools, lists) as world, ThreadPoolExecutor(60) as pool:
        clients = [world.server.client() for _ in range(60)]
        for client in clients:
            world.server.allowed(client=client)
        world.release()
        answers = list(pool.map(lambda client: response(world.server, client=client), clients))
        equal([answer["allowed"] for answer in answers], [True] * 60, "let in")
        count = lists.asked.count("tracks")
        demand(count <= 20, f"{count} lists")
        return f"{count} lists for 60 pods"


def test_no_answer_is_older_than_the_question(tools):
    """A list is under way that does not show the release; whoever asks now is not told by it."""
    come, go = threading.Semaphore(0), threading.Semaphore(0)

    def hook(handler, plural):
        if plural != "tracks":
            return False
        page = world.cluster.page("tracks")  # as it is now
        come.release()
        demand(go.acquire(timeout=PATIENCE), "nobody lets it go")
        handler.say(200, page)
        return True

    with World(tools, Namespaced(hook)) as world, ThreadPoolExecutor(2) as pool:
        first = pool.submit(response, world.server)
        demand(come.acquire(timeout=PATIENCE), "nobody asks")
        world.release()
        second = pool.submit(response, world.server)
        world.server.wait_for_metric('pinnace_connections{state="busy"}', 2)
        go.release()
        equal(first.result()["allowed"], False, "by the list that was under way")
        go.release()
        equal(second.result()["allowed"], True, "by a list of its own")


def test_many_namespaces(tools):
    """Whoever makes up namespaces gets no more than a few lists at a time out of it, and no memory."""
    def elsewhere(handler, path, asked):
        if not path.endswith("/tracks"):
            return False
        gate.wait(PATIENCE)
        handler.say(200, cluster.page("tracks", []))
        return True

    gate = threading.Event()
    with double.Double(tools.folder, elsewhere=elsewhere) as cluster, following(tools, cluster) as server, \
            ThreadPoolExecutor(40) as pool:
        await_ready(server)
        bodies = [review().replace(b'"namespace": "production"', b'"namespace": "n%d"' % i) for i in range(40)]
        told = [message(answer) for answer in pool.map(lambda body: response(server, body), bodies)]
        demand(sum("too many others" in each for each in told) >= 30, f"{told}")
        gate.set()
        server.wait_for_metric('pinnace_connections{state="busy"}', 0)
        demand(DOUBT not in message(response(server)), "after them")


def begin(server):
    sock = server.connect()
    body = review()
    send(sock, head(PATH, more=f"Content-Length: {len(body)}\r\n") + body)
    return sock


def test_clients_that_leave_meanwhile(tools):
    gate = Gate()
    with World(tools, Namespaced(gate)) as world:
        for _ in range(3):
            socks = [begin(world.server) for _ in range(5)]
            gate.await_come()
            for sock in socks:
                close(sock)
            gate.gate.set()
            world.server.wait_for_metric('pinnace_connections{state="busy"}', 0)
            gate.gate.clear()
        gate.gate.set()
        world.release()
        equal(response(world.server)["allowed"], True, "after them")


def test_stop_meanwhile(tools):
    for signals in [signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM]:
        gate = Gate()
        with World(tools, Namespaced(gate), "--lame-duck", "1") as world:
            socks = [begin(world.server) for _ in range(4)]
            gate.await_come()
            world.server.wait_for_metric('pinnace_connections{state="busy"}', 4)
            for number in signals:
                world.server.signal(number)
            for sock in socks:
                sock.settimeout(PATIENCE)
                status, _, body, _ = read_answer(sock)
                equal(status, 200, "status of an answer that was owed")
                equal(json.loads(body)["response"]["allowed"], False, "allowed")
                close(sock)
            equal(world.server.process.wait(PATIENCE), 0, "exit status")
            gate.gate.set()


def test_many_tracks(tools):
    """A thousand, each with proofs and fifty rows: what is kept of them."""
    digests = [f"sha256:{number:064x}" for number in range(50)]
    status = {**ledger(*digests), "proofs": [{"digest": digest, "seconds": 600, "tag": "main"} for digest in digests * 4]}

    with double.Double(tools.folder) as cluster:
        for number in range(1000):
            cluster.put("tracks", f"web-{number}", {**SPEC, "image": f"{REPOSITORY}-{number}"}, status=status, namespace=f"n{number % 20}")
        with following(tools, cluster) as server:
            await_tracks(server, 1000)
            cluster.put("tracks", "web-0", SPEC, status=ledger(DIGEST))
            server.wait_for("policy loaded", 2)
            equal(response(server, review(PINNED))["allowed"], True, "let in")
            peak = server.peak_mb()
            demand(tools.sanitized or peak < 100, f"it took {peak:.0f} MB")
            return f"{peak:.0f} MB at most"
