# SPDX-License-Identifier: Apache-2.0
"""What the tests of releases share: what makes a function one of them, and what they push, count and wait for."""
import time

from apiserver import refusing
from program import eventually
from servers import manifest

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def push(world, repository, tag="latest", content=""):
    """Other bytes under the tag; gives their digest."""
    return world.registry.image(repository, tag, manifest(f"{repository}:{tag}:{content or time.monotonic_ns()}"))


def heads(world, repository):
    return [request["method"] for request in world.registry.requests(repository)]


def writes(world):
    """What was asked of the API server that changes something, but for the Lease."""
    with world.api.lock:
        return [str(asked) for asked in world.api.requests
                if asked.verb not in ("get", "list", "watch") and asked.plural != "leases"]


def quiet(world, since):
    """No write came since there were so many."""
    return writes(world)[since:]


def at_rest(world):
    """How many writes there were, once none has come for a second: Events and histories come after what they tell of."""
    def none_came():
        count = len(writes(world))
        time.sleep(1)
        return count if count == len(writes(world)) else None
    return eventually(none_came, "no more writes")


def await_polls(world, repository, more=3):
    count = len(heads(world, repository))
    eventually(lambda: len(heads(world, repository)) >= count + more, f"{repository} is polled")


def unwatched(world, *plurals):
    """No list and no watch of them comes any more; gives what to take out of the faults again."""
    def away(handler, asked):
        return asked.plural in plurals and asked.verb in ("list", "watch") and (refusing(503)(handler, asked) or True)
    world.api.faults.append(away)
    for plural in plurals:
        world.api.end_watches(plural)
    return away


def event_notes(world, reason):
    with world.api.lock:
        return [body["note"] for key, body in world.api.stored.items() if key[1] == "events" and body["reason"] == reason]
