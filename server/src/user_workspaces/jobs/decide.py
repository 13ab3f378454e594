"""What to do about one job: a pure function of what is recorded and what is seen."""

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
    """Ask the session whether it answers."""
    STOP = "stop"
    FORGET = "forget"
    """The story is over: keep the end of the log and let the resource clean up."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the database says of a job."""

    status: JobStatus
    submitted: bool
    serves: bool
    ready: bool
    started_at: datetime | None
    startup: timedelta
    missed: bool
    """Whether the resource did not know the job when it was asked the last time."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, the status to record, and what to tell the person (empty: leave the message as it is)."""

    action: Action
    status: JobStatus
    message: str = ""


def decide(job: Recorded, seen: Observation) -> Decision:  # noqa: C901, PLR0911  a table of decisions, in one piece
    """Decide. Unknown is not finished: what cannot be seen stays as it is, and says so."""
    keep = job.status
    if seen.state is ResourceState.UNREACHABLE:
        return Decision(Action.NONE, keep, _cannot_see(keep, seen))
    if keep in ENDED:
        return Decision(Action.STOP if seen.state in ALIVE else Action.FORGET, keep)
    if keep is JobStatus.STOPPING:
        return _stopping(job, seen)
    match seen.state:
        case ResourceState.ABSENT:
            if keep is JobStatus.PENDING and not job.submitted:
                return Decision(Action.SUBMIT, keep)
            if not job.missed:  # asked again before it is called lost
                return Decision(Action.NONE, keep, ASKING_AGAIN)
            return Decision(Action.FORGET, JobStatus.FAILED, "The resource does not know this job any more.")
        case ResourceState.QUEUED:
            return Decision(Action.NONE, keep, seen.reason or "Waiting for the resource.")
        case ResourceState.RUNNING:
            return _running(job)
        case ResourceState.SUCCEEDED if job.serves and not job.ready:
            message = "It ended before it answered. The last lines of its log say why."
            return Decision(Action.FORGET, JobStatus.FAILED, message)
        case ResourceState.SUCCEEDED:
            return Decision(Action.FORGET, JobStatus.COMPLETE, "Finished.")
        case ResourceState.FAILED:
            return _ended(job, seen)
        case _:
            assert_never(seen.state)


def unanswered(job: Recorded, seen: Observation, now: datetime) -> Decision:
    """Decide about a session that was asked and did not answer: it may take its time, but not for ever.

    It is always asked first: after hours without a controller it may well have been answering all along.
    """
    started_at = job.started_at or seen.started_at or now
    if now - started_at <= job.startup:
        return Decision(Action.NONE, JobStatus.RUNNING)
    seconds = int(job.startup.total_seconds())
    message = f"The session did not answer within {seconds} seconds of its start and was stopped."
    return Decision(Action.STOP, JobStatus.FAILED, message)


def _running(job: Recorded) -> Decision:
    if not job.serves:
        return Decision(Action.NONE, JobStatus.RUNNING, "Running.")
    return Decision(Action.NONE if job.ready else Action.PROBE, JobStatus.RUNNING)


def _stopping(job: Recorded, seen: Observation) -> Decision:
    if seen.state in ALIVE:
        return Decision(Action.STOP, JobStatus.STOPPING)
    if seen.state is ResourceState.ABSENT and job.submitted and not job.missed:
        return Decision(Action.NONE, JobStatus.STOPPING, ASKING_AGAIN)
    return Decision(Action.FORGET, JobStatus.COMPLETE, "Stopped.")


def _ended(job: Recorded, seen: Observation) -> Decision:
    """Each way to end has a message of its own, with what to do next."""
    match seen.ended_by:
        case EndedBy.STOPPED:
            return Decision(Action.FORGET, JobStatus.COMPLETE, "Stopped.")
        case EndedBy.TIME_LIMIT:
            status = JobStatus.COMPLETE if job.serves else JobStatus.FAILED
            return Decision(Action.FORGET, status, "The time limit was reached. Launch again with more time.")
        case EndedBy.OUT_OF_MEMORY:
            message = "It used more memory than it had asked for. Launch again with more memory."
        case EndedBy.SIGNAL:
            message = f"It was ended by signal {seen.signal} from outside. Launch again, or ask the operators."
        case EndedBy.EXIT:
            message = f"It ended with exit code {seen.exit_code}. The last lines of its log say why."
        case EndedBy.LOST | None:
            message = f"It is gone: {seen.reason or 'nothing recorded how it ended'}. Launch again."
        case _:
            assert_never(seen.ended_by)
    return Decision(Action.FORGET, JobStatus.FAILED, message)


def _cannot_see(keep: JobStatus, seen: Observation) -> str:
    if keep in ENDED:
        return ""
    return f"The resource does not answer; your job is left as it is. ({seen.reason or 'no reason given'})"
