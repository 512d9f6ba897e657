# SPDX-License-Identifier: Apache-2.0
"""Runs inside the test cluster: see 'run'."""
import argparse
import importlib
import sys
import tempfile
import time
import traceback

import leftovers
import results
from api import Api

parser = argparse.ArgumentParser()
parser.add_argument("parts", nargs="*", default=["render", "conditions", "crds", "tracks", "policies", "guards", "objects", "releases"])
api = Api()
before = leftovers.there(api)
for part in parser.parse_args().parts:
    began = time.monotonic()
    try:
        try:
            with tempfile.TemporaryDirectory() as folder:
                importlib.import_module(f"test_{part}").run(api, folder)
        finally:
            leftovers.clean(api, before)
    except Exception as problem:  # pylint: disable=broad-except
        results.check(f"{part} could go on to its end: {problem!r}", False, traceback.format_exc())
    print(f"{part}: {time.monotonic() - began:.1f} s, {results.passed} passed so far", flush=True)
sys.exit(results.summary())
