# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'run'. A part is a module with run(world), in namespaces of its own. Most of the time a
part waits, so they run at once; what one printed comes in one piece. Those of LAST run with all of Pinnace in the
cluster, from its image, if there is one; without it those of INSTALLED cannot."""
import argparse
import concurrent.futures
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, folder) for folder in ("../manifests", "../images", "../cases")]
import results  # noqa: E402
from world import CannotGoOn, Stage, World  # noqa: E402

# Those that the place of the images has nothing for are left out: see places.py.
PARTS = ["story", "faults", "hands", "kinds", "waiting", "registries", "trouble", "hints", "senders", "people", "locks"]
ALONE = ["outage", "silence"]
PATIENT = ["silence"]  # waits for minutes: only if it is named
LAST = ["installed", "identities", "crowd"]
INSTALLED = ["installed", "identities"]


def run_part(stage, name):
    began = time.monotonic()
    world = World(stage, name)
    try:
        importlib.import_module(f"test_{name}").run(world)
    except CannotGoOn:
        world.say(world.story())
    except Exception as problem:  # pylint: disable=broad-except
        world.check(f"{name} could go on to its end: {problem!r}", False, traceback.format_exc() + world.story())
    if "RELEASE_KEEP" not in os.environ:
        world.clear()
    world.say(f"{name}: {time.monotonic() - began:.1f} s")
    return world.told


def show(told):
    for line, good, detail in told:
        if good is None:
            print(line, flush=True)
        else:
            results.check(line, good, detail)


def at_once():
    """As many as the machine is free for."""
    return 3 if os.getloadavg()[0] > 4 * os.cpu_count() else 9


def run_at_once(stage, names):
    with concurrent.futures.ThreadPoolExecutor(at_once()) as pool:
        runs = [pool.submit(run_part, stage, name) for name in names]
        for done in concurrent.futures.as_completed(runs):
            show(done.result())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*")
    asked = parser.parse_args().parts or ["outside", "inside"]
    results.verbose = True
    with Stage() as stage:
        groups = {"outside": [part for part in PARTS + ALONE if part not in PATIENT], "inside": LAST}
        wanted = [part for word in asked for part in groups.get(word, [word]) if word not in groups or part not in stage.place.cannot]
        cannot = {part: "it is not for images of this place" for part in stage.place.cannot}
        cannot |= {part: "it needs --image" for part in INSTALLED if not stage.image}
        for part in wanted:
            if part in cannot:
                results.skip(1, part, f"skipped: {cannot[part]}")
        wanted = [part for part in wanted if part not in cannot]
        run_at_once(stage, [part for part in wanted if part in PARTS])
        for part in wanted:
            if part in ALONE:
                show(run_part(stage, part))
        last = [part for part in wanted if part in LAST]
        if stage.image and last:
            stage.install()
        run_at_once(stage, last)
    return results.summary()


sys.exit(main())
