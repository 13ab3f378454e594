"""From single values of YAML to those of JSON, as REANA's own client reads them; a date stays the text that it is."""

import yaml
from yaml import events
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from .limits import why_no_scalar
from .problems import Path, Place, Refusal, shown
from .values import Json

MERGE = "<<"
LONGEST_NUMBER = 100
CORE = "tag:yaml.org,2002:"
# What plain text can look like without meaning it: JSON has neither dates nor YAML's own signs.
TEXTS = {f"{CORE}{name}" for name in ("str", "timestamp", "value", "merge")}
TAKEN = {f"{CORE}{name}" for name in ("str", "null", "bool", "int", "float")}


class Scalars:
    """Resolves and converts; holds no state between two values."""

    def __init__(self) -> None:
        self._resolver = Resolver()
        self._constructor = SafeConstructor()

    def merges(self, event: yaml.Event) -> bool:
        """Say whether a key is the `<<` that merges (in quotes it is a key like any other)."""
        return isinstance(event, events.ScalarEvent) and self._tag(event) == f"{CORE}merge"

    def value(self, event: events.ScalarEvent, *, path: Path, location: Place) -> Json:
        """Return the JSON value; raises `Refusal`."""
        if event.tag not in {None, "!", *TAKEN}:
            raise Refusal(f"the tag {shown(str(event.tag))} cannot be taken", path=path, location=location)
        try:
            value = self._construct(self._tag(event), str(event.value))
        except (ValueError, LookupError, ArithmeticError):  # what the library's conversions raise for other texts
            kind = str(event.tag).removeprefix(CORE) if event.tag else "number"
            raise Refusal(f"{shown(str(event.value))} is no {kind}", path=path, location=location) from None
        if reason := why_no_scalar(value):
            raise Refusal(reason, path=path, location=location)
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
