"""Decide what to do about one job: a pure function of its recorded state and the observation of its resource."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import assert_never

from user_workspaces.interfaces.values import EndedBy, Observation, ResourceState
from user_workspaces.jobs.status import ENDED, JobStatus

ASKING_AGAIN = "The resource does not know this job; asking again."
ALIVE = frozenset({ResourceState.QUEUED, ResourceState.RUNNING})


class Action(Enum):
    """What the controller does on the resource before it records the decision."""

    NONE = "none"
    SUBMIT = "submit"
    PROBE = "probe"
    """Check whether the session is ready."""
    STOP = "stop"
    FORGET = "forget"
    """Store the end of the log and let the resource delete the job."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The state of a job in the database."""

    status: JobStatus
    submitted: bool
    serves: bool
    ready: bool
    started_at: datetime | None
    startup: timedelta
    missed: bool
    """True if the last observation found the job absent."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The action, the status to record, and the message for the user (empty: keep the old one)."""

    action: Action
    status: JobStatus
    message: str = ""


def decide(job: Recorded, seen: Observation) -> Decision:  # noqa: C901, PLR0911  a table of decisions, in one piece
    """Return the decision. A job on an unreachable resource keeps its status: unknown is not finished."""
    keep = job.status
    if seen.state is ResourceState.UNREACHABLE:
        return Decision(Action.NONE, keep, _cannot_see(keep, seen))
    if keep in ENDED:
        # An ended job may still run: a stop and its submission can overlap.
        return Decision(Action.STOP if seen.state in ALIVE else Action.FORGET, keep)
    if keep is JobStatus.STOPPING:
        return _stopping(job, seen)
    match seen.state:
        case ResourceState.ABSENT:
            if keep is JobStatus.PENDING and not job.submitted:
                return Decision(Action.SUBMIT, keep)
            if not job.missed:  # a single observation can be wrong: observe again before calling it lost
                return Decision(Action.NONE, keep, ASKING_AGAIN)
            return Decision(Action.FORGET, JobStatus.FAILED, "The resource no longer knows this job.")
        case ResourceState.QUEUED:
            return Decision(Action.NONE, keep, seen.reason or "Waiting for the resource.")
        case ResourceState.RUNNING:
            return _running(job)
        case ResourceState.SUCCEEDED if job.serves and not job.ready:
            message = "The session ended before it was ready. See the last lines of its log."
            return Decision(Action.FORGET, JobStatus.FAILED, message)
        case ResourceState.SUCCEEDED:
            return Decision(Action.FORGET, JobStatus.COMPLETE, "Finished.")
        case ResourceState.FAILED:
            return _ended(job, seen)
        case _:
            assert_never(seen.state)


def unanswered(job: Recorded, seen: Observation, now: datetime) -> Decision:
    """Return the decision about a session whose probe failed: it fails when its startup time is over.

    Call it only after a probe: after hours without a controller the session may have been ready all the time.
    """
    started_at = job.started_at or seen.started_at or now
    if now - started_at <= job.startup:
        return Decision(Action.NONE, JobStatus.RUNNING)
    seconds = int(job.startup.total_seconds())
    message = f"The session was not ready {seconds} seconds after its start and was stopped."
    return Decision(Action.STOP, JobStatus.FAILED, message)


def _running(job: Recorded) -> Decision:
    if not job.serves:
        return Decision(Action.NONE, JobStatus.RUNNING, "Running.")
    return Decision(Action.NONE if job.ready else Action.PROBE, JobStatus.RUNNING)


def _stopping(job: Recorded, seen: Observation) -> Decision:
    if seen.state in ALIVE:
        return Decision(Action.STOP, JobStatus.STOPPING)
    # One observation can be wrong, and a job that is recorded as stopped must not run on.
    if seen.state is ResourceState.ABSENT and job.submitted and not job.missed:
        return Decision(Action.NONE, JobStatus.STOPPING, ASKING_AGAIN)
    return Decision(Action.FORGET, JobStatus.COMPLETE, "Stopped.")


def _ended(job: Recorded, seen: Observation) -> Decision:
    """Return the decision for a failed job; each cause has its own message with the next step."""
    match seen.ended_by:
        case EndedBy.STOPPED:
            return Decision(Action.FORGET, JobStatus.COMPLETE, "Stopped.")
        case EndedBy.TIME_LIMIT:
            # A session has no work of its own to complete: its time limit is a normal end.
            status = JobStatus.COMPLETE if job.serves else JobStatus.FAILED
            return Decision(Action.FORGET, status, "The time limit was reached. Launch again with more time.")
        case EndedBy.OUT_OF_MEMORY:
            message = "The job used more memory than it requested. Launch again with more memory."
        case EndedBy.SIGNAL:
            message = f"The job was killed by signal {seen.signal}. Launch again, or contact your administrator."
        case EndedBy.EXIT:
            message = f"The job exited with code {seen.exit_code}. See the last lines of its log."
        case EndedBy.LOST | None:
            message = f"The job was lost: {seen.reason or 'its end was not recorded'}. Launch again."
        case _:
            assert_never(seen.ended_by)
    return Decision(Action.FORGET, JobStatus.FAILED, message)


def _cannot_see(keep: JobStatus, seen: Observation) -> str:
    if keep in ENDED:
        return ""
    return f"The resource is not responding; your job is unchanged. ({seen.reason or 'no reason given'})"
