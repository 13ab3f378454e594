"""Labels, icons and tones for the status of jobs and workspaces."""

from dataclasses import dataclass
from enum import StrEnum

from user_workspaces.jobs.status import JobStatus
from user_workspaces.workspaces.models import WorkspaceStatus


class Tone(StrEnum):
    """Meaning of a colour; for accessibility an icon and a word always accompany it."""

    GOOD = "good"
    MOVING = "moving"
    QUIET = "quiet"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class State:
    """A status for display; `raw` is the status word of the API."""

    word: str
    icon: str
    tone: Tone
    raw: str

    @property
    def moves(self) -> bool:
        """True if the state changes soon, so that the page polls each second."""
        return self.tone is Tone.MOVING


def job_state(*, status: JobStatus, submitted: bool, serves: bool, ready: bool) -> State:
    """Return label, icon and tone of a job's status."""
    match status:
        case JobStatus.PENDING:
            return State("waiting" if submitted else "preparing", "clock", Tone.MOVING, status)
        case JobStatus.RUNNING:
            started = ready or not serves
            return State("running", "play", Tone.GOOD, status) if started else _moving("starting", status)
        case JobStatus.STOPPING:
            return _moving("stopping", status)
        case JobStatus.COMPLETE:
            return State("finished", "check", Tone.QUIET, status)
        case JobStatus.FAILED:
            return State("failed", "cross", Tone.BAD, status)


def workspace_state(status: str) -> State:
    """Return label, icon and tone of a workspace without jobs."""
    match status:
        case WorkspaceStatus.INITIALIZING:
            return _moving("being created", status)
        case WorkspaceStatus.DELETING:
            return _moving("being deleted", status)
        case WorkspaceStatus.ERROR:
            return State("needs attention", "cross", Tone.BAD, status)
        case _:
            return State("idle", "dot", Tone.QUIET, status)


def _moving(word: str, raw: str) -> State:
    return State(word, "spin", Tone.MOVING, raw)
