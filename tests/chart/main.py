# SPDX-License-Identifier: Apache-2.0
"""Runs inside the test cluster: see 'run'."""
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "manifests"))
import results  # noqa: E402

for part in sys.argv[1:] or ["values", "same", "install"]:
    began = time.monotonic()
    try:
        importlib.import_module(f"test_{part}").run()
    except Exception as problem:  # pylint: disable=broad-except
        results.check(f"{part} could go on to its end: {problem!r}", False, traceback.format_exc())
    print(f"{part}: {time.monotonic() - began:.1f} s, {results.passed} passed so far", flush=True)
sys.exit(results.summary())
