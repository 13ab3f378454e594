"""The checks of a serial workflow: its steps, and the parameters in their commands.

A `$` means what it means to REANA: `${name}` and `$name` are parameters, `$$` is one dollar for the shell.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from string import Template

from .findings import Finding, warning
from .parts import items_in, mapping_at, texts_in
from .problems import Path, shown
from .values import Json

STEPS: Path = ("workflow", "specification", "steps")
PARAMETERS, OPTIONS = ("inputs", "parameters"), ("inputs", "options")
OPERATIONAL = ("CACHE", "FROM", "TARGET")
NUMBERED = re.compile(r"-[0-9]+$")
DANGEROUS = {"sudo ": "sudo", "cd /": "cd /"}
"""What REANA's client warns of; by what is looked for, with what is shown."""
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
"""What asks for something that other sites have: read, kept, and told."""


def findings(document: Json, wrong: Collection[Path]) -> list[Finding]:
    """Return what is wrong with steps and parameters; `wrong`: where the document has another form."""
    used: set[str] = set()
    steps, names = Steps(), dict[str, int]()
    # Where the parameters have another form nothing can be said of their names.
    known = None if {(), ("inputs",), PARAMETERS} & set(wrong) else mapping_at(document, *PARAMETERS)
    found: list[Finding] = []
    for number, step in items_in(mapping_at(document, "workflow", "specification").get("steps")):
        if not isinstance(step, dict):
            continue
        here = (*STEPS, number)
        found += _step(step, here)
        for position, command in texts_in(step.get("commands")):
            found += _command(command, (*here, "commands", position), known, used)
        name = step.get("name")
        steps.add(number, name if isinstance(name, str) else "")
        if isinstance(name, str) and name and names.setdefault(name, number) != number:
            found.append(warning((*here, "name"), f"another step has the name {shown(name)} too"))
    is_whole = not any(path[:1] == ("workflow",) for path in wrong)
    unused = _parameters(known, used) if known is not None and is_whole else ()
    return [*found, *unused, *_options(mapping_at(document, *OPTIONS), steps, is_whole=is_whole)]


class Steps:
    """The names by which the steps can be called: their own, and those that a step without one gets."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, number: int, name: str) -> None:
        """Take a step in."""
        self._names.add(name or f"step-{number + 1}")

    def have(self, value: Json) -> bool:
        """Return whether a value calls one; a second `fit` is `fit-2`."""
        return isinstance(value, str) and (value in self._names or NUMBERED.sub("", value) in self._names)


def _options(options: Mapping[str, Json], steps: Steps, *, is_whole: bool) -> Iterator[Finding]:
    for option, value in options.items():
        path = (*OPTIONS, option)
        if option not in OPERATIONAL:
            said = f"{shown(option)} is no operational option of serial workflows; there is {', '.join(OPERATIONAL)}"
            yield Finding(path, said, at_key=True)
        elif option == "CACHE":
            if not isinstance(value, bool) and str(value).lower() not in {"on", "off"}:
                yield Finding(path, "the operational option CACHE is on or off")
        elif is_whole and not steps.have(value):
            named = shown(value) if isinstance(value, str) else str(value)
            yield Finding(path, f"the operational option {option} names no step: {named}")


def _step(step: Mapping[str, Json], here: Path) -> Iterator[Finding]:
    for key, value in step.items():
        # What is false or empty asks for nothing; unknown keys were told by the schema.
        if key in WITHOUT_EFFECT and value:
            yield warning((*here, key), "it has no effect here", at_key=True)


def _command(command: str, here: Path, parameters: Mapping[str, Json] | None, used: set[str]) -> Iterator[Finding]:
    told: set[str] = set()
    for found in Template.pattern.finditer(command):
        name = found["named"] or found["braced"]
        if name:
            used.add(name)
        message = _wrong_dollar(command, found.start(), name, parameters)
        if found["escaped"] is None and message and message not in told:
            told.add(message)
            yield Finding(here, message)
    for operation, title in DANGEROUS.items():
        if operation in command:
            yield warning(here, f"{title!r} might be dangerous")
    try:
        shlex.split(command)
    except ValueError:
        yield warning(here, "a quotation mark is opened and not closed")


def _wrong_dollar(command: str, start: int, name: str | None, parameters: Mapping[str, Json] | None) -> str:
    if name is None:
        found = shown(command[start : start + 10])
        return f"{found} is no parameter (names have letters, digits and _): write $$ for a dollar of the shell"
    if parameters is None or name in parameters:
        return ""
    return f"the parameter {shown(name)} is not in inputs.parameters; for a variable of the shell write $${name[:40]}"


def _parameters(parameters: Mapping[str, Json], used: set[str]) -> Iterator[Finding]:
    for name, value in parameters.items():
        here = (*PARAMETERS, name)
        if name not in used:
            yield warning(here, f"no command uses the parameter {shown(name)}", at_key=True)
        elif isinstance(value, dict | list):
            yield warning(here, "it is no single value: commands get it as Python writes it")
