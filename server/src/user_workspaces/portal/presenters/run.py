"""A run as the pages show it: its state in words, how far it is, and what can be done with it now."""

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
    journal.JournalStatus.CREATED: ("to come", "dot", Tone.QUIET),
    journal.JournalStatus.RUNNING: ("running", "spin", Tone.MOVING),
    journal.JournalStatus.FINISHED: ("finished", "check", Tone.GOOD),
    journal.JournalStatus.FAILED: ("failed", "cross", Tone.BAD),
    journal.JournalStatus.STOPPED: ("stopped", "stop", Tone.QUIET),
}


def run_state(status: RunStatus) -> State:
    """Return how a run's state is called and marked."""
    word, icon, tone = STATES[status]
    return State(word, icon, tone, status)


def step_state(status: journal.JournalStatus) -> State:
    """Return how a command's state is called and marked."""
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
        """Whether there can be a log of it."""
        return self.step.starts > 0


@dataclass(frozen=True, slots=True)
class RunView:
    """All that templates need; no further question to the database."""

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
        """As clients know it."""
        return RunStatus(self.state.raw)

    @property
    def moves(self) -> bool:
        """Whether it goes on by itself."""
        return self.status in GOING

    @property
    def is_deleted(self) -> bool:
        """Whether its files are gone, or about to go."""
        return self.status is RunStatus.DELETED

    @property
    def can_begin(self) -> bool:
        """Whether it can be started for the first time."""
        return self.status is RunStatus.CREATED

    @property
    def has_results(self) -> bool:
        """Whether there is something to copy."""
        return self.status is RunStatus.FINISHED

    @property
    def failed_at(self) -> str:
        """The step at which it failed."""
        return self.current_step if self.status is RunStatus.FAILED and self.failed else ""


def view_of_run(run: Run, usage: RunProgress | None = None) -> RunView:
    """Describe a run: as its row says, or as its journal does where that was read."""
    figures = usage.counts if usage else run.progress
    status = usage.status if usage else RunStatus(run.status)
    total = figures.get("total", 0)
    return RunView(
        run=run,
        state=run_state(status),
        resource=resource_name(run.resource),
        total=total if isinstance(total, int) else 0,
        finished=_count(figures, "finished"),
        failed=_count(figures, "failed"),
        current_step=str(figures.get("current_step_name") or ""),
        current_command=str(figures.get("current_command") or ""),
        started_at=usage.started_at if usage else run.datetime_started,
        ended_at=run.datetime_finished or run.datetime_stopped,
    )


def _count(figures: Mapping[str, object], name: str) -> int:
    listed = figures.get(name, ())
    return len(listed) if isinstance(listed, list) else 0


def views_of_steps(steps: Sequence[journal.CommandState]) -> list[StepView]:
    """Describe all commands of a run; those of one step are told from each other by a number."""
    commands, seen = Counter(one.number for one in steps), Counter[int]()
    views = list[StepView]()
    for one in steps:
        seen[one.number] += 1
        many = f" ({seen[one.number]} of {commands[one.number]})" if commands[one.number] > 1 else ""
        views.append(StepView(one, step_state(one.status), f"{one.name or f'step {one.number + 1}'}{many}"))
    return views
