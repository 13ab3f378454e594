"""The limits of a specification's size and values, the same for text and for JSON."""

import math

from .problems import DocumentPath, SourcePosition, SpecificationError

MAX_BYTES = 1024 * 1024
"""Bytes of the text; also the characters of all texts in it, with aliases expanded."""
MAX_DEPTH = 64
"""Levels of nested values."""
MAX_NODES = 50_000
"""Keys and values of any kind, with aliases expanded."""
LARGEST_INTEGER = 2**63 - 1


class Budget:
    """Counts what has been read, and raises when it exceeds a limit."""

    def __init__(self) -> None:
        self.nodes = 0
        self.characters = 0

    def spend(self, *, nodes: int, characters: int, path: DocumentPath, position: SourcePosition | None) -> None:
        """Count more values; raises `SpecificationError` when there are too many."""
        self.nodes += nodes
        self.characters += characters
        if self.nodes > MAX_NODES:
            message = f"more than {MAX_NODES} keys and values, counting every use of an alias"
            raise SpecificationError(message, path=path, position=position)
        if self.characters > MAX_BYTES:
            message = f"more than {MAX_BYTES} characters of text, counting every use of an alias"
            raise SpecificationError(message, path=path, position=position)


def check_depth(depth: int, *, path: DocumentPath, position: SourcePosition | None) -> None:
    """Raise `SpecificationError` for a value that is nested too deeply."""
    if depth > MAX_DEPTH:
        message = f"values are nested more than {MAX_DEPTH} levels deep"
        raise SpecificationError(message, path=path, position=position)


def scalar_problem(value: object) -> str:
    """Return why a single value is not allowed; empty if it is."""
    if isinstance(value, str):
        return text_problem(value)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_INTEGER else "this number is too large: it has more than 64 bits"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "infinity and not-a-number are not supported"
    return f"{type(value).__name__} is not a JSON type"


def text_problem(text: str) -> str:
    """Return why files and databases cannot store a text; empty if they can."""
    if "\0" in text:
        return "text contains a NUL character"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "text contains half a character (a lone surrogate)"
    return ""
