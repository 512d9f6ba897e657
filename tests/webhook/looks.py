# SPDX-License-Identifier: Apache-2.0
"""A level that comes to a namespace: what is there is told, whatever the API server does meanwhile, and no thread waits."""
import json
import signal
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import double
from follow import await_ready, following
from harness import PATIENCE, PINNED, close, demand, equal, head, read_answer, send

KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "cronjobs": "CronJob",
         "jobs": "Job", "replicasets": "ReplicaSet", "replicationcontrollers": "ReplicationController",
         "podtemplates": "PodTemplate", "pods": "Pod"}
UID = "0b6f6c3e-3c5f-4b0e-9f62-0d3c1f1f7a11"
DOCTOR = "kubectl pinnace doctor --before pinned shop"


def pod_spec(image):
    return {"containers": [{"name": "c", "image": image}]}


def item(plural, name, image="nginx:1", **more):
    """As it stands in a list: without its kind."""
    template = {"spec": pod_spec(image)}
    body = {"pods": {"spec": pod_spec(image)}, "podtemplates": {"template": template},
            "cronjobs": {"spec": {"jobTemplate": {"spec": {"template": template}}}}}.get(plural, {"spec": {"template": template}})
    metadata = {"name": name, "namespace": "shop", **more.pop("metadata", {})}
    return {"metadata": metadata, **body, **more}


def page(plural, items, **metadata):
    return {"kind": f"{KINDS[plural]}List", "apiVersion": "v1", "metadata": {"resourceVersion": "1", **metadata}, "items": items}


class Lists:
    """Answers for the kinds that make pods; of one, hook(handler, plural, asked) may take over."""

    def __init__(self, items=None, hook=None):
        self.items, self.hook, self.asked = items or {}, hook, []

    def __call__(self, handler, path, asked):
        if path == "/api/v1/namespaces/shop":
            handler.say(200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop", "uid": UID}})
            return True
        plural = path.rsplit("/", 1)[1]
        if plural not in KINDS or "/namespaces/shop/" not in path:
            return False
        self.asked.append(plural)
        if not (self.hook and self.hook(handler, plural, asked)):
            handler.say(200, page(plural, self.items.get(plural, [])))
        return True


class Held:
    """Lists that are not answered until they are let go."""

    def __init__(self):
        self.gate, self.come = threading.Event(), threading.Semaphore(0)

    def __call__(self, handler, plural, asked):
        if plural == "deployments":  # the first of each look
            self.come.release()
            self.gate.wait(PATIENCE)
        return False

    def await_come(self, count):
        for _ in range(count):
            demand(self.come.acquire(timeout=PATIENCE), "nobody looks")


def labelled(level="pinned", mode="enforce", before=None, operation="UPDATE", uid=UID):
    def namespace(labels):
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": uid, "labels": labels}}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Namespace"}, "name": "shop", "namespace": "shop",
        "operation": operation, "object": namespace({f"pinnace.dev/{mode}": level}),
        "oldObject": namespace(before or {}) if operation == "UPDATE" else None}}).encode()


def warnings_of(server, body=None):
    """What is said of a label that must be let in."""
    status, text = server.post(body or labelled(), "/namespaces")
    equal(status, 200, f"status ({text.strip()})")
    response = json.loads(text)["response"]
    equal(response["allowed"], True, f"a label is let in ({text})")
    return response.get("warnings", [])


class World:
    """A webhook that follows a scripted API server."""

    def __init__(self, tools, lists, *arguments):
        self.cluster = double.Double(tools.folder, elsewhere=lists)
        self.server = tools.server("--kubeconfig", self.cluster.kubeconfig, *arguments, standalone=False)

    def __enter__(self):
        await_ready(self.server)
        return self.server

    def __exit__(self, *what):
        self.server.__exit__(*what)
        self.cluster.__exit__(*what)


# ---- what is told ----

def test_every_kind(tools):
    items = {plural: [item(plural, f"a-{plural}"), item(plural, "good", PINNED)] for plural in KINDS}
    with World(tools, Lists(items)) as server:
        told = warnings_of(server)
        equal(len(told), len(KINDS), f"warnings {told}")
        for (plural, kind), warning in zip(KINDS.items(), told):
            demand(f'enforce=pinned would not let in again {kind} "a-{plural}": container "c": NoDigest: "nginx:1"' in warning,
                   f"{kind}: {told}")


