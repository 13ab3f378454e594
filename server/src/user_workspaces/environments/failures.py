"""Explains a failed build from the installer's log: the problem and its line in the user's file."""

import re
from collections.abc import Sequence

from user_workspaces.environment_store.builder import KILLED

UNKNOWN = re.compile(r"(?:Because|[Aa]nd) (\S+) was not found in the package registry")
NO_VERSION = re.compile(r"there (?:is|are) no versions? of (\S+?)(?:\[\S*\])?([=<>!~]\S+)")
NO_WHEEL = re.compile(
    r"(?:Because|[Aa]nd(?: because)?)(?: all versions of)? ([A-Za-z0-9._-]+)\S* ha(?:s|ve) no (?:usable )?wheels"
)
HASH = re.compile(r"Hash mismatch for `([A-Za-z0-9._-]+)")
FULL = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122", "File too large")
OFFLINE = (
    *("network was disabled", "client error (Connect)", "dns error", "Connection refused", "error sending request"),
    *("Failed to fetch", "operation timed out", "Could not connect", "HTTP status server error"),
)
LONGEST = 1_000


def reason_of(log: str, *, said: str, file: str, wanted: Sequence[Sequence[str]], python: str) -> str:
    """Return why a build failed. `said`: the builder's message; `wanted`: location and text of each requirement."""
    if KILLED in said:  # the log does not show the reason
        return f"It could not be prepared: {said}"
    if any(sign in f"{log}\n{said}" for sign in FULL):
        return "The server's disk is full, or its quota is exceeded. Ask the server's operators to free disk space."
    if any(sign in log for sign in OFFLINE):
        return "The package index cannot be reached. Try again later."
    return _reason_of_resolver(log, said=said, file=file, wanted=wanted, python=python)


def _reason_of_resolver(log: str, *, said: str, file: str, wanted: Sequence[Sequence[str]], python: str) -> str:
    # The installer may wrap its sentences: the patterns must not depend on line breaks.
    flat = " ".join(log.split())
    for pattern, sentence in (
        (UNKNOWN, "the package index has no package {name}"),
        (HASH, "the hash of {name} does not match that of the package index"),
        (NO_WHEEL, "{name} has no wheel for Python {python}: install it in the session"),
    ):
        if found := pattern.search(flat):
            name = found[1].rstrip(",.")
            return f"{_line_of(file, name, wanted)}: {sentence.format(name=name, python=python)}."
    if found := NO_VERSION.search(flat):
        version = found[2].rstrip(",.")
        return f"{_line_of(file, found[1], wanted)}: the package index has no {found[1]}{version} for Python {python}."
    if "your requirements are unsatisfiable" in flat:
        explained = flat.rpartition("cause: ")[2].partition(", we can conclude")[0]
        return f"{file}: the requirements contradict each other. {explained}."[:LONGEST]
    return f"It could not be prepared: {flat.rpartition('error: ')[2] or said}"[:LONGEST]


def _line_of(file: str, name: str, wanted: Sequence[Sequence[str]]) -> str:
    """Return the location of a package in the file; only the file for a dependency of another package."""
    plain = re.sub("[-_.]+", "-", name).lower()
    for location, text in wanted:
        if re.match(rf"{re.escape(plain)}(?![a-z0-9-])", text):
            return f"{file}, {location}"
    return file
