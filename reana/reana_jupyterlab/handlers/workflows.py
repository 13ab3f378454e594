"""Reads runs: list, state, logs, specification, comparison."""

import asyncio
import json
from dataclasses import asdict

import tornado.web

from reana_jupyterlab.const import LIST_SIZE, LIST_SORT
from reana_jupyterlab.reana import ReanaClient, RunName
from reana_jupyterlab.reana.differences import read_differences
from reana_jupyterlab.reana.errors import BadRequest, NotFound
from reana_jupyterlab.reana.values import STATUSES, JsonObject

from .base import ReanaHandler
from .runs import WorkflowCreateHandler, WorkflowValidateHandler
from .serializers import logs_json, workflow_json, workflow_page_json
from .workspace import WorkflowWorkspaceHandler, WorkspaceFilesHandler

SORTS = ("asc", "desc", "disk-desc", "cpu-desc")
KINDS = ("batch", "interactive")
MAX_CONTEXT_LINES = 100
# Forwarded unchanged; REANA validates their values.
FORWARDED = ("verbose", "include_progress", "include_workspace_size", "shared", "shared_by", "shared_with")

__all__ = [
    "WorkflowCreateHandler",
    "WorkflowDiffHandler",
    "WorkflowHandler",
    "WorkflowLogsHandler",
    "WorkflowSpecificationHandler",
    "WorkflowValidateHandler",
    "WorkflowWorkspaceHandler",
    "WorkflowsHandler",
    "WorkspaceFilesHandler",
]


class WorkflowsHandler(ReanaHandler):
    """The list of runs."""

    known_query = {"GET": ("page", "size", "search", "sort", "status", "type", "workflow_id_or_name", *FORWARDED)}

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return a page; empty parameters count as absent."""
        sort = self.query("sort") or LIST_SORT
        kind = self.query("type") or "batch"
        if sort not in SORTS or kind not in KINDS:
            raise BadRequest(f"'sort' must be one of {', '.join(SORTS)}; 'type' one of {', '.join(KINDS)}.")
        number, size = self.page(size=LIST_SIZE)
        client = await self.client()
        more = {name: value for name in FORWARDED if (value := self.query(name))}
        if run := await self._asked_run(client):
            more["workflow_id_or_name"] = run
        page = await client.workflows(
            page=number,
            size=size,
            # REANA searches names without the run number: `hello.1` would match nothing.
            search=RunName.parse(self.query("search").strip()).name,
            status=self._statuses(),
            sort=sort,
            kind=kind,
            more=more,
        )
        self.respond(workflow_page_json(page))

    async def _asked_run(self, client: ReanaClient) -> str:
        """Return the value by which REANA's list finds a run: its identifier, or a name without run number."""
        named = self.query("workflow_id_or_name").strip()
        if "." not in named:
            return named
        try:
            # REANA's list does not find a name with a run number.
            return (await client.workflow(named)).id
        except NotFound:
            return named

    def _statuses(self) -> tuple[str, ...]:
        words = [word.strip() for value in self.get_query_arguments("status") for word in value.split(",")]
        wanted = tuple(word for word in words if word and word != "all")
        unknown = [word for word in wanted if word not in STATUSES]
        if unknown:
            raise BadRequest(f"Unknown status '{unknown[0]}'; known statuses: {', '.join(sorted(STATUSES))}.")
        return wanted


class WorkflowHandler(ReanaHandler):
    """One run."""

    known_query = {"DELETE": ("workspace", "all_runs")}

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Return its state."""
        self.respond(workflow_json(await (await self.client()).workflow(workflow)))

    @tornado.web.authenticated
    async def delete(self, workflow: str) -> None:
        """Delete it, with its workspace unless `?workspace=false`; `?all_runs=true` also deletes its other runs."""
        all_runs, client = self.flag("all_runs"), await self.client()
        name = await client.name_of(workflow)
        await client.delete(workflow, workspace=self.flag("workspace", default=True), all_runs=all_runs)
        self.succeed(f"Deleted {name}{' and all its runs' if all_runs else ''}.")


class WorkflowLogsHandler(ReanaHandler):
    """Logs of the engine and of the jobs."""

    known_query = {"GET": ("workflow_id", "search", "page", "size")}

    @tornado.web.authenticated
    async def get(self, workflow: str = "") -> None:
        """Return the logs; `?search=` keeps matching lines, `?page=&size=` page through the jobs."""
        client, search = await self.client(), self.query("search")
        pages = {name: self.count(name, 1) for name in ("page", "size") if self.query(name)}
        self.respond(logs_json(await client.logs(self.named(workflow), search=search, pages=pages)))


class WorkflowSpecificationHandler(ReanaHandler):
    """The specification of a run."""

    known_query = {"GET": ("workflow_id",)}

    @tornado.web.authenticated
    async def get(self, workflow: str = "") -> None:
        """Return `{parameters, specification}` with their original keys."""
        answer = await (await self.client()).specification(self.named(workflow))
        self.respond({"parameters": answer.get("parameters") or {}, "specification": answer.get("specification") or {}})


class WorkflowDiffHandler(ReanaHandler):
    """Compares two runs."""

    known_query = {"GET": ("brief", "context_lines")}

    @tornado.web.authenticated
    async def get(self, first: str, second: str) -> None:
        """Return REANA's comparison and the changed files; `?brief=true` omits file contents."""
        lines = self.count("context_lines", 5, most=MAX_CONTEXT_LINES)
        client = await self.client()
        answer, one, other = await asyncio.gather(
            client.diff(first, second, brief=self.flag("brief"), context_lines=lines),
            client.workflow(first),
            client.workflow(second),
        )
        self.respond(diff_json(answer, first=str(one.name), second=str(other.name)))


def diff_json(answer: JsonObject, *, first: str, second: str) -> dict[str, object]:
    """Return both parts decoded: REANA sends each as a JSON string."""
    files = _decoded(answer.get("workspace_listing"))
    text = "\n".join(map(str, files)) if isinstance(files, dict | list) else str(files or "")
    found = read_differences(text, first=first, second=second)
    return {
        "specification": _decoded(answer.get("reana_specification")),
        "files": files,
        "changes": [asdict(change) for change in found.changes],
        "complete": found.is_complete,
    }


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
