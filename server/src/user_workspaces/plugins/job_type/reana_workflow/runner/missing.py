"""Explains failed commands to users, from the exit code and the last lines of output: what is missing."""

from __future__ import annotations

import re
from typing import NamedTuple

TAIL_BYTES, LAST_LINES = 16 << 10, 12
"""The part of the output that is read: error messages are at its end."""
LONGEST_LINE, LONGEST_NAME = 1000, 100
NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit codes of shells (POSIX, Shell Command Language, 2.8.2), and of env, nice, nohup, timeout and xargs."""

_SHELL = r"^(?:[^:]*: line \d+|[^:\s]*(?:sh|/[^:\s]*): \d+|[^:\s]*sh): "
"""The start of a shell's error message: `/bin/bash: line 1: `, `sh: 1: `, `fit.sh: line 3: `, `bash: `."""
_LAUNCHER = r"^(?:\S*/)?(?:env|nice|nohup|timeout|xargs): (?:failed to run command )?"
_PROGRAM = r"^(?:\S*/)?[\w.+-]+: (?:cannot (?:open|stat|access) )?"
"""The start of other programs' error messages: `cat: `, `head: cannot open `."""
_QUOTED = r"['\"\u2018](?P<name>[^'\"\u2019]+)['\"\u2019]"
_NAME = r"(?P<name>.+?)"
_NO_FILE = r": No such file or directory$"

COMMAND = "The command {name} is missing from {location}."
PYTHON_PACKAGE = "Python package {name} is missing from {location}."
R_PACKAGE = "R package {name} is missing from {location}."
NO_FILE = "{name} does not exist. Paths start at the workspace of the run; list files that a step reads in `inputs`."
TO_INSTALL = frozenset({COMMAND, PYTHON_PACKAGE, R_PACKAGE})
IMAGES_NOT_USED = (
    " This server runs commands without their container image. Install {name} in the environment of a workspace and "
    "start the run from that workspace, or ask your administrator for a container runtime."
)


class Failure(NamedTuple):
    """A command that exited with a code other than 0."""

    exit_code: int
    output: str
    """The end of its output."""
    environment: str
    """The name of its environment."""
    image: str = ""
    """Its container image; empty: none."""


class Row(NamedTuple):
    """The message for a line that matches `pattern` and this exit code (None: any)."""

    exit_code: int | None
    pattern: str
    text: str


ROWS = (
    Row(None, r"^(?:\S*/)?python[\d.]*: No module named '?(?P<name>[\w.]+)", PYTHON_PACKAGE),
    Row(None, r"^(?:ModuleNotFoundError|ImportError): No module named '?(?P<name>[\w.]+)", PYTHON_PACKAGE),
    Row(None, r"\bthere is no package called " + _QUOTED, R_PACKAGE),
    Row(None, _SHELL + r"(?:exec: )?" + _NAME + r": (?:command )?not found$", COMMAND),
    Row(NOT_FOUND, _LAUNCHER + _QUOTED + _NO_FILE, COMMAND),
    Row(NOT_FOUND, _LAUNCHER + _NAME + _NO_FILE, COMMAND),
    Row(NOT_FOUND, r"\bexec: " + _QUOTED + r": .*(?:no such file|not found)", COMMAND),
    Row(None, r": (?P<name>\S+): bad interpreter" + _NO_FILE, COMMAND),
    Row(
        NOT_FOUND,
        _SHELL + _NAME + r": cannot execute: required file not found$",
        "The script {name} cannot start: the interpreter that its first line names is missing from {location}.",
    ),
    Row(
        NOT_EXECUTABLE,
        _SHELL + _NAME + r": Permission denied$",
        "{name} is not executable. Call its interpreter (such as `bash {name}`), or run `chmod +x {name}` before it.",
    ),
    Row(NOT_EXECUTABLE, _SHELL + _NAME + r": Is a directory$", "{name} is a folder, not a command."),
    Row(
        NOT_EXECUTABLE,
        _SHELL + _NAME + r": (?:cannot execute binary file: )?Exec format error$",
        "{name} is not a program for this machine.",
    ),
    Row(NOT_FOUND, _SHELL + _NAME + _NO_FILE, NO_FILE),
    Row(None, _SHELL + r"(?:cd: )?" + _NAME + _NO_FILE, NO_FILE),
)
ROWS_OF_PROGRAMS = (
    Row(
        None, r"^(?:FileNotFoundError|IOError): \[Errno 2\] No such file or directory: ['\"](?P<name>.+)['\"]$", NO_FILE
    ),
    Row(None, r"^(?:\S*/)?python[\d.]*: can't open file ['\"](?P<name>.+)['\"]: \[Errno 2\]", NO_FILE),
    Row(None, r"\bcannot open file " + _QUOTED + _NO_FILE, NO_FILE),
    Row(None, _PROGRAM + _QUOTED + r"(?: for reading)?" + _NO_FILE, NO_FILE),
    Row(None, _PROGRAM + r"(?P<name>[^:]+)" + _NO_FILE, NO_FILE),
)
"""Checked after the others: a file may be missing because the command that writes it is missing."""
UNNAMED = {
    NOT_FOUND: "A command that it calls is missing from {location}.",
    NOT_EXECUTABLE: "A file that it calls as a command is not executable.",
}
_COMPILED = tuple(tuple((row, re.compile(row.pattern)) for row in rows) for rows in (ROWS, ROWS_OF_PROGRAMS))


def explain(failure: Failure) -> str:
    """Return what is missing and the remedy; empty for another failure.

    The last matching line counts. Never raises: the output comes from the user's command.
    """
    location = f"the image {failure.image}" if failure.image else f"the environment of {failure.environment}"
    lines = failure.output.splitlines()[-LAST_LINES:]
    for rows, line in ((rows, line) for rows in _COMPILED for line in reversed(lines)):
        for row, pattern in rows:
            if row.exit_code in (None, failure.exit_code):
                # Shortened, since the patterns can be slow on very long lines.
                found = pattern.search(line[:LONGEST_LINE].rstrip())
                if found:
                    advice = IMAGES_NOT_USED if row.text in TO_INSTALL and not failure.image else ""
                    return (row.text + advice).format(name=_shown(found.group("name")), location=location)
    return UNNAMED.get(failure.exit_code, "").format(location=location)


def _shown(name: str) -> str:
    """Return a name from the output as short and printable text."""
    return "".join(one if one.isprintable() else " " for one in name[:LONGEST_NAME]).strip()
