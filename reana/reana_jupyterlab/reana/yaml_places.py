"""YAML into plain values, with the line and column of every one; built against files that are made to hurt."""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

import yaml

from .values import Json

Path: TypeAlias = tuple[str | int, ...]

NODES_LIMIT = 100_000
DEPTH_LIMIT = 60
LARGEST_INTEGER = 2**63 - 1
COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


@dataclass(frozen=True)
class Place:
    """Where something stands, counted from 1."""

    line: int
    column: int


class YamlMistake(Exception):
    """The text is not YAML, or none that a specification may be."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


@dataclass(frozen=True)
class Document:
    """The values of a file, and the place of each, by the keys that lead to it."""

    value: Json
    places: dict[Path, Place]

    def place(self, path: Path) -> Place:
        """Return the place of a value; of what is not there, that of the nearest value around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


def read_yaml(text: str) -> Document:
    """Read one document."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlMistake(f"This is not YAML: {said}.", _place(error.problem_mark)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlMistake("This is not YAML.", Place(1, 1)) from error
    reader = _Reader()
    return Document(reader.read(node, ()) if node is not None else None, reader.places)


class _Reader:
    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self._constructor = yaml.constructor.SafeConstructor()
        self._count = 0

    def read(self, node: yaml.Node, path: Path) -> Json:
        self._count += 1
        place = _place(node.start_mark)
        if self._count > NODES_LIMIT or len(path) > DEPTH_LIMIT:
            # Aliases of aliases grow without end: so many values are no specification.
            raise YamlMistake("The file holds too many values, or they are nested too deeply.", place)
        self.places[path] = place
        if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTIONS:
            raise YamlMistake(f"The tag '{node.tag[:40]}' has no place in a specification.", place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Json:
        result: dict[str, Json] = {}
        _refuse_twins(node)
        self._constructor.flatten_mapping(node)
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlMistake("A key has to be a plain word.", _place(key_node.start_mark))
            key = key_node.value
            result[key] = self.read(value_node, (*path, key))
            self.places[*path, key] = _place(key_node.start_mark)
        return result

    def _scalar(self, node: yaml.Node, place: Place) -> Json:
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            raise YamlMistake(f"The value '{str(node.value)[:40]}' cannot be read.", place) from error
        if isinstance(value, date | datetime):
            return str(node.value)
        try:
            return _plain(value)
        except ValueError as error:
            raise YamlMistake(str(error), place) from None


def _plain(value: object) -> Json:
    """Return a value that a server can keep; raises `ValueError` with the reason for others."""
    match value:
        case str() if "\0" in value:
            raise ValueError("A text holds a NUL character.")
        case float() if not math.isfinite(value):
            raise ValueError("Infinity and not-a-number have no place in a specification.")
        case int() if abs(value) > LARGEST_INTEGER:
            raise ValueError("This number is too large: it has more than 64 bits.")
        case None | bool() | int() | float() | str():
            return value
    raise ValueError("A value of this kind has no place in a specification.")


def _refuse_twins(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
        if key in seen:
            raise YamlMistake(f"The key '{key}' stands here twice.", _place(key_node.start_mark))
        seen.add(key)


def _place(mark: yaml.Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
