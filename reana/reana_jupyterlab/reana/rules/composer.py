"""From the events of YAML to nodes: one document, keys that are texts and stand once, references within limits."""

from dataclasses import replace

import yaml
from yaml import events

from .limits import Budget, refuse_depth
from .problems import Path, Place, Refusal, shown
from .scalars import MERGE, Scalars
from .tree import Node
from .values import Json

# The parser in C is twenty times as fast; it is missing where PyYAML was built without libyaml.
LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SEQUENCE, MAPPING = "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"


class Composer:
    """Reads one text."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=LOADER)
        self._scalars = Scalars()
        self._anchors: dict[str, Node] = {}
        self._budget = Budget()
        self._path: list[str | int] = []

    def document(self) -> Node:
        """Return the document; raises `Refusal`, and what the YAML library raises for a text that is none."""
        next(self._events)
        first = next(self._events)
        if isinstance(first, events.StreamEndEvent):
            raise Refusal("there is nothing in it", location=_place(first))
        root = self._node(next(self._events))
        next(self._events)
        after = next(self._events)
        if not isinstance(after, events.StreamEndEvent):
            raise Refusal("there is a second document: only one can be taken", location=_place(after))
        return root

    def _node(self, event: yaml.Event) -> Node:
        here, path = _place(event), self._here()
        refuse_depth(len(path), path=path, location=here)
        if isinstance(event, events.AliasEvent):
            return self._reference(event, here)
        nodes, letters = self._budget.nodes, self._budget.letters
        if isinstance(event, events.ScalarEvent):
            value = self._scalars.value(event, path=path, location=here)
            self._spend(1, len(value) if isinstance(value, str) else 0, here)
            node = Node(value, here)
        else:
            self._spend(1, 0, here)
            node = self._collection(event, here)
        node = replace(node, nodes=self._budget.nodes - nodes, letters=self._budget.letters - letters)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _collection(self, event: yaml.Event, here: Place) -> Node:
        mapping = isinstance(event, events.MappingStartEvent)
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", MAPPING if mapping else SEQUENCE}:
            raise Refusal(f"the tag {shown(str(tag))} cannot be taken", path=self._here(), location=here)
        return self._mapping(here) if mapping else self._sequence(here)

    def _reference(self, event: events.AliasEvent, here: Place) -> Node:
        target = self._anchors.get(str(event.anchor))
        if target is None:
            message = f"the reference *{shown(str(event.anchor))[1:-1]} leads to nothing that ended before it"
            raise Refusal(message, path=self._here(), location=here)
        refuse_depth(len(self._path) + target.height, path=self._here(), location=here)
        self._spend(target.nodes, target.letters, here)
        return target

    def _sequence(self, here: Place) -> Node:
        children: dict[str | int, Node] = {}
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            position = len(children)
            children[position] = self._child(position, event)
        value: list[Json] = [child.value for child in children.values()]
        return Node(value, here, children, height=_height(children))

    def _mapping(self, here: Place) -> Node:
        children: dict[str | int, Node] = {}
        keys: dict[str, Place] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key, key_place = self._key(event, keys)
            keys[key] = key_place
            child = self._child(key, next(self._events))
            if key == MERGE and self._scalars.merges(event):
                merged = self._merged(child, key_place)
            else:
                children[key] = child
        if merged:
            del keys[MERGE]
        for base in merged:
            for name, location in base.keys.items():
                children.setdefault(name, base.children[name])
                keys.setdefault(name, location)
        value: dict[str, Json] = {str(key): child.value for key, child in children.items()}
        return Node(value, here, children, keys, height=_height(children))

    def _key(self, event: yaml.Event, taken: dict[str, Place]) -> tuple[str, Place]:
        here = _place(event)
        if isinstance(event, events.ScalarEvent | events.AliasEvent):
            value = self._node(event).value
            if isinstance(value, str):
                if value in taken:
                    message = f"the key {shown(value)} stands a second time, first in line {taken[value].line}"
                    raise Refusal(message, path=(*self._path, value), location=here)
                return value, here
        raise Refusal("a key is no text: write it in quotes", path=self._here(), location=here)

    def _merged(self, node: Node, here: Place) -> list[Node]:
        """Return the mappings that `<<` takes the other keys from, the first one first."""
        bases = list(node.children.values()) if isinstance(node.value, list) else [node]
        if not all(isinstance(base.value, dict) for base in bases):
            raise Refusal("only mappings can be merged with <<", path=self._here(), location=here)
        return bases

    def _child(self, step: str | int, event: yaml.Event) -> Node:
        self._path.append(step)
        node = self._node(event)
        self._path.pop()
        return node

    def _spend(self, nodes: int, letters: int, here: Place) -> None:
        self._budget.spend(nodes=nodes, letters=letters, path=self._here(), location=here)

    def _here(self) -> Path:
        return tuple(self._path)


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _height(children: dict[str | int, Node]) -> int:
    return 1 + max((child.height for child in children.values()), default=-1)
