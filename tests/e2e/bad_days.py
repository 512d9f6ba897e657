# SPDX-License-Identifier: Apache-2.0
"""Runs inside the cluster: see 'bad-days'. A part is a module with run(world)."""
import importlib
import pathlib
import sys
import time
import traceback

for shelf in "manifests", "webhook":
    sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / shelf))
import results  # noqa: E402
from bad_world import World  # noqa: E402
from lib import kubectl  # noqa: E402

# In this order: each leaves an installation to the next, the first makes it and the last takes it away.
PARTS = ["install", "restarts", "certificates", "away", "outage", "policy", "node", "crowd", "leaving"]

world = World()
results.verbose = True
for part in PARTS:
    if len(sys.argv) > 1 and part not in ("install", *sys.argv[1:]):
        continue
    began = time.monotonic()
    try:
        importlib.import_module(f"bad_{part}").run(world)
    except Exception as problem:  # pylint: disable=broad-except
        results.check(f"{part} could go on to its end: {problem!r}", False, traceback.format_exc() + kubectl("get", "pods", "-A", "-o", "wide").stdout)
        try:
            world.mend()
        except Exception as worse:  # pylint: disable=broad-except
            print(f"what {part} left could not be mended: {worse!r}", flush=True)
    print(f"{part}: {time.monotonic() - began:.0f} s", flush=True)
sys.exit(results.summary())
