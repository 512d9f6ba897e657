# SPDX-License-Identifier: Apache-2.0
"""place: a network and a mount namespace of our own, in which clouds are where they are in the world: their names lead
to this machine, port 443 and all, and the machine's metadata service has its address. Nothing gets out of it."""
import os
import pathlib
import subprocess
import sys

METADATA = "169.254.169.254"
INSIDE = "PINNACE_TEST_PLACE"


def enter():
    """Runs this program again inside, unless that is where we are."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit("this needs root, for a network namespace of its own")
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", "--", sys.executable, *sys.argv])


def furnish(folder, names):
    """The names are this machine's from here on, and the metadata service's address too."""
    hosts = pathlib.Path(folder) / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in names))
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "address", "add", f"{METADATA}/32", "dev", "lo"],
                    ["mount", "--bind", hosts, "/etc/hosts"]):
        subprocess.run(command, check=True)
