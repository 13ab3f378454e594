"""The statuses of a run, named as in REANA, and the allowed transitions."""

from enum import StrEnum


class RunStatus(StrEnum):
    """The values are part of REANA's API."""

    CREATED = "created"
    QUEUED = "queued"
    """Started, and waiting in the fair queue."""
    PENDING = "pending"
    """Its job does not run yet."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"


ENDED = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED})
GOING = frozenset({RunStatus.QUEUED, RunStatus.PENDING, RunStatus.RUNNING})
"""Started and not ended."""
TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.CREATED: frozenset({RunStatus.QUEUED, RunStatus.DELETED}),
    RunStatus.QUEUED: frozenset({RunStatus.PENDING, RunStatus.FAILED, RunStatus.STOPPED}),
    RunStatus.PENDING: frozenset({RunStatus.RUNNING, *ENDED}),
    RunStatus.RUNNING: ENDED,
    RunStatus.FINISHED: frozenset({RunStatus.DELETED}),
    RunStatus.FAILED: frozenset({RunStatus.DELETED}),
    RunStatus.STOPPED: frozenset({RunStatus.DELETED}),
    RunStatus.DELETED: frozenset(),
}
