"""What a plug-in must offer so that it can be launched in a workspace."""

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.plugin import Plugin, PluginOptions
from user_workspaces.interfaces.values import (
    Endpoint,
    JobContext,
    JobScript,
    Preparation,
    PreparationState,
)


class JobParameters(PluginOptions):
    """The base of what a launch may say in `job_details`."""


class JobType(Plugin):
    """Knows how to start one kind of application, and when it is ready."""

    Parameters: ClassVar[type[JobParameters]] = JobParameters
    is_interactive: ClassVar[bool] = True
    """True for a session that users open in a browser; False for a job that just runs."""

    uses_reana: ClassVar[bool] = False
    """Whether its jobs get the access to REANA of the person who launched them, for as long as they run."""

    uses_environment: ClassVar[bool] = True
    """Whether its scripts run in the environment of their workspace."""

    asks_file: bool = False
    """Whether a job runs one file of its workspace, which each launch names as `job_details.file`."""

    needs_own_origin: bool = False
    """Whether its sessions work at the root of an origin only: they are not launched where they are served by path."""

    startup: timedelta | None = None
    """A session that has not answered for this long after its start has failed; None: what the site says."""

    def base(self, resource: str) -> Base | None:
        """Return the environment that this job type brings to a resource, for all jobs there; None: it brings none."""
        return None

    def prepare(self, resource: str) -> Preparation:
        """Say whether all is there for a launch on this resource, starting the work where it is not.

        Returns at once: long work goes on beside the caller, in a process of its own, and at most once at
        a time however many ask; what failed is tried again after a while.
        """
        return Preparation(PreparationState.READY)

    def check_launch(self, resource: str, parameters: JobParameters) -> None:
        """Raise `InvalidRequest` for a launch that cannot work, before there is a job; without I/O."""

    @abstractmethod
    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return what to run; deterministic in its arguments, without I/O that may hang."""

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return where the session answers, asking it (at most half a second); None: not ready yet."""
        return None

    def page_of_file(self, path: str) -> str | None:
        """Return the page of a running session that shows a file, seen from its base path (`lab/tree/a%20b.ipynb`).

        `path` is relative to the workspace. None: sessions cannot be led to a file.
        """
        return None

    def start_page(self, parameters: JobParameters, base_path: str) -> str:
        """Return the page that a session is opened with: a quoted path below its base path, and perhaps a query."""
        return ""
