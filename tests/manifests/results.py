# SPDX-License-Identifier: Apache-2.0
"""What the tests found, a line for each failure (or for each check), and the last line that a runner looks for."""
passed = failed = skipped = 0
verbose = False


def check(text, good, detail=""):
    global passed, failed
    if good:
        passed += 1
        if verbose:
            print(f"ok: {text}")
        return True
    failed += 1
    print(f"FAILED: {text}")
    for line in str(detail).splitlines():
        print(f"    {line}")
    return False


def skip(count, text, why):
    global skipped
    skipped += count
    print(f"skipped: {count} {text}: {why}")


def summary():
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
