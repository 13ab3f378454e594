"""The progress of a launch as a list of steps."""

from dataclasses import dataclass
from enum import StrEnum

from user_workspaces.jobs.status import JobStatus


class StepState(StrEnum):
    """State of a step."""

    DONE = "done"
    CURRENT = "current"
    NEXT = "next"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LaunchStep:
    """One step; `detail` is the message of the current one."""

    title: str
    progress: StepState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """The facts of a job that determine its steps."""

    status: JobStatus
    name: str
    submitted: bool
    serves: bool
    started: bool
    ready: bool
    message: str


def steps_of(launch: Launch) -> list[LaunchStep]:
    """Return the four steps of a launch; the last one is done when the session is ready or the job has finished."""
    reached = _reached(launch)
    has_failed = launch.status is JobStatus.FAILED
    return [
        LaunchStep(
            title,
            _progress(number, reached, has_failed),
            launch.message if number == reached and not has_failed else "",
        )
        for number, title in enumerate(_titles(launch))
    ]


def _titles(launch: Launch) -> tuple[str, str, str, str]:
    waiting = "Waiting for resources" if launch.submitted else "Preparing"
    if launch.serves:
        return ("Accepted", waiting, f"Starting {launch.name}", "Ready")
    return ("Accepted", waiting, f"Running {launch.name}", "Finished")


def _reached(launch: Launch) -> int:
    """Return the index of the current or failed step; 4 if all are done."""
    if launch.status is JobStatus.COMPLETE and not launch.serves:
        return 4
    if launch.ready:
        return 4 if launch.status is not JobStatus.FAILED else 3
    return 2 if launch.started or launch.status is JobStatus.RUNNING else 1


def _progress(number: int, reached: int, has_failed: bool) -> StepState:  # noqa: FBT001  private, three plain facts
    if number < reached:
        return StepState.DONE
    if number > reached:
        return StepState.NEXT
    return StepState.FAILED if has_failed else StepState.CURRENT
