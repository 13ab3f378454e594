"""Check a specification against `schema.json`, with messages that tell a researcher what to change."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from .findings import Finding, warning
from .problems import DocumentPath, quoted
from .values import Json

MOST_FINDINGS = 50
# Characters of a key; the time of a comparison grows faster than the length.
LONGEST_COMPARED = 40
_VALIDATOR = Draft202012Validator(json.loads(Path(__file__).with_name("schema.json").read_bytes()))
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def findings(document: Json) -> list[Finding]:
    """Return at most fifty errors and fifty warnings. Unknown keys are warnings, as in REANA.

    Warnings never displace errors: those that follow fifty warnings are still found.
    """
    wrong: dict[Finding, None] = {}
    warnings: dict[Finding, None] = {}
    errors: Iterator[ValidationError] = _VALIDATOR.iter_errors(document)
    # The iterator is lazy: after the `break` the rest of the document is not checked.
    for error in errors:
        if error.validator == "additionalProperties":
            warnings |= dict.fromkeys(islice(_unknown_keys(error), MOST_FINDINGS - len(warnings)))
        else:
            # The validator reports all missing keys once per missing key: keep each finding once.
            wrong |= dict.fromkeys(_translated(error))
        if len(wrong) >= MOST_FINDINGS:
            break
    return [*islice(wrong, MOST_FINDINGS), *warnings]


def _unknown_keys(error: ValidationError) -> Iterator[Finding]:
    path, instance, known = _parts(error)
    known = known["properties"]
    for key in instance:
        if key not in known:
            yield warning((*path, key), f"unknown key {quoted(key)}{_suggestion(key, known)}", at_key=True)


def _translated(error: ValidationError) -> Iterator[Finding]:
    path, instance, schema = _parts(error)
    if error.validator == "required":
        missing: Any = error.validator_value
        yield from (Finding(path, f"{key!r} is missing", at_key=True) for key in missing if key not in instance)
    else:
        yield Finding(path, _reason(str(error.validator), error.validator_value, instance, schema))


def _reason(keyword: str, wanted: object, instance: Json, schema: dict[str, Any]) -> str:
    """Return the message for a value that violates a keyword of the schema."""
    if keyword == "type":
        return _wrong_type(wanted[0] if isinstance(wanted, list) else str(wanted), instance)
    if keyword in {"minItems", "minLength", "minProperties"} or not str(instance).strip():
        return "it must not be empty"
    if keyword == "maxProperties":
        return f"it has more than {wanted} keys"
    if keyword == "maxLength":
        return f"it has more than {wanted} characters"
    written = quoted(instance) if isinstance(instance, str) else str(instance)
    return f"{written} is not {schema['description']}"


def _parts(error: ValidationError) -> tuple[DocumentPath, Any, Any]:
    return tuple(error.absolute_path), error.instance, error.schema


def _wrong_type(wanted: str, value: Json) -> str:
    hint = ""
    if wanted == "string" and isinstance(value, bool | int | float):
        hint = ": put it in quotes"
    if wanted == "array" and isinstance(value, str):
        hint = ": start each line with a dash"
    return f"it must be {_TYPES[wanted]}, not {_name(value)}{hint}"


def _name(value: Json) -> str:  # noqa: PLR0911  a table
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a decimal number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _suggestion(key: str, known: dict[str, object]) -> str:
    close = get_close_matches(key, known, n=1) if len(key) <= LONGEST_COMPARED else []
    return f"; did you mean {close[0]!r}?" if close else ""
