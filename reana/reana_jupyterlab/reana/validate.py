"""Checking a `reana.yaml` without REANA: form, inputs, parameters, commands; each problem with its place."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Template
from typing import Any, Literal, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .schema import KNOWN_KEYS, OPTIONS_OF_SERIAL, SPECIFICATION
from .specification import Specification
from .yaml_places import Path, Place

Exists = Callable[[str], Literal["file", "directory", ""]]
Section = Literal["specification", "inputs", "parameters", "operations"]

MESSAGE_LIMIT = 300
TITLES: dict[Section, tuple[str, str]] = {
    "specification": ("Verifying REANA specification file...", "Valid REANA specification file."),
    "inputs": ("Verifying input files and directories...", "Input files and directories are there."),
    "parameters": ("Verifying REANA specification parameters...", "REANA specification parameters appear valid."),
    "operations": ("Verifying workflow commands...", "Workflow commands appear valid."),
}

_DANGEROUS = (("sudo ", "needs rights that a job does not have"), ("cd /", "leaves the workspace"))


@dataclass(frozen=True)
class Problem:
    """One finding; an error keeps the workflow from running, a warning does not. Line and column count from 1."""

    section: Section
    severity: Literal["error", "warning"]
    message: str
    line: int
    column: int


def problems(specification: Specification, *, exists: Exists) -> list[Problem]:
    """Return what is wrong, in the order of the file; `exists` says what lies beside the `reana.yaml`."""
    found = [*_form(specification), *_unknown_keys(specification), *_inputs(specification, exists)]
    found += _outputs(specification)
    if not any(problem.severity == "error" and problem.section == "specification" for problem in found):
        found += [*_parameters(specification), *_options(specification), *_operations(specification)]
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def report(found: list[Problem], *, name: str) -> str:
    """Return the findings as lines, the way REANA's command line prints them."""
    lines: list[str] = []
    has_no_form = any(problem.section == "specification" and problem.severity == "error" for problem in found)
    for section, (title, success) in TITLES.items():
        if has_no_form and section in {"parameters", "operations"}:
            continue
        lines.append(f"==> {title} {name}" if section == "specification" else f"==> {title}")
        here = [problem for problem in found if problem.section == section]
        lines += [f"  -> {problem.severity.upper()}: {_at_line(problem)}" for problem in here]
        if not any(problem.severity == "error" for problem in here):
            lines.append(f"  -> SUCCESS: {success}")
    return "\n".join(lines)


def mistake(message: str, place: Place) -> Problem:
    """Return the problem of a file that is not even YAML."""
    return Problem("specification", "error", message, place.line, place.column)


def _form(specification: Specification) -> Iterator[Problem]:
    if not isinstance(specification.document.value, dict):
        yield mistake("The file is not a mapping of keys to values.", Place(1, 1))
        return
    for error in Draft202012Validator(SPECIFICATION).iter_errors(specification.value):
        deepest = max(error.context or [error], key=lambda one: len(one.absolute_path))
        path: Path = tuple(deepest.absolute_path)
        yield mistake(_in_words(deepest, path), specification.document.place(path))


def _in_words(error: ValidationError, path: Path) -> str:
    where, wanted = ".".join(map(str, path)), cast("Any", error.validator_value)
    if error.validator == "required":
        missing = [key for key in wanted if key not in cast("Any", error.instance)]
        names = ", ".join(f"'{key}'" for key in missing)
        return f"{where or 'The specification'} lacks {names}."
    if error.validator == "type":
        kinds = " or ".join(wanted) if isinstance(wanted, list) else wanted
        return f"'{where}' has to be of the kind {kinds}."
    if error.validator == "enum":
        return f"'{where}' has to be one of {', '.join(map(str, wanted))}."
    if error.validator == "minItems" or error.validator == "minLength":  # noqa: PLR1714 - one sentence for both
        return f"'{where}' must not be empty."
    return f"'{where}': {error.message[:MESSAGE_LIMIT]}"


def _unknown_keys(specification: Specification) -> Iterator[Problem]:
    for section, known in KNOWN_KEYS.items():
        path: tuple[str, ...] = (section,) if section else ()
        value = specification.at(*path)
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                yield _problem(
                    specification, "specification", "warning", f"The key '{key}' is not known here.", *path, key
                )


