"""The text form of file names: to the kernel a name is bytes; bytes that are not UTF-8 are written as escapes.

The text converts back to the name, and is valid Unicode in JSON, URLs, forms and the database. See decision 0025.
"""

import re
from typing import Final

# A backslash that could be read as the start of an escape is itself escaped: 5C.
_ESCAPE: Final = re.compile(r"\\x(0[1-9A-F]|1[0-9A-F]|5C|7F|[89A-F][0-9A-F])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x01-\x1f\x7f]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
"""The surrogates that Python (PEP 383) decodes the bytes 0x80 to 0xFF to if they are not UTF-8."""


def text_of(name: str) -> str:
    """Return the text form of a name from the operating system."""
    if "\\" in name:
        name = name.replace("\\", r"\x5C") if ".." in name.split("\\") else _ESCAPE.sub(r"\\x5Cx\1", name)
    return escape_bytes(name)


def name_of(text: str) -> str:
    """Return the name, as Python passes it to the operating system, of a text form."""
    if "\\" not in text:
        return text
    name = _ESCAPE.sub(_unescaped, text)
    # Several escapes may form valid UTF-8 together: normalize, so that one name has one form.
    return name.encode(errors="surrogateescape").decode(errors="surrogateescape")


def escape_bytes(text: str) -> str:
    """Escape the bytes of a name that are not UTF-8; other surrogates become U+FFFD."""
    # No codec but UTF-8: Python would import it here, and a thread with a user's credentials may not read the module.
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def escape_controls(text: str) -> str:
    """Escape control characters: browsers change line breaks in form fields."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02X}", text)


def without_escapes(text: str) -> str:
    """Replace the escapes of a text, for checks of its remaining backslashes."""
    return _ESCAPE.sub("_", text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code < _FIRST_BYTE - 0xDC00 else chr(0xDC00 + code)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02X}" if _FIRST_BYTE <= code <= _LAST_BYTE else "\N{REPLACEMENT CHARACTER}"
