"""Check that the inputs and the workflow file of a document exist."""

from collections.abc import Callable, Iterator
from typing import Literal

from .findings import Finding
from .parts import mapping_at, texts_in
from .problems import quoted
from .values import Json

Exists = Callable[[str], Literal["file", "directory", ""]]
"""Returns the kind of a path relative to the document; empty if it does not exist."""


def findings(document: Json, exists: Exists) -> Iterator[Finding]:
    """Return an error for each missing file or directory, and for each of the other kind."""
    for kind, noun in (("files", "file"), ("directories", "directory")):
        for index, name in texts_in(mapping_at(document, "inputs").get(kind)):
            found = exists(name)
            if found != noun:
                reason = f"is a {found}" if found else "does not exist"
                yield Finding(("inputs", kind, index), f"the input {noun} {quoted(name)} {reason}")
    file = mapping_at(document, "workflow").get("file")
    if isinstance(file, str) and file and exists(file) != "file":
        yield Finding(("workflow", "file"), f"the workflow file {quoted(file)} does not exist")
