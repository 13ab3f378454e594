"""`/api/workflows/{id}/open/`, `close/` and `session`: a session in the workspace of a run."""

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import escape
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces import registry
from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import Conflict, InvalidRequest, NotFound
from user_workspaces.jobs.actions import LaunchRequest, start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.session_urls import address_of
from user_workspaces.jobs.start_pages import start_page
from user_workspaces.jobs.status import LIVE, STOPPABLE, JobStatus
from user_workspaces.jobs.tickets import TicketClaims
from user_workspaces.reana_api.view import ReanaView
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run, workspace_of

KNOWN_TYPES = ("jupyter",)
WAITING = (
    "<!doctype html><meta charset='utf-8'><meta http-equiv='refresh' content='2'>"
    "<title>The session is starting</title><h1>The session is starting</h1><p>{message}</p>"
)
ENDED = "<!doctype html><meta charset='utf-8'><title>No session</title><h1>No session is open</h1><p>{message}</p>"


def session_path(run_id: uuid.UUID | str) -> str:
    """Return the path of a run's session; clients append `?token=`."""
    return f"/api/workflows/{run_id}/session"


class OpenSession(ReanaView):
    """Open a session."""

    scope = Scope.SESSIONS
    is_of_workflows = False

    def post(self, _request: Request, named: str, kind: str) -> Response:
        """Launch a session in the run's workspace."""
        run = find_run(user=self.current_user, named=named)
        workspace = workspace_of(run)
        if kind not in KNOWN_TYPES:
            raise NotFound(f"Interactive session type {kind} not found, try with one of: {list(KNOWN_TYPES)}.")
        if run.session is not None and run.session.status in LIVE:
            raise Conflict("Interactive session is already open")
        launch = LaunchRequest(owner=self.current_user, workspace_id=workspace.pk, job_type=_session_job_type())
        job = start_job(launch, now=timezone.now())
        # Only this column, so that concurrent changes of the other columns are kept.
        Run.objects.filter(pk=run.pk).update(session=job)
        return Response({"path": session_path(run.pk)})


def _session_job_type() -> str:
    offered = registry.site().job_types
    for name, job_type in registry.current().job_types.items():
        if job_type.is_interactive and name in offered:
            return name
    raise InvalidRequest("This server offers no interactive sessions.")


class CloseSession(ReanaView):
    """Close a session."""

    scope = Scope.SESSIONS
    is_of_workflows = False

    def post(self, _request: Request, named: str) -> Response:
        """Stop the session."""
        run = find_run(user=self.current_user, named=named)
        job = run.session
        if job is None or job.status not in STOPPABLE:
            raise NotFound(f"Workflow - {run.full_name} has no open interactive session.")
        stop_job(job=job, now=timezone.now())
        return Response({"message": "The interactive session has been closed"})


class SessionRedirect(ReanaView):
    """The address that a client prints: redirects to the session as soon as it is ready."""

    scope = Scope.SESSIONS
    is_of_workflows = False
    token_parameter = "token"  # noqa: S105  its name in the addresses that clients make

    def get(self, _request: Request, named: str) -> HttpResponse:
        """Redirect with a new ticket; until the session is ready, return a page that refreshes itself."""
        # A GET needs only `read`, but the redirect carries a ticket that opens the session.
        self.require(Scope.SESSIONS)
        run = find_run(user=self.current_user, named=named)
        job = run.session
        if job is None or job.status not in LIVE:
            return HttpResponse(ENDED.format(message=escape(job.message if job else "")), status=404)
        if job.status == JobStatus.RUNNING and job.datetime_ready is not None:
            response: HttpResponse = HttpResponseRedirect(self._address(job))
        else:
            response = HttpResponse(WAITING.format(message=escape(job.message)))
        response.headers["Referrer-Policy"] = "no-referrer"  # the URL of this page contains the token
        return response

    def _address(self, job: Job) -> str:
        claim = TicketClaims(job_id=job.pk, user_id=self.current_user.pk, epoch=self.current_user.session_epoch)
        page = start_page(job.job_type, requested=job.requested, resource=job.resource, job_id=job.pk)
        return address_of(claim=claim, resource=job.resource, serves_at=page, now=timezone.now()).url
