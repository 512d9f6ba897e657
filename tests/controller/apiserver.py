# SPDX-License-Identifier: Apache-2.0
"""The scripted API server for a controller: it keeps objects, takes writes and lets them be watched, as a real one
does (tests/controller/conformance holds both to that); and where a test says so, it fails as real ones do not on
demand. There are no rights, no schemas and no managed fields."""
import copy
import json
import pathlib
import queue
import re
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "webhook"))
import double  # noqa: E402
from double import status  # noqa: E402

RESOURCES = {
    "/api/v1": {"namespaces": "Namespace", "pods": "Pod", "secrets": "Secret", "serviceaccounts": "ServiceAccount",
                "configmaps": "ConfigMap", "events": "Event"},
    "/apis/apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
                      "replicasets": "ReplicaSet", "controllerrevisions": "ControllerRevision"},
    "/apis/batch/v1": {"cronjobs": "CronJob", "jobs": "Job"},
    "/apis/authentication.k8s.io/v1": {"selfsubjectreviews": "SelfSubjectReview"},
    "/apis/coordination.k8s.io/v1": {"leases": "Lease"},
    "/apis/events.k8s.io/v1": {"events": "Event"},
    "/apis/discovery.k8s.io/v1": {"endpointslices": "EndpointSlice"},
    "/apis/admissionregistration.k8s.io/v1": {"validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
                                              "mutatingwebhookconfigurations": "MutatingWebhookConfiguration"},
    "/apis/pinnace.dev/v1alpha1": {"tracks": "Track"},
}
WITH_STATUS = {"pods", "deployments", "statefulsets", "daemonsets", "replicasets", "cronjobs", "jobs", "tracks"}
COUNTING_ANNOTATIONS = {"deployments"}  # their generation does
PATH = re.compile(r"(/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(/status)?")
BOOKMARK_S = 1
TIME = "%Y-%m-%dT%H:%M:%SZ"


