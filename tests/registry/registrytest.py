# SPDX-License-Identifier: Apache-2.0
"""registrytest: what makes a function a test of the registry client, and what all of them say things with."""
import base64

from servers import PASSWORD, USER

TESTS = []
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def test(function):
    TESTS.append(function)
    return function


def equal(got, expected, what):
    assert got == expected, f"{what}: expected {expected!r}, got {got!r}"


def contains(text, part):
    assert part in text, f"{part!r} is not in {text!r}"
