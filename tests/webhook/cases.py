# SPDX-License-Identifier: Apache-2.0
"""Every review of tests/cases, asked through TLS: the answer must be the command line's."""
import json
import pathlib
import re
import subprocess

from harness import Failure, demand, equal

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
FOLDERS_MIN = 300


def file_options(folder):
    options = []
    for name in "policy", "ledger":
        if (folder / f"{name}.yaml").exists():
            options += [f"--{name}", str(folder / f"{name}.yaml")]
    return options


def ask_cli(tools, folder, path, text):
    return subprocess.run([*tools.wrapper, tools.cli, "review", "--path", path, *file_options(folder)], input=text,
                          capture_output=True, timeout=60, check=False)


def without_times(answer):
    """Some answers name a time that is counted from now, which is a moment later for the second that is asked."""
    return json.loads(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", answer))


def compare(tools, server, folder, record, client):
    text = (folder / "review.json").read_bytes()
    by_cli = ask_cli(tools, folder, record["path"], text)
    status, answer = server.post(text, record["path"], client=client)
    if "error" in record:
        if status == 404:  # the command line names the path, the webhook repeats nothing to strangers
            demand("it is /MODE/LEVEL" in answer and b"it is /MODE/LEVEL" in by_cli.stderr, answer)
            return
        demand(status in (400, 413), f"status {status}: {answer}")
        demand(record["error"] in answer, f"{record['error']!r} is not in {answer!r}")
        equal(by_cli.returncode, 2, "the command line's exit status")
        said = by_cli.stderr.decode(errors="replace").partition("error: ")[2]
        equal(answer, said, "the sentence")
        return
    equal(status, 200, answer)
    equal(without_times(answer), without_times(by_cli.stdout.decode()), "the answer")
    equal(json.loads(answer)["response"]["allowed"], record["allowed"], "allowed")


def complaint_about_files(tools, folder):
    """What the command line says of the policy or the ledger; empty when both can be read."""
    record = json.loads((folder / "expect.json").read_text())["answers"][0]
    done = ask_cli(tools, folder, record["path"], (folder / "review.json").read_bytes())
    said = done.stderr.decode(errors="replace").partition("error: ")[2].strip()
    return said if said.startswith(str(folder)) else ""


def check_bad_files(tools, folder, complaint):
    """Nothing starts with them."""
    try:
        with tools.server(*file_options(folder)):
            pass
    except Failure as problem:
        demand(complaint in str(problem), f"{problem}; the command line: {complaint}")
        return
    raise Failure("the server starts with files that the command line refuses")


def by_options():
    """Folders that one server can answer for."""
    groups = {}
    for folder in sorted(file.parent for file in CASES.glob("*/*/expect.json")):
        groups.setdefault(tuple((CASES / option).read_text() if option.endswith(".yaml") else option
                                for option in file_options(folder)), []).append(folder)
    return groups.values()


def test_same_answers(tools):
    problems, compared, folders = [], 0, 0
    for group in by_options():
        complaint = complaint_about_files(tools, group[0])
        if complaint:
            try:
                check_bad_files(tools, group[0], complaint)
                folders, compared = folders + len(group), compared + len(group)
            except Failure as problem:
                problems.append(f"{group[0].name}: {problem}")
            continue
        with tools.server(*file_options(group[0])) as server:
            client = server.client()
            for folder in group:
                folders += 1
                for record in json.loads((folder / "expect.json").read_text())["answers"]:
                    try:
                        compare(tools, server, folder, record, client)
                        compared += 1
                    except Failure as problem:
                        problems.append(f"{folder.name} {record['path']}: {problem}")
    demand(not problems, f"{len(problems)} differ:\n  " + "\n  ".join(problems[:20]))
    demand(folders >= FOLDERS_MIN, f"only {folders} folders")
    return f"{compared} answers of {folders} folders"
