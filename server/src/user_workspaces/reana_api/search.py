"""Parse `search={"name": ["a", "b"]}`: for each key, one of the texts must occur in the value."""

from dataclasses import dataclass
from typing import Self

import orjson

from user_workspaces.errors import InvalidRequest

MALFORMED = "Malformed request."
# Each text becomes a condition of the query: this bounds the cost of one request.
MOST = 10
KEYS = ("name", "size", "last-modified")


@dataclass(frozen=True, slots=True)
class Search:
    """The searched texts, by key."""

    wanted: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, text: object) -> Self:
        """Parse the parameter; raises `InvalidRequest`. An empty one matches everything."""
        if not text:
            return cls({})
        try:
            found = orjson.loads(text) if isinstance(text, str) else None
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            found = None
        if not isinstance(found, dict) or not all(key in KEYS and _are_texts(words) for key, words in found.items()):
            raise InvalidRequest(MALFORMED)
        # PostgreSQL rejects NUL characters, and no file name contains one.
        return cls({key: tuple(word.replace("\0", "") for word in words) for key, words in found.items() if words})

    def matches(self, name: str, size: int, modified: str = "") -> bool:
        """Return whether a file matches."""
        values = {"name": name, "size": str(size), "last-modified": modified}
        return all(any(word in values[key] for word in words) for key, words in self.wanted.items())


def _are_texts(words: object) -> bool:
    return isinstance(words, list) and len(words) <= MOST and all(isinstance(word, str) for word in words)