def _inputs(specification: Specification, exists: Exists) -> Iterator[Problem]:
    for kind, noun in (("files", "file"), ("directories", "directory")):
        for index, name in enumerate(specification.inputs(kind)):
            found = exists(name)
            if found != noun:
                said = "does not exist" if not found else f"is a {found}"
                yield _problem(
                    specification, "inputs", "error", f"The input {noun} '{name}' {said}.", "inputs", kind, index
                )
    source = specification.source
    if source and exists(source) != "file":
        said = f"The workflow's file '{source}' does not exist."
        yield _problem(specification, "inputs", "error", said, "workflow", "file")


def _outputs(specification: Specification) -> Iterator[Problem]:
    for kind in ("files", "directories"):
        named = specification.at("outputs", kind)
        for index, name in enumerate(named if isinstance(named, list) else ()):
            if isinstance(name, str) and (name.startswith("/") or ".." in name.split("/")):
                said = f"The output '{name}' is outside of the workspace: write it relative to it, without '..'."
                yield _problem(specification, "specification", "error", said, "outputs", kind, index)


def _parameters(specification: Specification) -> Iterator[Problem]:
    if specification.engine != "serial":
        return
    declared, used = set(specification.parameters), set[str]()
    for path, command in _commands(specification):
        names, has_stray = _dollars(command)
        used |= names
        for name in sorted(names - declared):
            said = f"The parameter '{name}' is used and not declared in the inputs. For the shell write $${name}."
            yield _problem(specification, "parameters", "error", said, *path)
        if has_stray:
            said = "A dollar that is for the shell is written $$."
            yield _problem(specification, "parameters", "error", said, *path)
    for name in specification.parameters:
        if name not in used:
            said = f"The parameter '{name}' is declared and not used."
            yield _problem(specification, "parameters", "warning", said, "inputs", "parameters", name)


def _options(specification: Specification) -> Iterator[Problem]:
    declared, names = specification.at("inputs", "options"), [step.get("name") for step in specification.steps]
    if specification.engine != "serial" or not isinstance(declared, dict):
        return
    for option, value in declared.items():
        if option not in OPTIONS_OF_SERIAL:
            said = f"'{option}' is no option of serial workflows; there is {', '.join(OPTIONS_OF_SERIAL)}."
        elif option == "CACHE" and not isinstance(value, bool) and str(value).lower() not in {"on", "off"}:
            said = "The option CACHE is on or off."
        elif option != "CACHE" and value not in names:
            said = f"The option {option} names no step."
        else:
            continue
        yield _problem(specification, "parameters", "error", said, "inputs", "options", option)


def _dollars(command: str) -> tuple[set[str], bool]:
    """Return the parameters that a command names, and whether it holds a dollar that REANA cannot read."""
    found = list(Template.pattern.finditer(command))
    names = {match["named"] or match["braced"] for match in found} - {None}
    return names, any(match["invalid"] is not None for match in found)


def _operations(specification: Specification) -> Iterator[Problem]:
    for path, command in _commands(specification):
        if not command.strip():
            yield _problem(specification, "operations", "error", "A command is empty.", *path)
        for words, why in _DANGEROUS:
            if words in command:
                said = f"The command holds '{words.strip()}', which {why}."
                yield _problem(specification, "operations", "warning", said, *path)
        try:
            shlex.split(command)
        except ValueError:
            yield _problem(specification, "operations", "warning", "A quotation mark is opened and not closed.", *path)
    if specification.engine == "serial":
        yield from _step_names(specification)


def _step_names(specification: Specification) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, step in enumerate(specification.steps):
        name = step.get("name")
        if isinstance(name, str) and name in seen:
            said = f"Two steps have the name '{name}': FROM and TARGET mean the first one."
            yield _problem(
                specification, "operations", "warning", said, "workflow", "specification", "steps", index, "name"
            )
        seen.add(str(name))


def _commands(specification: Specification) -> Iterator[tuple[Path, str]]:
    for number, step in enumerate(specification.steps):
        commands = step.get("commands")
        for index, command in enumerate(commands if isinstance(commands, list) else ()):
            yield ("workflow", "specification", "steps", number, "commands", index), str(command)


def _problem(
    specification: Specification,
    section: Section,
    severity: Literal["error", "warning"],
    message: str,
    *path: str | int,
) -> Problem:
    place = specification.place(*path)
    return Problem(section, severity, message, place.line, place.column)


def _at_line(problem: Problem) -> str:
    return f"line {problem.line}, column {problem.column}: {problem.message}"
