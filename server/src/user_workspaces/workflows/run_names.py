"""Names and numbers of runs: `name`, `name.1`, `name.1.2`, or the id."""

import re
import uuid
from dataclasses import dataclass

from user_workspaces.errors import InvalidRequest, NotAllowed

LONGEST_NAME = 200
UNNAMED = "workflow"
_NUMBER = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """How somebody names a run: by its id, or by name and perhaps number."""

    run_id: uuid.UUID | None = None
    name: str = ""
    number: tuple[int, int] | None = None
    """None: the newest of this name."""


def parse_reference(text: str) -> Reference | None:
    """Read how a run is named; None for what no run can be called."""
    identity = as_uuid(text)
    if identity is not None:
        return Reference(run_id=identity)
    name, _, number = text.partition(".")
    if not name or "\0" in text:
        return None
    if "." not in text:
        return Reference(name=name)
    match = _NUMBER.fullmatch(number)
    return Reference(name=name, number=(int(match[1]), int(match[2] or 0))) if match else None


def as_uuid(text: str) -> uuid.UUID | None:
    """Return the id that a text is, written as ids are."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def checked_name(name: str) -> str:
    """Return the name of a new run; raises `NotAllowed` for a dot in it, `InvalidRequest` for other mistakes."""
    if "." in name:
        raise NotAllowed(f'Workflow name {name} contains illegal character "."')
    if as_uuid(name) is not None:
        raise InvalidRequest("Workflow name cannot be a valid UUIDv4.")
    if len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise InvalidRequest(
            f"A workflow name has at most {LONGEST_NAME} characters, all of them visible, and no slash."
        )
    return name or UNNAMED
