"""How much a specification may be, and which values it may hold; the same for text and for JSON."""

import math

from .problems import Path, Place, Refusal

MAX_BYTES = 1024 * 1024
"""Of the text, and of all texts in it together where references repeat them."""
MAX_DEPTH = 64
"""Of values within values."""
MAX_NODES = 50_000
"""Keys and values of any kind, each as often as references repeat it."""
LARGEST_INTEGER = 2**63 - 1


class Budget:
    """Counts what has been read, and refuses what would be too much."""

    def __init__(self) -> None:
        self.nodes = 0
        self.letters = 0

    def spend(self, *, nodes: int, letters: int, path: Path, location: Place | None) -> None:
        """Count further values; raises `Refusal` when there were enough."""
        self.nodes += nodes
        self.letters += letters
        if self.nodes > MAX_NODES:
            message = f"there are more than {MAX_NODES} keys and values, references counted as often as they stand"
            raise Refusal(message, path=path, location=location)
        if self.letters > MAX_BYTES:
            message = f"the texts are more than {MAX_BYTES} characters, references counted as often as they stand"
            raise Refusal(message, path=path, location=location)


def refuse_depth(depth: int, *, path: Path, location: Place | None) -> None:
    """Raise `Refusal` for a value that is too far down."""
    if depth > MAX_DEPTH:
        raise Refusal(f"values stand in values more than {MAX_DEPTH} levels deep", path=path, location=location)


def why_no_scalar(value: object) -> str:
    """Say why this single value cannot be taken; empty: it can."""
    if isinstance(value, str):
        return why_no_text(value)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_INTEGER else "this number is too large: it has more than 64 bits"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "infinity and not-a-number cannot be taken"
    return f"{type(value).__name__} is no type of JSON"


def why_no_text(text: str) -> str:
    """Say why no file or database can hold this text; empty: they can."""
    if "\0" in text:
        return "a text holds a NUL character"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "a text holds half a character (a lone surrogate)"
    return ""
