"""The job that a resource is given, and what it observes of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from user_workspaces.interfaces.values.identity import SystemAccount
from user_workspaces.interfaces.values.job import JobScript, Limits


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job for a resource to run."""

    key: str
    """Unique and fixed before the first submission: a resource must never run two jobs with one key."""
    job_id: int
    name: str
    account: SystemAccount
    working_directory: Path
    script: JobScript
    limits: Limits


class ResourceState(StrEnum):
    """The state of a job on its resource."""

    ABSENT = "absent"
    """The resource responded and does not know this job."""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """It ended with exit code 0."""
    FAILED = "failed"
    """It ended in another way; see `Observation.ended_by`."""
    UNREACHABLE = "unreachable"
    """The resource did not respond, or its response is invalid: the state is unknown."""


class EndedBy(StrEnum):
    """The reason why a job ended."""

    EXIT = "exit"
    """The main process exited; see `exit_code`."""
    SIGNAL = "signal"
    """A signal that the resource did not send; see `signal`."""
    STOPPED = "stopped"
    """`Resource.stop` was called."""
    TIME_LIMIT = "time limit"
    OUT_OF_MEMORY = "out of memory"
    LOST = "lost"
    """The machine restarted, or the end was not recorded."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of one job on its resource at one time. Times have a time zone."""

    state: ResourceState
    resource_job_id: int = -1
    reason: str = ""
    """For users: why the job waits, or why the resource does not respond."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: EndedBy | None = None
    exit_code: int | None = None
    signal: int | None = None
