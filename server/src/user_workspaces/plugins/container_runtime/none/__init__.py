"""No containers: commands run in the environment of a workspace or of the server, with a warning in the log."""

from typing import ClassVar

from user_workspaces.interfaces.container_runtime import ContainerRuntime, RunLocations, StepNeeds
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health


class NoContainerOptions(PluginOptions):
    """No options."""


class NoContainerRuntime(ContainerRuntime):
    """Accepts any container image, and ignores it."""

    Options: ClassVar[type[PluginOptions]] = NoContainerOptions
    runtime_name: ClassVar[str] = "none"
    uses_images: ClassVar[bool] = False
    warning: ClassVar[str] = (
        "NO CONTAINER RUNTIME IS CONFIGURED: the environment of the steps (their container images) is not used; "
        "all commands run in one environment of this server instead."
    )

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:  # noqa: ARG002  none is used
        """Return the resource's shell."""
        return ("/bin/bash", "-c")

    def check(self) -> Health:
        """Always healthy; the message states the consequence."""
        return Health(connected=True, message="Steps run without containers: their environment is not used.")


__all__ = ["NoContainerOptions", "NoContainerRuntime"]
