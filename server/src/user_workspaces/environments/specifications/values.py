"""What is known of a specification once it is read, and what all readers share."""

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
"""Files that may need a job of the user, which is a launch; they need no base."""
"""Of conda; one that names packages of Python alone is built as those above."""

LARGEST_FILE = 1 << 20
"""In bytes."""
MOST_REQUIREMENTS = 2_000
LONGEST_LINE = 8_192
"""In characters; a continued line may be as long in each part of it."""
PROBLEMS_SHOWN = 10
LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """A package that a specification asks for, from the index."""

    path_of: str
    """Where it is asked for, as `line 7`."""
    name: str
    """As the index has it: lower case, with hyphens."""
    text: str
    """A PEP 508 requirement, with `--hash=` options behind it."""


@dataclass(frozen=True, slots=True)
class Specification:
    """What a file asks for."""

    file: str
    requirements: tuple[Wanted, ...]
    is_complete: bool = False
    """Whether it names each package with all those that it needs: nothing is added then."""


def text_of(file: str, content: bytes) -> str:
    """Return the text of a specification; raises `InvalidRequest`."""
    if len(content) > LARGEST_FILE:
        raise TooLarge(f"{file} has more than 1 MiB: no specification of an environment is as large.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidRequest(f"{file}, line {line}: this is no text in UTF-8.") from None


def raise_problems(problems: Sequence[str]) -> None:
    """Raise `InvalidRequest` with the problems, where there are any."""
    if not problems:
        return
    more = len(problems) - PROBLEMS_SHOWN
    raise InvalidRequest("\n".join([*problems[:PROBLEMS_SHOWN], *([f"And {more} more."] if more > 0 else [])]))


def check_number(file: str, number: int) -> None:
    """Raise `InvalidRequest` for no requirements and for too many."""
    if not number:
        raise InvalidRequest(f"{file} names no packages: there is nothing to prepare.")
    if number > MOST_REQUIREMENTS:
        raise InvalidRequest(
            f"{file} names {number:,} packages, and at most {MOST_REQUIREMENTS:,} can be prepared. "
            "Install them in the session."
        )


def shown(text: str) -> str:
    """Return a part of an untrusted file as it can be put into a message."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    return escape_controls(cut.replace("\0", "\\x00"))


def unique(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Leave out what is asked for twice in the same words."""
    return tuple({one.text: one for one in reversed(list(wanted))}.values())[::-1]
