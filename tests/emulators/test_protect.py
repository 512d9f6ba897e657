# SPDX-License-Identifier: Apache-2.0
"""What a Track has Azure Container Registry keep: locks of tags, indexes and their children, by the controller."""
import base64
import contextlib
import http.client
import itertools
import re
import ssl
import threading
import time

import test_azure
from apiserver import ApiServer, when
from azure import Signer
from servers import INDEX, MANIFEST, config, connect, digest_of, index, manifest, push
from test_azure import CLIENT, HOST
from test_controller import CORE, TRACKS, eventually
from test_controller import World as Places
from world import contains, equal

NAMES = test_azure.NAMES
TESTS = []
REPOSITORY = "shop/web"
FOREVER = {"deleteEnabled": False, "writeEnabled": False}
MORNING = 1795251600  # 2026-11-21T09:00:00Z
SOON = {"soak": "1s", "deadline": "60s"}


def test(function):
    TESTS.append(function)
    return function


class World(Places):
    """An ACR that the controller may push to, unless a test says otherwise; nothing is left of the test before."""

    @contextlib.contextmanager
    def shop(self, pusher=True, **spec):
        with self.place(test_azure) as (cloud, cluster):
            if pusher:
                cloud.registry.pushers.add(CLIENT)
            push_release(cloud, "old")  # what runs at first has to be among the versions
            cluster.follow(f"{HOST}/{REPOSITORY}", **{"protect": True, **spec})
            yield cloud, cluster


def push_release(cloud, *tags, salt=None):
    """An index of two children of its own under the tags; gives all three digests, the index first."""
    connection = connect(cloud.behind.host, None, plain=True)
    salt = salt or str(time.monotonic_ns())
    names = [f"{name}-{salt}" for name in ("amd64", "arm64")]
    for name in names:
        push(connection, REPOSITORY, digest_of(manifest(name)), manifest(name), MANIFEST, [config(name)])
    for tag in tags:
        push(connection, REPOSITORY, tag, index(*names), INDEX)
    connection.close()
    return digest_of(index(*names)), digest_of(manifest(names[0])), digest_of(manifest(names[1]))


def locked(registry, name):
    """Whether it can neither be deleted nor, if it is a tag, be moved."""
    now = registry.attributes_of(REPOSITORY, name)
    return not now["deleteEnabled"] and now["writeEnabled"] == name.startswith("sha256:") and now["readEnabled"] and now["listEnabled"]


def free(registry, name):
    return all(registry.attributes_of(REPOSITORY, name).values())


def condition(cluster, track="web"):
    found = [row for row in cluster.status(track).get("conditions", []) if row["type"] == "Protected"]
    return found[0] if found else None


def await_condition(cluster, status, reason, track="web"):
    def so():
        row = condition(cluster, track)
        return row and (row["status"], row["reason"]) == (status, reason) and row
    return eventually(so, f"Protected={status} {reason}: {condition(cluster, track)}, {cluster.status(track).get('protected')}")


def protected(cluster, digest, track="web"):
    """The release is on the Track's list, and all that was to be locked is."""
    rows = [row for row in cluster.status(track).get("protected", []) if row["of"] == digest]
    return rows and all(row["state"] == "Ours" for row in rows) and rows


def change(cluster, name="web", **spec):
    body = cluster.api.find(TRACKS, "tracks", name, "default")
    body["spec"].update(spec)
    cluster.api.put(TRACKS, "tracks", name, body, "default")


@test
def an_index_and_its_children(world):
    with world.shop() as (cloud, cluster):
        release = push_release(cloud, "latest")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", release[0])
        row = await_condition(cluster, "True", "Locked")
        contains(row["message"], "1 release locked in the registry")
        for digest in release:
            assert locked(cloud.registry, digest), (digest, cloud.registry.attributes)
        equal(sorted(protected(cluster, release[0]), key=str),
              sorted([{"of": release[0], "state": "Ours"}, *({"of": release[0], "digest": d, "state": "Ours"} for d in release[1:])], key=str), "noted")
        # The tag that is followed has to move: it is never locked, and so the next push works.
        assert free(cloud.registry, "latest")
        second = push_release(cloud, "latest")
        cluster.rolled("web", second[0])
        eventually(lambda: protected(cluster, second[0]), "the next one is protected too")
        # What the policy takes is what has no tag and no lock: of the first release nothing.
        stray = push_release(cloud, "stray")
        push_release(cloud, "stray")
        equal(cloud.registry.clean_up(REPOSITORY, [*release, *second, stray[0]]), [stray[0]], "what a retention policy takes")


