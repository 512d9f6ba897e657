# SPDX-License-Identifier: Apache-2.0
"""Helm, and the chart as a folder of templates."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHART = os.path.join(ROOT, "manifests/chart")


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def helm(*arguments):
    return run(os.environ["HELM"], *arguments)


def flags(values):
    """--set-json takes words, true and false as they are."""
    words = {True: "true", False: "false"}
    return [f"--set-json={key}={words[value] if isinstance(value, bool) else chr(34) + value + chr(34)}"
            for key, value in values.items()]


def identity(text):
    found = [re.search(rf"^{key}: (\S+)$", text, re.MULTILINE) for key in ("kind", "  namespace", "  name")]
    return tuple(match.group(1) if match else "" for match in found)


def documents(yaml):
    """Texts by (kind, namespace, name); a document that comes twice is seen."""
    found = {}
    for text in re.split(r"^---\n", yaml, flags=re.MULTILINE):
        text = re.sub(r"^# Source: .*\n", "", text, flags=re.MULTILINE).strip()
        if text:
            found[identity(text)] = found.get(identity(text), "") + text
    return found


def template(values, *more):
    done = helm("template", "pinnace", CHART, *flags(values), *more)
    if done.returncode:
        raise RuntimeError(f"helm template with {values}: {done.stderr}")
    return done.stdout
