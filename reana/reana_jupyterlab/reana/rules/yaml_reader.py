"""Read the bytes of a YAML file as a tree of values with their positions."""

import re

import yaml

from .composer import Composer
from .limits import MAX_BYTES
from .problems import SourcePosition, SpecificationError
from .tree import Node

# The characters that YAML 1.1 does not allow in a text.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BYTE_ORDER_MARK = "\ufeff"
# Only YAML's core tags are supported, and these need no abbreviation.
TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


def read_tree(data: bytes) -> Node:
    """Return the only document of the text; raises `SpecificationError`, and no error of the YAML library."""
    text = _text(data)
    try:
        return Composer(text).document()
    except yaml.MarkedYAMLError as error:
        raise _invalid_yaml(error) from None
    except yaml.YAMLError:
        raise SpecificationError("invalid YAML") from None


def _invalid_yaml(error: yaml.MarkedYAMLError) -> SpecificationError:
    mark, start = error.problem_mark or error.context_mark, error.context_mark
    message = f"invalid YAML: {error.problem or error.context}"
    if error.problem and error.context and start:
        message = f"{message} {error.context} that starts in line {start.line + 1}"
    return SpecificationError(message, position=SourcePosition(mark.line + 1, mark.column + 1) if mark else None)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise SpecificationError(f"the text is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()  # the bytes before the first wrong one are valid
        raise SpecificationError("the text is not UTF-8", position=_position(before, len(before))) from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    if found := NOT_PRINTABLE.search(text):
        name = "a NUL character" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
        raise SpecificationError(f"the text contains {name}", position=_position(text, found.start()))
    if found := TAG_DIRECTIVE.search(text):
        raise SpecificationError("the %TAG directive is not supported", position=_position(text, found.start()))
    return text


def _position(text: str, offset: int) -> SourcePosition:
    return SourcePosition(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
