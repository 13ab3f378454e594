"""Docker: containers by a daemon, each with the user's IDs."""

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
    """The options of Docker."""

    program: str = Field(default="docker", pattern=r"^[\w./+][\w./+-]*$", max_length=500)
    """A name on the resource's `PATH`, or an absolute path on the resource."""
    network: Literal["bridge", "none"] = "bridge"
    """`none`: commands have no network."""
    pids_limit: int = Field(default=4096, ge=16, le=1_000_000)
    """Most processes of one command."""


class DockerRuntime(ContainerRuntime):
    """Runs `docker run` with the user's rights only."""

    Options: ClassVar[type[PluginOptions]] = DockerOptions
    runtime_name: ClassVar[str] = "docker"
    secrets_directory: ClassVar[str] = SECRETS_IN_CONTAINER

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._options = cast("DockerOptions", options)

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` unless it is the name of an image in a registry."""
        image_name(environment)

    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return the command line; the values of variables come from the environment of `docker` itself."""
        workspace = bound_path(locations.workspace)
        line = [self._options.program, "run", "--rm", f"--name={NAME}", f"--user={locations.uid}:{locations.gid}"]
        # The user of the command must not become root by a set-user-ID program of the image.
        line += ["--cap-drop=ALL", "--security-opt=no-new-privileges", *self.engine_options(step, locations)]
        line += [f"--volume={workspace}:{workspace}", f"--workdir={workspace}"]
        if locations.secret_files:
            line.append(f"--volume={bound_path(locations.secret_files)}:{SECRETS_IN_CONTAINER}:ro")
        # Names only: all accounts of the machine can read command lines.
        line += [f"--env={variable_name(name)}" for name in locations.variables]
        line += ["--env=REANA_SECRETS_DIR", "--env=REANA_WORKSPACE", "--env=REANA_JOB_UUID"]
        # The image's own entrypoint would run in place of the shell.
        return (*line, "--entrypoint=/bin/bash", self.image(step.environment), "-c")

    def image(self, environment: str) -> str:
        """Return the image name for the engine; raises `InvalidRequest` for an invalid one."""
        return image_name(environment)

    def engine_options(self, step: StepNeeds, locations: RunLocations) -> list[str]:  # noqa: ARG002  see PodmanRuntime
        """Return the options that are specific to this engine."""
        # --init: process 1 of a container ignores signals without a handler; the init process passes them on.
        options = ["--init", f"--pids-limit={self._options.pids_limit}", f"--network={self._options.network}"]
        options += [] if step.memory_bytes is None else [f"--memory={step.memory_bytes}b"]
        return options + ([] if step.cpus is None else [f"--cpus={step.cpus:g}"])

    def cleanup(self) -> tuple[str, ...]:
        """Return the command that removes a container: the daemon keeps it running if `docker run` is killed."""
        return (self._options.program, "rm", "--force", NAME)

    def check(self) -> Health:
        """Return whether the program is installed on the server's machine; other resources are not checked."""
        if shutil.which(self._options.program):
            return Health(connected=True)
        return Health(connected=False, message=f"{self.runtime_name} is not installed on the server's machine.")


__all__ = ["DockerOptions", "DockerRuntime"]
