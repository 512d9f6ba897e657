# SPDX-License-Identifier: Apache-2.0
"""limits: how much is asked of a registry at most: pages of a list, requests at a time, and how soon after a failure."""
import json
import threading
import time
import urllib.parse

from registrytest import contains, equal, test
from servers import Crowd, Double


@test
def a_list_that_never_ends(world):
    def endless(handler):
        tags = [f"1.{handler.turn}.{number}" for number in range(1000)]
        handler.answer(200, json.dumps({"name": "x", "tags": tags}).encode(),
                       Link=f'</v2/{handler.repository}/tags/list?n=1000&last={tags[-1]}>; rel="next"')
        return True
    name = world.script("list/endless", endless)
    out, err = world("select", "--semver", "*", "--image", name, code=2)
    equal(out, "", "nothing is picked from a part")
    contains(err, "more than 200000 tags")
    equal(len(world.double.requests("list/endless")), 201, "requests")


@test
def pages_that_go_round(world):
    """They are found out soon, however many there are of them."""
    for count in 2, 7:
        def round_and_round(handler, count=count):
            at = int(urllib.parse.parse_qs(handler.url.query).get("last", ["0"])[0])
            handler.answer(200, b'{"name":"x","tags":[]}', Link=f'<{handler.url.path}?last={(at + 1) % count}>; rel="next"')
            return True
        name = world.script(f"list/round-of-{count}", round_and_round)
        out, err = world("select", "--semver", "*", "--image", name, code=2)
        equal(out, "", "nothing is picked")
        contains(err, "its pages lead back")
        asked = len(world.double.requests(f"list/round-of-{count}"))
        assert count < asked <= 4 * count, f"{asked} requests for {count} pages"


@test
def failures_at_a_time_are_one_reason_to_wait(world):
    """Eight that fail together leave a registry alone for as long as one does: a second at the most, at first."""
    crowd = Crowd(enough=8)

    def fail(handler):
        crowd(handler)
        handler.error(500, "X", "broken")
        return True
    with Double(world.pki) as broken:
        names = broken.scripted(fail, 24)  # up to twelve are on their way when the fifth fails
        _, err = world.resolve("--timeout", "0", *names, code=2)
    contains(err, "is not asked for another 1 s")


@test
def so_many_at_a_time_and_no_more(world):
    crowd = Crowd(enough=8)
    names = [world.script(f"crowd/{number}", crowd) for number in range(40)]
    out, _ = world.resolve(*(f"{name}:v1" for name in names), code=0)
    equal((out.count("@sha256:"), crowd.most), (40, 8), "resolved, and at a time at most")
    crowd, tags = Crowd(enough=2), [f"v{number}" for number in range(20)]
    name = world.script("crowd/one", crowd, tags)
    out, _ = world.resolve(*(f"{name}:{tag}" for tag in tags), code=0)
    equal((out.count("@sha256:"), crowd.most), (20, 2), "resolved, and at a time at most of one repository")


@test
def after_failures_one_goes_first(world):
    """And it stays alone until it has an answer that is good; then the others come."""
    lock, moments, alone = threading.Lock(), [], []

    def script(handler):
        with lock:
            moments.append(time.monotonic())
            number = len(moments)
        if number <= 8:
            handler.error(500, "X", "broken")
            return True
        if number == 9:
            time.sleep(2)
            alone.append(len(moments) == number)
        return False
    with Double(world.pki) as broken:
        out, _ = world.resolve("--timeout", "120", *broken.scripted(script, 6), code=0)
    equal((out.count("@sha256:"), alone), (6, [True]), "resolved, and the first was alone")


@test
def a_registry_that_wants_to_be_left_alone_leaves_the_others_to_be_asked(world):
    with Double(world.pki) as busy:
        asked = busy.scripted(lambda h: (h.error(429, "TOOMANYREQUESTS", "slow down", Retry_After="3000"), True)[1])
        healthy = f"{world.double.host}/public/web:v1.0.0"
        out, err = world.resolve(*asked, *[healthy] * 20, code=2)
    contains(err, "(429)")
    equal(out.count(world.digest), 20, "resolved at the other registry")
