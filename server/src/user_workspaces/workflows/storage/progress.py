"""How far a run is: from its row, its job and its journal to one answer. Reads, writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from user_workspaces.jobs.status import JobStatus
from user_workspaces.workflows.environment_record import EnvironmentRecord
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.locations import read_state


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where a run is at this moment."""

    status: RunStatus
    figures: dict[str, object]
    started_at: datetime | None
    steps: tuple[journal.CommandState, ...] = ()
    engine_log: str = ""
    environment: EnvironmentRecord | None = None


def counts_of(progress: journal.CommandProgress) -> dict[str, object]:
    """Return the figures as they are stored with the run: commands by uuid."""
    return {
        "total": progress.total,
        "running": list(progress.started),
        "finished": list(progress.finished),
        "failed": list(progress.failed),
        "current_command": progress.current_command,
        "current_step_name": progress.current_step_name,
    }


def progress_of(run: Run, state: journal.RunState | None = None) -> RunProgress:
    """Return where a run is now: of one that goes on, the journal is read (`state`: it was already)."""
    status = RunStatus(run.status)
    if status in {RunStatus.CREATED, RunStatus.QUEUED, RunStatus.DELETED} or run.job is None:
        return RunProgress(status, run.progress, run.datetime_started)
    seen = read_state(run) if state is None else state
    if status is RunStatus.PENDING and has_started(run, seen):
        status = RunStatus.RUNNING
    figures = counts_of(seen.progress) if seen.progress.total else run.progress
    return RunProgress(
        status, figures, run.datetime_started or seen.started_at, seen.steps, seen.engine_log, seen.environment
    )


def has_started(run: Run, state: journal.RunState) -> bool:
    """Return whether the first of its commands could have begun."""
    is_there = run.job is not None and run.job.status != JobStatus.PENDING
    return is_there and state.status is not journal.JournalStatus.CREATED
