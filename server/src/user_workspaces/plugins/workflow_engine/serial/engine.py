"""`SerialEngine`: plans the steps of a serial workflow."""

from collections.abc import Mapping
from typing import ClassVar

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health
from user_workspaces.interfaces.workflow_engine import Plan, Step, WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Json, Specification, SpecifiedStep
from user_workspaces.plugins.workflow_engine.serial import selection
from user_workspaces.plugins.workflow_engine.serial.parameters import Substitution
from user_workspaces.plugins.workflow_engine.serial.quantities import bytes_of, cpus_of


class SerialOptions(PluginOptions):
    """No options."""


class SerialEngine(WorkflowEngine):
    """Plans the steps in their written order."""

    Options: ClassVar[type[PluginOptions]] = SerialOptions
    operational_options: ClassVar[frozenset[str]] = selection.OPTIONS

    def plan(
        self, specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json]
    ) -> Plan:
        """Return the steps from FROM to TARGET, with all parameters substituted."""
        steps = specification.steps
        if specification.workflow_type != "serial" or not steps:
            raise InvalidRequest("This is not a serial workflow with steps.")
        names = selection.unique_names([step.name for step in steps])
        chosen = selection.chosen(names, {**specification.options(), **options})
        # Also for steps that do not run: a missing parameter is an error in every run.
        substitution = Substitution(specification.parameters(), parameters)
        planned = tuple(_step(step, name, substitution) for step, name in zip(steps, names, strict=True))
        return Plan(planned[chosen])

    def check(self) -> Health:
        """Always healthy: it needs nothing."""
        return Health(connected=True)


def _step(step: SpecifiedStep, name: str, substitution: Substitution) -> Step:
    return Step(
        name=name,
        environment=step.environment,
        commands=tuple(substitution.apply(command, step=name) for command in step.commands),
        memory_bytes=bytes_of(step.kubernetes_memory_limit),
        cpus=cpus_of(step.kubernetes_cpu_limit or step.kubernetes_cpu_request),
        time_limit_seconds=step.kubernetes_job_timeout,
        compute_backend=step.compute_backend,
    )
