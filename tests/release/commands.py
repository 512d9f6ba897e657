# SPDX-License-Identifier: Apache-2.0
"""Commands, and patience."""
import subprocess
import time

SYSTEM = "pinnace-system"
PATIENCE = 400  # seconds until something counts as never


def until(condition, what, seconds=PATIENCE):
    """What the condition gives, as soon as that is something; what may be a function that tells how it stands."""
    deadline = time.monotonic() + seconds
    while not (got := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s in vain for {what() if callable(what) else what}")
        time.sleep(0.3)
    return got


def command(*arguments, text=None):
    return subprocess.run([str(part) for part in arguments], input=text, capture_output=True, text=True, check=False)


def must(done):
    if done.returncode:
        raise RuntimeError(f"{' '.join(done.args)}: {done.stdout}{done.stderr}")
    return done.stdout
