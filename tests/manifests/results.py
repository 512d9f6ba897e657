# SPDX-License-Identifier: Apache-2.0
"""What the tests found, a line for each failure, and the last line that a runner looks for."""
passed = failed = skipped = 0


def check(text, good, detail=""):
    global passed, failed
    if good:
        passed += 1
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