@test
def a_version_keeps_its_tag(world):
    with world.shop(follow={"semver": ">=2.0.0"}) as (cloud, cluster):
        first = push_release(cloud, "v2.0.0", "stable")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        await_condition(cluster, "True", "Locked")
        for name in (*first, "v2.0.0"):
            assert locked(cloud.registry, name), (name, cloud.registry.attributes)
        assert free(cloud.registry, "stable"), "a tag that the Track does not know"
        # Nobody moves a version that is released; a new one comes, and a locked manifest takes another tag.
        contains(refused_push(cloud, "v2.0.0"), "REGISTRY_DISALLOWED_OPERATION")
        second = push_release(cloud, "v2.1.0")
        cluster.rolled("web", second[0])
        eventually(lambda: locked(cloud.registry, "v2.1.0"), "the next one")
        equal(put_by_acr(cloud, "v2.1.1", second[0]), 201, "another tag of bytes that are locked")


def by_acr(cloud, method, name, body=None):
    """Asked of ACR itself by one who may push and delete."""
    cloud.registry.passwords["ann"] = ("tok-en+/=", ("pull", "push", "delete", "metadata_read", "metadata_write"))
    connection = http.client.HTTPSConnection(HOST, timeout=20, context=ssl.create_default_context(cafile=cloud.program.pki.ca))
    headers = {"Authorization": "Basic " + base64.b64encode(b"ann:tok-en+/=").decode(), "Content-Type": INDEX}
    connection.request(method, f"/v2/{REPOSITORY}/manifests/{name}", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def refused_push(cloud, tag):
    status, text = by_acr(cloud, "PUT", tag, index("amd64", "arm64"))
    equal(status, 405, "a push that is refused")
    return text


def put_by_acr(cloud, tag, digest):
    connection = connect(cloud.behind.host, None, plain=True)
    connection.request("GET", f"/v2/{REPOSITORY}/manifests/{digest}", headers={"Accept": INDEX})
    data = connection.getresponse().read()
    connection.close()
    return by_acr(cloud, "PUT", tag, data)[0]


@test
def what_falls_out_is_let_go(world):
    with world.shop(keep=1, follow={"semver": ">=3.0.0"}) as (cloud, cluster):
        cluster.lead(env=cloud.env())
        releases = []
        for number in range(4):
            releases.append(push_release(cloud, f"v3.{number}.0"))
            cluster.rolled("web", releases[-1][0])
            eventually(lambda: protected(cluster, releases[-1][0]), "it is protected")
        # The two newest sound ones beside what runs are kept, whatever spec.keep says.
        eventually(lambda: not protected(cluster, releases[0][0]), "the first has fallen out")
        for name in (*releases[0], "v3.0.0"):
            assert free(cloud.registry, name), (name, cloud.registry.attributes)
        for number in (1, 2, 3):
            for name in (*releases[number], f"v3.{number}.0"):
                assert locked(cloud.registry, name), (name, cloud.registry.attributes)
        equal(by_acr(cloud, "DELETE", releases[0][0])[0], 202, "what is let go can be deleted")
        equal(by_acr(cloud, "DELETE", releases[1][0])[0], 405, "what is kept cannot")
        change(cluster, protect=False)
        eventually(lambda: not cluster.status("web").get("protected") and condition(cluster) is None, "all is let go")
        assert all(free(cloud.registry, name) for _, name in cloud.registry.attributes), cloud.registry.attributes


@test
def a_child_of_two_releases(world):
    with world.shop(keep=1) as (cloud, cluster):
        shared = push_release(cloud, salt="shared")  # never a release itself
        cluster.lead(env=cloud.env())
        connection, digests = connect(cloud.behind.host, None, plain=True), []
        for salt in range(4):
            child = f"amd64-{salt}"
            push(connection, REPOSITORY, digest_of(manifest(child)), manifest(child), MANIFEST, [config(child)])
            data = index("arm64-shared", child)
            push(connection, REPOSITORY, "latest", data, INDEX)
            digests.append((digest_of(data), digest_of(manifest(child))))
            cluster.rolled("web", digests[-1][0])
            eventually(lambda: protected(cluster, digests[-1][0]), "it is protected")
        eventually(lambda: free(cloud.registry, digests[0][1]), "what only the first had")
        assert free(cloud.registry, digests[0][0]) and locked(cloud.registry, shared[2]), "what all have"


@test
def what_a_person_locked_stays_locked(world):
    with world.shop(keep=1, follow={"semver": ">=4.0.0"}) as (cloud, cluster):
        first = push_release(cloud, "v4.0.0")
        # Before: a child for good, and the tag against deletion alone. Afterwards: the index, on top of our lock.
        cloud.registry.attributes[REPOSITORY, first[1]] = dict(FOREVER)
        cloud.registry.attributes[REPOSITORY, "v4.0.0"] = {"deleteEnabled": False}
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        await_condition(cluster, "True", "Locked")
        states = {row.get("digest", row.get("tag", "image")): row["state"] for row in cluster.status("web")["protected"]}
        equal(states, {"image": "Ours", first[1]: "Others", first[2]: "Ours", "v4.0.0": "Others"}, "whose they are")
        cloud.registry.attributes[REPOSITORY, first[0]]["writeEnabled"] = False
        for number in range(1, 4):
            cluster.rolled("web", push_release(cloud, f"v4.{number}.0")[0])
        eventually(lambda: free(cloud.registry, first[2]), "what was ours is let go")
        eventually(lambda: not [row for row in cluster.status("web")["protected"] if row["of"] == first[0]], "the first has fallen out")
        equal(cloud.registry.attributes[REPOSITORY, first[1]], FOREVER, "a child")
        equal(cloud.registry.attributes[REPOSITORY, "v4.0.0"], {"deleteEnabled": False}, "a tag")
        equal(cloud.registry.attributes[REPOSITORY, first[0]], FOREVER, "the index")


def unprotected_notes(cluster):
    with cluster.api.lock:
        return [body["note"] for key, body in cluster.api.stored.items() if key[1] == "events" and body["reason"] == "Unprotected"]


@test
def an_identity_that_may_only_pull(world):
    with world.shop(pusher=False) as (cloud, cluster):
        first = push_release(cloud, "latest")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        row = await_condition(cluster, "False", "Refused")
        contains(row["message"], "AcrPush", "Container Registry Repository Writer", "metadata/write")
        assert not cloud.registry.attributes, "nothing is locked"
        eventually(lambda: any("AcrPush" in note for note in unprotected_notes(cluster)), "an Event")
        # The rollouts go on, and nothing is written for each try.
        second = push_release(cloud, "latest")
        cluster.rolled("web", second[0])
        equal(len(unprotected_notes(cluster)), 1, "it is told once")
        cloud.registry.pushers.add(CLIENT)
        change(cluster, keep=9)
        await_condition(cluster, "True", "Locked")
        assert all(locked(cloud.registry, digest) for digest in (*first, *second)), cloud.registry.attributes


@test
def a_release_that_is_gone(world):
    with world.shop() as (cloud, cluster):
        first = push_release(cloud, "latest")
        cluster.follow(f"{HOST}/{REPOSITORY}", protect=False)
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        second = push_release(cloud, "latest")
        cluster.rolled("web", second[0])
        equal(cloud.registry.clean_up(REPOSITORY, first), [first[0], *first[1:]], "what a policy takes without protection")
        change(cluster, protect=True)
        row = await_condition(cluster, "False", "Gone")
        contains(row["message"], "push it again")
        assert all(locked(cloud.registry, digest) for digest in second), "what is there is protected all the same"


@test
def locks_that_others_let_go(world):
    """Another cluster's Pinnace, or a person: whoever held it, it is ours when it is found free."""
    with world.shop() as (cloud, cluster):
        first = push_release(cloud, "latest")
        for name in first:
            cloud.registry.attributes[REPOSITORY, name] = {"deleteEnabled": False}
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        await_condition(cluster, "True", "Locked")
        equal({row["state"] for row in cluster.status("web")["protected"]}, {"Others"}, "whose it is")
        cloud.registry.attributes.clear()
        # Whoever leads looks soon; then at one release each ten minutes.
        cluster.programs.close()
        cluster.lead(env=cloud.env())
        eventually(lambda: all(locked(cloud.registry, name) for name in first), "it is locked anew")
        eventually(lambda: protected(cluster, first[0]), "and ours")


@test
def locks_that_hang_delay_no_rollout(world):
    with world.shop() as (cloud, cluster):
        first, answered = push_release(cloud, "latest"), threading.Event()
        cloud.registry.hanging = answered
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        eventually(lambda: [asked for asked in cloud.azure.asked(HOST) if asked.method == "PATCH"], "a lock is asked for")
        for _ in range(3):
            second = push_release(cloud, "latest")
            cluster.rolled("web", second[0])
        assert not answered.is_set() and not cloud.registry.attributes, "the registry answered"
        cloud.registry.hanging = None
        answered.set()
        eventually(lambda: protected(cluster, second[0]), "afterwards all is protected")


@test
def two_tracks_of_one_repository(world):
    with world.shop(keep=1) as (cloud, cluster):
        labels = {"app": "other"}
        first = push_release(cloud, "latest")
        cluster.api.put("/apis/apps/v1", "deployments", "other", {"metadata": {}, "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": f"{HOST}/{REPOSITORY}:old"}]}}}}, "default")
        cluster.track("other", image=f"{HOST}/{REPOSITORY}", protect=True, approval="Manual", rollout=SOON)
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        change(cluster, "other", approve={"digest": first[0], "by": "ann"})
        cluster.rolled("other", first[0])
        eventually(lambda: protected(cluster, first[0], "other") and protected(cluster, first[0]), "both have it as theirs")
        for _ in range(3):
            cluster.rolled("web", push_release(cloud, "latest")[0])
        eventually(lambda: not protected(cluster, first[0]), "one of them has let it go")
        assert all(locked(cloud.registry, digest) for digest in first), "the other has not"
        change(cluster, "other", protect=False)
        eventually(lambda: all(free(cloud.registry, digest) for digest in first), "nobody holds it any more")


