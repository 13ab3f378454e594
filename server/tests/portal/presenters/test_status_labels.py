"""Labels, icons and tones of states."""

import itertools

import pytest

from user_workspaces.jobs.status import LIVE, JobStatus
from user_workspaces.portal.presenters.status_labels import Tone, job_state, workspace_state


def test_every_job_state_has_a_word_and_an_icon() -> None:
    facts = itertools.product(JobStatus, (False, True), (False, True), (False, True))
    for status, submitted, serves, ready in facts:
        state = job_state(status=status, submitted=submitted, serves=serves, ready=ready)
        assert state.word
        assert state.icon
        assert state.raw == status
        assert not state.moves or status in LIVE


@pytest.mark.parametrize(
    ("status", "facts", "word", "moves"),
    [
        (JobStatus.PENDING, (False, True, False), "preparing", True),
        (JobStatus.PENDING, (True, True, False), "waiting", True),
        (JobStatus.RUNNING, (True, True, False), "starting", True),
        (JobStatus.RUNNING, (True, True, True), "running", False),
        (JobStatus.RUNNING, (True, False, False), "running", False),
        (JobStatus.STOPPING, (True, True, True), "stopping", True),
        (JobStatus.COMPLETE, (True, True, True), "finished", False),
        (JobStatus.FAILED, (True, True, True), "failed", False),
    ],
)
def test_job_state_word(status: JobStatus, facts: tuple[bool, bool, bool], word: str, moves: bool) -> None:  # noqa: FBT001  a parameter of the test
    submitted, serves, ready = facts
    state = job_state(status=status, submitted=submitted, serves=serves, ready=ready)
    assert (state.word, state.moves) == (word, moves)


@pytest.mark.parametrize(
    ("status", "word", "tone"),
    [
        ("initializing", "being created", Tone.MOVING),
        ("deleting", "being deleted", Tone.MOVING),
        ("error", "needs attention", Tone.BAD),
        ("idle", "idle", Tone.QUIET),
        ("active", "idle", Tone.QUIET),
    ],
)
def test_workspace_state(status: str, word: str, tone: Tone) -> None:
    state = workspace_state(status)
    assert (state.word, state.tone) == (word, tone)
