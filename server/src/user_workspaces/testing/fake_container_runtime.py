"""Container runtimes for tests: one that only sets the name of the image, and one that is not installed."""

from pathlib import Path
from typing import ClassVar, Self

from user_workspaces.interfaces.container_runtime import (
    UUID,
    ContainerRuntime,
    RunLocations,
    StepNeeds,
    bound_path,
    image_name,
    variable_name,
)
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext


class FakeContainerRuntime(ContainerRuntime):
    """Sets the image's name as `CONTAINER`, and runs commands with the machine's shell."""

    Options: ClassVar[type[PluginOptions]] = PluginOptions
    runtime_name: ClassVar[str] = "fake"

    @classmethod
    def build(cls, name: str) -> Self:
        """Build one without a configuration."""
        nowhere = Path("/nonexistent")
        context = PluginContext(
            name=name, base_dir=nowhere, data_dir=nowhere, runtime_dir=nowhere, find_client=lambda _: None
        )
        return cls(context, PluginOptions())

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` unless it is the name of an image."""
        image_name(environment)

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return env(1) and a shell."""
        bound_path(locations.workspace)
        for name in locations.variables:
            variable_name(name)
        return ("/usr/bin/env", f"NAME={UUID}", f"CONTAINER={image_name(step.environment)}", "/bin/bash", "-c")

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)


class RuntimeThatIsNotThere(FakeContainerRuntime):
    """A runtime whose program is not installed."""

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return a program that does not exist."""
        return ("/nonexistent/runtime", *super().argv(step, locations)[1:])

    def check(self) -> Health:
        """Unhealthy."""
        return Health(connected=False, message="The runtime is not installed.")
