"""From the bytes of a YAML file to a tree of values with their places.

Only the events of the YAML library are used, and nothing is built from them but JSON values: no tag can make an
object. Every event is counted, references as often as they would be expanded, so that the work is linear in the
size of the text and the result stays small.
"""

import re

import yaml

from .composer import Composer
from .limits import MAX_BYTES
from .problems import Place, Refusal
from .tree import Node

# What YAML takes as characters of a text.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BYTE_ORDER_MARK = "\ufeff"
# Directives that abbreviate tags: only tags that need no abbreviation can be taken.
TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


def read_tree(data: bytes) -> Node:
    """Return the one document of the text; raises `Refusal`, and no error of the library."""
    text = _text(data)
    try:
        return Composer(text).document()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except yaml.YAMLError:
        raise Refusal("this is not YAML") from None


def _not_yaml(error: yaml.MarkedYAMLError) -> Refusal:
    mark, begin = error.problem_mark or error.context_mark, error.context_mark
    message = f"this is not YAML: {error.problem or error.context}"
    if error.problem and error.context and begin:
        message = f"{message} {error.context} that begins in line {begin.line + 1}"
    return Refusal(message, location=Place(mark.line + 1, mark.column + 1) if mark else None)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Refusal(f"the text is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        raise Refusal("this is not UTF-8", location=_place(before, len(before))) from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    if found := NOT_PRINTABLE.search(text):
        name = "a NUL character" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
        raise Refusal(f"the text holds {name}", location=_place(text, found.start()))
    if found := TAG_DIRECTIVE.search(text):
        raise Refusal("tags of other kinds cannot be taken", location=_place(text, found.start()))
    return text


def _place(text: str, position: int) -> Place:
    return Place(text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))
