"""Enumerate all reachable states of a job, its resource, and a controller that may be killed between two steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from user_workspaces.interfaces.values import EndedBy, Observation
from user_workspaces.interfaces.values import ResourceState as Seen
from user_workspaces.jobs.decide import ALIVE, Action, Decision, Recorded, decide, unanswered
from user_workspaces.jobs.status import ENDED, STOPPABLE, TRANSITIONS, JobStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
STARTUP = timedelta(minutes=3)
BEFORE_ACT, AFTER_ACT, AFTER_RECORD = "before act", "after act", "after record"
KILLED = ("", BEFORE_ACT, AFTER_ACT, AFTER_RECORD)


@dataclass(frozen=True)
class SystemState:
    """The recorded state of a job, and the real state of its resource."""

    serves: bool
    status: JobStatus = JobStatus.PENDING
    submitted: bool = False
    missed: bool = False
    started: bool = False
    ready: bool = False
    settled: bool = False
    """The controller does not check it again."""
    there: Seen = Seen.ABSENT
    ended_by: EndedBy | None = None
    starts: int = 0
    reachable: bool = True
    responds: bool = False
    late: bool = False
    """The startup time of the session is over."""
    stops_slowly: bool = False

    def recorded(self) -> Recorded:
        return Recorded(
            status=self.status,
            submitted=self.submitted,
            serves=self.serves,
            ready=self.ready,
            started_at=START if self.started else None,
            startup=STARTUP,
            missed=self.missed,
        )

    def seen(self) -> Observation:
        state = self.there if self.reachable else Seen.UNREACHABLE
        return Observation(state, ended_by=self.ended_by, exit_code=1, signal=9)

    def now(self) -> datetime:
        return START + (2 * STARTUP if self.late else timedelta(seconds=1))


Meanwhile = Callable[[SystemState], SystemState]


def nothing(state: SystemState) -> SystemState:
    return state


def with_status(state: SystemState, old: JobStatus, new: JobStatus, **fields: Any) -> SystemState:
    """Change the status as the database does: UPDATE ... WHERE status = old."""
    assert new is old or new in TRANSITIONS[old], f"{old} -> {new}"
    return replace(state, status=new, **fields) if state.status is old else state


def stop(state: SystemState) -> SystemState:
    """Stop the job, as `stop_job` does."""
    if state.status not in STOPPABLE:
        return state
    if state.status is JobStatus.PENDING and not state.submitted:
        return with_status(state, state.status, JobStatus.COMPLETE)
    return with_status(state, state.status, JobStatus.STOPPING)


def one_pass(state: SystemState, *, killed: str = "", meanwhile: Meanwhile = nothing) -> SystemState:
    """Run one pass of a controller: observe, decide, act, record, clean up. `meanwhile` happens before the act."""
    if state.settled:
        return state
    seen, old, decision = state.seen(), state.status, decide(state.recorded(), state.seen())
    ready = decision.action is Action.PROBE and state.responds
    if decision.action is Action.PROBE and not state.responds:
        decision = unanswered(state.recorded(), seen, state.now())
    check(state, seen, decision)
    state = meanwhile(state)
    if killed == BEFORE_ACT:
        return state
    state = acted(state, decision)
    if killed == AFTER_ACT:
        return state
    state = written(state, old, decision, seen, ready=ready)
    if killed == AFTER_RECORD or decision.action is not Action.FORGET or state.status is not decision.status:
        return state
    return replace(state, settled=True, there=Seen.ABSENT, ended_by=None)


def check(state: SystemState, seen: Observation, decision: Decision) -> None:
    """Check the rules for each decision."""
    if seen.state is Seen.UNREACHABLE:
        assert (decision.action, decision.status) == (Action.NONE, state.status), "unknown is not finished"
    if decision.action is Action.SUBMIT:
        assert not state.submitted, "submitted twice"
        assert state.status is JobStatus.PENDING, "submitted after it was stopped"
        assert seen.state is Seen.ABSENT, "submitted while it runs"
    if decision.status in ENDED and state.status not in ENDED and seen.state is Seen.ABSENT:
        assert state.missed, "called lost after one observation"


def acted(state: SystemState, decision: Decision) -> SystemState:
    if decision.action is Action.SUBMIT and state.there is Seen.ABSENT:
        assert state.starts == 0, "started twice"
        return replace(state, there=Seen.QUEUED, starts=1)
    if decision.action is Action.STOP and state.there in ALIVE and not state.stops_slowly:
        return replace(state, there=Seen.FAILED, ended_by=EndedBy.STOPPED)
    return state


def written(state: SystemState, old: JobStatus, decision: Decision, seen: Observation, *, ready: bool) -> SystemState:
    if decision.action is Action.SUBMIT:
        return replace(state, submitted=True)
    if seen.state is Seen.UNREACHABLE:
        return state
    fields = {
        "missed": seen.state is Seen.ABSENT and state.submitted,
        "submitted": state.submitted or seen.state is not Seen.ABSENT,
        "started": state.started or seen.state is Seen.RUNNING,
        "ready": state.ready or ready,
    }
    return with_status(state, old, decision.status, **fields)


def next_states(state: SystemState) -> Iterator[SystemState]:
    for killed in KILLED:
        yield one_pass(state, killed=killed)
        yield one_pass(state, killed=killed, meanwhile=stop)
    yield stop(state)
    yield replace(state, reachable=not state.reachable)
    yield replace(state, responds=not state.responds)
    yield replace(state, stops_slowly=not state.stops_slowly)
    if state.started:
        yield replace(state, late=True)
    yield from _resource_changes(state)


def _resource_changes(state: SystemState) -> Iterator[SystemState]:
    if state.submitted:  # before the submission is recorded, a resource does not lose the job
        yield replace(state, there=Seen.ABSENT, ended_by=None)
    if state.there is Seen.QUEUED:
        yield replace(state, there=Seen.RUNNING)
    if state.there is Seen.RUNNING:
        yield replace(state, there=Seen.QUEUED)
    if state.there in ALIVE:
        yield replace(state, there=Seen.SUCCEEDED, ended_by=EndedBy.EXIT)
        for ended_by in (*EndedBy, None):
            yield replace(state, there=Seen.FAILED, ended_by=ended_by)


def reachable_states() -> set[SystemState]:
    todo = [SystemState(serves=True), SystemState(serves=False)]
    found = set(todo)
    while todo:
        for state in next_states(todo.pop()):
            if state not in found:
                found.add(state)
                todo.append(state)
    return found


def settled_after(state: SystemState, *, passes: int) -> SystemState:
    """Run passes with a resource that responds and stops jobs at once."""
    state = replace(state, reachable=True, stops_slowly=False)
    for _ in range(passes):
        state = one_pass(state)
    return state


__all__ = ["ENDED", "SystemState", "one_pass", "reachable_states", "settled_after", "stop"]
