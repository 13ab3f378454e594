"""A `reana.yaml` as it was read: its values with their places, and what the rest of the house asks of it."""

from dataclasses import dataclass

from .errors import BadRequest
from .values import Json, JsonObject
from .yaml_places import Document, Path, Place, YamlMistake, read_yaml

SIZE_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Specification:
    """A specification, which may be wrong in every way but in being YAML."""

    text: str
    document: Document

    @property
    def value(self) -> JsonObject:
        """Return the mapping at the top; empty where the file is none."""
        return self.document.value if isinstance(self.document.value, dict) else {}

    @property
    def engine(self) -> str:
        """Return the workflow's type ('' when it is not said)."""
        kind = self.at("workflow", "type")
        return kind if isinstance(kind, str) else ""

    @property
    def source(self) -> str:
        """Return the file that holds the workflow itself ('' when it stands in the specification)."""
        name = self.at("workflow", "file")
        return name if isinstance(name, str) else ""

    @property
    def parameters(self) -> JsonObject:
        """Return the declared parameters and their values."""
        found = self.at("inputs", "parameters")
        return found if isinstance(found, dict) else {}

    @property
    def steps(self) -> list[JsonObject]:
        """Return the steps of a serial workflow that look like steps."""
        found = self.at("workflow", "specification", "steps")
        return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []

    def inputs(self, kind: str) -> tuple[str, ...]:
        """Return the inputs of a kind: `files` or `directories`."""
        found = self.at("inputs", kind)
        return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()

    def at(self, *path: str) -> Json:
        """Return the value at the end of the keys, or None."""
        value: Json = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def place(self, *path: str | int) -> Place:
        """Return the line and column of a value."""
        return self.document.place(path)


def read_specification(text: str) -> Specification:
    """Read the text of a `reana.yaml`; raise `YamlMistake` where it is not YAML."""
    if len(text) > SIZE_LIMIT:
        raise YamlMistake("The file is too long to be a specification.", Place(1, 1))
    return Specification(text, read_yaml(text))


def loaded(text: str) -> Specification:
    """Read a specification that is about to be run: what is not even YAML is a bad request."""
    try:
        return read_specification(text)
    except YamlMistake as mistake:
        raise BadRequest(f"Line {mistake.place.line}: {mistake.message}") from mistake


__all__ = ["Path", "Specification", "YamlMistake", "loaded", "read_specification"]
