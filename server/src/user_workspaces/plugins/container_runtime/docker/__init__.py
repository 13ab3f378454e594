"""Docker: containers by a daemon, each with the ids of the person."""

import shutil
from typing import ClassVar, Literal, cast

from pydantic import Field

from user_workspaces.interfaces.container_runtime import (
    SECRETS_IN_CONTAINER,
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

NAME = f"reana-{UUID}"


class DockerOptions(PluginOptions):
    """How containers are started."""

    program: str = Field(default="docker", pattern=r"^[\w./+][\w./+-]*$", max_length=500)
    """A name on the search path of the resource, or an absolute path there."""
    network: Literal["bridge", "none"] = "bridge"
    """`none`: commands reach nobody."""
    pids_limit: int = Field(default=4096, ge=16, le=1_000_000)
    """How many processes a command may have."""


class DockerRuntime(ContainerRuntime):
    """Starts `docker run` with no rights but those of the person."""

    Options: ClassVar[type[PluginOptions]] = DockerOptions
    runtime_name: ClassVar[str] = "docker"
    secrets_directory: ClassVar[str] = SECRETS_IN_CONTAINER

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._options = cast("DockerOptions", options)

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` for what is not the name of an image in a registry."""
        image_name(environment)

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return the command line; the values of variables come from the environment of the program itself."""
        workspace = bound_path(locations.workspace)
        line = [self._options.program, "run", "--rm", f"--name={NAME}", f"--user={locations.uid}:{locations.gid}"]
        line += ["--cap-drop=ALL", "--security-opt=no-new-privileges", *self.engine_options(step, locations)]
        line += [f"--volume={workspace}:{workspace}", f"--workdir={workspace}"]
        if locations.secret_files:
            line.append(f"--volume={bound_path(locations.secret_files)}:{SECRETS_IN_CONTAINER}:ro")
        line += [f"--env={variable_name(name)}" for name in locations.variables]
        line += ["--env=REANA_SECRETS_DIR", "--env=REANA_WORKSPACE", "--env=REANA_JOB_UUID"]
        return (*line, "--entrypoint=/bin/bash", self.image(step.environment), "-c")

    def image(self, environment: str) -> str:
        """Return the name of the image as the engine takes it; raises `InvalidRequest` for what is none."""
        return image_name(environment)

    def engine_options(self, step: StepNeeds, locations: RunLocations) -> list[str]:  # noqa: ARG002  see PodmanRuntime
        """Return what only this engine is told."""
        told = ["--init", f"--pids-limit={self._options.pids_limit}", f"--network={self._options.network}"]
        told += [] if step.memory_bytes is None else [f"--memory={step.memory_bytes}b"]
        return told + ([] if step.cpus is None else [f"--cpus={step.cpus:g}"])

    def cleanup(self) -> tuple[str, ...]:
        """Return what removes a container whose `docker run` was killed: the daemon keeps it running."""
        return (self._options.program, "rm", "--force", NAME)

    def check(self) -> Health:
        """Say whether the program is there, where the server runs; resources elsewhere are not looked at."""
        if shutil.which(self._options.program):
            return Health(connected=True)
        return Health(connected=False, message=f"{self.runtime_name} is not installed where the server runs.")


__all__ = ["DockerOptions", "DockerRuntime"]
