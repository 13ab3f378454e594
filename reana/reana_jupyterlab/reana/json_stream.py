"""Parses JSON incrementally, so that strings of any length need bounded memory.

`JsonStream` takes chunks of a document and calls a listener. String values arrive in unescaped chunks; keys and
numbers arrive whole, limited in length. It is strict about brackets, escapes and the end, and tolerant of white space.
"""

import json
import re
from typing import Protocol, TypeAlias

from .errors import InvalidResponse

# An endless `[[[[` would otherwise fill the memory.
DEPTH_LIMIT = 32
TOKEN_LIMIT = 4096

# Possessive quantifiers (`*+`) never backtrack, so hostile input cannot cause exponential time.
_PLAIN = re.compile(r'[^"\\]*+(?:\\(?:[^u]|u[0-9a-fA-F]{4})[^"\\]*+)*+')
# Commas and colons are skipped like white space: brackets and strings determine the structure.
_SPACE = re.compile(r"[\s,:]*+")
_SCALAR = re.compile(r"[^\s,:\[\]{}\"]*+")
_HALF_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}$")

Path: TypeAlias = tuple[str, ...]
Scalar: TypeAlias = bool | int | float | None


class Listener(Protocol):
    """Receives the values of a document; a path is the keys that lead to a value (`*` for a list's item)."""

    def on_text(self, path: Path, piece: str) -> None:
        """Take a chunk of a string value; an empty chunk marks the start of the string."""

    def on_scalar(self, path: Path, value: Scalar) -> None:
        """Take a number, true, false or null."""


class JsonStream:
    """Parser of one document: feed it, then close it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._rest = ""
        self._stack: list[str] = []
        self._path: list[str] = []
        self._key: list[str] | None = None
        self._in_text = False
        self._seen = False

    def feed(self, piece: str) -> None:
        """Parse the next chunk."""
        text, position = self._rest + piece, 0
        while position < len(text):
            before = position
            position = self._text(text, position) if self._in_text else self._structure(text, position)
            # No progress: a token continues in the next chunk.
            if position == before:
                break
        self._rest = text[position:]
        # The rest is scanned again with each chunk, so an endless token would take quadratic time.
        if len(self._rest) > TOKEN_LIMIT:
            raise _nonsense()

    def close(self) -> None:
        """Finish the document. Raises `InvalidResponse` if it is incomplete."""
        # A number at the top level ends only with the document.
        if not self._in_text and self._rest.strip() and not self._stack:
            self._scalar(self._rest)
            self._rest = ""
        if self._in_text or self._stack or self._rest.strip() or not self._seen:
            raise _nonsense()

    def _structure(self, text: str, position: int) -> int:
        position = _end(_SPACE, text, position)
        if position == len(text):
            return position
        sign = text[position]
        if sign in "{[":
            self._begin(sign)
        elif sign in "}]":
            self._finish(sign)
        elif sign == '"':
            self._begin_text()
        else:
            end = _end(_SCALAR, text, position)
            # The word may continue in the next chunk.
            if end == len(text):
                return position
            self._scalar(text[position:end])
            return end
        return position + 1

    def _begin(self, sign: str) -> None:
        self._stack.append(sign)
        self._path.append("*" if sign == "[" else "")
        self._seen = True
        if len(self._stack) > DEPTH_LIMIT:
            raise _nonsense()

    def _finish(self, sign: str) -> None:
        if not self._stack or self._stack.pop() != {"}": "{", "]": "["}[sign]:
            raise _nonsense()
        self._path.pop()
        self._value_ends()

    def _begin_text(self) -> None:
        self._in_text = True
        self._seen = True
        if self._stack and self._stack[-1] == "{" and self._path[-1] == "":
            self._key = []
        else:
            self._listener.on_text(tuple(self._path), "")

    def _text(self, text: str, position: int) -> int:
        end = _end(_PLAIN, text, position)
        is_whole = end < len(text) and text[end] == '"'
        if not is_whole and (half := _HALF_PAIR.search(text, max(position, end - 6), end)):
            end = half.start()  # a surrogate pair is split between two chunks
        if end > position:
            self._take(_unescaped(text[position:end]))
        if is_whole:
            self._end_text()
            return end + 1
        return end

    def _take(self, piece: str) -> None:
        if self._key is None:
            self._listener.on_text(tuple(self._path), piece)
            return
        self._key.append(piece)
        if sum(map(len, self._key)) > TOKEN_LIMIT:
            raise _nonsense()

    def _end_text(self) -> None:
        self._in_text = False
        if self._key is not None:
            # An empty key is valid JSON and must differ from "no key yet".
            self._path[-1] = "".join(self._key) or "\0"
            self._key = None
        else:
            self._value_ends()

    def _scalar(self, word: str) -> None:
        try:
            value = json.loads(word)
        except ValueError as error:
            raise _nonsense() from error
        self._seen = True
        self._listener.on_scalar(tuple(self._path), value)
        self._value_ends()

    def _value_ends(self) -> None:
        if self._stack and self._stack[-1] == "{":
            self._path[-1] = ""


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        # `strict=False` accepts control characters that the server left unescaped.
        value: str = json.loads(f'"{raw}"', strict=False)
    except ValueError as error:
        raise _nonsense() from error
    return value


def _nonsense() -> InvalidResponse:
    return InvalidResponse("REANA's response is incomplete or not valid JSON.")
