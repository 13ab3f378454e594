"""A workflow's run as a job: the runner goes to the resource as one file, and takes the run to its end there."""

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
    """How runs go on one resource."""

    python: str = Field(default="python3", pattern=r"^[\w./+-]+$", max_length=500)
    """Runs the runner: Python >= 3.8, a name on the system's `PATH` or an absolute path on the resource."""
    log_megabytes: int = Field(default=64, ge=1, le=10_240)
    """How long the log of one command may grow (1024 x 1024 bytes); then its middle is left out."""
    stop_grace_seconds: int = Field(default=5, ge=0, le=600)
    """From the polite signal to the other one; less than that of the resource."""


class ReanaWorkflowOptions(PluginOptions):
    """One entry for each resource that differs from the defaults."""

    environment_details: dict[str, EnvironmentDetails] = Field(default_factory=dict)


class ReanaWorkflowParameters(JobParameters):
    """Where the run is; absolute paths on the resource."""

    run_directory: str = ""
    """The run's state: the plan, the journal, the logs. Owned by the person, and not in the workspace."""
    workspace: str = ""
    """Where all commands run; empty: the workspace of the job."""
    secrets_directory: str = ""
    """Mode 0700, the person's; empty: `secrets` in the run's directory."""

    @field_validator("run_directory", "workspace", "secrets_directory")
    @classmethod
    def _be_absolute(cls, path: str) -> str:
        if path and (not path.startswith("/") or "\0" in path or ".." in PurePosixPath(path).parts):
            raise ValueError("it has to be an absolute path without ..")
        return path


class ReanaWorkflowJob(JobType):
    """Runs a workflow to its end, going on where an earlier job of the same run was torn away."""

    Options: ClassVar[type[PluginOptions]] = ReanaWorkflowOptions
    Parameters: ClassVar[type[JobParameters]] = ReanaWorkflowParameters
    is_interactive: ClassVar[bool] = False

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("ReanaWorkflowOptions", options).environment_details

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return what starts the runner; paths only, no secret."""
        told = cast("ReanaWorkflowParameters", parameters)
        details = self._details.get(context.resource, EnvironmentDetails())
        # -E -s: what the person installed is for the commands, not for what runs them. (Not -I: Python 3.8's would do.)
        command = ["-E", "-s", str(context.job_directory / RUNNER)]
        command += ["--state", told.run_directory or str(context.job_directory)]
        command += ["--workspace", told.workspace or str(context.workspace)]
        command += ["--secrets", told.secrets_directory] if told.secrets_directory else []
        command += ["--grace-seconds", str(details.stop_grace_seconds)]
        command += ["--log-bytes", str(details.log_megabytes << 20)]
        text = f'{_find(details.python)}exec "$runner_python" {shlex.join(command)}\n'
        return JobScript(text=text, files=(JobFile(RUNNER, archive()),))

    def check(self) -> Health:
        """There is nothing that could be missing here."""
        return Health(connected=True)


def _find(python: str) -> str:
    """Return the lines that find the runner's Python; never that of an activated environment, which may be broken."""
    return (
        f'runner_python=$(PATH="${{UWS_SYSTEM_PATH:-$PATH}}" command -v {shlex.quote(python)}) || {{\n'
        f"    echo {shlex.quote(f'The runner needs Python, and {python} is not on PATH.')} >&2\n"
        "    exit 127\n"
        "}\n"
    )


__all__ = ["ReanaWorkflowJob", "ReanaWorkflowOptions", "ReanaWorkflowParameters"]
