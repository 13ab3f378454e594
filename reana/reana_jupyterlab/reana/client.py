"""REANA's REST API as typed calls; every failure is an error of `errors.py`."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx

from . import answers
from .errors import NotOffered
from .logs import RunLogs, read_logs
from .offers import Offers
from .outcomes import settled, unconfirmed
from .paths import at, checked_path
from .transport import Ask, Limits, Wire, exactly, too_slow
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
MOST_PAGES = 10_000


class ReanaClient:
    """Calls to one REANA server with one token; safe to use from many tasks of one event loop."""

    def __init__(self, credentials: Credentials, *, limits: Limits | None = None) -> None:
        self.credentials = credentials
        self.limits = limits or Limits()
        self._wire = Wire(credentials, limits=self.limits)
        self.offers = Offers(self._get)
        self._engines: list[tuple[str, ...] | None] = []
        """What the server said, once it was asked."""

    async def aclose(self) -> None:
        """Close all connections; requests that are under way fail."""
        await self._wire.aclose()

    async def user(self) -> User:
        """Return whose token it is, and the quota."""
        return answers.user(await self._get("/api/you"))

    async def info(self) -> JsonObject:
        """Return what the server says about itself: key -> `{title, value}`."""
        return answers.an_object(await self._get("/api/info"), what="the server's information")

    async def engines(self) -> tuple[str, ...] | None:
        """Ask once which types of workflow the server runs; None: it does not say, as releases up to 0.9."""
        if not self._engines:
            self._engines = [answers.engines(await self.info())]
        return self._engines[0]

    async def config(self) -> JsonObject:
        """Return what REANA's own pages are configured with (`polling_secs`, `file_preview_size_limit` ...)."""
        return answers.an_object(await self._get("/api/config", anonymous=True), what="the configuration")

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
        """Return a page of runs; `search` is a part of the name without the run, `more` is passed on as it is."""
        params: dict[str, object] = {"type": kind, "page": page, "size": size, "sort": sort, "include_progress": "true"}
        if search:
            params["search"] = json.dumps({"name": [search]})
        if status:
            params["status"] = list(status)
        if more:
            params |= more
        if any(params.get(name) for name in ("shared_by", "shared_with")) or params.get("shared") == "true":
            await self._needs_sharing()
        found = answers.workflow_page(await self._get("/api/workflows", params))
        self._wire.names.learn(found.items)
        return found

    async def workflow(self, workflow: str) -> Workflow:
        """Return one run, by identifier or `name.run`."""
        run = answers.workflow(await self._get(at(workflow, "status"), subject=workflow))
        self._wire.names.learn([run])
        return run

    async def called(self, workflow: str) -> str:
        """Return `name.run` of a run; REANA is asked only where it has not told it yet."""
        return self._wire.names.get(workflow) or str((await self.workflow(workflow)).name)

    async def logs(self, workflow: str, *, search: str = "", pages: Mapping[str, int] | None = None) -> RunLogs:
        """Return the run's logs, of a very long one the end; `pages` holds the `page` and `size` of the jobs."""
        ask = Ask("GET", at(workflow, "logs"), pages or {}, subject=workflow)
        try:
            async with asyncio.timeout(self.limits.logs), self._wire.stream(ask) as response:
                return await read_logs(response.aiter_raw(), search=search)
        except TimeoutError as error:
            raise too_slow() from error

    async def specification(self, workflow: str) -> JsonObject:
        """Return `{parameters, specification}`, keys as they were written."""
        answer = await self._get(at(workflow, "specification"), subject=workflow)
        return answers.an_object(answer, what="the specification")

    async def files(
        self, workflow: str, *, page: int = 1, size: int = PAGE_SIZE, search: str = "", file_name: str = ""
    ) -> FilePage:
        """Return a page of the workspace's files; `search` is a part of a name, `file_name` a pattern."""
        params: dict[str, object] = {"page": page, "size": size}
        if search:
            params["search"] = json.dumps({"name": [search]})
        if file_name:
            params["file_name"] = file_name
        return answers.file_page(await self._get(at(workflow, "workspace"), params, subject=workflow))

    async def all_files(self, workflow: str, *, search: str = "") -> tuple[WorkspaceFile, ...]:
        """Return the files of every page, each name once."""
        found: dict[str, WorkspaceFile] = {}
        for number in range(1, MOST_PAGES):
            page = await self.files(workflow, page=number, search=search)
            known = len(found)
            found.update((file.name, file) for file in page.items)
            # A server that says "more" for ever is not believed: a page has to bring something new.
            if not page.has_next or len(found) == known:
                break
        return tuple(found.values())

    @asynccontextmanager
    async def open_file(self, workflow: str, path: str, *, preview: bool = False) -> AsyncIterator[httpx.Response]:
        """Open a file, or a directory as a ZIP archive, for reading as a stream."""
        params = {"preview": "true"} if preview else {}
        ask = Ask("GET", at(workflow, "workspace", path), params, subject=workflow)
        async with self._wire.stream(ask) as response:
            yield response

    async def upload(self, workflow: str, path: str, content: AsyncIterator[bytes], *, size: int) -> None:
        """Write a file of `size` bytes to the workspace; parents are made, what is there is replaced."""
        checked_path(path)
        # Said beforehand: servers of REANA's kind take a body of unknown length for an empty one.
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        ask = Ask(
            "POST",
            at(workflow, "workspace"),
            {"file_name": path},
            content=exactly(content, size),
            headers=headers,
            subject=workflow,
        )
        async with self._wire.stream(ask):
            pass

    async def delete_file(self, workflow: str, path: str) -> tuple[str, ...]:
        """Delete what the path or pattern names; return what is gone (REANA says nothing when nothing matched)."""
        answer = await self._wire.json(Ask("DELETE", at(workflow, "workspace", path), subject=workflow))
        return tuple(answers.an_object(answers.an_object(answer, what="the answer").get("deleted"), what="'deleted'"))

    async def move(self, workflow: str, source: str, target: str) -> None:
        """Rename a file or directory of the workspace."""
        params = {"source": checked_path(source), "target": checked_path(target)}
        path = f"/api/workflows/move_files/{quote(workflow, safe='')}"
        await self._wire.json(Ask("PUT", path, params, subject=workflow))

    async def create(self, name: str, specification: JsonObject) -> Created:
        """Create a run from a loaded specification (REANA up to 0.9)."""
        ask = Ask("POST", "/api/workflows", {"workflow_name": name}, json=specification)
        with unconfirmed("it was created"):
            return answers.created(await self._wire.json(ask))

    async def create_from_bundle(self, name: str, bundle: bytes) -> Created:
        """Create a run from an archive with `reana.yaml` and the sources that it names (REANA from 0.95)."""
        files = {"bundle": ("bundle.zip", bundle, "application/zip")}
        ask = Ask("POST", "/api/workflows", {"workflow_name": name}, files=files)
        with unconfirmed("it was created"):
            return answers.created(await self._wire.json(ask))

    async def start(
        self,
        workflow: str,
        *,
        parameters: Mapping[str, Json] | None = None,
        options: Mapping[str, Json] | None = None,
        restart: bool = False,
    ) -> JsonObject:
        """Start a run, or with `restart` a new run of an ended one in the same workspace, which the answer names."""
        body: dict[str, object] = {
            "input_parameters": dict(parameters or {}),
            "operational_options": dict(options or {}),
        }
        path = at(workflow, "start")
        if restart:
            with unconfirmed("it was restarted"):
                answer = await self._wire.json(Ask("POST", path, json={**body, "restart": True}, subject=workflow))
            return answers.an_object(answer, what="the answer to the start")
        change = self._wire.json(Ask("POST", path, json=body, subject=workflow))
        await self._settled(workflow, change, is_done=lambda status: status != "created", what="it was started")
        return {}

    async def stop(self, workflow: str) -> None:
        """Stop a run, by force."""
        change = self._set_status(workflow, "stop", {})
        await self._settled(workflow, change, is_done=lambda status: status in ENDED, what="it was stopped")

    async def delete(self, workflow: str, *, workspace: bool = True, all_runs: bool = False) -> None:
        """Delete a run, with its workspace and, when said, all its sister runs."""
        change = self._set_status(workflow, "deleted", {"workspace": workspace, "all_runs": all_runs})
        await self._settled(workflow, change, is_done=lambda status: status == "deleted", what="it was deleted")

    async def diff(self, first: str, second: str, *, brief: bool = False, context_lines: int = 5) -> JsonObject:
        """Return REANA's comparison of two runs."""
        params = {"brief": str(brief).lower(), "context_lines": context_lines}
        path = at(first, "diff", second)
        return answers.an_object(await self._get(path, params, subject=f"{first} or {second}"), what="the difference")

    async def prune(self, workflow: str, *, inputs: bool = False, outputs: bool = False) -> str:
        """Delete the files that are neither inputs nor outputs, when said these too; return what REANA says."""
        params = {"include_inputs": str(inputs).lower(), "include_outputs": str(outputs).lower()}
        answer = await self._wire.json(Ask("POST", at(workflow, "prune"), params, json={}, subject=workflow))
        return str(answers.an_object(answer, what="the answer").get("message", ""))

    async def retention_rules(self, workflow: str) -> list[Json]:
        """Return which files are deleted by themselves, and when."""
        path = at(workflow, "retention_rules")
        answer = answers.an_object(await self._get(path, subject=workflow), what="the retention rules")
        return answers.a_list(answer.get("retention_rules"), what="'retention_rules'")

    async def secrets(self) -> list[Json]:
        """Return names and kinds of the person's secrets: `{name, type}`; REANA gives no value back."""
        return answers.a_list(await self._get("/api/secrets"), what="the secrets")

    async def add_secret(self, name: str, value: bytes, *, kind: str, overwrite: bool = False) -> None:
        """Keep a secret as a variable (`env`) or a file (`file`) for the steps of runs."""
        body: JsonObject = {name: {"type": kind, "value": b64encode(value).decode()}}
        await self._wire.json(Ask("POST", "/api/secrets/", {"overwrite": str(overwrite).lower()}, json=body))

    async def delete_secret(self, name: str) -> None:
        """Forget a secret."""
        await self._wire.json(Ask("DELETE", "/api/secrets/", json=[name], subject=f"secret {name}"))

    async def shares(self, workflow: str) -> list[Json]:
        """Return with whom the run is shared."""
        await self._needs_sharing()
        answer = answers.an_object(await self._get(at(workflow, "share-status"), subject=workflow), what="the shares")
        return answers.a_list(answer.get("shared_with"), what="'shared_with'")

    async def share(self, workflow: str, *, email: str, message: str = "", valid_until: str = "") -> None:
        """Let somebody else read the run; `valid_until` is a date (YYYY-MM-DD)."""
        await self._needs_sharing()
        details = {"user_email_to_share_with": email, "message": message, "valid_until": valid_until}
        body = {key: value for key, value in details.items() if value}
        await self._wire.json(Ask("POST", at(workflow, "share"), json=body, subject=workflow))

    async def unshare(self, workflow: str, *, email: str) -> None:
        """Take the right to read back."""
        await self._needs_sharing()
        params = {"user_email_to_unshare_with": email}
        await self._wire.json(Ask("POST", at(workflow, "unshare"), params, json={}, subject=workflow))

    async def _needs_sharing(self) -> None:
        if not await self.offers.sharing():
            raise NotOffered("This REANA server does not offer sharing.")

    async def _set_status(self, workflow: str, status: str, body: JsonObject) -> Json:
        ask = Ask("PUT", at(workflow, "status"), {"status": status}, json=body, subject=workflow)
        return await self._wire.json(ask)

    async def _settled(
        self, workflow: str, change: Awaitable[Json], *, is_done: Callable[[str], bool], what: str
    ) -> None:
        async def status() -> str:
            return (await self.workflow(workflow)).status

        await settled(change, status=status, is_done=is_done, what=what)

    async def _get(
        self, path: str, params: Mapping[str, object] | None = None, *, subject: str = "", anonymous: bool = False
    ) -> Json:
        return await self._wire.json(Ask("GET", path, params or {}, subject=subject, anonymous=anonymous))
