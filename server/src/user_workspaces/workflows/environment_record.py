"""The environment of a run as its journal describes it; pure, and the record is believed to be hostile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TEXT = 500
MOST_PACKAGES = 1_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")
LOCK_FILE = re.compile(r"environment(-[1-9][0-9]{0,5})?\.lock")
"""Names that the runner gives the lock in the workspace of a run."""


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """What the commands of a run found, when it began."""

    name: str
    """Whose environment it was, such as `workspace Fit`."""
    packages: int | None = None
    """How many Python packages its lock lists; None: there is no lock."""
    sha256: str = ""
    """Of the lock's file."""
    file: str = ""
    """The lock in the run's workspace; empty: it could not be kept there."""
    message: str = ""
    """Why there is no lock, or no file of it."""

    @property
    def line(self) -> str:
        """What the log of the run says."""
        lock = "" if self.packages is None else f", {self.packages} packages, lock sha256:{self.sha256}"
        kept = f" in {self.file}" if self.file else ""
        return f"Environment: {self.name}{lock}{kept}{'. ' if self.message else ''}{self.message}"


def read_environment(record: Mapping[str, object]) -> EnvironmentRecord:
    """Return what a record says; what does not fit is left out."""
    packages, digest, file = record.get("packages"), _text(record, "sha256"), _text(record, "file")
    has_lock = type(packages) is int and 0 <= packages <= MOST_PACKAGES and SHA256.fullmatch(digest) is not None
    return EnvironmentRecord(
        name=_text(record, "name") or "without a name",
        packages=packages if has_lock and isinstance(packages, int) else None,
        sha256=digest if has_lock else "",
        file=file if has_lock and LOCK_FILE.fullmatch(file) else "",
        message=_text(record, "message"),
    )


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        return ""
    return value[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
