"""The checks of a serial workflow: its steps, and the parameters in their commands.

A `$` means what it means to REANA: `${name}` and `$name` are parameters, `$$` is one dollar for the shell.
"""

from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

from user_workspaces.workflows.specification.findings import Finding, warning
from user_workspaces.workflows.specification.problems import Path, shown

STEPS: Path = ("workflow", "specification", "steps")
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


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with the steps of a document that has the form of a serial specification."""
    parameters: dict[str, Any] = document.get("inputs", {}).get("parameters", {})
    used: set[str] = set()
    found: list[Finding] = []
    names: dict[str, int] = {}
    for number, step in enumerate(document["workflow"]["specification"]["steps"]):
        here = (*STEPS, number)
        found += _step(step, here)
        for position, command in enumerate(step["commands"]):
            found += _command(command, (*here, "commands", position), parameters, used)
        name = step.get("name", "")
        if name and names.setdefault(name, number) != number:
            found.append(warning((*here, "name"), f"another step has the name {shown(name)} too"))
    return [*found, *_parameters(parameters, used)]


def _step(step: Mapping[str, Any], here: Path) -> Iterator[Finding]:
    for key, value in step.items():
        # What is false or empty asks for nothing; unknown keys were told by the schema.
        if key in WITHOUT_EFFECT and value:
            yield warning((*here, key), "it has no effect here", at_key=True)


def _command(command: str, here: Path, parameters: Mapping[str, Any], used: set[str]) -> Iterator[Finding]:
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


def _wrong_dollar(command: str, start: int, name: str | None, parameters: Mapping[str, Any]) -> str:
    if name is None:
        found = shown(command[start : start + 10])
        return f"{found} is no parameter (names have letters, digits and _): write $$ for a dollar of the shell"
    if name in parameters:
        return ""
    return f"the parameter {shown(name)} is not in inputs.parameters; for a variable of the shell write $${name[:40]}"


def _parameters(parameters: Mapping[str, Any], used: set[str]) -> Iterator[Finding]:
    for name, value in parameters.items():
        here = ("inputs", "parameters", name)
        if name not in used:
            yield warning(here, f"no command uses the parameter {shown(name)}", at_key=True)
        elif isinstance(value, dict | list):
            yield warning(here, "it is no single value: commands get it as Python writes it")
