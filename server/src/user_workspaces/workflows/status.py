"""The states of a run and the only ways between them; the words are REANA's."""

from enum import StrEnum


class RunStatus(StrEnum):
    """What clients know."""

    CREATED = "created"
    QUEUED = "queued"
    """Started, and waiting for its turn."""
    PENDING = "pending"
    """It has a job, which does not run yet."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"


ENDED = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED})
GOING = frozenset({RunStatus.QUEUED, RunStatus.PENDING, RunStatus.RUNNING})
"""Started, and not over."""
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
