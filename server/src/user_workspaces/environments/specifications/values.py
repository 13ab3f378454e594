"""The content of a specification, and the limits and checks that all readers share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from user_workspaces.errors import InvalidRequest, TooLarge
from user_workspaces.interfaces.file_names import escape_controls

LOCK_FILE = "environment.lock"
R_FILE = "install.R"
UV_LOCK = "uv.lock"
PYTHON_FILES = ("requirements.txt", "pyproject.toml", LOCK_FILE)
ENVIRONMENT_FILES = ("environment.yml", "environment.yaml")
BUILT_BY_JOBS = (*ENVIRONMENT_FILES, R_FILE)
"""Files that a job of the user builds; a conda file with Python packages only is built by the server."""

LARGEST_FILE = 1 << 20
"""In bytes."""
MOST_REQUIREMENTS = 2_000
LONGEST_LINE = 8_192
"""In characters, for each part of a continued line."""
PROBLEMS_SHOWN = 10
LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requirement of a specification, from the index."""

    location: str
    """Its location in the file, as `line 7`."""
    name: str
    """Normalized as in the index: lower case, with hyphens."""
    text: str
    """A PEP 508 requirement, followed by `--hash=` options."""


@dataclass(frozen=True, slots=True)
class Specification:
    """The requirements of a file."""

    file: str
    requirements: tuple[Wanted, ...]
    is_complete: bool = False
    """True if it includes all dependencies, so that the installer adds none."""


def text_of(file: str, content: bytes) -> str:
    """Return the text of a specification; raises `InvalidRequest`."""
    if len(content) > LARGEST_FILE:
        raise TooLarge(f"{file} is larger than the maximum of 1 MiB.")
    try:
        # Editors on Windows write a byte order mark, which is not a part of the text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidRequest(f"{file}, line {line}: the text is not valid UTF-8.") from None


def raise_problems(problems: Sequence[str]) -> None:
    """Raise `InvalidRequest` with the problems, if there are any."""
    if not problems:
        return
    more = len(problems) - PROBLEMS_SHOWN
    raise InvalidRequest("\n".join([*problems[:PROBLEMS_SHOWN], *([f"And {more} more."] if more > 0 else [])]))


def check_number(file: str, number: int) -> None:
    """Raise `InvalidRequest` for no requirements and for too many."""
    if not number:
        raise InvalidRequest(f"{file} lists no packages.")
    if number > MOST_REQUIREMENTS:
        raise InvalidRequest(
            f"{file} lists {number:,} packages, but at most {MOST_REQUIREMENTS:,} can be prepared. "
            "Install them in the session."
        )


def shown(text: str) -> str:
    """Return a part of an untrusted file, shortened and escaped for a message."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    return escape_controls(cut.replace("\0", "\\x00"))


def unique(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Return the requirements without duplicates."""
    # Reversed, so that of equal requirements the first one stays, with its location.
    return tuple({one.text: one for one in reversed(list(wanted))}.values())[::-1]
