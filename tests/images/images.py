# SPDX-License-Identifier: Apache-2.0
"""Images of behave.c, made here and pushed to a registry by its own protocol, in milliseconds and without a container
engine: `digest = Registry(url, ca).push("shop/web", "latest", "crash 3")`. Other words, other bytes; `serial` makes
other bytes of the same words. tests/images/push is the same as a command."""
import hashlib
import io
import json
import os
import pathlib
import platform
import ssl
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def document(content):
    return json.dumps(content, sort_keys=True).encode()


def layer(**files):
    """A tar of files in the root folder, of the same bytes each time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def program():
    """behave, linked statically."""
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "behave")
        source = pathlib.Path(__file__).with_name("behave.c")
        subprocess.run(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-static", "-Os", "-s", "-o", target, str(source)],
                       check=True)
        return pathlib.Path(target).read_bytes()


class Registry:
    """A registry that takes pushes: from anybody, or with a user's name and password (Basic)."""

    def __init__(self, url, ca=None):
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
        self.base = layer(behave=program())

    def ask(self, method, url, data=None, kind="application/octet-stream"):
        """The answer to a request; of HEAD it is None when there is no such thing."""
        headers = {"Content-Type": kind, "Accept": f"{INDEX}, {MANIFEST}, */*"}
        request = urllib.request.Request(url if "://" in url else self.url + url, data, headers, method=method)
        try:
            return self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            if method == "HEAD" and error.code == 404:
                return None
            raise RuntimeError(f"{method} {url}: {error.code} {error.read()}") from error

    def put_blob(self, repository, data):
        digest = digest_of(data)
        if not self.ask("HEAD", f"/v2/{repository}/blobs/{digest}"):
            place = self.ask("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
            self.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data)
        return digest

    def put_manifest(self, repository, content, *names):
        data = document(content)
        for name in names or (digest_of(data),):
            self.ask("PUT", f"/v2/{repository}/manifests/{name}", data, content["mediaType"])
        return digest_of(data)

    def described(self, repository, kind, data):
        return {"mediaType": kind, "digest": self.put_blob(repository, data), "size": len(data)}

    def push(self, repository, tag, does="good", serial="", entrypoint="/behave", architecture=ARCHITECTURE):
        """An image that does what the words say (see behave.c), under a tag, and several with tag=("a", "b");
        returns its digest. An entrypoint that is not there makes one that cannot start."""
        layers = [self.base, layer(does=f"{does} {serial}\n".encode())]
        config = {"architecture": architecture, "os": "linux", "config": {"Entrypoint": [entrypoint], "User": "65532:65532"},
                  "rootfs": {"type": "layers", "diff_ids": [digest_of(data) for data in layers]}}
        return self.put_manifest(repository, {
            "schemaVersion": 2, "mediaType": MANIFEST, "config": self.described(repository, CONFIG, document(config)),
            "layers": [self.described(repository, LAYER, data) for data in layers]}, *((tag,) if isinstance(tag, str) else tag))

    def push_index(self, repository, tag, does="good", serial="", architectures=(ARCHITECTURE, "s390x")):
        """An index with an image of each architecture; its digest."""
        children = []
        for architecture in architectures:
            child = self.push(repository, (), does, serial, architecture=architecture)
            size = int(self.ask("HEAD", f"/v2/{repository}/manifests/{child}").headers["Content-Length"])
            children.append({"mediaType": MANIFEST, "digest": child, "size": size,
                             "platform": {"os": "linux", "architecture": architecture}})
        return self.put_manifest(repository, {"schemaVersion": 2, "mediaType": INDEX, "manifests": children},
                                 *((tag,) if isinstance(tag, str) else tag))

    def annotate_index(self, repository, digest, tag):
        """An index of the same images with an annotation more, under a tag; its digest."""
        content = json.load(self.ask("GET", f"/v2/{repository}/manifests/{digest}"))
        return self.put_manifest(repository, {**content, "annotations": {"org.opencontainers.image.version": tag}}, tag)

    def children(self, repository, digest):
        """The digests of the images of an index."""
        return [child["digest"] for child in json.load(self.ask("GET", f"/v2/{repository}/manifests/{digest}"))["manifests"]]

    def lose(self, repository, digest):
        """Takes away what an image does, which is its last layer: it can be found, and not be pulled."""
        manifest = json.load(self.ask("GET", f"/v2/{repository}/manifests/{digest}"))
        self.ask("DELETE", f"/v2/{repository}/blobs/{manifest['layers'][-1]['digest']}")

    def tag(self, repository, digest, tag):
        """Another tag for what is there."""
        answer = self.ask("GET", f"/v2/{repository}/manifests/{digest}")
        self.ask("PUT", f"/v2/{repository}/manifests/{tag}", answer.read(), answer.headers["Content-Type"])
