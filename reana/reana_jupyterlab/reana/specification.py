"""A parsed `reana.yaml` with accessors for its parts."""

from dataclasses import dataclass

from .errors import BadRequest
from .rules import Document, read_text
from .values import Json, JsonObject

SIZE_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Specification:
    """A specification that is valid YAML, but may be invalid otherwise."""

    text: str
    document: Document

    @property
    def value(self) -> JsonObject:
        """Return the top-level mapping, or an empty one."""
        return self.document.value if isinstance(self.document.value, dict) else {}

    @property
    def engine(self) -> str:
        """Return the workflow's type ('' if missing)."""
        kind = self.at("workflow", "type")
        return kind if isinstance(kind, str) else ""

    @property
    def source(self) -> str:
        """Return the file with the workflow ('' if it is part of the specification)."""
        name = self.at("workflow", "file")
        return name if isinstance(name, str) else ""

    @property
    def parameters(self) -> JsonObject:
        """Return the declared parameters with their defaults."""
        found = self.at("inputs", "parameters")
        return found if isinstance(found, dict) else {}

    @property
    def steps(self) -> list[JsonObject]:
        """Return the steps of a serial workflow, without invalid ones."""
        found = self.at("workflow", "specification", "steps")
        return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []

    def inputs(self, kind: str) -> tuple[str, ...]:
        """Return the inputs of a kind: `files` or `directories`."""
        found = self.at("inputs", kind)
        return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()

    def at(self, *path: str) -> Json:
        """Return the value at a path of keys, or None."""
        value: Json = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def line(self, *path: str) -> int:
        """Return the line number of a key."""
        return self.document.tree.locate(path, at_key=True).line if self.document.tree else 1


def loaded(text: str) -> Specification:
    """Parse a specification that is about to be run. Raises `BadRequest` if it is not YAML."""
    document = read_text(encoded(text))
    if document.tree is None:
        (problem,) = document.problems
        raise BadRequest(f"The specification cannot be used: {problem}.")
    return Specification(text, document)


def encoded(text: str) -> bytes:
    """Return the bytes of an editor's text; lone surrogates are kept for the parser to reject."""
    return text.encode("utf-8", "surrogatepass")
