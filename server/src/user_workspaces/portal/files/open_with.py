"""Links that open a file in an application: in a running session, or after a launch."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from user_workspaces import registry
from user_workspaces.jobs.queries import live_jobs
from user_workspaces.portal.applications import Application, applications, in_order
from user_workspaces.portal.presenters.session import SessionView, view_of
from user_workspaces.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link from a file to an application."""

    action: str
    """The link text, such as `Open in JupyterLab`."""
    icon: str
    address: str
    launches: bool
    """True if the address is that of the launch dialog, since no session can show the file."""


@dataclass(frozen=True, slots=True)
class Openers:
    """The applications and sessions that can open files of one workspace."""

    workspace_id: int
    offered: tuple[Application, ...]
    sessions: tuple[SessionView, ...]
    """Sessions that are ready or starting."""

    def open_links(self, path: str) -> tuple[OpenLink, ...]:
        """Return the links for a file, those of specific applications first."""
        return tuple(self._link(one, path) for one in in_order(self.offered, path))

    def _link(self, application: Application, path: str) -> OpenLink:
        session = next((one for one in self.sessions if _shows(one, application, path)), None)
        if session is not None:
            page = page_of_file(application.job_type, path)
            address = reverse("portal:open", args=[session.job.pk]) + (f"?{urlencode({'to': page})}" if page else "")
        else:
            choice = {"job_type": application.job_type, "file": path}
            address = f"{reverse('portal:launch', args=[self.workspace_id])}?{urlencode(choice)}"
        return OpenLink(application.action, application.icon, address, launches=session is None)


def openers_of(workspace: Workspace, *, now: datetime) -> Openers:
    """Find the sessions and applications of a workspace; none for the files of a run."""
    if workspace.holds_runs:
        return Openers(workspace.pk, (), ())
    views = (view_of(job, now=now) for job in live_jobs(workspace_id=workspace.pk) if job.serves)
    sessions = tuple(view for view in views if view.can_open or view.has_progress)
    return Openers(workspace.pk, tuple(applications().values()), sessions)


def page_of_file(job_type: str, path: str) -> str | None:
    """Return the page of a session that shows a file; None if the job type has no such page."""
    plugins = registry.current().job_types
    return plugins.get(job_type).page_of_file(path) if job_type in plugins else None


def _shows(session: SessionView, application: Application, path: str) -> bool:
    """Return True if this session can show the file; a session that runs a file must have been launched with it."""
    is_of_it = session.job.job_type == application.job_type
    return is_of_it and (not application.asks_file or session.file == path)
