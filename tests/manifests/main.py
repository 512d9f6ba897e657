# SPDX-License-Identifier: Apache-2.0
"""Runs inside the test cluster: see 'run'."""
import argparse
import importlib
import sys
import tempfile
import time

import leftovers
import results
from api import Api

parser = argparse.ArgumentParser()
parser.add_argument("parts", nargs="*", default=["render", "conditions", "crds", "tracks", "policies", "guards", "objects", "releases"])
api = Api()
before = leftovers.there(api)
for part in parser.parse_args().parts:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module(f"test_{part}").run(api, folder)
    leftovers.clean(api, before)
    print(f"{part}: {time.monotonic() - began:.1f} s, {results.passed} passed so far", flush=True)
sys.exit(results.summary())
