"""What a plug-in must offer so that workflows of one type can run, and the plan that it hands to the runner."""

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
    """What runs in one go and in one environment; its commands run one after the other until one fails."""

    name: str
    """Never empty, and no other step of the plan has it."""
    environment: str
    """A container image, for the runtime that the site has configured."""
    commands: tuple[str, ...]
    """For `bash -c`, a command each; at least one, and all parameters are in their places."""
    memory_bytes: int | None = None
    cpus: float | None = None
    time_limit_seconds: int | None = None
    """The three are what the specification asks for; None: it says nothing."""
    compute_backend: str = ""
    """As the specification says; empty: the site decides."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the runner is to do: these steps, in this order."""

    steps: tuple[Step, ...]

    def to_json(self) -> str:
        """Return the plan as JSON text, with the version of the format."""
        return json.dumps({"version": PLAN_VERSION, "steps": [asdict(step) for step in self.steps]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises `InvalidRequest` for anything else."""
        try:
            written = _PLAN.validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            location = ".".join(str(part) for part in first["loc"])
            raise InvalidRequest(f"This is not a plan: {location or 'as a whole'}: {first['msg']}") from None
        if written.version != PLAN_VERSION:
            raise InvalidRequest(f"This is a plan of version {written.version}; here version {PLAN_VERSION} is read.")
        return cls(steps=written.steps)


class _WrittenPlan(BaseModel):
    """The form of the text."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int
    steps: tuple[Step, ...]


_PLAN = TypeAdapter(_WrittenPlan)


class WorkflowEngine(Plugin):
    """Turns the specification of one type of workflow into steps; the type name is its entry point's name."""

    operational_options: ClassVar[frozenset[str]] = frozenset()
    """The names of the options that a start may give."""

    @abstractmethod
    def plan(
        self, specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json]
    ) -> Plan:
        """Return what is to run, at least one step; deterministic, without I/O.

        `parameters` are those that a start gives in place of the specification's own, by name; `options` likewise
        are laid over `inputs.options`. Raises `InvalidRequest`, for people to read, when they do not fit.
        """
