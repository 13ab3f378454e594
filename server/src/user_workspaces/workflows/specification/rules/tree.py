"""The values of a document with the positions of all values and keys in its text."""

from dataclasses import dataclass, field

from .problems import DocumentPath, SourcePosition
from .values import Json


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its position. All uses of an alias share one node, and its value."""

    value: Json
    position: SourcePosition
    children: "dict[str | int, Node]" = field(default_factory=dict)
    keys: dict[str, SourcePosition] = field(default_factory=dict)
    nodes: int = 1
    """The number of values in it, itself included, with aliases expanded."""
    characters: int = 0
    """The length of all texts in it, with aliases expanded."""
    height: int = 0
    """The number of levels below it."""

    def locate(self, path: DocumentPath, *, at_key: bool) -> SourcePosition:
        """Return the position of a value or of its key; for a missing one, that of the innermost existing parent."""
        node, position = self, self.position
        for step in path:
            if step not in node.children:
                return position
            position = node.keys[step] if at_key and isinstance(step, str) else node.children[step].position
            node = node.children[step]
        return position