def tells_its_version(handler, asked):
    if asked.path != "/version":
        return False
    handler.say(200, {"major": "1", "minor": "33", "gitVersion": "v1.33.0"})
    return True


@test
def people_are_warned(world):
    with world.shop(protect=False) as (cloud, cluster):
        def asks(*arguments):
            return cloud.program(*arguments, "--kubeconfig", cluster.api.kubeconfig, env=cloud.env())
        cluster.api.faults.append(tells_its_version)
        first = push_release(cloud, "latest")
        cluster.lead(env=cloud.env())
        cluster.rolled("web", first[0])
        second = push_release(cloud, "latest")
        cluster.rolled("web", second[0])
        few = first[0][7:19]
        out, err = cloud.program.bare("status", "--kubeconfig", cluster.api.kubeconfig)
        contains(err, f"default/web would go back to {few}, which has no tag of its own any more",
                 "kubectl patch track web -n default --type merge -p '{\"spec\":{\"protect\":true}}'")
        out, err = asks("doctor")
        contains(out, f"default/web would go back to what has neither tag nor lock, such as a retention policy or `acr purge` takes: latest ({few})",
                 "kubectl patch track TRACK -n NAMESPACE")
        equal(put_by_acr(cloud, "kept", first[0]), 201, "another tag")
        contains(asks("doctor")[0], f"default/web would go back to what is not locked, so that `acr purge` may take it: latest ({few})")
        change(cluster, protect=True)
        await_condition(cluster, "True", "Locked")
        out, err = asks("doctor")
        contains(out, "what would be gone back to is locked in the registry, for 1 of 1 Tracks")
        assert "would go back" not in out and not cloud.program.bare("status", "--kubeconfig", cluster.api.kubeconfig)[1], out
        # Somebody takes our lock away.
        cloud.registry.attributes[REPOSITORY, first[0]] = {}
        contains(asks("doctor")[0], f"default/web has locked what somebody has unlocked since: latest ({few})")
        # The identity may not lock, which the Track tells.
        cloud.registry.pushers.clear()
        cloud.registry.signer = Signer("another key, for which no token is one")
        third = push_release(cloud, "latest")
        cluster.rolled("web", third[0])
        await_condition(cluster, "False", "Refused")
        contains(asks("doctor")[0], "warning  tracks       default/web ", "AcrPush")
        contains(cloud.program.bare("status", "--kubeconfig", cluster.api.kubeconfig)[0], "AcrPush")


