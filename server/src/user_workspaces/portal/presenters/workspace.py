"""Presenter of the rows in the list of workspaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import LiveCounts, latest_job_of_each, live_job_counts, live_jobs_of_each
from user_workspaces.portal.presenters.session import SessionView, view_of
from user_workspaces.portal.presenters.status_labels import State, workspace_state
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import is_usable


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """One workspace in the list."""

    workspace: Workspace
    state: State
    sessions: tuple[SessionView, ...]
    """Live sessions, newest first."""
    last: SessionView | None
    """The last session, if none is live."""
    is_usable: bool

    @property
    def moves(self) -> bool:
        """True if the state of the workspace or of a session changes soon."""
        return self.state.moves or any(session.state.moves for session in self.sessions)


def rows_of(workspaces: Iterable[Workspace], *, now: datetime) -> list[WorkspaceRow]:
    """Present workspaces with two queries in total."""
    shown = list(workspaces)
    ids = [workspace.pk for workspace in shown]
    live, latest = live_jobs_of_each(ids), latest_job_of_each(ids)
    return [_row(workspace, live.get(workspace.pk, []), latest.get(workspace.pk), now) for workspace in shown]


def _row(workspace: Workspace, live: list[Job], latest: Job | None, now: datetime) -> WorkspaceRow:
    sessions = tuple(view_of(job, now=now) for job in live)
    own = workspace_state(workspace.status)
    return WorkspaceRow(
        workspace=workspace,
        state=sessions[0].state if sessions and not own.moves else own,
        sessions=sessions,
        last=view_of(latest, now=now) if latest and not sessions else None,
        is_usable=is_usable(workspace),
    )


def title_of(counts: LiveCounts, name: str = "Workspaces") -> str:
    """Return the page title, which starts with the number of live sessions."""
    parts = [
        f"{number} {word}" for number, word in ((counts.running, "running"), (counts.moving, "in progress")) if number
    ]
    return f"{', '.join(parts)} - {name}" if parts else name


def counts_of(user: User) -> LiveCounts:
    """Count the user's live jobs, on all pages of the list."""
    return live_job_counts(user)
