# SPDX-License-Identifier: Apache-2.0
"""How it follows a cluster whose API server is slow, wrong or half gone."""
import pathlib
import re
import resource
import time

import double
from harness import MOVING, PATIENCE, demand, equal

EXEMPTS = {"images": ["contoso.azurecr.io/shop/*"], "reason": "a test", "expires": "2999-01-01T00:00:00Z"}


def following(tools, cluster):
    return tools.server("--kubeconfig", cluster.kubeconfig, standalone=False)


def await_ready(server):
    end = time.monotonic() + PATIENCE
    while server.get("/readyz")[0] != 200:
        demand(time.monotonic() < end, "it does not get ready")
        time.sleep(0.02)


def await_reload(server, exemptions):
    """Until a snapshot with so many Exemptions is in force."""
    end = time.monotonic() + PATIENCE
    while not any(line["exemptions"] == exemptions for line in server.events("policy loaded")):
        demand(time.monotonic() < end,
               f"no {exemptions} Exemptions came in force: {server.events('policy loaded')}, {server.events('watch trouble')}")
        time.sleep(0.02)


def await_reload_again(server, exemptions):
    """The same of the newest one."""
    end = time.monotonic() + PATIENCE
    while server.events("policy loaded")[-1]["exemptions"] != exemptions:
        demand(time.monotonic() < end, f"no {exemptions} Exemptions came in force again: {server.events('watch trouble')}")
        time.sleep(0.02)


def is_(plural, asked, verb):
    return plural == "exemptions" and ("watch" in asked) == (verb == "watch")


def test_follows(tools):
    with double.Double(tools.folder) as cluster, following(tools, cluster) as server:
        await_ready(server)
        cluster.put("exemptions", "one", EXEMPTS)
        await_reload(server, 1)
        cluster.put("exemptions", "two", EXEMPTS, tell=False)
        cluster.end_streams("exemptions", 410)
        await_reload(server, 2)


def test_an_error_in_a_stream_is_passed_by_a_list(tools):
    """The event behind version 100 cannot be sent, now or ever; what is there now can be listed."""
    def script(cluster, handler, plural, asked):
        if not is_(plural, asked, "watch") or asked["resourceVersion"] != "100":
            return False
        handler.begin_stream()
        handler.event("ERROR", double.status(500))
        cluster.put("exemptions", "one", EXEMPTS)
        return True

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        await_reload(server, 1)


def test_a_page_that_is_refused_leads_to_a_new_list(tools):
    """As a token is by an API server of another version, after an upgrade between two pages."""
    def script(cluster, handler, plural, asked):
        if not is_(plural, asked, "list"):
            return False
        if "continue" in asked:
            handler.say(400, double.status(400, "continue key is not valid"))
        elif len([1 for each, _ in cluster.asked if each == plural]) == 1:
            handler.say(200, cluster.page(plural, [], **{"continue": "old"}))
        else:
            return False
        return True

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        await_ready(server)


def test_no_server_sends_it_away_for_long(tools):
    def script(cluster, handler, plural, asked):
        if is_(plural, asked, "list") and len([1 for each, _ in cluster.asked if each == plural]) == 1:
            handler.say(429, double.status(429, retryAfterSeconds=999999999))
        elif plural == "pinpolicies" and len([1 for each, _ in cluster.asked if each == plural]) == 1:
            handler.say(503, "<html>", [("Retry-After", "9999")])
        else:
            return False
        return True

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        server.wait_for("watch trouble", 2)
        waits = [line["againMs"] for line in server.events("watch trouble")]
        demand(all(wait <= 60000 for wait in waits), f"it is to wait for {waits} ms")


def test_half_a_list_is_no_sign_of_being_followed(tools):
    def script(cluster, handler, plural, asked):
        if not is_(plural, asked, "list"):
            return False
        if "continue" in asked:
            handler.say(503, double.status(503))
        else:
            handler.say(200, cluster.page(plural, [], **{"continue": "more"}))
        return True

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        server.wait_for("watch trouble", 2)
        equal(server.metric("pinnace_snapshot_age_seconds"), -1, "age of what was never read")


def test_a_slow_refusal_is_no_success(tools):
    """Each try takes longer than a stream must last to count as one, and the pauses grow all the same."""
    def script(cluster, handler, plural, asked):
        if not is_(plural, asked, "watch"):
            return False
        time.sleep(5.5)
        handler.say(503, double.status(503))
        return True

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        server.wait_for("watch trouble", 3)
        waits = [line["againMs"] for line in server.events("watch trouble")]
        demand(waits[2] >= 1000, f"after the third refusal it waits for {waits} ms")


