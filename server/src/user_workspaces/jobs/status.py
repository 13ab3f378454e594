"""The statuses of a job and the allowed transitions."""

from enum import StrEnum


class JobStatus(StrEnum):
    """The values are part of the API: existing clients fail on any other one."""

    PENDING = "pending"
    """Requested; submitted or not."""
    RUNNING = "running"
    STOPPING = "stopping"
    """To be stopped; its processes may still run."""
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
