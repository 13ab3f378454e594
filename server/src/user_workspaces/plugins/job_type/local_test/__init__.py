"""The smallest job: writes a greeting into the workspace and sleeps, to see that a resource runs what it is given."""

from typing import ClassVar

from pydantic import Field

from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, JobContext, JobScript

SECONDS_ASLEEP = 10


class LocalTestOptions(PluginOptions):
    """Nothing has to be prepared: what stands under a resource's id is accepted and not looked at."""

    environment_details: dict[str, dict[str, object]] = Field(default_factory=dict)


class LocalTestJob(JobType):
    """Writes "Hello World" to `LocalTest_<job id>_output.log` in the workspace, then sleeps ten seconds."""

    Options: ClassVar[type[PluginOptions]] = LocalTestOptions
    is_interactive: ClassVar[bool] = False

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:  # noqa: ARG002  it takes none
        """Return the two lines that it runs."""
        return JobScript(
            text=f"printf 'Hello World\\n' > LocalTest_{context.job_id}_output.log\nexec sleep {SECONDS_ASLEEP}\n"
        )

    def check(self) -> Health:
        """There is nothing that could be missing."""
        return Health(connected=True)


__all__ = ["LocalTestJob", "LocalTestOptions"]
