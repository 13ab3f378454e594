"""Every reachable state of one job, its resource, and a controller that may die between any two steps."""

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
DEATHS = ("", BEFORE_ACT, AFTER_ACT, AFTER_RECORD)


@dataclass(frozen=True)
class World:
    """What the database says, and then what is true."""

    serves: bool
    status: JobStatus = JobStatus.PENDING
    submitted: bool = False
    missed: bool = False
    started: bool = False
    ready: bool = False
    settled: bool = False
    """Nobody looks at it any more."""
    there: Seen = Seen.ABSENT
    ended_by: EndedBy | None = None
    starts: int = 0
    reachable: bool = True
    responses: bool = False
    late: bool = False
    """More time than a session may take to start has passed since it did."""
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


Meanwhile = Callable[[World], World]


def nothing(world: World) -> World:
    return world


def moved(world: World, old: JobStatus, new: JobStatus, **fields: Any) -> World:
    """As in the database: UPDATE ... WHERE status = old."""
    assert new is old or new in TRANSITIONS[old], f"{old} -> {new}"
    return replace(world, status=new, **fields) if world.status is old else world


def stop(world: World) -> World:
    """The person does not want it any more."""
    if world.status not in STOPPABLE:
        return world
    if world.status is JobStatus.PENDING and not world.submitted:
        return moved(world, world.status, JobStatus.COMPLETE)
    return moved(world, world.status, JobStatus.STOPPING)


def one_pass(world: World, *, dies: str = "", meanwhile: Meanwhile = nothing) -> World:
    """What a controller does: look, decide, act, record, clean up; `meanwhile` comes between decision and act."""
    if world.settled:
        return world
    seen, old, decision = world.seen(), world.status, decide(world.recorded(), world.seen())
    ready = decision.action is Action.PROBE and world.responses
    if decision.action is Action.PROBE and not world.responses:
        decision = unanswered(world.recorded(), seen, world.now())
    check(world, seen, decision)
    world = meanwhile(world)
    if dies == BEFORE_ACT:
        return world
    world = acted(world, decision)
    if dies == AFTER_ACT:
        return world
    world = written(world, old, decision, seen, ready=ready)
    if dies == AFTER_RECORD or decision.action is not Action.FORGET or world.status is not decision.status:
        return world
    return replace(world, settled=True, there=Seen.ABSENT, ended_by=None)


def check(world: World, seen: Observation, decision: Decision) -> None:
    """The rules that hold for each decision."""
    if seen.state is Seen.UNREACHABLE:
        assert (decision.action, decision.status) == (Action.NONE, world.status), "unknown is not finished"
    if decision.action is Action.SUBMIT:
        assert not world.submitted, "submitted again after it was taken"
        assert world.status is JobStatus.PENDING, "submitted though nobody wants it"
        assert seen.state is Seen.ABSENT, "two of it at once"
    if decision.status in ENDED and world.status not in ENDED and seen.state is Seen.ABSENT:
        assert world.missed, "called gone after one look"


def acted(world: World, decision: Decision) -> World:
    if decision.action is Action.SUBMIT and world.there is Seen.ABSENT:
        assert world.starts == 0, "started twice"
        return replace(world, there=Seen.QUEUED, starts=1)
    if decision.action is Action.STOP and world.there in ALIVE and not world.stops_slowly:
        return replace(world, there=Seen.FAILED, ended_by=EndedBy.STOPPED)
    return world


def written(world: World, old: JobStatus, decision: Decision, seen: Observation, *, ready: bool) -> World:
    if decision.action is Action.SUBMIT:
        return replace(world, submitted=True)
    if seen.state is Seen.UNREACHABLE:
        return world
    fields = {
        "missed": seen.state is Seen.ABSENT and world.submitted,
        "submitted": world.submitted or seen.state is not Seen.ABSENT,
        "started": world.started or seen.state is Seen.RUNNING,
        "ready": world.ready or ready,
    }
    return moved(world, old, decision.status, **fields)


def next_worlds(world: World) -> Iterator[World]:
    for dies in DEATHS:
        yield one_pass(world, dies=dies)
        yield one_pass(world, dies=dies, meanwhile=stop)
    yield stop(world)
    yield replace(world, reachable=not world.reachable)
    yield replace(world, responses=not world.responses)
    yield replace(world, stops_slowly=not world.stops_slowly)
    if world.started:
        yield replace(world, late=True)
    yield from _turns_of_the_resource(world)


def _turns_of_the_resource(world: World) -> Iterator[World]:
    if world.submitted:  # it keeps what it took at least until we have heard of it
        yield replace(world, there=Seen.ABSENT, ended_by=None)
    if world.there is Seen.QUEUED:
        yield replace(world, there=Seen.RUNNING)
    if world.there is Seen.RUNNING:
        yield replace(world, there=Seen.QUEUED)
    if world.there in ALIVE:
        yield replace(world, there=Seen.SUCCEEDED, ended_by=EndedBy.EXIT)
        for ended_by in (*EndedBy, None):
            yield replace(world, there=Seen.FAILED, ended_by=ended_by)


def reachable_worlds() -> set[World]:
    todo = [World(serves=True), World(serves=False)]
    found = set(todo)
    while todo:
        for world in next_worlds(todo.pop()):
            if world not in found:
                found.add(world)
                todo.append(world)
    return found


def settled_after(world: World, *, passes: int) -> World:
    """Let a controller work on it, with a resource that answers and does what it is told."""
    world = replace(world, reachable=True, stops_slowly=False)
    for _ in range(passes):
        world = one_pass(world)
    return world


__all__ = ["ENDED", "World", "one_pass", "reachable_worlds", "settled_after", "stop"]
