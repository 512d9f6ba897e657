# SPDX-License-Identifier: Apache-2.0
"""world: what the parts share: a real registry with images, and the program."""
import contextlib
import os
import subprocess
import tempfile

from servers import INDEX, MANIFEST, Real, config, connect, digest_of, index, manifest, push

TAGS = ("v1.0.0", "v1.2.0", "latest")


def equal(got, expected, what):
    assert got == expected, f"{what}: expected {expected!r}, got {got!r}"


def contains(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in {text!r}"


class Behind:
    """docker-registry, plain, with the image shop/web."""

    def __init__(self, folder, pki):
        self.real = Real("plain", folder, pki, "")
        self.real.await_start()
        self.host, self.digest = self.real.host, digest_of(index("amd64", "arm64"))
        connection = connect(self.host, None, plain=True)
        for name in ("amd64", "arm64"):
            push(connection, "shop/web", name, manifest(name), MANIFEST, [config(name)])
        for tag in TAGS:
            push(connection, "shop/web", tag, index("amd64", "arm64"), INDEX)
        connection.close()

    def stop(self):
        self.real.stop()


def patience_of(code):
    """Seconds for more tries, as --timeout takes them: what is to succeed may need one on a busy machine."""
    return "100" if code == 0 else "0"


class Program:
    """kubectl-pinnace, and what must never be in what it prints."""

    def __init__(self, binary, folder, pki):
        self.binary, self.folder, self.pki, self.secrets = binary, folder, pki, []

    def __call__(self, *arguments, code=None, env=None):
        return self.bare(*arguments, "--ca-file", self.pki.ca, code=code, env=env)

    def environment(self, env):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(env or {})}

    @contextlib.contextmanager
    def beside(self, *arguments, env=None):
        """It goes on beside the test; gives what tells all that it has printed so far, as (stdout, stderr)."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([self.binary, *arguments, "--ca-file", self.pki.ca], stdout=out, stderr=err,
                                       env=self.environment(env))

            def told():
                texts = [os.pread(file.fileno(), 1 << 20, 0).decode() for file in (out, err)]
                self.check_secrets("".join(texts))
                return texts
            try:
                yield told
                equal(process.poll(), None, f"it goes on, until it is interrupted; it told {told()}; exit status")
            finally:
                process.terminate()
                process.wait(60)

    def bare(self, *arguments, code=None, env=None):
        """A verb that asks no registry."""
        done = subprocess.run([self.binary, *arguments], capture_output=True, env=self.environment(env),
                              timeout=300, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.check_secrets(out + err)
        if code is not None:
            equal(done.returncode, code, f"exit status of {arguments}; stderr: {err}")
        return out, err

    def check_secrets(self, told):
        for secret in self.secrets:
            assert secret not in told, "a secret was told"
        assert "eyJ" not in told, "a token was told"