def test_what_is_not_looked_at(tools):
    def owned(kind):
        return {"ownerReferences": [{"kind": kind, "name": "o", "controller": True}]}
    done = {"conditions": [{"type": "Failed", "status": "True"}]}
    items = {"jobs": [item("jobs", "failed", status=done), item("jobs", "half", status={"succeeded": 2, "active": 1})],
             "pods": [item("pods", "of-a-set", metadata=owned("ReplicaSet")), item("pods", "static", metadata=owned("Node"))],
             "statefulsets": [item("statefulsets", "operated", metadata=owned("Database"))]}
    with World(tools, Lists(items)) as server:
        told = warnings_of(server)
        equal([warning.split('"')[1] for warning in told], ["operated", "half", "static"], f"who is told of ({told})")


def test_only_what_is_raised(tools):
    lists = Lists({"pods": [item("pods", "bare")]})
    with World(tools, lists) as server:
        pinned = {"pinnace.dev/enforce": "pinned"}
        for body in (labelled("off"), labelled("tagged", before=pinned), labelled(before=pinned), labelled(mode="audit"),
                     labelled(operation="CREATE")):
            equal(warnings_of(server, body), [], body)
        equal(lists.asked, [], "lists")
        demand("warn=pinned would complain of" in warnings_of(server, labelled(mode="warn"))[0], "of a warning")
        equal(len(lists.asked), len(KINDS), "lists")


def test_pages(tools):
    """260 in three pages, of which ten are named."""
    def hook(handler, plural, asked):
        if plural != "deployments":
            return False
        begin = int(asked.get("continue", "0").removeprefix("from/?&="))
        limit = int(asked["limit"])
        items = [item(plural, f"web-{i}") for i in range(begin, min(begin + limit, 260))]
        more = {"continue": f"from/?&={begin + limit}"} if begin + limit < 260 else {}
        handler.say(200, page(plural, items, **more))
        return True

    with World(tools, Lists(hook=hook)) as server:
        told = warnings_of(server)
        equal(len(told), 11, f"warnings {told}")
        equal(told[10], f"and 250 more; see: {DOCTOR}", "the last one")


def test_strangers_learn_nothing(tools):
    """Whoever reaches the port can make a review up; of what is in a namespace it tells nothing."""
    lists = Lists({"pods": [item("pods", "secret")]})
    with World(tools, lists) as server:
        for uid in "another", "", None, UID[:-1], UID.upper():
            told = warnings_of(server, labelled(uid=uid))
            equal(len(told), 1, f"warnings {told}")
            demand("secret" not in told[0] and "not of the namespace that is there" in told[0], f"{uid}: {told}")
        equal(warnings_of(server, labelled().replace(b'"name": "shop"', b'"name": "../pods"'))[0].count("secret"), 0, "a name that climbs")
        equal(lists.asked, [], "lists")
        demand('Pod "secret"' in warnings_of(server)[0], "the API server's own review")


# ---- an API server that is not as it should be ----

def test_a_list_that_is_denied(tools):
    def hook(handler, plural, asked):
        if plural != "deployments":
            return False
        handler.say(403, double.status(403, "deployments.apps is forbidden: nobody may"))
        return True

    with World(tools, Lists({"pods": [item("pods", "bare")]}, hook)) as server:
        told = warnings_of(server)
        equal(len(told), 2, f"warnings {told}")
        demand('Pod "bare"' in told[0], f"what may be read: {told}")
        demand("not looked at in full" in told[1] and DOCTOR in told[1] and "forbidden" in told[1], f"the gap: {told}")


def test_answers_that_are_none(tools):
    def broken(handler):
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    answers = {"an error": lambda handler: handler.say(500, double.status(500)),
               "another language": lambda handler: handler.say(200, "<html>"),
               "half a list": lambda handler: handler.say(200, '{"items":[{"metadata":{"name":"x"'),
               "no object": lambda handler: handler.say(200, page("deployments", [7])),
               "too much": lambda handler: handler.say(200, page("deployments", ["x" * 5_000_000])),
               "an end": broken}
    for what, answer in answers.items():
        def hook(handler, plural, asked, answer=answer):
            answer(handler)
            return True
        with World(tools, Lists(hook=hook)) as server:
            told = warnings_of(server)
            demand(len(told) == 1 and "not looked at in full" in told[0] and DOCTOR in told[0], f"{what}: {told}")
            server.check_alive()


