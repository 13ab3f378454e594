"""`/api/workflows`: list and create runs."""

import uuid
from collections.abc import Callable
from functools import partial, reduce
from operator import or_
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.db.raw_lists import Condition, RawRow, page_of_raw_rows, raw_rows, uuid_text
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import statuses_of
from user_workspaces.jobs.session_tokens import session_of
from user_workspaces.jobs.status import LIVE, JobStatus
from user_workspaces.reana_api import serializers
from user_workspaces.reana_api.search import MALFORMED, Search
from user_workspaces.reana_api.sessions import session_path
from user_workspaces.reana_api.user_ids import user_uuid
from user_workspaces.reana_api.view import ReanaView, flag, json_in, positive
from user_workspaces.workflows.lifecycle.actions import RunRequest, create_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import LISTED, NEWEST, runs_of
from user_workspaces.workflows.run_names import as_uuid
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.queries import disk_space_of

COLUMNS = (
    *("id", "name", "major", "minor", "status", "progress", "workspace_id", "session_id"),
    *("datetime_created", "datetime_started", "datetime_finished", "datetime_stopped"),
)
WORKSPACE, SESSION = COLUMNS.index("workspace_id"), COLUMNS.index("session_id")
ORDER = {
    "asc": ("datetime_created", "id"),
    "disk-desc": ("-workspace__disk_space", "-datetime_created"),
    "cpu-desc": ("-job__core_hours", "-datetime_created"),
}
SESSION_STATUS = {
    JobStatus.PENDING.value: "created",
    JobStatus.RUNNING.value: "running",
    JobStatus.STOPPING.value: "stopped",
}


class Workflows(ReanaView):
    """The caller's runs."""

    scope = Scope.WORKSPACES

    def get(self, request: Request) -> Response:
        """List the caller's runs, newest first; each page takes the same few queries."""
        interactive = request.query_params.get("type") == "interactive"
        rows = _rows(self.current_user, request, interactive=interactive)
        describing = _Describing(request, user_id=self.current_user.pk, interactive=interactive)
        found = paged(request, partial(_read, rows, describing))
        # The total counts the filtered list: a filter without matches does not mean that the user has no runs.
        has_some = found["total"] > 0 or Run.objects.filter(owner=self.current_user).exists()
        return Response({**found, "user_has_workflows": has_some})

    def post(self, request: Request) -> Response:
        """Create a run from the specification in the body."""
        # Fetching a URL of the client would let users reach hosts inside the server's network (SSRF).
        if request.query_params.get("spec"):
            raise InvalidRequest("This server fetches no specifications from URLs. Send the specification in the body.")
        document = json_in(request)
        _check_type(document)
        name = request.query_params.get("workflow_name", "")
        wanted = RunRequest(owner=self.current_user, name=name, document=document, origin=_origin(self.token))
        run = create_run(wanted, now=timezone.now())
        made = {"message": "Workflow workspace created", "workflow_id": str(run.pk), "workflow_name": run.full_name}
        return Response(made, status=201)


def _origin(token: ApiToken) -> dict[str, object]:
    """Return the origin of a run: the workspace of the session that this token belongs to, if any."""
    session = session_of(token)
    return {} if session is None else {"workspace_id": session.workspace_id, "session_id": session.pk}


def _check_type(document: object) -> None:
    """Raise REANA's own error text for a missing type."""
    workflow = document.get("workflow") if isinstance(document, dict) else None
    if isinstance(workflow, dict) and "type" not in workflow:
        raise InvalidRequest("'type'")


Read = Callable[[int, int | None], tuple[list[Any], int]]
"""Called with offset and limit (None: all); returns the items and the total."""


