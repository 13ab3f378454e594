"""Compose nodes with positions from YAML events: one document, unique text keys, aliases within the limits.

This is not `yaml.compose`, which has no limits: it builds the whole tree first (7 s for 1 MiB of `a,`), accepts an
anchor that contains its own alias, and its recursion in C crashes the process at about 100,000 open brackets. Events
come one by one, so that reading stops at the first value beyond a limit. No tag can create an object, because nothing
but JSON values is built from the events.
"""

from dataclasses import replace

import yaml
from yaml import events

from .limits import Budget, check_depth
from .problems import DocumentPath, SourcePosition, SpecificationError, quoted
from .scalars import MERGE, Scalars
from .tree import Node
from .values import Json

# The parser in C is twenty times faster; PyYAML has it if it was built with libyaml.
LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SEQUENCE, MAPPING = "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"


class Composer:
    """Composes the document of one text."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=LOADER)
        self._scalars = Scalars()
        self._anchors: dict[str, Node] = {}
        self._budget = Budget()
        self._path: list[str | int] = []

    def document(self) -> Node:
        """Return the root node; raises `SpecificationError`, and `yaml.YAMLError` for invalid YAML."""
        next(self._events)
        first = next(self._events)
        if isinstance(first, events.StreamEndEvent):
            raise SpecificationError("the document is empty", position=_position(first))
        root = self._node(next(self._events))
        next(self._events)
        after = next(self._events)
        if not isinstance(after, events.StreamEndEvent):
            raise SpecificationError("there is a second document; only one is allowed", position=_position(after))
        return root

    def _node(self, event: yaml.Event) -> Node:
        position, path = _position(event), self._current_path()
        check_depth(len(path), path=path, position=position)
        if isinstance(event, events.AliasEvent):
            return self._alias(event, position)
        nodes, characters = self._budget.nodes, self._budget.characters
        if isinstance(event, events.ScalarEvent):
            value = self._scalars.value(event, path=path, position=position)
            self._spend(1, len(value) if isinstance(value, str) else 0, position)
            node = Node(value, position)
        else:
            self._spend(1, 0, position)
            node = self._collection(event, position)
        node = replace(node, nodes=self._budget.nodes - nodes, characters=self._budget.characters - characters)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            # After its content: an alias inside of its own anchor cannot find it, so that no value contains itself.
            self._anchors[anchor] = node
        return node

    def _collection(self, event: yaml.Event, position: SourcePosition) -> Node:
        mapping = isinstance(event, events.MappingStartEvent)
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", MAPPING if mapping else SEQUENCE}:
            raise SpecificationError(
                f"the tag {quoted(str(tag))} is not supported", path=self._current_path(), position=position
            )
        return self._mapping(position) if mapping else self._sequence(position)

    def _alias(self, event: events.AliasEvent, position: SourcePosition) -> Node:
        target = self._anchors.get(str(event.anchor))
        if target is None:
            message = f"the alias *{quoted(str(event.anchor))[1:-1]} has no anchor that ends before it"
            raise SpecificationError(message, path=self._current_path(), position=position)
        check_depth(len(self._path) + target.height, path=self._current_path(), position=position)
        # An alias costs its expanded size: a short text of nested aliases can stand for gigabytes.
        self._spend(target.nodes, target.characters, position)
        return target

    def _sequence(self, position: SourcePosition) -> Node:
        children: dict[str | int, Node] = {}
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            index = len(children)
            children[index] = self._child(index, event)
        value: list[Json] = [child.value for child in children.values()]
        return Node(value, position, children, height=_height(children))

    def _mapping(self, position: SourcePosition) -> Node:
        children: dict[str | int, Node] = {}
        keys: dict[str, SourcePosition] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key, key_position = self._key(event, keys)
            keys[key] = key_position
            child = self._child(key, next(self._events))
            if key == MERGE and self._scalars.is_merge(event):
                merged = self._merged(child, key_position)
            else:
                children[key] = child
        if merged:
            del keys[MERGE]
        for base in merged:
            for name, key_position in base.keys.items():
                # Own keys win over merged ones, and earlier mappings over later ones.
                children.setdefault(name, base.children[name])
                keys.setdefault(name, key_position)
        value: dict[str, Json] = {str(key): child.value for key, child in children.items()}
        return Node(value, position, children, keys, height=_height(children))

    def _key(self, event: yaml.Event, taken: dict[str, SourcePosition]) -> tuple[str, SourcePosition]:
        position = _position(event)
        if isinstance(event, events.ScalarEvent | events.AliasEvent):
            value = self._node(event).value
            if isinstance(value, str):
                if value in taken:
                    message = f"duplicate key {quoted(value)}, first used in line {taken[value].line}"
                    raise SpecificationError(message, path=(*self._path, value), position=position)
                return value, position
        raise SpecificationError(
            "keys must be text: put this one in quotes", path=self._current_path(), position=position
        )

    def _merged(self, node: Node, position: SourcePosition) -> list[Node]:
        """Return the mappings that `<<` merges; the first one with a key wins."""
        bases = list(node.children.values()) if isinstance(node.value, list) else [node]
        if not all(isinstance(base.value, dict) for base in bases):
            raise SpecificationError(
                "only mappings can be merged with <<", path=self._current_path(), position=position
            )
        return bases

    def _child(self, step: str | int, event: yaml.Event) -> Node:
        self._path.append(step)
        node = self._node(event)
        self._path.pop()
        return node

    def _spend(self, nodes: int, characters: int, position: SourcePosition) -> None:
        self._budget.spend(nodes=nodes, characters=characters, path=self._current_path(), position=position)

    def _current_path(self) -> DocumentPath:
        return tuple(self._path)


def _position(event: yaml.Event) -> SourcePosition:
    mark = event.start_mark
    return SourcePosition(mark.line + 1, mark.column + 1) if mark else SourcePosition(1, 1)


def _height(children: dict[str | int, Node]) -> int:
    return 1 + max((child.height for child in children.values()), default=-1)
