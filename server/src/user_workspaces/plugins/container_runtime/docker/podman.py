"""Podman: Docker's command line without a daemon; containers belong to the user who started them."""

from typing import ClassVar, Literal, cast

from pydantic import Field

from user_workspaces.interfaces.container_runtime import RunLocations, StepNeeds, image_name
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.plugins.container_runtime.docker import NAME, DockerRuntime


class PodmanOptions(PluginOptions):
    """The options of Podman."""

    program: str = Field(default="podman", pattern=r"^[\w./+][\w./+-]*$", max_length=500)
    """A name on the resource's `PATH`, or an absolute path on the resource."""
    network: Literal["", "none"] = ""
    """`none`: commands have no network; empty: Podman's default network."""
    limits: bool = False
    """True to enforce a step's memory and CPUs; requires cgroups that users can manage."""


class PodmanRuntime(DockerRuntime):
    """Runs `podman run` with the user's own IDs inside, so that files in the workspace belong to the user."""

    Options: ClassVar[type[PluginOptions]] = PodmanOptions
    runtime_name: ClassVar[str] = "podman"

    def image(self, environment: str) -> str:
        """Return the name with its registry: Podman, unlike Docker, has no default registry.

        A first part with a dot or a colon, or `localhost`, is a registry (grammar of distribution/reference).
        """
        name = image_name(environment)
        first, slash, _ = name.partition("/")
        if not slash:
            return f"docker.io/library/{name}"
        return name if first == "localhost" or "." in first or ":" in first else f"docker.io/{name}"

    def engine_options(self, step: StepNeeds, locations: RunLocations) -> list[str]:
        """Return the options that are specific to this engine."""
        settings = cast("PodmanOptions", self._options)
        options = ["--security-opt=label=disable"]  # SELinux would deny access to the workspace
        options += ["--userns=keep-id"] if locations.uid else []  # root is the same inside
        options += [f"--network={settings.network}"] if settings.network else []
        if settings.limits:
            options += [] if step.memory_bytes is None else [f"--memory={step.memory_bytes}b"]
            options += [] if step.cpus is None else [f"--cpus={step.cpus:g}"]
        return options

    def cleanup(self) -> tuple[str, ...]:
        """Return the command that removes a container; `--time=0`, since its first process ignores SIGTERM."""
        return (self._options.program, "rm", "--force", "--time=0", NAME)


__all__ = ["PodmanOptions", "PodmanRuntime"]
