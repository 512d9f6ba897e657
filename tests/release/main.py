# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'run'. A part is a module with run(world), in namespaces of its own. Most of the time a
part waits, so several run at once; what one printed comes in one piece. Those of INSTALLED need all of Pinnace in the
cluster, from its image, and come last, one after another."""
import argparse
import concurrent.futures
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "../manifests"), os.path.join(HERE, "../images")]
import results  # noqa: E402
from world import CannotGoOn, Stage, World  # noqa: E402

PARTS = ["story", "faults", "hands", "kinds", "waiting", "registries", "trouble", "hints", "people"]
ALONE = ["outage", "crowd"]
INSTALLED = ["installed"]
AT_ONCE = 4


def run_part(stage, name):
    began = time.monotonic()
    world = World(stage, name)
    try:
        importlib.import_module(f"test_{name}").run(world)
    except CannotGoOn:
        world.say(world.story())
    except Exception:  # pylint: disable=broad-except
        world.check(f"{name} could go on to its end", False, traceback.format_exc() + world.story())
    world.say(f"{name}: {time.monotonic() - began:.1f} s")
    return world.told


def show(told):
    for line, good, detail in told:
        if good is None:
            print(line, flush=True)
        else:
            results.check(line, good, detail)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*")
    wanted = parser.parse_args().parts or PARTS + ALONE + INSTALLED
    results.verbose = True
    with Stage() as stage:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = [pool.submit(run_part, stage, part) for part in wanted if part in PARTS]
            for done in concurrent.futures.as_completed(runs):
                show(done.result())
        for part in wanted:
            if part in ALONE:
                show(run_part(stage, part))
        for part in wanted:
            if part in INSTALLED and stage.image:
                stage.install()
                show(run_part(stage, part))
            elif part in INSTALLED:
                results.skip(1, part, "it needs --image")
    return results.summary()


sys.exit(main())
