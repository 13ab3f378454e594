"""A Python environment that the site offers beside the usual one: built by the server, unpacked, or of modules."""

from pathlib import Path
from typing import ClassVar, cast

from pydantic import Field

from user_workspaces.environment_store.options import EnvironmentDetails
from user_workspaces.environment_store.python import PythonEnvironments
from user_workspaces.environment_store.recipes import Contents
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.environment_plugin import Environment
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext, Preparation

LOCK = Path(__file__).with_name("requirements.lock")
CONTENTS = Contents(LOCK, "import ipykernel")


class PythonEnvironmentOptions(PluginOptions):
    """One entry for each resource that the environment is offered on."""

    environment_details: dict[str, EnvironmentDetails] = Field(default_factory=dict)


class PythonEnvironment(Environment):
    """Holds a kernel of Python and what the operator named; what users install goes above it."""

    Options: ClassVar[type[PluginOptions]] = PythonEnvironmentOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("PythonEnvironmentOptions", options).environment_details
        self._environments = PythonEnvironments(context, self._details, lambda: CONTENTS)

    def prepare(self, resource: str) -> Preparation:
        """Say whether it is there, and have it built beside the caller where it is not."""
        return self._environments.prepare(resource)

    def base(self, resource: str) -> Base:
        """Return where it is, or will be; raises `InvalidRequest` and `ConfigurationError`."""
        return self._environments.base(resource)

    def is_on(self, resource: str) -> bool:
        """Say whether it is offered there."""
        return resource in self._details

    def check(self) -> Health:
        """Name the resources that it cannot be had on."""
        try:
            failed, waiting = self._environments.failed(), self._environments.unprepared()
        except ConfigurationError as error:
            return Health(connected=False, message=error.message)
        if failed:
            return Health(connected=False, message=f"It could not be prepared for {', '.join(failed)}.")
        if waiting:
            return Health(connected=True, message=f"It is not prepared yet for {', '.join(waiting)}.")
        return Health(connected=True)


__all__ = ["PythonEnvironment", "PythonEnvironmentOptions"]
