# SPDX-License-Identifier: Apache-2.0
"""Waiting for what comes by itself: nothing here is about how fast it comes."""
import time

PATIENCE = 240  # seconds until something counts as never: for machines that are slow, and busy besides


class InVain(RuntimeError):
    """What was waited for did not come."""


def until(condition, what, seconds=PATIENCE, pause=0.02):
    """What the condition gives, as soon as that is something. One that cannot be asked, since a server is away or has not
    yet what it looks into, is asked again; what it met last is told if it was in vain. What may be a function that tells
    how it stands."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if got := condition():
                return got
            met = f"it was {got!r}"
        except InVain:
            raise
        except Exception as problem:  # pylint: disable=broad-except
            met = f"it met {problem!r}"
        if time.monotonic() > deadline:
            raise InVain(f"waited {seconds} s in vain for {what() if callable(what) else what}: {met}")
        time.sleep(pause)


def until_equal(get, want, seconds=PATIENCE):
    """What it gives, as soon as that is what is wanted; or else what it gave last, for who compares it."""
    got = []

    def look():
        got[:] = [get()]
        return got[0] == want
    try:
        until(look, want, seconds)
    except InVain:
        if not got:
            raise
    return got[0]
