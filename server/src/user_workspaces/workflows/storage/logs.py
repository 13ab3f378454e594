"""The logs of a run in REANA's format: of the engine, and of each command."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from user_workspaces.errors import UserWorkspacesError
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.locations import read_log, read_state, state_of
from user_workspaces.workspaces.queries import Home

KEPT_CHARACTERS = 64_000
"""Characters of all commands' logs together that are stored with the run."""
SHOWN_BYTES = 16 << 20
"""Bytes of all commands' logs together in one response."""


@dataclass(frozen=True, slots=True)
class LogSelection:
    """The requested commands: names of steps (None: all), and a page of them (`size` None: all)."""

    steps: Collection[str] | None = None
    page: int = 1
    size: int | None = None

    def of(self, steps: tuple[journal.CommandState, ...]) -> tuple[journal.CommandState, ...]:
        """Return the started commands of the requested steps and page."""
        started = tuple(one for one in steps if one.starts and (self.steps is None or one.name in self.steps))
        if self.size is None:
            return started
        return started[(self.page - 1) * self.size : self.page * self.size]


def logs_of(run: Run, wanted: LogSelection) -> dict[str, object]:
    """Return the current logs; those stored with the row if the files are deleted."""
    state = read_state(run)
    if not state.steps:
        return _kept(run, wanted)
    engine = state.engine_log + (f"{run.message}\n" if run.message else "")
    return {
        "workflow_logs": None if wanted.steps is not None else engine,
        "job_logs": _with_output(run, wanted.of(state.steps), SHOWN_BYTES),
        "engine_specific": None,
    }


def job_logs(run: Run, steps: tuple[journal.CommandState, ...]) -> dict[str, object]:
    """Return the logs of the started commands."""
    return _with_output(run, LogSelection().of(steps), SHOWN_BYTES)


def kept_logs(run: Run, state: journal.RunState) -> dict[str, object]:
    """Return the shortened logs that are stored with the row."""
    started = LogSelection().of(state.steps)
    return {
        "workflow_logs": state.engine_log[-KEPT_CHARACTERS:],
        "job_logs": _with_output(run, started, KEPT_CHARACTERS),
        "engine_specific": None,
    }


def _kept(run: Run, wanted: LogSelection) -> dict[str, object]:
    kept = (
        json.loads(run.kept_logs) if run.kept_logs else {"workflow_logs": "", "job_logs": {}, "engine_specific": None}
    )
    if run.message:
        kept["workflow_logs"] += f"{run.message}\n"
    listed = [
        (uuid, one) for uuid, one in kept["job_logs"].items() if wanted.steps is None or one["job_name"] in wanted.steps
    ]
    if wanted.size is not None:
        listed = listed[(wanted.page - 1) * wanted.size : wanted.page * wanted.size]
    return {
        **kept,
        "workflow_logs": None if wanted.steps is not None else kept["workflow_logs"],
        "job_logs": dict(listed),
    }


def _with_output(run: Run, steps: tuple[journal.CommandState, ...], most: int) -> dict[str, object]:
    try:
        state = state_of(run)
    except UserWorkspacesError:
        return {}
    # Equal shares: one long log must not displace those of the other commands.
    share = most // max(1, len(steps))
    return {one.uuid: _described(run, one, state, longest=share) for one in steps}


def _described(run: Run, step: journal.CommandState, state: Home, *, longest: int) -> dict[str, object]:
    note = f"{step.message}\n" if step.message else ""
    return {
        "workflow_uuid": str(run.pk),
        "job_name": step.name,
        "compute_backend": step.compute_backend,
        "backend_job_id": f"{run.job_id or ''}-{step.position}",
        "docker_img": step.environment,
        "cmd": step.command,
        "status": step.status.value,
        "logs": read_log(state, step.uuid, longest=longest) + note,
        "started_at": moment(step.started_at),
        "finished_at": moment(step.finished_at),
    }


def moment(at: datetime | None) -> str | None:
    """Return a time in REANA's format: UTC, without a time zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") if at else None
