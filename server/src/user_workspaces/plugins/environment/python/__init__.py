"""Additional Python environments of the server: built by it, unpacked from an archive, or from modules."""

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
    """One entry per resource on which the environment is offered."""

    environment_details: dict[str, EnvironmentDetails] = Field(default_factory=dict)


class PythonEnvironment(Environment):
    """A Python kernel and the configured packages; users install theirs in an overlay on it."""

    Options: ClassVar[type[PluginOptions]] = PythonEnvironmentOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("PythonEnvironmentOptions", options).environment_details
        self._environments = PythonEnvironments(context, self._details, lambda: CONTENTS)

    def prepare(self, resource: str) -> Preparation:
        """Return whether it is built, and start the build if not."""
        return self._environments.prepare(resource)

    def base(self, resource: str) -> Base:
        """Return its base, also before it is built; raises `InvalidRequest` and `ConfigurationError`."""
        return self._environments.base(resource)

    def is_on(self, resource: str) -> bool:
        """Return True if it is offered there."""
        return resource in self._details

    def check(self) -> Health:
        """Return the health, with the resources for which it failed or is not prepared yet."""
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
