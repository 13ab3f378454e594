"""Whether what a document names is beside it: inputs, and the file of the workflow."""

from collections.abc import Callable, Iterator
from typing import Literal

from .findings import Finding
from .parts import mapping_at, texts_in
from .problems import shown
from .values import Json

Exists = Callable[[str], Literal["file", "directory", ""]]
"""Says what a path leads to from where the document is; empty: to nothing."""


def findings(document: Json, exists: Exists) -> Iterator[Finding]:
    """Return what is not there."""
    for kind, noun in (("files", "file"), ("directories", "directory")):
        for position, name in texts_in(mapping_at(document, "inputs").get(kind)):
            found = exists(name)
            if found != noun:
                reason = f"is a {found}" if found else "does not exist"
                yield Finding(("inputs", kind, position), f"the input {noun} {shown(name)} {reason}")
    file = mapping_at(document, "workflow").get("file")
    if isinstance(file, str) and file and exists(file) != "file":
        yield Finding(("workflow", "file"), f"the file {shown(file)} of the workflow does not exist")