class Refused(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.body = {**status(code, message), "reason": reason}


class Asked:
    """What a request is about."""

    def __init__(self, handler):
        path, _, query = handler.path.partition("?")
        match = PATH.fullmatch(path)
        self.method, self.path = handler.command, path
        self.query = dict(urllib.parse.parse_qsl(query))
        self.kind, self.known = None, False
        self.api = self.namespace = self.plural = self.name = self.status = None
        if match:
            self.api, self.namespace, self.plural, self.name, self.status = match.groups()
            self.known = self.api in RESOURCES
            self.kind = RESOURCES.get(self.api, {}).get(self.plural)
        self.type = handler.headers.get("Content-Type", "")
        length = int(handler.headers.get("Content-Length") or 0)
        self.body = json.loads(handler.rfile.read(length)) if length else None

    @property
    def verb(self):
        if self.method == "GET":
            return "get" if self.name else "watch" if "watch" in self.query else "list"
        return {"POST": "create", "PUT": "replace", "DELETE": "delete"}.get(
            self.method, "apply" if "apply-patch" in self.type else "patch")

    def __str__(self):
        return f"{self.verb} {self.plural}{self.status or ''}"


class Handler(double.Handler):
    disable_nagle_algorithm = True

    def serve(self):
        api = self.server.double
        asked = Asked(self)
        with api.lock:
            api.requests.append(asked)
        try:
            for fault in list(api.faults):
                if fault(self, asked):
                    return
            if asked.kind:
                getattr(api, asked.verb)(self, asked)
            elif asked.known:
                raise Refused(404, "NotFound", "the server could not find the requested resource")
            else:
                self.say(404, "404 page not found\n")
        except Refused as refused:
            self.say(refused.body["code"], refused.body)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve


def merged(old, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def applied(old, new):
    """Server-side apply, as far as lists of things with a name go."""
    if isinstance(new, dict):
        old = old if isinstance(old, dict) else {}
        return {**old, **{key: applied(old.get(key), value) for key, value in new.items()}}
    if isinstance(new, list) and new and all(isinstance(item, dict) and "name" in item for item in new):
        result = list(old or [])
        for item in new:
            at = next((i for i, other in enumerate(result) if other.get("name") == item["name"]), None)
            if at is None:
                result.append(item)
            else:
                result[at] = applied(result[at], item)
        return result
    return new


def strategic(old, patch):
    """A strategic merge, as far as objects and lists of things with a name go."""
    if isinstance(patch, dict):
        result = dict(old) if isinstance(old, dict) else {}
        result.update({key: strategic(result.get(key), value) for key, value in patch.items()})
        return {key: value for key, value in result.items() if key not in patch or patch[key] is not None}
    if isinstance(patch, list) and patch and all(isinstance(item, dict) and "name" in item for item in patch):
        return strategic_list(old or [], patch)
    return patch


def strategic_list(old, patch):
    """In the patch's own order, too; what it does not name stays before what stood behind it."""
    there = {item["name"]: (at, item) for at, item in enumerate(old)}
    result, begin = [strategic(there.get(item["name"], (0, None))[1], item) for item in patch], 0
    for at, item in enumerate(old):
        if all(item["name"] != other["name"] for other in patch):
            behind = (i for i in range(begin, len(result)) if there.get(result[i]["name"], (-1,))[0] > at)
            place = next(behind, len(result))
            result.insert(place, item)
            begin = place + 1
    return result


def json_patched(document, operations):
    """RFC 6902: add, replace, remove and test."""
    document = copy.deepcopy(document)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        try:
            place = document
            for part in way:
                place = place[int(part)] if isinstance(place, list) else place[part]
            key = last if isinstance(place, dict) else len(place) if last == "-" else int(last)
            if operation["op"] == "test" and place[key] != operation["value"]:
                raise Refused(422, "Invalid", f"testing value {operation['path']} failed")
            if operation["op"] == "remove":
                del place[key]
            elif operation["op"] == "add" and isinstance(place, list):
                place.insert(key, operation["value"])
            elif operation["op"] in ("add", "replace"):
                place[key] = operation["value"]
        except (KeyError, IndexError, ValueError):
            raise Refused(422, "Invalid", f"there is no {operation['path']}") from None
    return document


def selects(selector, labels):
    """a=b,c!=d,e in (f,g)"""
    for term in re.findall(r"[^,(]+(?:\([^)]*\))?", selector):
        inside = re.fullmatch(r"\s*(\S+) (in|notin) \(([^)]*)\)", term)
        if inside:
            key, how, values = inside.groups()
            if (labels.get(key) in [value.strip() for value in values.split(",")]) != (how == "in"):
                return False
        elif "!=" in term:
            key, value = term.split("!=")
            if labels.get(key.strip()) == value.strip():
                return False
        elif "=" in term:
            key, value = re.split("==?", term)
            if labels.get(key.strip()) != value.strip():
                return False
        elif term.strip() not in labels:
            return False
    return True


class ApiServer(double.Double):
    """faults: each takes (handler, asked) and says whether it has answered itself; helpers for them are below."""

    def __init__(self, folder):
        self.stored, self.past, self.watching, self.oldest = {}, [], [], 100
        self.requests, self.faults = [], []
        super().__init__(folder, handler=Handler)

    # -- for tests --

    def put(self, api, plural, name, body, namespace=None):
        """As one who may write anything, the status too."""
        with self.lock:
            return self.keep((api, plural, namespace, name), copy.deepcopy(body))

    def find(self, api, plural, name, namespace=None):
        with self.lock:
            return copy.deepcopy(self.stored.get((api, plural, namespace, name)))

    def drop(self, api, plural, name, namespace=None):
        with self.lock:
            self.forget((api, plural, namespace, name))

    def asked_for(self, what):
        """The requests that str() shows so: "patch tracks/status"."""
        with self.lock:
            return [asked for asked in self.requests if str(asked) == what]

    def end_watches(self, plural, *last):
        """With an event at the end or, with none, cut off in the middle."""
        with self.lock:
            for of_what, stream in self.watching:
                if of_what == plural:
                    stream.put(last or None)

    def forget_past(self):
        """Who watches from before is told 410."""
        with self.lock:
            self.past, self.oldest = [], self.version

    # -- what is stored; the lock is held --

    def keep(self, key, body, change=None):
        api, plural, namespace, name = key
        old = self.stored.get(key)
        meta = body["metadata"] = dict(body.get("metadata") or {})  # the old one may be on its way to somebody
        kept = old["metadata"] if old else {"uid": str(uuid.uuid4()), "creationTimestamp": time.strftime(TIME, time.gmtime())}
        meta.update(name=name, **({"namespace": namespace} if namespace else {}))
        meta.update({field: kept[field] for field in ("uid", "creationTimestamp")})
        body.update(kind=RESOURCES[api][plural], apiVersion=re.sub("^/apis?/", "", api))
        same_spec = old and old.get("spec") == body.get("spec") and (
            plural not in COUNTING_ANNOTATIONS or old["metadata"].get("annotations") == meta.get("annotations"))
        meta["generation"] = old["metadata"]["generation"] + (not same_spec) if old else 1
        if old and {**old, "metadata": {**old["metadata"], "resourceVersion": ""}} == {**body, "metadata": {**meta, "resourceVersion": ""}}:
            return old  # nothing is written, nobody is told
        self.version += 1
        meta["resourceVersion"] = str(self.version)
        self.stored[key] = body
        self.tell_watchers(key, change or ("MODIFIED" if old else "ADDED"), body)
        return body

    def forget(self, key):
        gone = self.stored.pop(key)
        self.version += 1
        gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
        self.tell_watchers(key, "DELETED", gone)
        return gone

    def tell_watchers(self, key, change, body):
        self.past.append((self.version, key, change, body))
        for _, stream in self.watching:
            stream.put((key, change, body))

    @staticmethod
    def fits(asked, key, body):
        api, plural, namespace, name = key
        wanted = dict(term.split("=", 1) for term in asked.query.get("fieldSelector", "").split(",") if term)
        return (api, plural) == (asked.api, asked.plural) and asked.namespace in (None, namespace) and \
            wanted.get("metadata.name", name) == name and wanted.get("metadata.namespace", namespace) == namespace and \
            selects(asked.query.get("labelSelector", ""), body["metadata"].get("labels") or {})

    # -- the verbs --

    def key_of(self, asked):
        return asked.api, asked.plural, asked.namespace, asked.name

    def there(self, asked):
        body = self.stored.get(self.key_of(asked))
        if not body:
            raise Refused(404, "NotFound", f"{asked.plural} \"{asked.name}\" not found")
        return body

    def get(self, handler, asked):
        with self.lock:
            body = self.there(asked)
        handler.say(200, body)

    def list(self, handler, asked):
        first, limit = int(asked.query.get("continue") or 0), int(asked.query.get("limit") or 0)
        with self.lock:
            items = [body for key, body in sorted(self.stored.items(), key=lambda item: str(item[0])) if self.fits(asked, key, body)]
            meta = {"resourceVersion": str(self.version)}
        if limit and len(items) > first + limit:
            meta["continue"] = str(first + limit)
        items = items[first:first + limit] if limit else items
        handler.say(200, {"kind": asked.kind + "List", "apiVersion": re.sub("^/apis?/", "", asked.api), "metadata": meta, "items": items})

    def watch(self, handler, asked):
        stream, since = queue.SimpleQueue(), int(asked.query.get("resourceVersion") or 0)
        with self.lock:
            if since < self.oldest and since:
                raise Refused(410, "Expired", f"too old resource version: {since} ({self.oldest})")
            for version, *event in self.past:
                if version > since:
                    stream.put(event)
            entry = (asked.plural, stream)
            self.watching.append(entry)
        try:
            handler.begin_stream()
            handler.wfile.flush()
            self.send_events(handler, asked, stream)
        finally:
            with self.lock:
                self.watching.remove(entry)

    def send_events(self, handler, asked, stream):
        end = time.monotonic() + int(asked.query.get("timeoutSeconds") or 300)
        while (left := end - time.monotonic()) > 0:
            try:
                event = stream.get(timeout=min(left, BOOKMARK_S))
            except queue.Empty:
                self.send_bookmark(handler, asked)
                continue
            if event is None:
                return
            if len(event) == 2:  # ("ERROR", …): the last word of a watch
                handler.event(*event)
                return
            key, change, body = event
            if self.fits(asked, key, body):
                handler.event(change, body)

    def send_bookmark(self, handler, asked):
        with self.lock:
            version = str(self.version)
        handler.event("BOOKMARK", {"kind": asked.kind, "apiVersion": re.sub("^/apis?/", "", asked.api),
                                   "metadata": {"resourceVersion": version}})

    @staticmethod
    def tell_who(handler, at=None):
        """Who asks: here it is always the same person."""
        handler.say(201, {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
                          "metadata": {"creationTimestamp": time.strftime(TIME, time.gmtime(at))}, "status": {"userInfo": {"username": "ann"}}})

    def create(self, handler, asked):
        if asked.plural == "selfsubjectreviews":
            self.tell_who(handler)
            return
        with self.lock:
            asked.name = asked.body["metadata"].get("name") or asked.body["metadata"]["generateName"] + uuid.uuid4().hex[:5]
            if self.key_of(asked) in self.stored:
                raise Refused(409, "AlreadyExists", f"{asked.plural} \"{asked.name}\" already exists")
            body = self.keep(self.key_of(asked), asked.body)
        handler.say(201, body)

    def delete(self, handler, asked):
        with self.lock:
            self.there(asked)
            body = self.forget(self.key_of(asked))
        handler.say(200, body)

    def write(self, handler, asked, change):
        """What stands there with the change made, if its preconditions hold."""
        with self.lock:
            old = self.there(asked)
            new = change(copy.deepcopy(old))
            self.check_conditions(asked, old, new.get("metadata", {}))
            if asked.status:
                new = {**old, "status": new.get("status")}
            elif asked.plural in WITH_STATUS:
                new = {field: value for field, value in {**new, "status": old.get("status")}.items() if value is not None}
            body = self.keep(self.key_of(asked), new)
        handler.say(200, body)

    @staticmethod
    def check_conditions(asked, old, meta):
        uid = old["metadata"]["uid"]
        if meta.get("uid", uid) != uid and asked.verb == "replace":
            raise Refused(409, "Conflict", f"Operation cannot be fulfilled on {asked.plural} \"{asked.name}\": StorageError: invalid object: "
                                           f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {uid}")
        if meta.get("resourceVersion", old["metadata"]["resourceVersion"]) != old["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", f"Operation cannot be fulfilled on {asked.plural} \"{asked.name}\": the object has been modified; "
                                           "please apply your changes to the latest version and try again")
        if meta.get("uid", uid) != uid:
            raise Refused(422, "Invalid", f"{asked.kind} \"{asked.name}\" is invalid: metadata.uid: Invalid value: \"{meta['uid']}\": field is immutable")

    def replace(self, handler, asked):
        self.write(handler, asked, lambda old: asked.body)

    def patch(self, handler, asked):
        if "strategic-merge-patch" in asked.type:
            self.write(handler, asked, lambda old: strategic(old, asked.body))
        elif "merge-patch" in asked.type:
            self.write(handler, asked, lambda old: merged(old, asked.body))
        elif "json-patch" in asked.type:
            self.write(handler, asked, lambda old: json_patched(old, asked.body))
        else:
            raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {asked.type}")

    def apply(self, handler, asked):
        if "fieldManager" not in asked.query:
            raise Refused(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
        with self.lock:
            missing = self.key_of(asked) not in self.stored
            if missing and asked.body.get("metadata", {}).get("uid"):
                raise Refused(409, "Conflict", f"Precondition failed: UID in precondition: {asked.body['metadata']['uid']}, UID in object meta: ")
            body = self.keep(self.key_of(asked), asked.body) if missing else None
        if missing:
            handler.say(201, body)
        else:
            self.write(handler, asked, lambda old: applied(old, asked.body))


# --- Faults --------------------------------------------------------------------------------------------


def when(what, answer, times=None):
    """A fault for requests that str() shows so; at most so many times. It knows how often it happened."""
    def fault(handler, asked):
        if str(asked) != what or (times is not None and fault.happened >= times):
            return False
        fault.happened += 1
        answer(handler, asked)
        return True
    fault.happened = 0
    return fault


def refusing(code, **headers):
    return lambda handler, asked: handler.say(code, status(code), [(name.replace("_", "-"), value) for name, value in headers.items()])


def hanging(seconds):
    """Takes the request and says nothing."""
    def answer(handler, asked):
        time.sleep(seconds)
        handler.close_connection = True
    return answer


def cutting(handler, asked):
    """Ends the connection in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"kind":')
    handler.close_connection = True
