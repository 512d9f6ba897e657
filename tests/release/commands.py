# SPDX-License-Identifier: Apache-2.0
"""Commands, and patience."""
import subprocess

import patience

SYSTEM = "pinnace-system"
PATIENCE = 400  # seconds until something counts as never


def until(condition, what, seconds=PATIENCE):
    """As all tests wait, and more seldom, since many parts do at once."""
    return patience.until(condition, what, seconds, pause=0.3)


def command(*arguments, text=None):
    return subprocess.run([str(part) for part in arguments], input=text, capture_output=True, text=True, check=False)


def must(done):
    if done.returncode:
        raise RuntimeError(f"{' '.join(done.args)}: {done.stdout}{done.stderr}")
    return done.stdout
