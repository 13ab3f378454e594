"""Checks of a serial workflow: its steps, and the parameters in their commands.

A `$` has REANA's meaning: `${name}` and `$name` are parameters, `$$` is a literal dollar sign for the shell.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from string import Template

from .findings import Finding, warning
from .parts import items_in, mapping_at, texts_in
from .problems import DocumentPath, quoted
from .values import Json

STEPS: DocumentPath = ("workflow", "specification", "steps")
PARAMETERS, OPTIONS = ("inputs", "parameters"), ("inputs", "options")
OPERATIONAL = ("CACHE", "FROM", "TARGET")
NUMBERED = re.compile(r"-[0-9]+$")
DANGEROUS = {"sudo ": "sudo", "cd /": "cd /"}
"""Texts that REANA's client warns about when a command contains them, with their names in the warning."""
WITHOUT_EFFECT = {
    "kubernetes_memory_request",
    "kubernetes_uid",
    "kubernetes_queue",
    "kerberos",
    "rucio",
    "unpacked_img",
    "unpacked_image",
    "voms_proxy",
    "htcondor_accounting_group",
    "htcondor_max_runtime",
    "htcondor_request_cpus",
    "htcondor_request_memory",
    "htcondor_request_disk",
    "htcondor_requirements",
    "slurm_partition",
    "slurm_time",
    "c4p_cpu_cores",
    "c4p_memory_limit",
    "c4p_additional_requirements",
}
"""Keys of features that this server does not have: accepted and stored, with a warning."""


def findings(document: Json, wrong: Collection[DocumentPath]) -> list[Finding]:
    """Return findings about steps and parameters; `wrong` are the paths that the schema rejected."""
    used: set[str] = set()
    steps, names = StepNames(), dict[str, int]()
    # Invalid parameters are reported already: their names are unknown then, and not checked.
    known = None if {(), ("inputs",), PARAMETERS} & set(wrong) else mapping_at(document, *PARAMETERS)
    found: list[Finding] = []
    for number, step in items_in(mapping_at(document, "workflow", "specification").get("steps")):
        if not isinstance(step, dict):
            continue
        here = (*STEPS, number)
        found += _step(step, here)
        for index, command in texts_in(step.get("commands")):
            found += _command(command, (*here, "commands", index), known, used)
        name = step.get("name")
        steps.add(number, name if isinstance(name, str) else "")
        if isinstance(name, str) and name and names.setdefault(name, number) != number:
            found.append(warning((*here, "name"), f"another step is also named {quoted(name)}"))
    is_whole = not any(path[:1] == ("workflow",) for path in wrong)
    unused = _parameters(known, used) if known is not None and is_whole else ()
    return [*found, *unused, *_options(mapping_at(document, *OPTIONS), steps, is_whole=is_whole)]


class StepNames:
    """The names of the steps: their own, and `step-<number>` for a step without one."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, number: int, name: str) -> None:
        """Add the name of a step."""
        self._names.add(name or f"step-{number + 1}")

    def have(self, value: Json) -> bool:
        """Return whether a value names a step. The second step named `fit` is `fit-2`."""
        return isinstance(value, str) and (value in self._names or NUMBERED.sub("", value) in self._names)


def _options(options: Mapping[str, Json], steps: StepNames, *, is_whole: bool) -> Iterator[Finding]:
    for option, value in options.items():
        path = (*OPTIONS, option)
        if option not in OPERATIONAL:
            reason = f"{quoted(option)} is not an operational option of serial workflows; use {', '.join(OPERATIONAL)}"
            yield Finding(path, reason, at_key=True)
        elif option == "CACHE":
            if not isinstance(value, bool) and str(value).lower() not in {"on", "off"}:
                yield Finding(path, "the operational option CACHE must be on or off")
        elif is_whole and not steps.have(value):
            named = quoted(value) if isinstance(value, str) else str(value)
            yield Finding(path, f"the operational option {option} names an unknown step: {named}")


def _step(step: Mapping[str, Json], here: DocumentPath) -> Iterator[Finding]:
    for key, value in step.items():
        # A false or empty value requests nothing. The schema reports unknown keys.
        if key in WITHOUT_EFFECT and value:
            yield warning((*here, key), "it has no effect here", at_key=True)


def _command(
    command: str, here: DocumentPath, parameters: Mapping[str, Json] | None, used: set[str]
) -> Iterator[Finding]:
    reported: set[str] = set()
    for found in Template.pattern.finditer(command):
        name = found["named"] or found["braced"]
        if name:
            used.add(name)
        message = _wrong_dollar(command, found.start(), name, parameters)
        if found["escaped"] is None and message and message not in reported:
            reported.add(message)
            yield Finding(here, message)
    for operation, title in DANGEROUS.items():
        if operation in command:
            yield warning(here, f"{title!r} might be dangerous")
    try:
        shlex.split(command)
    except ValueError:
        yield warning(here, "a quotation mark is not closed")


def _wrong_dollar(command: str, start: int, name: str | None, parameters: Mapping[str, Json] | None) -> str:
    if name is None:
        found = quoted(command[start : start + 10])
        return f"{found} is not a parameter (names have letters, digits and _): write $$ for a literal dollar sign"
    if parameters is None or name in parameters:
        return ""
    return f"the parameter {quoted(name)} is not in inputs.parameters; for a shell variable write $${name[:40]}"


def _parameters(parameters: Mapping[str, Json], used: set[str]) -> Iterator[Finding]:
    for name, value in parameters.items():
        here = (*PARAMETERS, name)
        if name not in used:
            yield warning(here, f"no command uses the parameter {quoted(name)}", at_key=True)
        elif isinstance(value, dict | list):
            yield warning(here, "it is not a single value: commands get it in Python's notation")
