# SPDX-License-Identifier: Apache-2.0
"""What an installation takes: the image on the wire and on the disk, and the memory of its pods when nobody asks."""
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time

import servers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / "tests/cluster"
IDLE_SECONDS = 30


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def pull_size(archive):
    """Of all that a node fetches: manifest, configuration and compressed layers."""
    with tarfile.open(archive) as layout:
        files = {member.name.removeprefix("./"): member for member in layout}
        (named,) = json.load(layout.extractfile(files["index.json"]))["manifests"]
        manifest = json.load(layout.extractfile(files["blobs/" + named["digest"].replace(":", "/")]))
        return named["size"] + sum(part["size"] for part in (manifest["config"], *manifest["layers"]))


def install(enter, folder, reference):
    """The default overlay, with the image from the registry of the cluster, as anybody does it who mirrors it."""
    name, digest = reference.split("@")
    overlay = folder / "overlay"
    overlay.mkdir()
    base = os.path.relpath(ROOT / "manifests/overlays/default", overlay.resolve())
    (overlay / "kustomization.yaml").write_text(json.dumps({
        "resources": [base],
        "images": [{"name": "registry.example/pinnace", "newName": name.rsplit(":", 1)[0], "digest": digest}]}))
    run(*enter, "kubectl", "apply", "-k", str(ROOT / "manifests/crds"))
    run(*enter, "kubectl", "apply", "-k", str(overlay))
    for deployment in "webhook", "controller":
        run(*enter, "kubectl", "-n", "pinnace-system", "rollout", "status", f"deployment/pinnace-{deployment}",
            "--timeout=2m")


def print_tables(folder):
    archive, name = folder / "pinnace.tar", f"bench-{os.getpid()}"
    _, unpacked = run(str(ROOT / "tests/image/build"), "--out", str(archive)).split()
    enter = [str(TOOLS / "enter"), "--name", name, "--"]
    try:
        run(str(TOOLS / "up"), "--name", name, "--registry", "tls", "--die-with", str(os.getpid()))
        install(enter, folder, run(str(TOOLS / "load-image"), "--name", name, "--push", str(archive)).split()[-1])
        time.sleep(IDLE_SECONDS)
        print("| the image | |\n|---|---|")
        print(f"| to pull, compressed | {pull_size(archive) / 1e6:.1f} MB |")
        print(f"| unpacked | {int(unpacked) / 1e6:.1f} MB |\n", flush=True)
        subprocess.run([*enter, "python3", "-B", __file__], check=True)
    finally:
        subprocess.run([TOOLS / "down", "--name", name], check=True, capture_output=True)


def print_memory():
    """Inside the cluster, where the pods' processes can be seen."""
    print("| idle in a cluster, half a minute after it was installed | resident: anonymous + of files |\n|---|---|")
    for name in "pinnace-webhook", "pinnace-controller":
        for pid in servers.pids_of(name):
            anonymous, files = servers.memory(pid)
            print(f"| a pod of {name} | {anonymous:.1f} + {files:.1f} MB |")


if __name__ == "__main__":
    print_memory()
