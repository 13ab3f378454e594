"""The interface of job types, which are launched in workspaces."""

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
    """The base of a job type's launch parameters (`job_details`)."""


class JobType(Plugin):
    """Starts one kind of application, and finds out when it is ready."""

    Parameters: ClassVar[type[JobParameters]] = JobParameters
    is_interactive: ClassVar[bool] = True
    """True for a session that users open in a browser; False for a job that just runs."""

    uses_reana: ClassVar[bool] = False
    """True if its jobs get access to REANA in the name of their user, for as long as they run."""

    uses_environment: ClassVar[bool] = True
    """True if its scripts run in the environment of their workspace."""

    asks_file: bool = False
    """True if a job runs one file of its workspace, which each launch names as `job_details.file`."""

    needs_own_origin: bool = False
    """True if its sessions need the root of an origin: they cannot be launched where sessions are served by path."""

    startup: timedelta | None = None
    """A session that is not ready this long after its start has failed; None: the server's setting."""

    def base(self, resource: str) -> Base | None:
        """Return the environment that this job type provides on a resource, for all jobs there; None: none."""
        return None

    def prepare(self, resource: str) -> Preparation:
        """Return whether a launch on this resource is possible, and start the preparation if it is not.

        Returns at once: long work continues in a process of its own, at most one at a time for all callers; failed
        work is tried again after a while.
        """
        return Preparation(PreparationState.READY)

    def check_launch(self, resource: str, parameters: JobParameters) -> None:
        """Raise `InvalidRequest` for a launch that cannot work, before a job is created; without I/O."""

    @abstractmethod
    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return the script of a job; deterministic, without I/O that may block."""

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the endpoint of a session if it responds (within half a second); None: not ready yet."""
        return None

    def page_of_file(self, path: str) -> str | None:
        """Return the page of a session that shows a file, relative to its base path (`lab/tree/a%20b.ipynb`).

        `path` is relative to the workspace. None: sessions have no pages for files.
        """
        return None

    def start_page(self, parameters: JobParameters, base_path: str) -> str:
        """Return the first page of a session: a quoted path relative to its base path, with an optional query."""
        return ""
