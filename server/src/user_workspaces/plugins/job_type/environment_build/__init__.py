"""Builds a conda environment or an R library as the user; users cannot launch it."""

import shlex
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, cast

from pydantic import Field

from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, JobContext, JobFile, JobScript

PROGRAM = "build.sh"


class EnvironmentBuildParameters(JobParameters):
    """The kind of environment, and its file at the top of the workspace."""

    kind: Literal["conda", "r"] = "r"
    file: str = Field(default="install.R", pattern=r"^[A-Za-z][A-Za-z.]*$", max_length=100)


class EnvironmentBuildOptions(PluginOptions):
    """No options."""


class EnvironmentBuildJob(JobType):
    """Runs conda or R in the workspace. The last line with `uws: ` in its log is the result."""

    Options: ClassVar[type[PluginOptions]] = EnvironmentBuildOptions
    Parameters: ClassVar[type[JobParameters]] = EnvironmentBuildParameters
    is_interactive: ClassVar[bool] = False

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return the script that starts the program."""
        wanted = cast("EnvironmentBuildParameters", parameters)
        command = ["bash", str(context.job_directory / PROGRAM), wanted.kind, wanted.file]
        return JobScript(text=f"exec {shlex.join(command)}\n", files=(JobFile(PROGRAM, _program()),))

    def check(self) -> Health:
        """Always healthy: the job itself reports what a resource lacks."""
        return Health(connected=True)


@cache
def _program() -> bytes:
    return Path(__file__).with_name(PROGRAM).read_bytes()


__all__ = ["EnvironmentBuildJob", "EnvironmentBuildOptions", "EnvironmentBuildParameters"]
