# SPDX-License-Identifier: Apache-2.0
"""The plugin as people call it, and what is expected of what it says. Nothing here waits for ever."""
import os
import re
import subprocess
import threading

from results import check

PATIENCE = 180  # seconds until a command counts as hung


def _environment(more=None):
    """kubectl finds the plugin on the PATH."""
    return {**os.environ, "PATH": f"{os.environ['PINNACE_BINARIES']}:{os.environ['PATH']}", **(more or {})}


def plugin(*arguments, environment=None):
    return subprocess.run(["kubectl", "pinnace", *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE,
                          env=_environment(environment))


class Beside:
    """The same, and goes on beside the test; .out and .err are the lines that it has printed so far.

    It is ended by SIGTERM: what a shell started in the background ignores SIGINT, and so does whatever that starts."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(["kubectl", "pinnace", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=_environment())
        self.out, self.err = [], []
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.process.terminate()
        self.finish()

    def finish(self):
        """What it is in the end; one that does not end is killed, and its status says so."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, "".join(self.out), "".join(self.err))


def says(text, done, status, *parts):
    """It exits so, and each part (an expression) is in what it printed."""
    told = done.stdout + done.stderr
    missing = [part for part in parts if not re.search(part, told, re.MULTILINE)]
    return check(text, done.returncode == status and not missing,
                 f"expected: status {status}, and {missing}\ngot:      status {done.returncode}\n{told}")
