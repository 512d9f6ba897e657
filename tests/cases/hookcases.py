# SPDX-License-Identifier: Apache-2.0
"""Requests to receivers of hints and what must come of them: each folder of hooks/ has a body and a case.json with "why",
"path", "headers" and "verdict". That is what "kubectl pinnace hook -o json" prints, but for "reason", which is a part of the
reason. All receivers have the secrets of hooks/secrets."""
import dataclasses
import hashlib
import hmac
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "hooks"
SECRETS = FOLDER / "secrets"
KEYS = {"why", "path", "headers", "verdict"}
AT_LEAST = 60


@dataclasses.dataclass
class Case:
    name: str
    path: str
    headers: dict
    body: bytes
    verdict: dict

    @property
    def receiver(self):
        return self.path.split("?")[0].removeprefix("/hooks/")

    def differs(self, verdict):
        """What is not as it must be in a verdict; or None."""
        if self.verdict["reason"] not in verdict.get("reason", "") or bool(verdict["reason"]) == bool(verdict["hints"]):
            return f"the reason must have {self.verdict['reason']!r}: {verdict}"
        if {**verdict, "reason": ""} != {**self.verdict, "reason": ""}:
            return f"expected {self.verdict}, got {verdict}"
        return None


def load():
    """All of them; fewer than there were, or a case with another key, would hide something."""
    cases = []
    for path in sorted(FOLDER.glob("*/case.json")):
        said = json.loads(path.read_text())
        if set(said) != KEYS:
            raise ValueError(f"{path}: {set(said) ^ KEYS}")
        [body] = [file for file in path.parent.iterdir() if file != path]
        cases.append(Case(path.parent.name, said["path"], said["headers"], body.read_bytes(), said["verdict"]))
    if len(cases) < AT_LEAST:
        raise ValueError(f"only {len(cases)} cases")
    return cases


def pushes():
    """A push of each receiver."""
    found = {}
    for case in load():
        if case.verdict["hints"] and "form" not in case.headers["Content-Type"]:
            found.setdefault(case.receiver, case)
    return found


def proof(receiver, body, secret):
    """(what stands behind the path, header fields): how this sender shows that it knows a secret."""
    def signed(kind):
        return hmac.new(secret.encode(), body, kind).hexdigest()
    if receiver in ("dockerhub", "quay", "gcr", "eventgrid"):
        return f"?secret={secret}", {}
    if receiver in ("generic", "github"):
        return "", {"X-Hub-Signature-256": "sha256=" + signed(hashlib.sha256)}
    if receiver == "gitea":
        return "", {"X-Gitea-Signature": signed(hashlib.sha256)}
    if receiver == "jfrog":
        return "", {"X-JFrog-Event-Auth": signed(hashlib.sha256)}
    if receiver == "nexus":
        return "", {"X-Nexus-Webhook-Signature": signed(hashlib.sha1)}
    if receiver == "gitlab":
        return "", {"X-Gitlab-Token": secret}
    return "", {"Authorization": f"Bearer {secret}"}