def test_more_exemptions_than_there_is_room_for(tools):
    """40000 of them, as small as those with 64 patterns can be, and then a change: two snapshots at once."""
    with double.Double(tools.folder) as cluster:
        small = {**EXEMPTS, "images": ["a.io/*"] * 64}
        for number in range(40000):
            cluster.put("exemptions", str(number), small, namespace=f"tenant-{number % 40}")
        with following(tools, cluster) as server:
            await_ready(server)
            cluster.put("exemptions", "0", EXEMPTS, namespace="tenant-0")
            server.wait_for("policy loaded", 2)
            told = len(server.events("object not usable"))
            demand(0 < told <= 41, f"it was told {told} times that there is no room")
            demand(server.metric("pinnace_unusable_objects") > 20000, "those without room are counted")
            peak = server.peak_mb()
            # The container has 256 MiB, and bodies of reviews may take 64 of them.
            demand(tools.sanitized or peak < 190, f"it took {peak:.0f} MB")
            return f"{peak:.0f} MB at most"


def test_long_annotations_push_nobody_out(tools):
    with double.Double(tools.folder) as cluster:
        for number in range(40):
            cluster.put("exemptions", f"long-{number}", EXEMPTS, namespace="other", annotations={"x": "x" * 300000})
        cluster.put("exemptions", "mine", EXEMPTS)
        with following(tools, cluster) as server:
            await_reload(server, 41)
            equal(server.allowed(MOVING), True, "an exempt image's pod is let in")
            equal(server.metric("pinnace_unusable_objects"), 0, "those that had no room")


def test_few_large_objects_do_not_make_all_pages_small(tools):
    with double.Double(tools.folder) as cluster:
        for number in range(16):
            cluster.put("exemptions", f"long-{number}", EXEMPTS, namespace="other", annotations={"x": "x" * 1000000})
        for number in range(2000):
            cluster.put("exemptions", f"small-{number}", EXEMPTS, namespace=f"tenant-{number % 4}")
        with following(tools, cluster) as server:
            await_reload(server, 2016)
            pages = len([1 for plural, asked in cluster.asked if is_(plural, asked, "list")])
            demand(pages < 50, f"it took {pages} pages")
            return f"{pages} pages"


def test_a_namespace_has_its_share(tools):
    """Another tenant's fill his own, which is told once; and when he takes some away the rest of his comes in."""
    big = {**EXEMPTS, "images": ["a.io/" + "x" * 500] * 64}
    with double.Double(tools.folder) as cluster:
        for number in range(300):
            cluster.put("exemptions", f"big-{number}", big, namespace="another")
        cluster.put("exemptions", "mine", EXEMPTS)
        with following(tools, cluster) as server:
            await_ready(server)
            equal(server.allowed(MOVING), True, "an exempt image's pod is let in")
            cluster.put("exemptions", "big-300", big, namespace="another")
            server.wait_for("policy loaded", 2)
            equal(len(server.events("object not usable")), 1, "how often it was told that there is no room")
            for number in range(293):
                cluster.remove("exemptions", f"big-{number}")
            server.wait_for("room for all objects again")
            await_reload(server, 9)
            server.wait_for_metric("pinnace_unusable_objects", 0)


def test_what_has_ended_takes_no_room(tools):
    """A namespace's share twice over, of which half has ended; and then all, but for one that comes."""
    big = {**EXEMPTS, "images": ["a.io/" + "x" * 500] * 64}
    with double.Double(tools.folder) as cluster:
        for number in range(15):
            cluster.put("exemptions", f"old-{number}", {**big, "expires": "2020-01-01T00:00:00Z"}, namespace="default")
        for number in range(12):
            cluster.put("exemptions", f"one-{number}", big, namespace="default")
        cluster.put("exemptions", "zzz", EXEMPTS)
        with following(tools, cluster) as server:
            await_reload(server, 13)
            equal(server.allowed(MOVING), True, "an exempt image's pod is let in")
            equal(server.metric("pinnace_unusable_objects"), 0, "those that had no room")
            equal(server.events("object not usable"), [], "what had no room")
            cluster.put("exemptions", "one-0", {**big, "expires": "2020-01-01T00:00:00Z"}, namespace="default")
            await_reload(server, 12)


def test_a_list_that_takes_longer_than_a_call_may(tools):
    def script(cluster, handler, plural, asked):
        if is_(plural, asked, "list"):
            time.sleep(20)
        return False

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        await_ready(server)
        limits = [int(asked["limit"]) for plural, asked in cluster.asked if is_(plural, asked, "list")]
        demand(limits[-1] < limits[0], f"it asks for {limits} at a time")
        demand(server.metric("pinnace_watch_failures_total") >= 1, "it counts the failures")


def test_what_goes_on_failing_is_a_warning(tools):
    def script(cluster, handler, plural, asked):
        if is_(plural, asked, "list"):
            handler.say(503, double.status(503))
            return True
        return False

    with double.Double(tools.folder, script) as cluster, following(tools, cluster) as server:
        server.wait_for("watch trouble", 5)
        levels = [line["level"] for line in server.events("watch trouble")[:5]]
        equal(levels, ["info"] * 3 + ["warning"] * 2, "how it is told")