def test_pages_without_end(tools):
    def hook(handler, plural, asked):
        handler.say(200, page(plural, [item(plural, "again")], **{"continue": "more"}))
        return True

    with World(tools, Lists(hook=hook)) as server:
        told = warnings_of(server)
        demand("not looked at in full" in told[-1] and "in time" in told[-1], f"the last one: {told}")
        server.check_alive()


def test_no_thread_waits(tools):
    """With one thread alone, others are served while a look gets no answer; then it ends by itself."""
    held = Held()
    with World(tools, Lists(hook=held), "--threads", "1") as server, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(warnings_of, server)
        held.await_come(1)
        served = 0
        while not asking.done():
            server.check_alive()
            served += not asking.done()
        demand(served > 0, "nobody was served meanwhile")
        told = asking.result()
        demand(len(told) == 1 and "in time" in told[0], f"warnings {told}")
        held.gate.set()


def test_the_fifth_look(tools):
    held = Held()
    with World(tools, Lists({"pods": [item("pods", "bare")]}, held)) as server, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(warnings_of, server) for _ in range(4)]
        held.await_come(4)
        fifth = warnings_of(server)
        held.gate.set()
        demand(len(fifth) == 1 and "others are just looking" in fifth[0] and DOCTOR in fifth[0], f"the fifth: {fifth}")
        for each in asking:
            demand(each.result(), "one of the four is told nothing")
        demand('Pod "bare"' in warnings_of(server)[0], "a look after them")


# ---- clients and the end ----

def begin(server, body):
    """A connection that has asked and does not read yet."""
    sock = server.connect()
    send(sock, head("/namespaces", more=f"Content-Length: {len(body)}\r\n") + body)
    return sock


def leave(sock, how):
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    close(sock)


def test_clients_that_leave(tools):
    """While their look is under way; its place is free again, and so is the memory of the body."""
    held = Held()
    padded = labelled() + b" " * 200_000
    with World(tools, Lists({"pods": [item("pods", "bare")]}, held)) as server:
        for round_, how in enumerate(("close", "reset") * 3):
            sock = begin(server, padded)
            held.await_come(1)
            leave(sock, how)
            server.check_alive()
            if round_ % 2:
                held.gate.set()
                server.wait_for_metric("pinnace_body_bytes", 0)
                held.gate.clear()
        held.gate.set()
        server.wait_for_metric("pinnace_body_bytes", 0)
        server.wait_for_metric('pinnace_connections{state="busy"}', 0)
        demand('Pod "bare"' in warnings_of(server)[0], "a look after them")


def stop_while_looking(tools, signals):
    held = Held()
    with World(tools, Lists(hook=held), "--lame-duck", "1") as server:
        socks = [begin(server, labelled()) for _ in range(4)]
        held.await_come(4)
        for number in signals:
            server.signal(number)
        for sock in socks:
            sock.settimeout(PATIENCE)
            status, _, body, _ = read_answer(sock)
            equal(status, 200, "status of an answer that was owed")
            equal(json.loads(body)["response"]["allowed"], True, "allowed")
            close(sock)
        equal(server.process.wait(PATIENCE), 0, "exit status")
        held.gate.set()


def test_stop_while_looking(tools):
    stop_while_looking(tools, [signal.SIGTERM])


def test_stop_at_once_while_looking(tools):
    stop_while_looking(tools, [signal.SIGTERM, signal.SIGTERM])


def test_many_labels_at_once(tools):
    """Twenty, again and again, by kept connections: each is let in, and told of what is there or of why not."""
    with World(tools, Lists({"pods": [item("pods", "bare")]})) as server, ThreadPoolExecutor(20) as pool:
        def ask(_):
            client, full = server.client(), 0
            for _ in range(5):
                status, text = server.post(labelled(), "/namespaces", client=client)
                equal(status, 200, text)
                told = json.loads(text)["response"].get("warnings", [])
                demand(told and ('Pod "bare"' in told[0] or "others are just looking" in told[0]), f"warnings {told}")
                full += 'Pod "bare"' in told[0]
            return full
        full = sum(pool.map(ask, range(20)))
        demand(full > 0, "no look was made at all")
        server.check_alive()
        equal(server.metric('pinnace_object_reviews_total{of="namespace",verdict="allowed"}'), 100, "counted")
        return f"{full} of 100 had a look"
