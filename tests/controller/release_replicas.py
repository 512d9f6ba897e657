# SPDX-License-Identifier: Apache-2.0
"""Two replicas, of which one leads, and replicas that end at any moment."""
import signal
import time

from apiserver import refusing, when
from program import TAKEN_OVER_S, demand, equal, eventually, lease_time
from releasetest import push, test
from releaseworld import CORE


def leases(world):
    """What each write of it left in the Lease."""
    with world.api.lock:
        return [body["spec"] for _, key, _, body in world.api.past if key[1] == "leases"]


@test
def two_replicas_and_one_acts(world):
    digest = world.make("web")
    programs = [world.start(), world.start()]
    world.rolled("web", digest)
    leaders = [program for program in programs if program.events("leading")]
    equal(len(leaders), 1, "leaders")
    second = push(world, "web")
    world.rolled("web", second)
    other = next(program for program in programs if program not in leaders)
    equal(other.metric('pinnace_track_polls_total{result="begun"}'), 0, "polls of the standby")
    equal(other.metric('pinnace_release_writes_total{what="status"}'), 0, "writes of the standby")


@test
def a_leader_that_is_killed_is_followed(world):
    digest = world.make("web")
    leader = world.lead()
    standby = world.start()
    world.rolled("web", digest)
    before = leases(world)[-1]["holderIdentity"]
    leader.process.kill()
    second = push(world, "web")
    standby.wait_for("leading")
    heard = [lease for lease in leases(world) if lease["holderIdentity"] == before][-1]
    taken = next(lease for lease in leases(world) if lease["holderIdentity"] != before)
    took = lease_time(taken["acquireTime"]) - lease_time(heard["renewTime"])
    print(f"    the other one leads {took:.1f} s after the last word of the one that is gone")
    demand(took <= TAKEN_OVER_S, f"taken over after {took:.1f} s")
    world.rolled("web", second)


@test
def two_that_lead_by_different_leases(world):
    """As when it is installed twice: each row and each change of a template is there once, whoever was first."""
    first = world.make("web")
    world.api.put(CORE, "namespaces", "other", {})
    programs = [world.lead(), world.lead("--namespace", "other")]
    world.rolled("web", first)
    digests = [first]
    for _ in range(6):
        digests.append(push(world, "web"))
        world.rolled("web", digests[-1])
    for program in programs:
        demand(program.metric('pinnace_track_polls_total{result="begun"}') > 0, "one of them does nothing at all")
        equal(program.events("not leading"), [], "one that leads no longer")
    rows = [(row["digest"], row["revision"]) for row in world.rows("web")]
    equal(sorted(rows, key=lambda row: row[1]), rows[::-1], "revisions")
    for digest in digests:
        equal([row[0] for row in rows].count(digest), 1, f"rows of {digest}: {rows}")
    equal(world.rolled_ever("web"), digests, "templates, one after the other")


@test
def a_call_under_way_ends_before_the_lease_does(world):
    """The server takes the patch and says nothing, and no renewal: the call is given up while it is led, none follows it."""
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    given_up = []

    def hold(handler, asked):
        """Until whoever asks has gone; then nothing is done of it."""
        if str(asked) != "patch deployments":
            return False
        if not given_up:
            world.api.faults.insert(0, no_renewal)
        handler.connection.settimeout(120)
        handler.connection.recv(1)
        given_up.append(time.time())
        handler.close_connection = True
        return True
    no_renewal = when("patch leases", refusing(500))
    world.api.faults.append(hold)
    second = push(world, "web")
    program.wait_for("not leading")
    eventually(lambda: given_up, "the patch is given up")
    held = leases(world)[-1]
    ends = lease_time(held["renewTime"]) + held["leaseDurationSeconds"]
    demand(given_up[0] < ends, f"given up {given_up[0] - ends:.1f} s after its Lease")
    asked = len(world.api.asked_for("patch deployments"))
    time.sleep(5)
    equal(len(world.api.asked_for("patch deployments")), asked, "patches of one that does not lead")
    equal(len(given_up), 1, "patches that were held")
    demand(world.image_of("web").endswith(first), "the template")
    world.api.faults.clear()
    program.wait_for("leading", 2)
    world.rolled("web", second)


@test
def a_leader_that_goes_gives_the_lease_back(world):
    digest = world.make("web")
    leader = world.lead()
    standby = world.start()
    world.rolled("web", digest)
    leader.stop()
    standby.wait_for("leading")
    world.rolled("web", push(world, "web"))


def restarts_at(world, what, count):
    """Killed as soon as it has asked for that; the next one goes on from the ledger."""
    first = world.make("web")
    program = world.lead()
    world.rolled("web", first)
    seen = []

    def strike(handler, asked):
        if str(asked) != what or len(seen) >= count:
            return False
        seen.append(asked)
        if len(seen) == count:
            program.process.kill()
        return False
    world.api.faults.append(strike)
    second = push(world, "web")
    eventually(lambda: len(seen) == count, what)
    program.process.wait()
    world.lead()
    world.rolled("web", second)
    rows = [row for row in world.rows("web") if row["digest"] == second]
    equal(len(rows), 1, f"rows of one rollout {rows}")
    world.api.faults.remove(strike)


@test
def killed_when_the_intent_is_written(world):
    restarts_at(world, "replace tracks/status", 1)


@test
def killed_when_the_image_is_applied(world):
    restarts_at(world, "patch deployments", 1)


@test
def killed_in_the_soak(world):
    restarts_at(world, "replace tracks/status", 3)


@test
def a_leader_that_was_asleep_does_not_act_on_what_it_knew(world):
    """Stopped past its Lease; meanwhile another one rolled further. Once awake, it must not take that back."""
    first = world.make("web")
    sleeper = world.lead()
    world.rolled("web", first)
    sleeper.process.send_signal(signal.SIGSTOP)
    second = push(world, "web")
    awake = world.start()
    awake.wait_for("leading")
    world.rolled("web", second)
    patches = len(world.api.asked_for("patch deployments"))
    sleeper.process.send_signal(signal.SIGCONT)
    sleeper.wait_for("not leading")
    time.sleep(3)
    equal(len(world.api.asked_for("patch deployments")), patches, "patches after the sleeper woke")
    world.rolled("web", second)