def restored(silent):
    """An etcd of before: what the client knows is of a time that is still to come there."""
    def script(cluster, handler, plural, asked):
        if "watch" not in asked or int(asked["resourceVersion"]) <= cluster.version:
            return False
        if silent:
            handler.begin_stream()
            time.sleep(6)
        else:
            handler.say(504, double.status(504, "Too large resource version: 200, current: 100",
                                           causes=[{"reason": "ResourceVersionTooLarge"}], retryAfterSeconds=1))
        return True
    return script


def check_restored(tools, silent):
    with double.Double(tools.folder, restored(silent)) as cluster, following(tools, cluster) as server:
        await_ready(server)
        cluster.put("exemptions", "later", EXEMPTS)
        await_reload(server, 1)
        with cluster.lock:
            cluster.version, cluster.objects["exemptions"] = 50, {}
            cluster.history["exemptions"].clear()
        cluster.cut_streams("exemptions")
        await_reload_again(server, 0)
        equal(server.allowed(MOVING), False, "it is let in by an Exemption that was never there")


def test_a_history_that_was_taken_back(tools):
    check_restored(tools, silent=False)


def test_a_history_that_was_taken_back_and_is_not_told(tools):
    """As a real API server does it: a watch from the future just stays silent."""
    check_restored(tools, silent=True)


def await_age(server, cluster, holds):
    """While the cluster says all the time that nothing has changed."""
    end = time.monotonic() + PATIENCE
    while not holds(server.metric("pinnace_snapshot_age_seconds")):
        demand(time.monotonic() < end, f"the age is {server.metric('pinnace_snapshot_age_seconds')}")
        for plural in double.KINDS:
            cluster.bookmark(plural)
        time.sleep(0.05)


def data_bytes(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmData:\s+(\d+)", text).group(1)) * 1024


def test_the_age_is_of_what_is_in_force(tools):
    """The cluster is followed well, but for what it says now there is no memory."""
    if tools.sanitized:  # a sanitizer ends the program where malloc fails
        return "not with a sanitizer"
    big = {**EXEMPTS, "images": ["a.io/" + "x" * 500] * 64}
    with double.Double(tools.folder) as cluster, following(tools, cluster) as server:
        await_ready(server)
        resource.prlimit(server.process.pid, resource.RLIMIT_DATA, (data_bytes(server) + 3000000, -1))
        for number in range(60):
            cluster.put("exemptions", f"big-{number}", big, namespace=f"tenant-{number}")
        server.wait_for("policy not loaded")
        await_age(server, cluster, lambda age: age >= 2)
        resource.prlimit(server.process.pid, resource.RLIMIT_DATA, (-1, -1))
        await_reload(server, 60)
        await_age(server, cluster, lambda age: age == 0)
        return None


def nested(depth):
    return {"f:a": nested(depth - 1)} if depth else {}


def test_deep_managed_fields_hide_nobody_elses_objects(tools):
    """Everybody may write them into his own Exemption, and an API server keeps them as they are."""
    with double.Double(tools.folder) as cluster:
        deep = [{"manager": "x", "fieldsType": "FieldsV1", "fieldsV1": nested(300)}]
        cluster.put("exemptions", "deep", EXEMPTS, managedFields=deep)
        cluster.put("exemptions", "mine", EXEMPTS)
        with following(tools, cluster) as server:
            await_ready(server)
            equal(server.allowed(MOVING), True, "an exempt image's pod is let in")
            cluster.put("exemptions", "mine", EXEMPTS, managedFields=deep)
            server.wait_for("policy loaded", 2)
            equal(server.allowed(MOVING), True, "what the Exemption said before holds")
            for name in "deep", "mine":
                cluster.remove("exemptions", name)
            await_reload(server, 0)
            equal(server.allowed(MOVING), False, "it is let in after its Exemption has gone")


def test_a_policy_that_cannot_be_read_is_not_taken_for_none(tools):
    """Neither at the start, nor when a later list brings it so; not even its name can be read here."""
    strict = {"registries": ["other.io/*"]}
    with double.Double(tools.folder) as cluster:
        cluster.put("pinpolicies", "default", strict, namespace=5)
        with following(tools, cluster) as server:
            server.wait_for("object not usable")
            cluster.put("exemptions", "bad", {})
            server.wait_for("object not usable", 2)
            equal(server.get("/readyz")[0], 503, "readiness")
            equal(server.events("policy loaded"), [], "what was put in force")
            cluster.put("pinpolicies", "default", strict)
            await_ready(server)
            equal(server.allowed(), False, "judged by the policy")
            cluster.put("pinpolicies", "default", strict, tell=False, namespace=5)
            cluster.end_streams("pinpolicies", 410)
            server.wait_for("object not usable", 3)
            server.wait_for("policy loaded", 2)
            equal(server.allowed(), False, "judged by the policy as it was")
