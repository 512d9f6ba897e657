# SPDX-License-Identifier: Apache-2.0
"""Two replicas, of which one leads, and replicas that end at any moment."""
import signal
import time

from program import demand, equal, eventually
from releasetest import push, test


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
    leader.process.kill()
    killed = time.monotonic()
    second = push(world, "web")
    standby.wait_for("leading")
    took = time.monotonic() - killed
    print(f"    the other one leads after {took:.1f} s")
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
