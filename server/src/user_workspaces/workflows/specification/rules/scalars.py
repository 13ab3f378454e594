"""Convert YAML scalars to JSON values as REANA's own client reads them, except that a date stays text."""

import yaml
from yaml import events
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from .limits import scalar_problem
from .problems import DocumentPath, SourcePosition, SpecificationError, quoted
from .values import Json

MERGE = "<<"
LONGEST_NUMBER = 100
"""Characters. Python's conversion of longer ones takes time that grows with the square of their length."""
CORE = "tag:yaml.org,2002:"
# Plain text resolves to these without its author wanting it: JSON has neither dates nor YAML's `=` and `<<`.
TEXTS = {f"{CORE}{name}" for name in ("str", "timestamp", "value", "merge")}
SUPPORTED = {f"{CORE}{name}" for name in ("str", "null", "bool", "int", "float")}


class Scalars:
    """Resolves the tags of scalars and converts their values; has no state between two values."""

    def __init__(self) -> None:
        self._resolver = Resolver()
        self._constructor = SafeConstructor()

    def is_merge(self, event: yaml.Event) -> bool:
        """Return whether a key is the `<<` that merges mappings (in quotes it is an ordinary key)."""
        return isinstance(event, events.ScalarEvent) and self._tag(event) == f"{CORE}merge"

    def value(self, event: events.ScalarEvent, *, path: DocumentPath, position: SourcePosition) -> Json:
        """Return the JSON value; raises `SpecificationError`."""
        if event.tag not in {None, "!", *SUPPORTED}:
            raise SpecificationError(f"the tag {quoted(str(event.tag))} is not supported", path=path, position=position)
        try:
            value = self._construct(self._tag(event), str(event.value))
        except (ValueError, LookupError, ArithmeticError):  # the library's conversions raise these for other texts
            kind = str(event.tag).removeprefix(CORE) if event.tag else "number"
            message = f"{quoted(str(event.value))} is not a valid {kind}"
            raise SpecificationError(message, path=path, position=position) from None
        if reason := scalar_problem(value):
            raise SpecificationError(reason, path=path, position=position)
        return value

    def _tag(self, event: events.ScalarEvent) -> str:
        if event.tag == "!":
            return f"{CORE}str"
        if event.tag:
            return str(event.tag)
        return str(self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]  # PyYAML has no types here

    def _construct(self, tag: str, text: str) -> Json:
        if tag in TEXTS:
            return text
        node = yaml.ScalarNode(tag, text)
        if tag == f"{CORE}null":
            return None
        if tag == f"{CORE}bool":
            return bool(self._constructor.construct_yaml_bool(node))
        if len(text) > LONGEST_NUMBER:
            raise ValueError("too long")
        if tag == f"{CORE}int":
            return int(self._constructor.construct_yaml_int(node))
        return float(self._constructor.construct_yaml_float(node))
