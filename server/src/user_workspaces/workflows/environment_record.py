"""Parse the environment record of a run's journal. Pure; the record is treated as hostile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TEXT = 500
MOST_PACKAGES = 1_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")
LOCK_FILE = re.compile(r"environment(-[1-9][0-9]{0,5})?\.lock")
"""The runner's names for lock files in the workspace of a run."""


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """The environment that the commands of a run had at its start."""

    name: str
    """The owner of the environment, such as `workspace Fit`."""
    packages: int | None = None
    """The number of Python packages in the lock file; None without a lock file."""
    sha256: str = ""
    """The hash of the lock file."""
    file: str = ""
    """The name of the lock file in the run's workspace; empty if it could not be stored."""
    message: str = ""
    """The reason for a missing lock file."""

    @property
    def line(self) -> str:
        """The line in the log of the run."""
        lock = "" if self.packages is None else f", {self.packages} packages, lock sha256:{self.sha256}"
        kept = f" in {self.file}" if self.file else ""
        return f"Environment: {self.name}{lock}{kept}{'. ' if self.message else ''}{self.message}"


def read_environment(record: Mapping[str, object]) -> EnvironmentRecord:
    """Return the valid parts of a record."""
    packages, digest, file = record.get("packages"), _text(record, "sha256"), _text(record, "file")
    # Not `isinstance`: `true` in JSON would count as 1.
    has_lock = type(packages) is int and 0 <= packages <= MOST_PACKAGES and SHA256.fullmatch(digest) is not None
    return EnvironmentRecord(
        name=_text(record, "name") or "unnamed",
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
