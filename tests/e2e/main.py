# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'run'. A part is a module with run(world), which installs what it needs and takes it
away; checks that fail do not end it, and one that cannot go on counts as a failure."""
import argparse
import importlib
import os
import sys
import time
import traceback

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../manifests"))
import results  # noqa: E402
from lib import World  # noqa: E402

PARTS = ["install", "kinds", "old", "rules", "people", "corpus", "profiles"]

parser = argparse.ArgumentParser()
parser.add_argument("parts", nargs="*", default=PARTS)
world = World()
results.verbose = True
for part in parser.parse_args().parts:
    began = time.monotonic()
    try:
        importlib.import_module(f"test_{part}").run(world)
    except Exception as problem:  # pylint: disable=broad-except
        results.check(f"{part} could go on to its end: {problem!r}", False, traceback.format_exc() + world.story())
    print(f"{part}: {time.monotonic() - began:.1f} s, {results.passed} passed so far", flush=True)
sys.exit(results.summary())
