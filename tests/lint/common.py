# SPDX-License-Identifier: Apache-2.0
"""What the rules in this folder share.

A rule is a program: RULE [FOLDER] looks at the tree in FOLDER (this one, if none is named), prints
"file:line: problem; how to mend it" for every breach, and exits with 1 if there was one, with 77 if it
could not look, saying why.
"""
import os
import re
import sys

PROGRAMS = ("cli", "webhook", "controller")
SHIPPED = ("include", "lib") + PROGRAMS
SKIPPED = 77

_found = 0


def enter_tree(arguments=None):
    """Makes the tree the working directory."""
    arguments = sys.argv[1:] if arguments is None else arguments
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    os.chdir(arguments[0] if arguments else home)


def problem(path, line, text):
    global _found
    _found += 1
    print(f"{path}:{line}: {text}")


def finish():
    sys.exit(1 if _found else 0)


def skip(reason):
    print(reason)
    sys.exit(SKIPPED)


def files(folders, endings):
    """Paths below the folders, sorted; what is built or kept by git is none of them."""
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = sorted(n for n in below if n not in (".git", "build"))
            for name in sorted(names):
                path = os.path.normpath(os.path.join(folder, name))
                if name.endswith(endings) and not os.path.islink(path):
                    yield path


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_of(text, keep_strings=False):
    """The text with comments, and the contents of strings, blanked out; lines stay where they are."""

    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(blank, text)


def includes_of(text):
    """(line, header, "<" or '"') of every #include."""
    for number, line in enumerate(code_of(text, keep_strings=True).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2), match.group(1)
