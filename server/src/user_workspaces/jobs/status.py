"""The states of a job and the only ways between them."""

from enum import StrEnum


class JobStatus(StrEnum):
    """What clients know; they throw on any other word."""

    PENDING = "pending"
    """Wanted; perhaps not submitted yet."""
    RUNNING = "running"
    STOPPING = "stopping"
    """No longer wanted; perhaps still there."""
    COMPLETE = "complete"
    FAILED = "failed"


TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.RUNNING, JobStatus.STOPPING, JobStatus.COMPLETE, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.STOPPING, JobStatus.COMPLETE, JobStatus.FAILED}),
    JobStatus.STOPPING: frozenset({JobStatus.COMPLETE, JobStatus.FAILED}),
    JobStatus.COMPLETE: frozenset(),
    JobStatus.FAILED: frozenset(),
}
ENDED = frozenset(status for status, nexts in TRANSITIONS.items() if not nexts)
LIVE = frozenset(TRANSITIONS) - ENDED
STOPPABLE = frozenset({JobStatus.PENDING, JobStatus.RUNNING})
