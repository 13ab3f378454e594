"""`search={"name": ["a", "b"]}`: parts of values; one of a key's has to fit, and each key."""

from dataclasses import dataclass
from typing import Self

import orjson

from user_workspaces.errors import InvalidRequest

MALFORMED = "Malformed request."
MOST = 10
KEYS = ("name", "size", "last-modified")


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody searches for, by key."""

    wanted: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, text: object) -> Self:
        """Read it; nothing searches for nothing. Raises `InvalidRequest` for what is no such object."""
        if not text:
            return cls({})
        try:
            found = orjson.loads(text) if isinstance(text, str) else None
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            found = None
        if not isinstance(found, dict) or not all(key in KEYS and _are_texts(words) for key, words in found.items()):
            raise InvalidRequest(MALFORMED)
        return cls({key: tuple(word.replace("\0", "") for word in words) for key, words in found.items() if words})

    def fits(self, name: str, size: int, modified: str = "") -> bool:
        """Return whether something is searched for."""
        values = {"name": name, "size": str(size), "last-modified": modified}
        return all(any(word in values[key] for word in words) for key, words in self.wanted.items())


def _are_texts(words: object) -> bool:
    return isinstance(words, list) and len(words) <= MOST and all(isinstance(word, str) for word in words)
