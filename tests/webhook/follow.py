# SPDX-License-Identifier: Apache-2.0
"""How it follows a cluster whose API server is slow, wrong or half gone."""
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
    def script(cluster, handler, plural, asked):
        if not is_(plural, asked, "list"):
            return False
        begin, limit = int(asked.get("continue", "0")), int(asked["limit"])
        more = {"continue": str(begin + limit)} if begin + limit < len(cluster.objects[plural]) else {}
        handler.say(200, cluster.page(plural, list(cluster.objects[plural].values())[begin:begin + limit], **more))
        return True

    with double.Double(tools.folder, script) as cluster:
        small = {**EXEMPTS, "images": ["a.io/*"] * 64}
        for number in range(40000):
            cluster.put("exemptions", str(number), small)
        with following(tools, cluster) as server:
            await_ready(server)
            cluster.put("exemptions", "0", EXEMPTS)
            server.wait_for("policy loaded", 2)
            peak = server.peak_mb()
            # The container has 256 MiB, and bodies of reviews may take 64 of them.
            demand(tools.sanitized or peak < 190, f"it took {peak:.0f} MB")
            return f"{peak:.0f} MB at most"


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
