"""The way of a launch as a list of steps: what is done, what goes on, what comes next."""

from dataclasses import dataclass
from enum import StrEnum

from user_workspaces.jobs.status import JobStatus


class StepState(StrEnum):
    """Where a step is."""

    DONE = "done"
    CURRENT = "current"
    NEXT = "next"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LaunchStep:
    """One step; `detail` says more about the current one."""

    title: str
    progress: StepState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """What is known of a launch."""

    status: JobStatus
    name: str
    submitted: bool
    serves: bool
    started: bool
    ready: bool
    message: str


def steps_of(launch: Launch) -> list[LaunchStep]:
    """Return the four steps of a launch; the last one is reached when it can be used (or has finished)."""
    reached = _reached(launch)
    over = launch.status is JobStatus.FAILED
    return [
        LaunchStep(title, _progress(number, reached, over), launch.message if number == reached and not over else "")
        for number, title in enumerate(_titles(launch))
    ]


def _titles(launch: Launch) -> tuple[str, str, str, str]:
    waiting = "Waiting for a place" if launch.submitted else "Preparing"
    if launch.serves:
        return ("Accepted", waiting, f"Starting {launch.name}", "Ready")
    return ("Accepted", waiting, f"Running {launch.name}", "Finished")


def _reached(launch: Launch) -> int:
    """Return the number of the step that goes on, or at which it stopped; 4: all are done."""
    if launch.status is JobStatus.COMPLETE and not launch.serves:
        return 4
    if launch.ready:
        return 4 if launch.status is not JobStatus.FAILED else 3
    return 2 if launch.started or launch.status is JobStatus.RUNNING else 1


def _progress(number: int, reached: int, over: bool) -> StepState:  # noqa: FBT001  one of three plain facts
    if number < reached:
        return StepState.DONE
    if number > reached:
        return StepState.NEXT
    return StepState.FAILED if over else StepState.CURRENT
