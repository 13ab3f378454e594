"""The interface of container runtimes, in which the commands of workflows run."""

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.plugin import Plugin

LONGEST_IMAGE = 512
# No name starts with a hyphen: a runtime would take it for an option.
IMAGE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"  # the registry
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"  # the path
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"  # tag and digest
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UUID = "{uuid}"
"""Placeholder in a command line, which the runner replaces by the command's UUID."""
SECRETS_IN_CONTAINER = "/etc/reana/secrets"


@dataclass(frozen=True, slots=True)
class StepNeeds:
    """The requirements of one step; None: not specified."""

    environment: str
    """The container image."""
    memory_bytes: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True)
class RunLocations:
    """The owner of a run and its absolute paths on the resource."""

    uid: int
    gid: int
    workspace: str
    secret_files: str = ""
    """The directory of secret files; empty: none."""
    variables: tuple[str, ...] = ()
    """The names of the variables that a command gets; their values must never be in a command line."""


class ContainerRuntime(Plugin):
    """Builds the command line that runs a command in its container; runs nothing itself.

    The runner starts `argv(...)` followed by the command, as the user's account, in the run's workspace. If a command
    does not end normally, it runs `cleanup` to remove the container.
    """

    runtime_name: ClassVar[str]
    """Its name in `plan.json`, in the journal and for users."""
    warning: ClassVar[str] = ""
    """A warning at the start of each run's log; empty: none."""
    uses_images: ClassVar[bool] = True
    """True if commands run in the container image of their step."""
    variable_prefix: ClassVar[str] = ""
    """Prefix of the names of variables in the environment of `argv`."""
    secrets_directory: ClassVar[str] = ""
    """Directory of the secret files inside the container; empty: the same as on the resource."""

    def check_environment(self, environment: str) -> None:
        """Raise `InvalidRequest` for an environment that this runtime cannot provide."""

    @abstractmethod
    def argv(self, step: StepNeeds, locations: RunLocations) -> tuple[str, ...]:
        """Return the command line before the command; deterministic, without I/O. Raises `InvalidRequest`."""

    def cleanup(self) -> tuple[str, ...]:
        """Return the command line that removes the container of the command `{uuid}`; empty: none is needed."""
        return ()

    def runtime(self) -> dict[str, object]:
        """Return the `runtime` part of `plan.json`; each step there has its own `argv`."""
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
    """Return the name of an image; raises `InvalidRequest` for anything else, such as a command-line option."""
    if len(environment) > LONGEST_IMAGE or not IMAGE.fullmatch(environment):
        shown = ascii(environment[:100])
        raise InvalidRequest(f"The environment {shown} is not the name of a container image such as python:3.12-slim.")
    return environment


def bound_path(path: str) -> str:
    """Return a path for a bind mount; raises `InvalidRequest` for a character that runtimes use as a separator."""
    # Braces as well, because the runner replaces `{uuid}` in command lines.
    if not path.startswith("/") or any(character in path for character in ':,"\n\0{}'):
        raise InvalidRequest("The path of this run contains a character that container runtimes do not support.")
    return path


def variable_name(name: str) -> str:
    """Return the name of an environment variable; raises `InvalidRequest` for an invalid one."""
    if not VARIABLE.fullmatch(name):
        raise InvalidRequest(f"{name[:100]!a} is not a valid variable name.")
    return name
