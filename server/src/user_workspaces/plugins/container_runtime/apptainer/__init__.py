"""Apptainer: containers as the user, without a daemon and without root."""

import shutil
from typing import ClassVar, cast

from pydantic import Field

from user_workspaces.interfaces.container_runtime import (
    SECRETS_IN_CONTAINER,
    ContainerRuntime,
    RunLocations,
    StepNeeds,
    bound_path,
    image_name,
    variable_name,
)
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext


class ApptainerOptions(PluginOptions):
    """The options of Apptainer."""

    program: str = Field(default="apptainer", pattern=r"^[\w./+][\w./+-]*$", max_length=500)
    """A name on the resource's `PATH`, or an absolute path on the resource."""
    limits: bool = False
    """True to enforce a step's memory and CPUs; requires cgroups that users can manage."""


class ApptainerRuntime(ContainerRuntime):
    """Runs `apptainer exec`; of the resource, only the run's workspace and its secrets are mounted."""

    Options: ClassVar[type[PluginOptions]] = ApptainerOptions
    runtime_name: ClassVar[str] = "apptainer"
    variable_prefix: ClassVar[str] = "APPTAINERENV_"
    secrets_directory: ClassVar[str] = SECRETS_IN_CONTAINER

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._options = cast("ApptainerOptions", options)

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` unless it is the name of an image in a registry."""
        image_name(environment)

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return the command line; images are pulled from their registry into the user's cache."""
        # Checked only: variables reach the container by the prefix of their names, not by the command line.
        for name in locations.variables:
            variable_name(name)
        workspace = bound_path(locations.workspace)
        # Without --containall, Apptainer mounts the user's home and passes on all variables.
        line = [self._options.program, "--silent", "exec", "--containall", f"--bind={workspace}", f"--pwd={workspace}"]
        if locations.secret_files:
            line.append(f"--bind={bound_path(locations.secret_files)}:{SECRETS_IN_CONTAINER}:ro")
        if self._options.limits:
            line += [] if step.memory_bytes is None else [f"--memory={step.memory_bytes}"]
            line += [] if step.cpus is None else [f"--cpus={step.cpus:g}"]
        return (*line, f"docker://{image_name(step.environment)}", "/bin/bash", "-c")

    def check(self) -> Health:
        """Return whether the program is installed on the server's machine; other resources are not checked."""
        if shutil.which(self._options.program):
            return Health(connected=True)
        return Health(connected=False, message="apptainer is not installed on the server's machine.")


__all__ = ["ApptainerOptions", "ApptainerRuntime"]
