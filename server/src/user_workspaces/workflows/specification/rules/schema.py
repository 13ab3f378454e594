"""The form of a specification: `schema.json`, and its findings in words that a researcher can act on."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path as File
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from .findings import Finding, warning
from .problems import Path, shown
from .values import Json

MOST_FINDINGS = 50
LONGEST_COMPARED = 40
_VALIDATOR = Draft202012Validator(json.loads(File(__file__).with_name("schema.json").read_bytes()))
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def findings(document: Json) -> list[Finding]:
    """Return what does not have the form; unknown keys are warnings, as they are for REANA.

    At most fifty errors and fifty warnings, and the errors that follow on fifty warnings are not lost.
    """
    wrong: dict[Finding, None] = {}
    warnings: dict[Finding, None] = {}
    errors: Iterator[ValidationError] = _VALIDATOR.iter_errors(document)
    for error in errors:
        if error.validator == "additionalProperties":
            warnings |= dict.fromkeys(islice(_unknown_keys(error), MOST_FINDINGS - len(warnings)))
        else:
            # One error for each missing key says the same of all of them: each finding is kept once.
            wrong |= dict.fromkeys(_translated(error))
        if len(wrong) >= MOST_FINDINGS:
            break
    return [*islice(wrong, MOST_FINDINGS), *warnings]


def _unknown_keys(error: ValidationError) -> Iterator[Finding]:
    path, instance, known = _parts(error)
    known = known["properties"]
    for key in instance:
        if key not in known:
            yield warning((*path, key), f"{shown(key)} is no key that is known here{_meant(key, known)}", at_key=True)


def _translated(error: ValidationError) -> Iterator[Finding]:
    path, instance, schema = _parts(error)
    if error.validator == "required":
        missing: Any = error.validator_value
        yield from (Finding(path, f"{key!r} is missing", at_key=True) for key in missing if key not in instance)
    else:
        yield Finding(path, _reason(str(error.validator), error.validator_value, instance, schema))


def _reason(keyword: str, wanted: object, instance: Json, schema: dict[str, Any]) -> str:
    """Say what is wrong with a value, by the keyword of the schema that it breaks."""
    if keyword == "type":
        return _wrong_type(wanted[0] if isinstance(wanted, list) else str(wanted), instance)
    if keyword in {"minItems", "minLength", "minProperties"} or not str(instance).strip():
        return "there is nothing in it"
    if keyword == "maxProperties":
        return f"it has more than {wanted} keys"
    if keyword == "maxLength":
        return f"it has more than {wanted} characters"
    written = shown(instance) if isinstance(instance, str) else str(instance)
    return f"{written} is not {schema['description']}"


def _parts(error: ValidationError) -> tuple[Path, Any, Any]:
    return tuple(error.absolute_path), error.instance, error.schema


def _wrong_type(wanted: str, value: Json) -> str:
    hint = ""
    if wanted == "string" and isinstance(value, bool | int | float):
        hint = ": write it in quotes"
    if wanted == "array" and isinstance(value, str):
        hint = ": begin its lines with a dash"
    return f"it has to be {_TYPES[wanted]} and is {_name(value)}{hint}"


def _name(value: Json) -> str:  # noqa: PLR0911  a table
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a number with a point"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _meant(key: str, known: dict[str, object]) -> str:
    close = get_close_matches(key, known, n=1) if len(key) <= LONGEST_COMPARED else []
    return f"; is {close[0]!r} meant?" if close else ""
