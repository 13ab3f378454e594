"""Presenter of a run: its state, its progress, and the actions that are possible."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from user_workspaces.portal.presenters.session import resource_name
from user_workspaces.portal.presenters.status_labels import State, Tone
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING, RunStatus
from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.progress import RunProgress

STATES: Mapping[RunStatus, tuple[str, str, Tone]] = {
    RunStatus.CREATED: ("not started", "dot", Tone.QUIET),
    RunStatus.QUEUED: ("waiting", "clock", Tone.MOVING),
    RunStatus.PENDING: ("starting", "spin", Tone.MOVING),
    RunStatus.RUNNING: ("running", "play", Tone.MOVING),
    RunStatus.FINISHED: ("finished", "check", Tone.GOOD),
    RunStatus.FAILED: ("failed", "cross", Tone.BAD),
    RunStatus.STOPPED: ("stopped", "stop", Tone.QUIET),
    RunStatus.DELETED: ("deleted", "bin", Tone.QUIET),
}
STEP_STATES: Mapping[journal.JournalStatus, tuple[str, str, Tone]] = {
    journal.JournalStatus.CREATED: ("pending", "dot", Tone.QUIET),
    journal.JournalStatus.RUNNING: ("running", "spin", Tone.MOVING),
    journal.JournalStatus.FINISHED: ("finished", "check", Tone.GOOD),
    journal.JournalStatus.FAILED: ("failed", "cross", Tone.BAD),
    journal.JournalStatus.STOPPED: ("stopped", "stop", Tone.QUIET),
}


def run_state(status: RunStatus) -> State:
    """Return label, icon and tone of a run's status."""
    word, icon, tone = STATES[status]
    return State(word, icon, tone, status)


def step_state(status: journal.JournalStatus) -> State:
    """Return label, icon and tone of a command's status."""
    word, icon, tone = STEP_STATES[status]
    return State(word, icon, tone, status)


@dataclass(frozen=True, slots=True)
class StepView:
    """One command of a run."""

    step: journal.CommandState
    state: State
    name: str

    @property
    def has_started(self) -> bool:
        """True if the command has started, so that it can have a log."""
        return self.step.starts > 0


@dataclass(frozen=True, slots=True)
class RunView:
    """The values that templates need, without further queries."""

    run: Run
    state: State
    resource: str
    total: int
    finished: int
    failed: int
    current_step: str
    current_command: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def status(self) -> RunStatus:
        """The status word of the API."""
        return RunStatus(self.state.raw)

    @property
    def moves(self) -> bool:
        """True if the run is queued, pending or running."""
        return self.status in GOING

    @property
    def is_deleted(self) -> bool:
        """True if its files are deleted or about to be."""
        return self.status is RunStatus.DELETED

    @property
    def can_begin(self) -> bool:
        """True if the run has not been started yet."""
        return self.status is RunStatus.CREATED

    @property
    def has_results(self) -> bool:
        """True if there are results to copy."""
        return self.status is RunStatus.FINISHED

    @property
    def failed_at(self) -> str:
        """The name of the step at which the run failed."""
        return self.current_step if self.status is RunStatus.FAILED and self.failed else ""


def view_of_run(run: Run, progress: RunProgress | None = None) -> RunView:
    """Present a run from its row, or from its journal if `progress` is given."""
    numbers = progress.counts if progress else run.progress
    status = progress.status if progress else RunStatus(run.status)
    total = numbers.get("total", 0)
    return RunView(
        run=run,
        state=run_state(status),
        resource=resource_name(run.resource),
        total=total if isinstance(total, int) else 0,
        finished=_count(numbers, "finished"),
        failed=_count(numbers, "failed"),
        current_step=str(numbers.get("current_step_name") or ""),
        current_command=str(numbers.get("current_command") or ""),
        started_at=progress.started_at if progress else run.datetime_started,
        ended_at=run.datetime_finished or run.datetime_stopped,
    )


def _count(numbers: Mapping[str, object], name: str) -> int:
    listed = numbers.get(name, ())
    return len(listed) if isinstance(listed, list) else 0


def views_of_steps(steps: Sequence[journal.CommandState]) -> list[StepView]:
    """Present all commands of a run, numbered if a step has several."""
    commands, seen = Counter(one.number for one in steps), Counter[int]()
    views = list[StepView]()
    for one in steps:
        seen[one.number] += 1
        many = f" ({seen[one.number]} of {commands[one.number]})" if commands[one.number] > 1 else ""
        views.append(StepView(one, step_state(one.status), f"{one.name or f'step {one.number + 1}'}{many}"))
    return views
