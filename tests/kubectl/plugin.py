# SPDX-License-Identifier: Apache-2.0
"""The plugin as people call it, and what is expected of what it says."""
import os
import re
import subprocess

from results import check


def plugin(*arguments, environment=None):
    """kubectl finds the plugin on the PATH."""
    path = f"{os.environ['PINNACE_BINARIES']}:{os.environ['PATH']}"
    return subprocess.run(["kubectl", "pinnace", *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": path, **(environment or {})})


def begin(*arguments):
    """The same, and goes on beside the test."""
    path = f"{os.environ['PINNACE_BINARIES']}:{os.environ['PATH']}"
    return subprocess.Popen(["kubectl", "pinnace", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "PATH": path})


def says(text, done, status, *parts):
    """It exits so, and each part (an expression) is in what it printed."""
    told = done.stdout + done.stderr
    missing = [part for part in parts if not re.search(part, told, re.MULTILINE)]
    return check(text, done.returncode == status and not missing,
                 f"expected: status {status}, and {missing}\ngot:      status {done.returncode}\n{told}")
