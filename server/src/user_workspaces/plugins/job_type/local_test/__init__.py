"""A minimal job that writes a greeting to the workspace and sleeps, to test that a resource runs jobs."""

from typing import ClassVar

from pydantic import Field

from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, JobContext, JobScript

SECONDS_ASLEEP = 10


class LocalTestOptions(PluginOptions):
    """No preparation is needed: the details of a resource are accepted and ignored."""

    environment_details: dict[str, dict[str, object]] = Field(default_factory=dict)


class LocalTestJob(JobType):
    """Writes "Hello World" to `LocalTest_<job id>_output.log` in the workspace, then sleeps ten seconds."""

    Options: ClassVar[type[PluginOptions]] = LocalTestOptions
    is_interactive: ClassVar[bool] = False

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:  # noqa: ARG002  it has no parameters
        """Return the script of two lines."""
        return JobScript(
            text=f"printf 'Hello World\\n' > LocalTest_{context.job_id}_output.log\nexec sleep {SECONDS_ASLEEP}\n"
        )

    def check(self) -> Health:
        """Always healthy: it needs nothing."""
        return Health(connected=True)


__all__ = ["LocalTestJob", "LocalTestOptions"]