def write_ledger(cluster, current, before):
    """As a controller would have it, though none runs: whoever asks the cluster is the plugin."""
    body = cluster.api.find(TRACKS, "tracks", "web", "default")
    rows = [{"revision": revision, "tag": tag, "digest": digest, "state": "Healthy", "startedAt": "2026-11-21T09:00:00Z", "why": f"followed {tag}"}
            for revision, tag, digest in ((2, "v1.1.0", current), (1, "v1.0.0", before))]
    body["status"] = {"begun": True, "phase": "Current", "ledger": rows, "current": {key: rows[0][key] for key in ("tag", "digest", "revision")},
                      "previousGood": {key: rows[1][key] for key in ("tag", "digest")}}
    cluster.api.put(TRACKS, "tracks", "web", body, "default")


@contextlib.contextmanager
def two_releases(world, *faults):
    """Of a Track that protects nothing; what ran before comes first."""
    with world.shop(protect=False) as (cloud, cluster):
        cluster.api.faults.extend(faults)
        before, current = push_release(cloud, "v1.0.0"), push_release(cloud, "v1.1.0")
        write_ledger(cluster, current[0], before[0])
        yield cloud, cluster, before[0], current[0]


@test
def a_rollback_is_one_look_and_one_patch(world):
    with two_releases(world, when("create selfsubjectreviews", lambda handler, _: ApiServer.tell_who(handler, MORNING))) as (cloud, cluster, before, _):
        with cluster.api.lock:
            cluster.api.requests.clear()
        out, _ = cloud.program("rollback", "web", "--reason", "slow", "--kubeconfig", cluster.api.kubeconfig, code=0, env=cloud.env())
        contains(out, "held at v1.0.0 (")
        with cluster.api.lock:
            asked = [(request.method, request.path) for request in cluster.api.requests]
        web = f"{TRACKS}/namespaces/default/tracks/web"
        equal(sorted(asked), [("GET", web), ("PATCH", web), ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews")], "what a rollback asks")
        hold = cluster.api.find(TRACKS, "tracks", "web", "default")["spec"]["hold"]
        equal(hold, {"digest": before, "reason": "slow", "by": "ann", "at": "2026-11-21T09:00:00Z"}, "the word")


@test
def a_doctor_says_as_whom_it_asked(world):
    with two_releases(world, tells_its_version) as (cloud, cluster, *_):
        cloud.registry.passwords["ann"] = ("tok-en+/=", ("pull",))
        ann, gone = cloud.docker(username="ann", password="tok-en+/="), cloud.docker(username="gone", password="wrong")
        for env, told in (({}, "asked without credentials: "), (cloud.env(), "answers, asked as the identity of the environment (Azure)"),
                          (ann, "answers, asked as ann"), ({**cloud.env(), **ann}, "answers, asked as ann"), (gone, "asked as gone: "),
                          ({**cloud.env(), **gone}, "answers, asked as the identity of the environment (Azure)")):
            out, _ = cloud.program("doctor", "--kubeconfig", cluster.api.kubeconfig, env=env)
            contains(out, f" registry     {HOST}{'' if told.startswith('answers') else ','} {told}")


class Looks:
    """The API server's part: it is an hour later in each look, and each trial is refused in other words."""

    def __init__(self):
        self.count = 0

    def tells_the_time(self, handler, asked):
        if str(asked) != "create selfsubjectreviews":
            return False
        ApiServer.tell_who(handler, MORNING + 3600 * self.count)
        self.count += 1
        return True

    def refuses(self, handler, asked):
        if str(asked) != "create pods":
            return False
        handler.say(403, {"kind": "Status", "code": 403, "reason": "Forbidden",
                          "message": f'pods "{asked.body["metadata"]["name"]}" is forbidden: exceeded quota: used {self.count}'})
        return True


def lead(cluster, holder):
    cluster.api.put("/apis/coordination.k8s.io/v1", "leases", "pinnace-controller", {
        "metadata": {}, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-11-30T00:00:00.000000Z"}}, "pinnace-system")


def starve(cluster, digest):
    body = cluster.api.find(TRACKS, "tracks", "web", "default")
    body["status"]["candidate"] = {"tag": "v1.2.0", "digest": digest, "waits": "Proof", "waitsFor": "waits", "since": "2026-11-21T00:00:00Z"}
    cluster.api.put(TRACKS, "tracks", "web", body, "default")


def reports_of(text):
    """The lines of each, in their order, without what is other in each look."""
    reports = [report.strip().splitlines()[:-2] for report in re.findall(r"(?s:.+?)\nok: .*\n", text)]
    return [[line for line in report if "starves: for" not in line and "exceeded quota" not in line] for report in reports]


@test
def a_doctor_that_goes_on_tells_what_is_other(world):
    looks = Looks()
    with two_releases(world, tells_its_version, looks.tells_the_time, looks.refuses) as (cloud, cluster, before, current):
        cluster.api.put(CORE, "namespaces", "default", {"metadata": {"labels": {"pinnace.dev/enforce": "pinned"}}})
        cluster.api.put(TRACKS, "tracks", "odd", {"metadata": {}, "spec": {"image": 5}}, "default")
        lead(cluster, "one")
        starve(cluster, digest_of(b"next"))
        doctor = ("doctor", "-w", "--kubeconfig", cluster.api.kubeconfig)
        with cloud.program.beside(*doctor, env=cloud.env()) as text, cloud.program.beside(*doctor, "-o", "yaml", env=cloud.env()) as yaml:
            def told(words):
                """By the newest report of both; gives that of the one for people."""
                eventually(lambda: words in " ".join((reports_of(text()[0]) or [[]])[-1]) and words in yaml()[0].rpartition("\n---\n")[2],
                           lambda: f"{words}: {text()}, {yaml()}")
                return reports_of(text()[0])[-1]
            first, wanted = told("one leads"), looks.count + 6
            eventually(lambda: looks.count >= wanted, "three looks of both")
            equal((len(reports_of(text()[0])), yaml()[0].count("lines:\n")), (1, 1), "reports of what stays as it is")
            cloud.registry.hidden.add((REPOSITORY, before))
            second = told("cannot go back to what is gone")
            lead(cluster, "")
            third = told("nobody holds the Lease")
            out, err = text()
            equal(err + yaml()[1], "", "on stderr")
            # A look that has begun may have seen it before and after, and says what it saw.
            reports = reports_of(out)
            assert 3 <= len(reports) <= 4 and all(one != other for one, other in itertools.pairwise(reports)), out
            equal(out.count("\n\nok       api server"), len(reports) - 1, "blank lines between")
            equal(yaml()[0].count("\n---\nlines:\n"), yaml()[0].count("lines:\n") - 1, "documents of their own")
        few = f"v1.0.0 ({before[7:19]})"
        equal(changes(first, second), (
            ["ok       rollback     what would be gone back to is in the registry, for 1 of 1 Tracks",
             f"warning  rollback     default/web would go back to what is not locked, so that `acr purge` may take it: {few}"],
            [f"problem  rollback     default/web cannot go back to what is gone from the registry: {few}"]), "the registry")
        equal(changes(second, third), (["ok       controller   one leads"], ["problem  controller   nobody holds the Lease: certificates are not renewed"]),
              "the leader")
        contains(out, "problem  tracks       one cannot be read: default/odd: ")
        for passing in ("default/web starves: for ([0-9]+h) now v1.2.0", 'pods "pinnace-doctor-trial" is forbidden: exceeded quota: used ([0-9]+)'):
            equal(len(set(re.findall(passing, out))), len(reports), f"what was other in each look: {passing}")


def changes(one, other):
    """What is gone and what has come, but for what to do about it."""
    return tuple([line for line in a if line not in b and not line.lstrip().startswith("->")] for a, b in ((one, other), (other, one)))
