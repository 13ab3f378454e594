"""The job that a resource is given, and what it observes of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from user_workspaces.interfaces.values.identity import SystemAccount
from user_workspaces.interfaces.values.job import JobScript, Limits


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a resource is asked to run."""

    key: str
    """Made before the submission and never again: the resource must not run two jobs of one key."""
    job_id: int
    name: str
    account: SystemAccount
    working_directory: Path
    script: JobScript
    limits: Limits


class ResourceState(StrEnum):
    """What a resource says of a job."""

    ABSENT = "absent"
    """The resource was asked and does not know this job."""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """It ended with exit code 0."""
    FAILED = "failed"
    """It ended in any other way; see `Observation.ended_by`."""
    UNREACHABLE = "unreachable"
    """The resource could not be asked, or gave an answer that is not understood: nothing is known."""


class EndedBy(StrEnum):
    """Why a job on a resource is no more."""

    EXIT = "exit"
    """On its own; see `exit_code`."""
    SIGNAL = "signal"
    """By a signal that was not ours; see `signal`."""
    STOPPED = "stopped"
    """By `Resource.stop`."""
    TIME_LIMIT = "time limit"
    OUT_OF_MEMORY = "out of memory"
    LOST = "lost"
    """The machine was restarted, or nothing recorded how it ended."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a resource sees of one job at one moment."""

    state: ResourceState
    resource_job_id: int = -1
    reason: str = ""
    """For people: why it waits, or why the resource does not answer."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: EndedBy | None = None
    exit_code: int | None = None
    signal: int | None = None