def paged(request: Request, read: Read) -> dict[str, Any]:
    """Return one page of the items; without `size`, all of them are on page 1."""
    page, wanted = positive(request, "page") or 1, positive(request, "size")
    items, total = read((page - 1) * (wanted or 0), wanted)
    length = wanted or max(1, total)
    start = (page - 1) * length
    found: dict[str, Any] = {
        "items": items if start < total else [],
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


def _read(
    rows: QuerySet[Run] | Condition, describing: "_Describing", offset: int, limit: int | None
) -> tuple[list[dict[str, object]], int]:
    # Raw rows instead of model instances, because this list may have thousands of items.
    if isinstance(rows, Condition) or all("__" not in str(name) for name in rows.query.order_by):
        found, total = page_of_raw_rows(rows, COLUMNS, offset=offset, limit=limit)
    else:  # ordered by a joined table: raw reading cannot join, so first the keys, then their rows
        keys = rows.values_list("pk", flat=True)[offset : None if limit is None else offset + limit]
        by_id = {uuid_text(row[0]): row for row in raw_rows(Run.objects.filter(pk__in=list(keys)), COLUMNS)}
        # `IN` returns rows in any order. Deleted runs keep their rows, so every key has one.
        found, total = [by_id[str(key)] for key in keys], rows.count()
    return describing.rows(found), total


def _rows(user: User, request: Request, *, interactive: bool) -> QuerySet[Run] | Condition:
    """Return the requested runs of a user. Without filters this is the precompiled list, as in most requests."""
    conditions, sorting = _conditions(request, interactive=interactive), request.query_params.get("sort", "")
    if not conditions and sorting not in ORDER:
        return LISTED.of(user.pk)
    return runs_of(user).filter(*conditions).order_by(*ORDER.get(sorting, NEWEST))


def _conditions(request: Request, *, interactive: bool) -> list[Q | Exists]:
    found: list[Q | Exists] = []
    statuses = [word for text in request.query_params.getlist("status") for word in text.split(",") if word]
    if any(word not in set(RunStatus) for word in statuses):
        raise InvalidRequest(MALFORMED)
    if statuses:
        found.append(Q(status__in=statuses))
    if interactive:
        # Exists instead of a join, because raw reading supports one table only.
        found.append(Exists(Job.objects.filter(pk=OuterRef("session_id"), status__in=LIVE)))
    names = Search.read(request.query_params.get("search")).wanted.get("name", ())
    if names:
        found.append(reduce(or_, (Q(name__icontains=name) for name in names)))
    if _wants_shared(request):
        # Django knows that an empty list matches nothing, and sends no query.
        found.append(Q(pk__in=()))
    asked = request.query_params.get("workflow_id_or_name")
    if asked:
        # PostgreSQL rejects NUL characters in a name.
        identity: uuid.UUID | None = as_uuid(asked)
        found.append(Q(pk=identity) if identity else Q(name=asked.replace("\0", "")))
    return found


def _wants_shared(request: Request) -> bool:
    """Return whether only shared runs are requested. Runs cannot be shared on this server."""
    query = request.query_params
    return bool(query.get("shared_by")) or query.get("shared_with", "") not in {"", "nobody"}


class _Describing:
    """Describes runs with the details that the query asks for."""

    def __init__(self, request: Request, *, user_id: int, interactive: bool) -> None:
        verbose = flag(request, "verbose")
        self._user, self._interactive = user_uuid(user_id), interactive
        self._size = verbose or flag(request, "include_workspace_size")
        self._progress = verbose or flag(request, "include_progress")

    def rows(self, rows: list[RawRow]) -> list[dict[str, object]]:
        """Return list items; data of other tables is read in one query for all rows."""
        sizes = disk_space_of(row[WORKSPACE] for row in rows) if self._size else {}
        sessions = statuses_of(row[SESSION] for row in rows) if self._interactive else {}
        return [self._row(row, sizes, sessions) for row in rows]

    def _row(self, row: RawRow, sizes: dict[int, int], sessions: dict[int, str]) -> dict[str, object]:
        key, name, major, minor, status, progress, workspace_id, session_id, created, started, finished, stopped = row
        run_id, disk = uuid_text(key), sizes.get(workspace_id)
        at = {
            "run_started_at": serializers.second(started),
            "run_finished_at": serializers.second(finished),
            "run_stopped_at": serializers.second(stopped),
        }
        item: dict[str, object] = {
            "id": run_id,
            "name": f"{name}.{major}.{minor}" if minor else f"{name}.{major}",
            "status": status,
            "created": serializers.second(created),
            "user": self._user,
            "launcher_url": None,
            "size": serializers.UNKNOWN_SIZE if disk is None else serializers.size(disk),
            "progress": {**serializers.command_counts(orjson.loads(progress)), **at} if self._progress else at,
        }
        if self._interactive:
            session_status = SESSION_STATUS.get(sessions.get(session_id, ""), "stopped")
            item.update(session_type="jupyter", session_uri=session_path(run_id), session_status=session_status)
        return item
