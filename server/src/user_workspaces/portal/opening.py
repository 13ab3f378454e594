"""The way from a file into a session: the one that runs, or a launch that leads there."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from django.urls import reverse

from user_workspaces import registry
from user_workspaces.jobs.queries import live_jobs
from user_workspaces.portal.applications import applications
from user_workspaces.portal.destinations import START_PAGE
from user_workspaces.portal.session_view import view_of
from user_workspaces.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Way:
    """A link into a session."""

    name: str
    """Of the application."""
    address: str
    launches: bool
    """Whether a session has to be launched first: the address is that of the launch dialog."""


def way_to_open(workspace: Workspace, path: str, *, now: datetime) -> Way | None:
    """Return the way to a file in a session; None where the site has no application that is opened."""
    to = urlencode({"to": f"{START_PAGE}/tree/{quote(path)}"})
    for job in live_jobs(workspace_id=workspace.pk):
        session = view_of(job, now=now)
        if job.serves and (session.can_open or session.has_progress):
            return Way(session.name, f"{reverse('portal:open', args=[job.pk])}?{to}", launches=False)
    job_type = first_served()
    if not job_type:
        return None
    name = registry.site().job_types[job_type].name
    return Way(name, f"{reverse('portal:launch', args=[workspace.pk])}?{to}", launches=True)


def first_served() -> str:
    """Return the first offered job type that users open in a browser; empty: there is none."""
    plugins = registry.current().job_types
    return next((name for name in applications() if name in plugins and plugins.get(name).serves), "")
