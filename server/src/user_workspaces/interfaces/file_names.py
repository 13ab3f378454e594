"""Names of files as text: a name is bytes to the kernel, and what is not UTF-8 in it is written as an escape.

The text of a name leads back to it, and is valid Unicode in JSON, in URLs, in forms and in the database. See decision
0025.
"""

import re
from typing import Final

# A backslash that could be taken for the beginning of an escape is itself written as one: 5C.
_ESCAPE: Final = re.compile(r"\\x(0[1-9A-F]|1[0-9A-F]|5C|7F|[89A-F][0-9A-F])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x01-\x1f\x7f]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
"""What Python makes of the bytes 0x80 to 0xFF where they are not UTF-8."""


def text_of(name: str) -> str:
    """Return the text of a name that the operating system told."""
    if "\\" in name:
        name = name.replace("\\", r"\x5C") if ".." in name.split("\\") else _ESCAPE.sub(r"\\x5Cx\1", name)
    return escape_bytes(name)


def name_of(text: str) -> str:
    """Return the name, as the operating system takes it, that a text stands for."""
    if "\\" not in text:
        return text
    name = _ESCAPE.sub(_unescaped, text)
    # Escapes may together be UTF-8: one name has one form.
    return name.encode(errors="surrogateescape").decode(errors="surrogateescape")


def escape_bytes(text: str) -> str:
    """Write the bytes of a name that are not UTF-8 as escapes; other surrogates become U+FFFD."""
    # No codec but UTF-8 here: another would be imported now, perhaps with the rights of a person who may not read it.
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def escape_controls(text: str) -> str:
    """Write control characters as escapes: a form sends a line break in a name as another one."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02X}", text)


def without_escapes(text: str) -> str:
    """Return a text for checks of its backslashes: those that are left are backslashes."""
    return _ESCAPE.sub("_", text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code < _FIRST_BYTE - 0xDC00 else chr(0xDC00 + code)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02X}" if _FIRST_BYTE <= code <= _LAST_BYTE else "\N{REPLACEMENT CHARACTER}"
