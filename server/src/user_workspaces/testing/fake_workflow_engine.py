"""Workflow engines for tests, named for what they do with any specification."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext
from user_workspaces.interfaces.workflow_engine import Plan, Step, WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Json, Specification

GREETING = Step(name="hello", environment="docker.io/library/busybox:1", commands=("echo hello",))


class EngineOfOneStep(WorkflowEngine):
    """Plans a greeting, or the plan that the test sets as `response`."""

    Options = PluginOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self.response = Plan((GREETING,))

    @classmethod
    def build(cls, name: str) -> Self:
        """Build one without a configuration."""
        nowhere = Path("/nonexistent")
        context = PluginContext(
            name=name, base_dir=nowhere, data_dir=nowhere, runtime_dir=nowhere, find_client=lambda _: None
        )
        return cls(context, PluginOptions())

    def plan(
        self, specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json]
    ) -> Plan:
        """Return the plan set by the test; raises for unknown parameters and options."""
        if unknown := [name for name in parameters if name not in specification.parameters()]:
            raise InvalidRequest(f"{unknown[0][:60]!r} is not a parameter of this workflow.")
        if unknown := [name for name in options if name not in self.operational_options]:
            raise InvalidRequest(f"{unknown[0][:60]!r} is not an operational option.")
        return self.response

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)


class EngineThatRefuses(EngineOfOneStep):
    """Rejects every specification."""

    def plan(
        self, specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json]
    ) -> Plan:
        """Raise `InvalidRequest`."""
        raise InvalidRequest("This engine accepts no specification.")
