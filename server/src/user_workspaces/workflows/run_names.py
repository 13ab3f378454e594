"""References to runs: `name`, `name.1`, `name.1.2`, or an ID."""

import re
import uuid
from dataclasses import dataclass

from user_workspaces.errors import InvalidRequest, NotAllowed

LONGEST_NAME = 200
UNNAMED = "workflow"
# Nine digits fit into the integer columns. Without ASCII, `\d` matches the digits of all scripts.
_NUMBER = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference to a run: its ID, or its name with an optional number."""

    run_id: uuid.UUID | None = None
    name: str = ""
    number: tuple[int, int] | None = None
    """None: the newest run of this name."""


def parse_reference(text: str) -> Reference | None:
    """Parse a reference; None for text that cannot refer to a run."""
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
    """Return the UUID of a text in canonical form; None for other texts."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    # `UUID` also accepts braces, `urn:uuid:` and texts without hyphens: those can be names of runs.
    return found if str(found) == text.lower() else None


def checked_name(name: str) -> str:
    """Return the name of a new run; raises `NotAllowed` if it contains a dot, else `InvalidRequest`."""
    if "." in name:
        raise NotAllowed(f'Workflow name {name} contains illegal character "."')
    if as_uuid(name) is not None:
        raise InvalidRequest("Workflow name cannot be a valid UUIDv4.")
    if len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise InvalidRequest(f"A workflow name can have at most {LONGEST_NAME} printable characters, and no slash.")
    return name or UNNAMED
