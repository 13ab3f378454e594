"""Workflow runs as jobs: the runner is sent to the resource as one file and executes the run there."""

import shlex
from pathlib import PurePosixPath
from typing import ClassVar, cast

from pydantic import Field, field_validator

from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, JobContext, JobFile, JobScript, PluginContext
from user_workspaces.plugins.job_type.reana_workflow.delivery import archive

RUNNER = "runner.pyz"


class EnvironmentDetails(PluginOptions):
    """The settings of runs on one resource."""

    python: str = Field(default="python3", pattern=r"^[\w./+-]+$", max_length=500)
    """The Python (3.8 or later) for the runner: a name on the system's `PATH`, or an absolute path on the resource."""
    log_megabytes: int = Field(default=64, ge=1, le=10_240)
    """Largest log of one command, in units of 2**20 bytes; above it, the middle is left out."""
    stop_grace_seconds: int = Field(default=5, ge=0, le=600)
    """Seconds between SIGTERM and SIGKILL; must be less than that of the resource."""


class ReanaWorkflowOptions(PluginOptions):
    """One entry per resource that differs from the defaults."""

    environment_details: dict[str, EnvironmentDetails] = Field(default_factory=dict)


class ReanaWorkflowParameters(JobParameters):
    """The directories of a run; absolute paths on the resource."""

    run_directory: str = ""
    """The state of the run: plan, journal and logs. Owned by the user, outside of the workspace."""
    workspace: str = ""
    """The working directory of all commands; empty: the workspace of the job."""
    secrets_directory: str = ""
    """Mode 0700, owned by the user; empty: `secrets` in the run's directory."""

    @field_validator("run_directory", "workspace", "secrets_directory")
    @classmethod
    def _be_absolute(cls, path: str) -> str:
        if path and (not path.startswith("/") or "\0" in path or ".." in PurePosixPath(path).parts):
            raise ValueError("must be an absolute path without ..")
        return path


class ReanaWorkflowJob(JobType):
    """Executes a workflow, continuing where an earlier job of the same run was interrupted."""

    Options: ClassVar[type[PluginOptions]] = ReanaWorkflowOptions
    Parameters: ClassVar[type[JobParameters]] = ReanaWorkflowParameters
    is_interactive: ClassVar[bool] = False

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("ReanaWorkflowOptions", options).environment_details

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return the script that starts the runner; it holds paths only, no secret."""
        given = cast("ReanaWorkflowParameters", parameters)
        details = self._details.get(context.resource, EnvironmentDetails())
        # -E -s: the user's packages are for the commands, not for the runner.
        command = ["-E", "-s", str(context.job_directory / RUNNER)]
        command += ["--state", given.run_directory or str(context.job_directory)]
        command += ["--workspace", given.workspace or str(context.workspace)]
        command += ["--secrets", given.secrets_directory] if given.secrets_directory else []
        command += ["--grace-seconds", str(details.stop_grace_seconds)]
        command += ["--log-bytes", str(details.log_megabytes << 20)]
        text = f'{_find(details.python)}exec "$runner_python" {shlex.join(command)}\n'
        return JobScript(text=text, files=(JobFile(RUNNER, archive()),))

    def check(self) -> Health:
        """Always healthy: the server needs nothing for it."""
        return Health(connected=True)


def _find(python: str) -> str:
    """Return the lines that find the runner's Python, never that of an environment, which may be broken."""
    return (
        f'runner_python=$(PATH="${{UWS_SYSTEM_PATH:-$PATH}}" command -v {shlex.quote(python)}) || {{\n'
        f"    echo {shlex.quote(f'The runner requires Python, but {python} is not on PATH.')} >&2\n"
        "    exit 127\n"
        "}\n"
    )


__all__ = ["ReanaWorkflowJob", "ReanaWorkflowOptions", "ReanaWorkflowParameters"]
