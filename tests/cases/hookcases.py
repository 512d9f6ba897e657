# SPDX-License-Identifier: Apache-2.0
"""Requests to receivers of hints and what must come of them: each folder of hooks/ has a body and a case.json with "why",
"path", "headers" and "verdict". That is what "kubectl pinnace hook -o json" prints, but for "reason", which is a part of the
reason. All receivers have the secrets of hooks/secrets."""
import dataclasses
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
