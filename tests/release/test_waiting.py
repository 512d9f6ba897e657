# SPDX-License-Identifier: Apache-2.0
"""What waits, and for what: a person's approval, a proof, a suspension; and frequent pushes that starve nobody."""
import time

from world import PATIENCE


def pair(world, name, soak="5s", **production):
    """Tracks of staging and production for a repository of their own, both at its first bytes."""
    first = world.push("latest", serial="one", name=name)
    for where in (world.staging, world.production):
        world.workload(where, name, f"{world.repository(name)}:latest@{first}")
    world.track(world.staging, name, {"tag": "latest"}, [name], image=world.repository(name))
    world.track(world.production, name, {"tag": "latest"}, [name], image=world.repository(name),
                source={"namespace": world.staging, "track": name, "soak": soak}, **production)
    for where in (world.staging, world.production):
        world.comes(f"{name}: what runs in {where} is adopted", lambda where=where: world.ledger(where, name), world.told_of(where, name))
    return first


def candidate(world, name):
    return world.status(world.production, name).get("candidate", {})


def run_busy(world):
    """A push every 4 s against a soak of 12 s: production gets something none the less."""
    first = pair(world, "busy", soak="12s")
    pushed, end = [], time.monotonic() + PATIENCE
    while time.monotonic() < end and world.image_of(world.production, "busy").endswith(first):
        pushed.append(world.push("latest", serial=f"push {len(pushed)}", name="busy"))
        time.sleep(4)
    world.check("frequent pushes starve nobody", any(world.image_of(world.production, "busy").endswith(digest) for digest in pushed),
                world.told_of(world.production, "busy")() + world.told_of(world.staging, "busy")())
    world.comes_healthy("and staging comes to the last one", world.staging, pushed[-1], "busy")
    world.comes_healthy("and production too", world.production, pushed[-1], "busy")


def run_manual(world):
    first = pair(world, "manual", approval="Manual")
    second = world.push("latest", serial="two", name="manual")
    world.comes_healthy("Manual: staging runs it", world.staging, second, "manual")
    world.comes("Manual: production waits for a person", lambda: candidate(world, "manual").get("waits") == "Approval",
                world.told_of(world.production, "manual"))
    world.stays("Manual: and stays", lambda: world.image_of(world.production, "manual").endswith(first))
    world.does("Manual: approve", world.pinnace("approve", "manual", "-n", world.production))
    world.comes_healthy("Manual: then it moves", world.production, second, "manual")


def run_promote(world):
    first = pair(world, "urgent", soak="1h")
    second = world.push("latest", serial="two", name="urgent")
    world.comes_healthy("promote: staging runs it", world.staging, second, "urgent")
    world.comes("promote: production waits for the proof", lambda: candidate(world, "urgent").get("waits") == "Proof",
                world.told_of(world.production, "urgent"))
    world.comes("promote: and says until when", lambda: "until" in candidate(world, "urgent"), lambda: candidate(world, "urgent"))
    world.check("promote: it still runs the first", world.image_of(world.production, "urgent").endswith(first))
    world.does("promote", world.pinnace("promote", "urgent", "-n", world.staging, "--to", world.production, "--reason", "a fix"))
    world.comes_healthy("promote: production runs it now", world.production, second, "urgent")


def run_suspend(world):
    first = pair(world, "asleep")
    world.does("suspend", world.pinnace("suspend", "asleep", "-n", world.staging))
    world.comes_seen("suspended: it is known", world.staging, "asleep")
    second = world.push("latest", serial="two", name="asleep")
    world.stays("suspended: nothing moves", lambda: world.image_of(world.staging, "asleep").endswith(first))
    world.does("resume", world.pinnace("resume", "asleep", "-n", world.staging))
    world.comes_healthy("resumed: it goes on", world.staging, second, "asleep")


def run(world):
    world.staging, world.production = world.namespace("staging"), world.namespace("production")
    world.at_once((run_busy, run_manual, run_promote, run_suspend))
