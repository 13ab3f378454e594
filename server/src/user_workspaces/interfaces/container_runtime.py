"""What a plug-in must offer so that the commands of a workflow run in the container image that they ask for."""

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.plugin import Plugin

LONGEST_IMAGE = 512
IMAGE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"  # the registry
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"  # the path
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"  # tag and digest
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UUID = "{uuid}"
"""In an element of a command line: the runner puts the uuid of the command there."""
SECRETS_IN_CONTAINER = "/etc/reana/secrets"


@dataclass(frozen=True, slots=True)
class StepNeeds:
    """What one step asks for; None: it says nothing."""

    environment: str
    """The container image."""
    memory_bytes: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True)
class RunLocations:
    """Whose a run is, and where it is on the resource; absolute paths."""

    uid: int
    gid: int
    workspace: str
    secret_files: str = ""
    """The directory of the secrets that are files; empty: there is none."""
    variables: tuple[str, ...] = ()
    """The names of the variables that a command gets; their values never stand in a command line."""


class ContainerRuntime(Plugin):
    """Knows the command line that takes a command into its container. Runs nothing itself.

    The runner starts `argv(...)` followed by the command, as the person, with the run's workspace as its working
    directory; whatever is still there of a command that did not end well is removed with `cleanup`.
    """

    runtime_name: ClassVar[str]
    """What `plan.json`, the journal and people call it."""
    warning: ClassVar[str] = ""
    """Said once in the log of each run; empty: there is nothing to warn of."""
    uses_images: ClassVar[bool] = True
    """Whether commands run in the container image that their step names."""
    variable_prefix: ClassVar[str] = ""
    """Put before the names of the variables in the environment of `argv`."""
    secrets_directory: ClassVar[str] = ""
    """Where commands find the files of the secrets; empty: where they are on the resource."""

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` for an environment that this runtime cannot give."""

    @abstractmethod
    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return what stands before a command; deterministic, no I/O. Raises `InvalidRequest`."""

    def cleanup(self) -> tuple[str, ...]:
        """Return what removes the container of the command `{uuid}`; empty: nothing could be left."""
        return ()

    def runtime(self) -> dict[str, object]:
        """Return the part `runtime` of `plan.json`; the steps there have an `argv` each."""
        return {
            "name": self.runtime_name,
            "argv": [],
            "cleanup": list(self.cleanup()),
            "warning": self.warning,
            "variable_prefix": self.variable_prefix,
            "secrets_directory": self.secrets_directory,
            "uses_images": self.uses_images,
        }


def image_name(environment: str) -> str:
    """Return the name of an image; raises `InvalidRequest` for what is none, such as an option."""
    if len(environment) > LONGEST_IMAGE or not IMAGE.fullmatch(environment):
        shown = ascii(environment[:100])
        raise InvalidRequest(f"The environment {shown} is not the name of a container image like python:3.12-slim.")
    return environment


def bound_path(path: str) -> str:
    """Return a path that can be bound; raises `InvalidRequest` for one that runtimes would take apart."""
    if not path.startswith("/") or any(mark in path for mark in ':,"\n\0{}'):
        raise InvalidRequest("The place of this run has a character in its path that container runtimes cannot take.")
    return path


def variable_name(name: str) -> str:
    """Return the name of a variable; raises `InvalidRequest` for what is none."""
    if not VARIABLE.fullmatch(name):
        raise InvalidRequest(f"{name[:100]!a} cannot be the name of a variable.")
    return name
