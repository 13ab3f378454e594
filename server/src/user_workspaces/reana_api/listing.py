"""`/api/workflows`: the list, and new runs."""

import uuid
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE, JobStatus
from user_workspaces.reana_api import shapes
from user_workspaces.reana_api.people import person_id
from user_workspaces.reana_api.searching import MALFORMED, Search
from user_workspaces.reana_api.sessions import session_path
from user_workspaces.reana_api.view import ReanaView, flag, json_in, positive
from user_workspaces.workflows.actions import create_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.numbering import as_uuid
from user_workspaces.workflows.queries import runs_of
from user_workspaces.workflows.status import RunStatus

COLUMNS = (
    *("id", "name", "major", "minor", "status", "datetime_created"),
    *("datetime_started", "datetime_finished", "datetime_stopped"),
)
ORDER = {
    "asc": ("datetime_created", "id"),
    "disk-desc": ("-workspace__disk_space", "-datetime_created"),
    "cpu-desc": ("-job__core_hours", "-datetime_created"),
}
SESSION_STATUS = {JobStatus.PENDING: "created", JobStatus.RUNNING: "running", JobStatus.STOPPING: "stopped"}


class Workflows(ReanaView):
    """The list, and new ones."""

    scope = Scope.WORKSPACES

    def get(self, request: Request) -> Response:
        """List the caller's own, newest first; each page takes the same few queries."""
        interactive = request.query_params.get("type") == "interactive"
        rows = _filtered(runs_of(self.person), request, interactive=interactive)
        rows = rows.order_by(*ORDER.get(request.query_params.get("sort", ""), ("-datetime_created", "-id")))
        described = _Describing(request, user_id=self.person.pk, interactive=interactive)
        found = paged(request, rows.values(*described.columns), described.row)
        has_some = found["total"] > 0 or Run.objects.filter(owner=self.person).exists()
        return Response({**found, "user_has_workflows": has_some})

    def post(self, request: Request) -> Response:
        """Make a run from the specification in the body."""
        if request.query_params.get("spec"):
            raise InvalidRequest("Specifications are not fetched from elsewhere here: send it in the body.")
        document = json_in(request)
        _check_type(document)
        name = request.query_params.get("workflow_name", "")
        run = create_run(owner=self.person, name=name, document=document, now=timezone.now())
        made = {"message": "Workflow workspace created", "workflow_id": str(run.pk), "workflow_name": run.full_name}
        return Response(made, status=201)


def _check_type(document: object) -> None:
    """REANA's own words for the mistake that it finds first."""
    workflow = document.get("workflow") if isinstance(document, dict) else None
    if isinstance(workflow, dict) and "type" not in workflow:
        raise InvalidRequest("'type'")


def paged(request: Request, rows: "QuerySet[Any, Any] | list[Any]", shape: Any) -> dict[str, Any]:  # noqa: ANN401  rows of any kind, and what makes them into answers
    """Return one page of rows, each shaped; without `size` all of them are on it."""
    page, wanted = positive(request, "page") or 1, positive(request, "size")
    total = len(rows) if isinstance(rows, list) else rows.count()
    length = wanted or max(1, total)
    start = (page - 1) * length
    found: dict[str, Any] = {
        "items": [shape(one) for one in rows[start : start + length]] if start < total else [],
        "page": page,
        "total": total,
        "has_next": start + length < total,
        "has_prev": page > 1,
    }
    if wanted is not None:
        links = {"self": {"page": page}, "next": {"page": page + 1}, "prev": {"page": page - 1}}
        if not found["has_next"] and found["items"]:
            del links["next"]
        if page == 1:
            del links["prev"]
        found.update(size=length, from_idx=start, to_idx=start + length, links=links)
    return found


def _filtered(rows: QuerySet[Run], request: Request, *, interactive: bool) -> QuerySet[Run]:
    statuses = [word for text in request.query_params.getlist("status") for word in text.split(",") if word]
    if any(word not in set(RunStatus) for word in statuses):
        raise InvalidRequest(MALFORMED)
    if statuses:
        rows = rows.filter(status__in=statuses)
    if interactive:
        rows = rows.filter(Exists(Job.objects.filter(pk=OuterRef("session_id"), status__in=LIVE)))
    names = Search.read(request.query_params.get("search")).wanted.get("name", ())
    if names:
        rows = rows.filter(reduce(or_, (Q(name__icontains=name) for name in names)))
    asked = request.query_params.get("workflow_id_or_name")
    if asked:
        identity: uuid.UUID | None = as_uuid(asked)
        rows = rows.filter(Q(pk=identity) if identity else Q(name=asked.replace("\0", "")))
    return rows


class _Describing:
    """What of each run somebody wants to see."""

    def __init__(self, request: Request, *, user_id: int, interactive: bool) -> None:
        verbose = flag(request, "verbose")
        self._user, self._interactive = person_id(user_id), interactive
        self._size = verbose or flag(request, "include_workspace_size")
        self._progress = verbose or flag(request, "include_progress")
        self.columns = [
            *COLUMNS,
            *(["workspace__disk_space"] if self._size else []),
            *(["progress"] if self._progress else []),
            *(["session__status"] if interactive else []),
        ]

    def row(self, row: dict[str, Any]) -> dict[str, object]:
        """Return one run as it is listed."""
        at = shapes.times(
            started=row["datetime_started"], finished=row["datetime_finished"], stopped=row["datetime_stopped"]
        )
        disk = row.get("workspace__disk_space")
        number = f"{row['major']}.{row['minor']}" if row["minor"] else str(row["major"])
        item: dict[str, object] = {
            "id": str(row["id"]),
            "name": f"{row['name']}.{number}",
            "status": row["status"],
            "created": shapes.moment(row["datetime_created"]),
            "user": self._user,
            "launcher_url": None,
            "size": shapes.UNKNOWN_SIZE if disk is None else shapes.size(disk),
            "progress": {**shapes.figures(row["progress"]), **at} if self._progress else at,
        }
        if self._interactive:
            status = SESSION_STATUS.get(row["session__status"], "stopped")
            item.update(session_type="jupyter", session_uri=session_path(row["id"]), session_status=status)
        return item
