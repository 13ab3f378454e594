"""The decisions about a job: every reachable world is walked, and each ending says what to do next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from jobs.worlds import one_pass, reachable_worlds, settled_after, stop
from user_workspaces.interfaces.values import EndedBy, Observation
from user_workspaces.interfaces.values import ResourceState as Seen
from user_workspaces.jobs.decide import ALIVE, Action, Decision, Recorded, decide, unanswered
from user_workspaces.jobs.status import ENDED, JobStatus

worlds = cache(reachable_worlds)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PENDING = Recorded(JobStatus.PENDING, True, True, False, None, timedelta(minutes=3), False)
RUNNING = replace(PENDING, status=JobStatus.RUNNING)


def test_no_reachable_world_breaks_a_rule() -> None:
    """The rules stand in the worlds: legal transitions, one start, one submission, unknown is not finished."""
    print(f"{len(worlds())} worlds")  # noqa: T201  for the record
    assert len(worlds()) > 2500


def test_every_status_is_reached() -> None:
    assert {world.status for world in worlds()} == set(JobStatus)
    assert {world.ended_by for world in worlds()} == {*EndedBy, None}


def test_a_settled_job_has_ended_and_nothing_of_it_runs() -> None:
    settled = [world for world in worlds() if world.settled]
    assert all(world.status in ENDED and world.there not in ALIVE for world in settled)
    assert settled


def test_an_ended_job_never_changes_its_status_again() -> None:
    for world in worlds():
        if world.status in ENDED:
            assert one_pass(world).status is world.status
            assert stop(world) == world


def test_a_stopped_job_settles_within_four_passes_from_anywhere() -> None:
    for world in worlds():
        end = settled_after(stop(world), passes=4)
        assert end.settled, world
        assert end.status in ENDED, world
        assert end.there not in ALIVE, world


def test_a_wish_to_stop_never_ends_as_a_failure() -> None:
    for world in worlds():
        if world.status is JobStatus.STOPPING:
            assert settled_after(world, passes=4).status is JobStatus.COMPLETE


def test_a_session_that_never_answers_ends_failed() -> None:
    silent = [
        world
        for world in worlds()
        if world.serves and world.status is JobStatus.RUNNING and world.there is Seen.RUNNING and not world.ready
    ]
    for world in silent:
        end = settled_after(replace(world, responses=False, late=True), passes=4)
        assert (end.status, end.settled) == (JobStatus.FAILED, True), world
    assert silent


def test_a_session_that_answers_late_is_kept() -> None:
    waiting = [world for world in worlds() if world.status is JobStatus.RUNNING and world.there is Seen.RUNNING]
    for world in waiting:
        end = settled_after(replace(world, responses=True, late=True), passes=4)
        assert end.status is JobStatus.RUNNING
        assert end.ready is world.serves


def test_a_job_that_runs_is_left_alone_by_any_number_of_passes() -> None:
    for world in worlds():
        if world.status is JobStatus.RUNNING and world.there is Seen.RUNNING and (world.ready or not world.serves):
            once = settled_after(world, passes=1)
            assert settled_after(once, passes=5) == once


def test_whatever_is_alive_and_unwanted_is_stopped() -> None:
    for world in worlds():
        if world.status in ENDED | {JobStatus.STOPPING} and world.there in ALIVE:
            assert decide(world.recorded(), replace(world, reachable=True).seen()).action is Action.STOP
            assert not world.settled


@pytest.mark.parametrize(
    ("seen", "status", "message"),
    [
        (
            Observation(Seen.SUCCEEDED),
            JobStatus.FAILED,
            "The session ended before it was ready. See the last lines of its log.",
        ),
        (Observation(Seen.FAILED, ended_by=EndedBy.STOPPED), JobStatus.COMPLETE, "Stopped."),
        (
            Observation(Seen.FAILED, ended_by=EndedBy.TIME_LIMIT),
            JobStatus.COMPLETE,
            "The time limit was reached. Launch again with more time.",
        ),
        (
            Observation(Seen.FAILED, ended_by=EndedBy.OUT_OF_MEMORY),
            JobStatus.FAILED,
            "The job used more memory than it requested. Launch again with more memory.",
        ),
        (
            Observation(Seen.FAILED, ended_by=EndedBy.SIGNAL, signal=9),
            JobStatus.FAILED,
            "The job was killed by signal 9. Launch again, or contact your administrator.",
        ),
        (
            Observation(Seen.FAILED, ended_by=EndedBy.EXIT, exit_code=3),
            JobStatus.FAILED,
            "The job exited with code 3. See the last lines of its log.",
        ),
        (
            Observation(Seen.FAILED, ended_by=EndedBy.LOST, reason="the machine was restarted"),
            JobStatus.FAILED,
            "The job was lost: the machine was restarted. Launch again.",
        ),
        (Observation(Seen.FAILED), JobStatus.FAILED, "The job was lost: its end was not recorded. Launch again."),
    ],
)
def test_each_ending_has_its_own_message(seen: Observation, status: JobStatus, message: str) -> None:
    assert decide(RUNNING, seen) == Decision(Action.FORGET, status, message)


def test_a_job_that_is_done_is_complete() -> None:
    for done in (replace(RUNNING, ready=True), replace(RUNNING, serves=False)):
        assert decide(done, Observation(Seen.SUCCEEDED)) == Decision(Action.FORGET, JobStatus.COMPLETE, "Finished.")


def test_a_time_limit_is_a_failure_for_a_job_that_serves_nothing() -> None:
    seen = Observation(Seen.FAILED, ended_by=EndedBy.TIME_LIMIT)
    assert decide(replace(RUNNING, serves=False), seen).status is JobStatus.FAILED


def test_the_reason_of_a_queue_is_told() -> None:
    seen = Observation(Seen.QUEUED, reason="Waiting for 64 CPUs")
    assert decide(PENDING, seen) == Decision(Action.NONE, JobStatus.PENDING, "Waiting for 64 CPUs")


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_silence_is_told_and_changes_nothing(status: JobStatus) -> None:
    seen = Observation(Seen.UNREACHABLE, reason="no route")
    message = "The resource is not responding; your job is unchanged. (no route)"
    assert decide(replace(PENDING, status=status), seen) == Decision(Action.NONE, status, message)


def test_a_session_may_take_its_time_to_the_second() -> None:
    job, seen = replace(RUNNING, started_at=NOW), Observation(Seen.RUNNING)
    assert unanswered(job, seen, NOW + job.startup).action is Action.NONE
    late = unanswered(job, seen, NOW + job.startup + timedelta(microseconds=1))
    message = "The session was not ready 180 seconds after its start and was stopped."
    assert late == Decision(Action.STOP, JobStatus.FAILED, message)
