"""Decisions about a job, in every reachable state; each end of a job has a message with the next step."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from jobs.state_space import one_pass, reachable_states, settled_after, stop
from user_workspaces.interfaces.values import EndedBy, Observation
from user_workspaces.interfaces.values import ResourceState as Seen
from user_workspaces.jobs.decide import ALIVE, Action, Decision, Recorded, decide, unanswered
from user_workspaces.jobs.status import ENDED, JobStatus

states = cache(reachable_states)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PENDING = Recorded(JobStatus.PENDING, True, True, False, None, timedelta(minutes=3), False)
RUNNING = replace(PENDING, status=JobStatus.RUNNING)


def test_no_reachable_state_violates_a_rule() -> None:
    """`state_space.check` has the rules: allowed transitions, one start, one submission, unknown is not finished."""
    print(f"{len(states())} states")  # noqa: T201  for the record
    assert len(states()) > 2500


def test_every_status_is_reachable() -> None:
    assert {state.status for state in states()} == set(JobStatus)
    assert {state.ended_by for state in states()} == {*EndedBy, None}


def test_settled_job_has_ended_and_does_not_run() -> None:
    settled = [state for state in states() if state.settled]
    assert all(state.status in ENDED and state.there not in ALIVE for state in settled)
    assert settled


def test_ended_job_keeps_its_status() -> None:
    for state in states():
        if state.status in ENDED:
            assert one_pass(state).status is state.status
            assert stop(state) == state


def test_stopped_job_settles_within_four_passes() -> None:
    for state in states():
        end = settled_after(stop(state), passes=4)
        assert end.settled, state
        assert end.status in ENDED, state
        assert end.there not in ALIVE, state


def test_stopping_job_never_fails() -> None:
    for state in states():
        if state.status is JobStatus.STOPPING:
            assert settled_after(state, passes=4).status is JobStatus.COMPLETE


def test_session_that_never_becomes_ready_fails() -> None:
    silent = [
        state
        for state in states()
        if state.serves and state.status is JobStatus.RUNNING and state.there is Seen.RUNNING and not state.ready
    ]
    for state in silent:
        end = settled_after(replace(state, responds=False, late=True), passes=4)
        assert (end.status, end.settled) == (JobStatus.FAILED, True), state
    assert silent


def test_session_that_becomes_ready_late_is_kept() -> None:
    waiting = [state for state in states() if state.status is JobStatus.RUNNING and state.there is Seen.RUNNING]
    for state in waiting:
        end = settled_after(replace(state, responds=True, late=True), passes=4)
        assert end.status is JobStatus.RUNNING
        assert end.ready is state.serves


def test_running_job_is_unchanged_by_further_passes() -> None:
    for state in states():
        if state.status is JobStatus.RUNNING and state.there is Seen.RUNNING and (state.ready or not state.serves):
            once = settled_after(state, passes=1)
            assert settled_after(once, passes=5) == once


def test_live_job_of_ended_row_is_stopped() -> None:
    for state in states():
        if state.status in ENDED | {JobStatus.STOPPING} and state.there in ALIVE:
            assert decide(state.recorded(), replace(state, reachable=True).seen()).action is Action.STOP
            assert not state.settled


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
def test_each_cause_of_end_has_own_message(seen: Observation, status: JobStatus, message: str) -> None:
    assert decide(RUNNING, seen) == Decision(Action.FORGET, status, message)


def test_succeeded_job_is_complete() -> None:
    for done in (replace(RUNNING, ready=True), replace(RUNNING, serves=False)):
        assert decide(done, Observation(Seen.SUCCEEDED)) == Decision(Action.FORGET, JobStatus.COMPLETE, "Finished.")


def test_time_limit_fails_job_that_serves_nothing() -> None:
    seen = Observation(Seen.FAILED, ended_by=EndedBy.TIME_LIMIT)
    assert decide(replace(RUNNING, serves=False), seen).status is JobStatus.FAILED


def test_reason_of_queued_job_is_its_message() -> None:
    seen = Observation(Seen.QUEUED, reason="Waiting for 64 CPUs")
    assert decide(PENDING, seen) == Decision(Action.NONE, JobStatus.PENDING, "Waiting for 64 CPUs")


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_unreachable_resource_keeps_status(status: JobStatus) -> None:
    seen = Observation(Seen.UNREACHABLE, reason="no route")
    message = "The resource is not responding; your job is unchanged. (no route)"
    assert decide(replace(PENDING, status=status), seen) == Decision(Action.NONE, status, message)


def test_session_fails_only_after_startup_time() -> None:
    job, seen = replace(RUNNING, started_at=NOW), Observation(Seen.RUNNING)
    assert unanswered(job, seen, NOW + job.startup).action is Action.NONE
    late = unanswered(job, seen, NOW + job.startup + timedelta(microseconds=1))
    message = "The session was not ready 180 seconds after its start and was stopped."
    assert late == Decision(Action.STOP, JobStatus.FAILED, message)
