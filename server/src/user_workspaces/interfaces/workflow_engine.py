"""The interface of workflow engines, and the plan that they give to the runner."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.workflow_specification import Json, Specification

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """The commands of one environment, which run one after the other until one fails."""

    name: str
    """Not empty, and unique in the plan."""
    environment: str
    """A container image for the configured container runtime."""
    commands: tuple[str, ...]
    """Commands for `bash -c`, at least one, with all parameters substituted."""
    memory_bytes: int | None = None
    cpus: float | None = None
    time_limit_seconds: int | None = None
    """These three are the specification's requests; None: not specified."""
    compute_backend: str = ""
    """As specified; empty: the server's default."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for the runner, in this order."""

    steps: tuple[Step, ...]

    def to_json(self) -> str:
        """Return the plan as JSON text, with the version of the format."""
        return json.dumps({"version": PLAN_VERSION, "steps": [asdict(step) for step in self.steps]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the text of `to_json`; raises `InvalidRequest` for any other text."""
        try:
            written = _PLAN.validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            location = ".".join(str(part) for part in first["loc"])
            raise InvalidRequest(f"Invalid plan: {location or 'as a whole'}: {first['msg']}") from None
        if written.version != PLAN_VERSION:
            raise InvalidRequest(f"This plan has version {written.version}; this server reads version {PLAN_VERSION}.")
        return cls(steps=written.steps)


class _WrittenPlan(BaseModel):
    """The JSON document of a plan."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int
    steps: tuple[Step, ...]


_PLAN = TypeAdapter(_WrittenPlan)


class WorkflowEngine(Plugin):
    """Plans the steps of one type of workflow; the type is the name of the entry point."""

    operational_options: ClassVar[frozenset[str]] = frozenset()
    """The names of the operational options that a start may set."""

    @abstractmethod
    def plan(
        self, specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json]
    ) -> Plan:
        """Return the steps to run, at least one; deterministic, without I/O.

        `parameters` override those of the specification by name, `options` those of `inputs.options`. Raises
        `InvalidRequest`, with a message for users, for an unknown or invalid one.
        """
