# SPDX-License-Identifier: Apache-2.0
"""Manifests as objects: kustomize builds them, kubectl makes JSON of their YAML."""
import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def kustomize(folder):
    """The YAML of a folder of manifests/, or of one that is anywhere."""
    folder = os.path.join(ROOT, "manifests", folder)
    built = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"kubectl kustomize {folder}: {built.stderr}")
    return built.stdout


def objects_of(yaml):
    # An annotation that is not there is taken away: the one verb that needs neither server nor schema.
    made = subprocess.run(["kubectl", "annotate", "--local", "-f", "-", "-o", "json", "pinnace.dev/none-"], input=yaml,
                          capture_output=True, text=True, check=True)
    decoder, at, objects = json.JSONDecoder(), 0, []
    while at < len(made.stdout):
        value, at = decoder.raw_decode(made.stdout, at)
        objects += value["items"] if value["kind"] == "List" else [value]
        while at < len(made.stdout) and made.stdout[at].isspace():
            at += 1
    return objects


def render(folder):
    return objects_of(kustomize(folder))


def read(file):
    with open(os.path.join(ROOT, "manifests", file), encoding="utf-8") as text:
        return objects_of(text.read())


def find(objects, kind, name=None):
    return [item for item in objects if item["kind"] == kind and name in (None, item["metadata"]["name"])]
