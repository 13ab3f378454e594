"""No containers: commands run in the environment of a workspace or of the site, and that is said loudly."""

from typing import ClassVar

from user_workspaces.interfaces.container_runtime import ContainerRuntime, RunLocations, StepNeeds
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health


class NoContainerOptions(PluginOptions):
    """There is nothing to choose."""


class NoContainerRuntime(ContainerRuntime):
    """Takes any environment, and gives none."""

    Options: ClassVar[type[PluginOptions]] = NoContainerOptions
    runtime_name: ClassVar[str] = "none"
    uses_images: ClassVar[bool] = False
    warning: ClassVar[str] = (
        "NO CONTAINER RUNTIME IS CONFIGURED: the environment of the steps (their container images) is not used; "
        "all commands run in one environment of this server instead."
    )

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:  # noqa: ARG002  nothing of it is used
        """Return the shell of the resource."""
        return ("/bin/bash", "-c")

    def check(self) -> Health:
        """There is nothing that could be missing; what it means is worth saying."""
        return Health(connected=True, message="Steps run without containers: their environment is not used.")


__all__ = ["NoContainerOptions", "NoContainerRuntime"]
