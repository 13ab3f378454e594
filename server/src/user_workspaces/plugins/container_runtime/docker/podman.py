"""Podman: Docker's command line without a daemon; each container belongs to the user who started it."""

from typing import ClassVar, Literal, cast

from pydantic import Field

from user_workspaces.interfaces.container_runtime import RunLocations, StepNeeds, image_name
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.plugins.container_runtime.docker import NAME, DockerRuntime


class PodmanOptions(PluginOptions):
    """How containers are started."""

    program: str = Field(default="podman", pattern=r"^[\w./+][\w./+-]*$", max_length=500)
    """A name on the search path of the resource, or an absolute path there."""
    network: Literal["", "none"] = ""
    """`none`: commands have no network; empty: the network that Podman gives its users."""
    limits: bool = False
    """Whether memory and CPUs of a step are handed on: that needs cgroups that users may use."""


class PodmanRuntime(DockerRuntime):
    """Starts `podman run` with the user's own ids inside, so that files in the workspace belong to the user."""

    Options: ClassVar[type[PluginOptions]] = PodmanOptions
    runtime_name: ClassVar[str] = "podman"

    def image(self, environment: str) -> str:
        """Return the name with its registry: for Podman, unlike for Docker, there is none by default.

        A first part with a dot or a colon, or `localhost`, is a registry (reference grammar of distribution/reference).
        """
        name = image_name(environment)
        first, slash, _ = name.partition("/")
        if not slash:
            return f"docker.io/library/{name}"
        return name if first == "localhost" or "." in first or ":" in first else f"docker.io/{name}"

    def engine_options(self, step: StepNeeds, locations: RunLocations) -> list[str]:
        """Return what only this engine is told."""
        options = cast("PodmanOptions", self._options)
        told = ["--security-opt=label=disable"]  # SELinux would keep commands out of the workspace
        told += ["--userns=keep-id"] if locations.uid else []  # root has no other ids
        told += [f"--network={options.network}"] if options.network else []
        if options.limits:
            told += [] if step.memory_bytes is None else [f"--memory={step.memory_bytes}b"]
            told += [] if step.cpus is None else [f"--cpus={step.cpus:g}"]
        return told

    def cleanup(self) -> tuple[str, ...]:
        """Return what removes a container at once: Podman would wait for its first process, which knows no signal."""
        return (self._options.program, "rm", "--force", "--time=0", NAME)


__all__ = ["PodmanOptions", "PodmanRuntime"]
