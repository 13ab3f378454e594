"""The ways from a file into applications: a session that runs, or a launch that leads there."""

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
    """What it does, such as `Open in JupyterLab`."""
    icon: str
    address: str
    launches: bool
    """Whether a session has to be launched first: the address is that of the launch dialog."""


@dataclass(frozen=True, slots=True)
class Openers:
    """What files of one workspace can be opened with at this moment."""

    workspace_id: int
    offered: tuple[Application, ...]
    sessions: tuple[SessionView, ...]
    """Those that can be opened now or soon."""

    def open_links(self, path: str) -> tuple[OpenLink, ...]:
        """Return the ways to a file; applications that are made for it come first."""
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
    """Find what runs in a workspace and what may be launched there; nothing opens the files of a workflow's run."""
    if workspace.holds_runs:
        return Openers(workspace.pk, (), ())
    views = (view_of(job, now=now) for job in live_jobs(workspace_id=workspace.pk) if job.serves)
    sessions = tuple(view for view in views if view.can_open or view.has_progress)
    return Openers(workspace.pk, tuple(applications().values()), sessions)


def page_of_file(job_type: str, path: str) -> str | None:
    """Return the page of a session that shows a file; None: it has no such page."""
    plugins = registry.current().job_types
    return plugins.get(job_type).page_of_file(path) if job_type in plugins else None


def _shows(session: SessionView, application: Application, path: str) -> bool:
    """Return whether to go to this session; one that runs a file must have been launched for this file."""
    is_of_it = session.job.job_type == application.job_type
    return is_of_it and (not application.asks_file or session.file == path)
