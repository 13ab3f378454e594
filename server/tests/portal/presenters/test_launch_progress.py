"""The steps of every possible launch."""

import itertools

from user_workspaces.jobs.status import JobStatus
from user_workspaces.portal.presenters.launch_progress import Launch, StepState, steps_of

YES_AND_NO = (False, True)
DONE, CURRENT, NEXT, FAILED = StepState.DONE, StepState.CURRENT, StepState.NEXT, StepState.FAILED


def progress(launch: Launch) -> list[StepState]:
    """Return the state of each step."""
    return [step.progress for step in steps_of(launch)]


def launch_of(status: JobStatus, **facts: bool) -> Launch:
    """Return a launch of a session."""
    known = {"submitted": False, "serves": True, "started": False, "ready": False, **facts}
    return Launch(status=status, name="JupyterLab", message="why", **known)


def test_steps_of_a_new_launch() -> None:
    steps = steps_of(launch_of(JobStatus.PENDING))
    assert [step.title for step in steps] == ["Accepted", "Preparing", "Starting JupyterLab", "Ready"]
    assert [step.detail for step in steps] == ["", "why", "", ""]
    assert [step.progress for step in steps] == [DONE, CURRENT, NEXT, NEXT]


def test_steps_of_a_submitted_launch_show_that_it_waits() -> None:
    assert steps_of(launch_of(JobStatus.PENDING, submitted=True))[1].title == "Waiting for resources"


def test_steps_of_a_starting_and_of_a_ready_session() -> None:
    assert progress(launch_of(JobStatus.RUNNING, submitted=True)) == [DONE, DONE, CURRENT, NEXT]
    assert progress(launch_of(JobStatus.RUNNING, submitted=True, started=True, ready=True)) == [DONE] * 4


def test_steps_of_a_job_without_a_page() -> None:
    running = launch_of(JobStatus.RUNNING, submitted=True, started=True, serves=False)
    assert progress(running) == [DONE, DONE, CURRENT, NEXT]
    assert [step.title for step in steps_of(running)][2:] == ["Running JupyterLab", "Finished"]
    assert progress(launch_of(JobStatus.COMPLETE, submitted=True, started=True, serves=False)) == [DONE] * 4


def test_steps_of_a_failed_launch_show_the_failed_step() -> None:
    assert progress(launch_of(JobStatus.FAILED)) == [DONE, FAILED, NEXT, NEXT]
    assert progress(launch_of(JobStatus.FAILED, submitted=True, started=True)) == [DONE, DONE, FAILED, NEXT]
    ran = launch_of(JobStatus.FAILED, submitted=True, started=True, ready=True)
    assert progress(ran) == [DONE, DONE, DONE, FAILED]


def test_steps_of_every_launch_are_in_order() -> None:
    order = [DONE, FAILED, CURRENT, NEXT]
    facts = itertools.product(JobStatus, YES_AND_NO, YES_AND_NO, YES_AND_NO, YES_AND_NO)
    for status, submitted, serves, started, ready in facts:
        found = progress(launch_of(status, submitted=submitted, serves=serves, started=started, ready=ready))
        assert found == sorted(found, key=order.index)
        assert found.count(CURRENT) + found.count(FAILED) <= 1
        assert (FAILED in found) == (status is JobStatus.FAILED)
