"""REANA's REST API as typed calls; every failure is an error of `errors.py`."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx

from . import responses
from .errors import NotSupported
from .features import Features
from .logs import RunLogs, read_logs
from .outcomes import confirmed, unconfirmed
from .paths import at, checked_path
from .transport import ApiRequest, Limits, Transport, exactly, too_slow
from .values import (
    ENDED,
    Created,
    Credentials,
    FilePage,
    Json,
    JsonObject,
    User,
    Workflow,
    WorkflowPage,
    WorkspaceFile,
)

PAGE_SIZE = 500
MAX_PAGES = 10_000


class ReanaClient:
    """Client of one REANA server with one token; safe to use from many tasks of one event loop."""

    def __init__(self, credentials: Credentials, *, limits: Limits | None = None) -> None:
        self.credentials = credentials
        self.limits = limits or Limits()
        self._transport = Transport(credentials, limits=self.limits)
        self.features = Features(self._get)
        self._engines: list[tuple[str, ...] | None] = []
        """The cached response; empty until asked."""

    async def aclose(self) -> None:
        """Close all connections; running requests fail."""
        await self._transport.aclose()

    async def user(self) -> User:
        """Return the user of the token, with quotas."""
        return responses.user(await self._get("/api/you"))

    async def info(self) -> JsonObject:
        """Return the server's information: key -> `{title, value}`."""
        return responses.an_object(await self._get("/api/info"), what="the server's information")

    async def engines(self) -> tuple[str, ...] | None:
        """Return the workflow engines of the server, cached; None if unknown, as for releases up to 0.9."""
        if not self._engines:
            self._engines = [responses.engines(await self.info())]
        return self._engines[0]

    async def config(self) -> JsonObject:
        """Return the configuration of REANA's own pages (`polling_secs`, `file_preview_size_limit` ...)."""
        return responses.an_object(await self._get("/api/config", anonymous=True), what="the configuration")

    async def workflows(
        self,
        *,
        page: int = 1,
        size: int = 10,
        search: str = "",
        status: tuple[str, ...] = (),
        sort: str = "desc",
        kind: str = "batch",
        more: Mapping[str, str] | None = None,
    ) -> WorkflowPage:
        """Return a page of runs; `search` is part of the name without run number, `more` is forwarded unchanged."""
        params: dict[str, object] = {"type": kind, "page": page, "size": size, "sort": sort, "include_progress": "true"}
        if search:
            params["search"] = json.dumps({"name": [search]})
        if status:
            params["status"] = list(status)
        if more:
            params |= more
        if any(params.get(name) for name in ("shared_by", "shared_with")) or params.get("shared") == "true":
            await self._needs_sharing()
        found = responses.workflow_page(await self._get("/api/workflows", params))
        self._transport.names.learn(found.items)  # messages then show names instead of identifiers
        return found

    async def workflow(self, workflow: str) -> Workflow:
        """Return one run, by identifier or `name.run`."""
        run = responses.workflow(await self._get(at(workflow, "status"), subject=workflow))
        self._transport.names.learn([run])
        return run

    async def name_of(self, workflow: str) -> str:
        """Return `name.run` of a run, from the cache if it is known."""
        return self._transport.names.get(workflow) or str((await self.workflow(workflow)).name)

    async def logs(self, workflow: str, *, search: str = "", pages: Mapping[str, int] | None = None) -> RunLogs:
        """Return the run's logs, truncated to their end; `pages` has the `page` and `size` of the jobs."""
        ask = ApiRequest("GET", at(workflow, "logs"), pages or {}, subject=workflow)
        try:
            async with asyncio.timeout(self.limits.logs), self._transport.stream(ask) as response:
                return await read_logs(response.aiter_raw(), search=search)
        except TimeoutError as error:
            raise too_slow() from error

    async def specification(self, workflow: str) -> JsonObject:
        """Return `{parameters, specification}` with their original keys."""
        answer = await self._get(at(workflow, "specification"), subject=workflow)
        return responses.an_object(answer, what="the specification")

    async def files(
        self, workflow: str, *, page: int = 1, size: int = PAGE_SIZE, search: str = "", file_name: str = ""
    ) -> FilePage:
        """Return a page of the workspace's files; `search` is part of a name, `file_name` a pattern."""
        params: dict[str, object] = {"page": page, "size": size}
        if search:
            params["search"] = json.dumps({"name": [search]})
        if file_name:
            params["file_name"] = file_name
        return responses.file_page(await self._get(at(workflow, "workspace"), params, subject=workflow))

    async def all_files(self, workflow: str, *, search: str = "") -> tuple[WorkspaceFile, ...]:
        """Return the files of all pages, without duplicates."""
        found: dict[str, WorkspaceFile] = {}
        for number in range(1, MAX_PAGES):
            page = await self.files(workflow, page=number, search=search)
            known = len(found)
            found.update((file.name, file) for file in page.items)
            # Guard against endless paging: each page must add a file.
            if not page.has_next or len(found) == known:
                break
        return tuple(found.values())

    @asynccontextmanager
    async def open_file(self, workflow: str, path: str, *, preview: bool = False) -> AsyncIterator[httpx.Response]:
        """Open a file, or a directory as a ZIP archive, as a stream."""
        params = {"preview": "true"} if preview else {}
        ask = ApiRequest("GET", at(workflow, "workspace", path), params, subject=workflow)
        async with self._transport.stream(ask) as response:
            yield response

    async def upload(self, workflow: str, path: str, content: AsyncIterator[bytes], *, size: int) -> None:
        """Write a file of `size` bytes to the workspace; creates parents and replaces an existing file."""
        checked_path(path)
        # Content-Length is required: REANA servers read a body of unknown length as empty.
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        ask = ApiRequest(
            "POST",
            at(workflow, "workspace"),
            {"file_name": path},
            content=exactly(content, size),
            headers=headers,
            subject=workflow,
        )
        async with self._transport.stream(ask):
            pass

    async def delete_file(self, workflow: str, path: str) -> tuple[str, ...]:
        """Delete files by path or pattern; return the deleted names (empty if none matched)."""
        answer = await self._transport.json(ApiRequest("DELETE", at(workflow, "workspace", path), subject=workflow))
        return tuple(
            responses.an_object(responses.an_object(answer, what="the response").get("deleted"), what="'deleted'")
        )

    async def move(self, workflow: str, source: str, target: str) -> None:
        """Rename a file or directory of the workspace."""
        params = {"source": checked_path(source), "target": checked_path(target)}
        path = f"/api/workflows/move_files/{quote(workflow, safe='')}"
        await self._transport.json(ApiRequest("PUT", path, params, subject=workflow))

    async def create(self, name: str, specification: JsonObject) -> Created:
        """Create a run from a loaded specification (REANA up to 0.9)."""
        ask = ApiRequest("POST", "/api/workflows", {"workflow_name": name}, json=specification)
        with unconfirmed("it was created"):
            return responses.created(await self._transport.json(ask))

    async def create_from_bundle(self, name: str, bundle: bytes) -> Created:
        """Create a run from an archive with `reana.yaml` and its sources (REANA from 0.95)."""
        files = {"bundle": ("bundle.zip", bundle, "application/zip")}
        ask = ApiRequest("POST", "/api/workflows", {"workflow_name": name}, files=files)
        with unconfirmed("it was created"):
            return responses.created(await self._transport.json(ask))

    async def start(
        self,
        workflow: str,
        *,
        parameters: Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        restart: bool = False,
    ) -> JsonObject:
        """Start a run; `restart` creates a new run in the same workspace, which the response names."""
        body: dict[str, object] = {
            "input_parameters": dict(parameters or {}),
            "operational_options": dict(options or {}),
        }
        path = at(workflow, "start")
        # A restart creates a new run, so the status of this one cannot confirm it.
        if restart:
            with unconfirmed("it was restarted"):
                answer = await self._transport.json(
                    ApiRequest("POST", path, json={**body, "restart": True}, subject=workflow)
                )
            return responses.an_object(answer, what="the response to the start")
        change = self._transport.json(ApiRequest("POST", path, json=body, subject=workflow))
        await self._confirmed(workflow, change, is_done=lambda status: status != "created", what="it was started")
        return {}

    async def stop(self, workflow: str) -> None:
        """Stop a run."""
        change = self._set_status(workflow, "stop", {})
        await self._confirmed(workflow, change, is_done=lambda status: status in ENDED, what="it was stopped")

    async def delete(self, workflow: str, *, workspace: bool = True, all_runs: bool = False) -> None:
        """Delete a run, optionally with its workspace and all runs of the workflow."""
        change = self._set_status(workflow, "deleted", {"workspace": workspace, "all_runs": all_runs})
        await self._confirmed(workflow, change, is_done=lambda status: status == "deleted", what="it was deleted")

    async def diff(self, first: str, second: str, *, brief: bool = False, context_lines: int = 5) -> JsonObject:
        """Return REANA's comparison of two runs."""
        params = {"brief": str(brief).lower(), "context_lines": context_lines}
        path = at(first, "diff", second)
        return responses.an_object(await self._get(path, params, subject=f"{first} or {second}"), what="the difference")

    async def prune(self, workflow: str, *, inputs: bool = False, outputs: bool = False) -> str:
        """Delete files that are neither inputs nor outputs, optionally these too; return REANA's message."""
        params = {"include_inputs": str(inputs).lower(), "include_outputs": str(outputs).lower()}
        answer = await self._transport.json(
            ApiRequest("POST", at(workflow, "prune"), params, json={}, subject=workflow)
        )
        return str(responses.an_object(answer, what="the response").get("message", ""))

    async def retention_rules(self, workflow: str) -> list[Json]:
        """Return the retention rules of a run."""
        path = at(workflow, "retention_rules")
        answer = responses.an_object(await self._get(path, subject=workflow), what="the retention rules")
        return responses.a_list(answer.get("retention_rules"), what="'retention_rules'")

    async def secrets(self) -> list[Json]:
        """Return names and types of the user's secrets, `{name, type}`; REANA never returns values."""
        return responses.a_list(await self._get("/api/secrets"), what="the secrets")

    async def add_secret(self, name: str, value: bytes, *, kind: str, overwrite: bool = False) -> None:
        """Save a secret as a variable (`env`) or a file (`file`) for the steps of runs."""
        body: JsonObject = {name: {"type": kind, "value": b64encode(value).decode()}}
        await self._transport.json(
            ApiRequest("POST", "/api/secrets/", {"overwrite": str(overwrite).lower()}, json=body)
        )

    async def delete_secret(self, name: str) -> None:
        """Delete a secret."""
        await self._transport.json(ApiRequest("DELETE", "/api/secrets/", json=[name], subject=f"secret {name}"))

    async def shares(self, workflow: str) -> list[Json]:
        """Return the users that the run is shared with."""
        await self._needs_sharing()
        answer = responses.an_object(await self._get(at(workflow, "share-status"), subject=workflow), what="the shares")
        return responses.a_list(answer.get("shared_with"), what="'shared_with'")

    async def share(self, workflow: str, *, email: str, message: str = "", valid_until: str = "") -> None:
        """Share the run with a user; `valid_until` is a date (YYYY-MM-DD)."""
        await self._needs_sharing()
        details = {"user_email_to_share_with": email, "message": message, "valid_until": valid_until}
        body = {key: value for key, value in details.items() if value}
        await self._transport.json(ApiRequest("POST", at(workflow, "share"), json=body, subject=workflow))

    async def unshare(self, workflow: str, *, email: str) -> None:
        """Stop sharing the run with a user."""
        await self._needs_sharing()
        params = {"user_email_to_unshare_with": email}
        await self._transport.json(ApiRequest("POST", at(workflow, "unshare"), params, json={}, subject=workflow))

    async def _needs_sharing(self) -> None:
        if not await self.features.sharing():
            raise NotSupported("This REANA server does not offer sharing.")

    async def _set_status(self, workflow: str, status: str, body: JsonObject) -> Json:
        ask = ApiRequest("PUT", at(workflow, "status"), {"status": status}, json=body, subject=workflow)
        return await self._transport.json(ask)

    async def _confirmed(
        self, workflow: str, change: Awaitable[Json], *, is_done: Callable[[str], bool], what: str
    ) -> None:
        async def status() -> str:
            return (await self.workflow(workflow)).status

        await confirmed(change, status=status, is_done=is_done, what=what)

    async def _get(
        self, path: str, params: Mapping[str, object] | None = None, *, subject: str = "", anonymous: bool = False
    ) -> Json:
        return await self._transport.json(ApiRequest("GET", path, params or {}, subject=subject, anonymous=anonymous))
