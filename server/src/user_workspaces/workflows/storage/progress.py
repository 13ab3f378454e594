"""Compute the progress of a run from its row, its job and its journal. Writes nothing."""

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
    """The current progress of a run."""

    status: RunStatus
    counts: dict[str, object]
    started_at: datetime | None
    steps: tuple[journal.CommandState, ...] = ()
    engine_log: str = ""
    environment: EnvironmentRecord | None = None


def counts_of(progress: journal.CommandProgress) -> dict[str, object]:
    """Return the counts of commands as they are stored with the run."""
    return {
        "total": progress.total,
        "running": list(progress.started),
        "finished": list(progress.finished),
        "failed": list(progress.failed),
        "current_command": progress.current_command,
        "current_step_name": progress.current_step_name,
    }


def progress_of(run: Run, state: journal.RunState | None = None) -> RunProgress:
    """Return the current progress; reads the journal of a run with a job, unless its `state` is given."""
    status = RunStatus(run.status)
    if status in {RunStatus.CREATED, RunStatus.QUEUED, RunStatus.DELETED} or run.job is None:
        return RunProgress(status, run.progress, run.datetime_started)
    seen = read_state(run) if state is None else state
    if status is RunStatus.PENDING and has_started(run, seen):
        status = RunStatus.RUNNING
    counts = counts_of(seen.progress) if seen.progress.total else run.progress
    return RunProgress(
        status, counts, run.datetime_started or seen.started_at, seen.steps, seen.engine_log, seen.environment
    )


def has_started(run: Run, state: journal.RunState) -> bool:
    """Return whether the runner has started, so that the first command may be running."""
    is_there = run.job is not None and run.job.status != JobStatus.PENDING
    return is_there and state.status is not journal.JournalStatus.CREATED
