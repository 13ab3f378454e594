"""A document that knows where in the text each of its values and keys stands."""

from dataclasses import dataclass, field

from .problems import Path, Place
from .values import Json


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its place; nodes that references repeat are shared, and so are their values."""

    value: Json
    location: Place
    children: "dict[str | int, Node]" = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    nodes: int = 1
    """How many values this one is, itself included, references expanded."""
    letters: int = 0
    height: int = 0
    """How many levels are below it."""

    def locate(self, path: Path, *, at_key: bool) -> Place:
        """Return where the value stands, or its key; of what is not there, where it would have to be."""
        node, location = self, self.location
        for step in path:
            if step not in node.children:
                return location
            location = node.keys[step] if at_key and isinstance(step, str) else node.children[step].location
            node = node.children[step]
        return location
