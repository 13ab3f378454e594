"""A run's workspace: list, download to disk, upload, delete, rename."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http import HTTPStatus

import tornado.web

from reana_jupyterlab.const import WORKSPACE_SIZE
from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.downloads import Download
from reana_jupyterlab.reana.errors import BadRequest, InvalidResponse, NotFound
from reana_jupyterlab.reana.inputs import DEPTH_LIMIT, MAX_FILES, InputFile, join
from reana_jupyterlab.reana.paths import checked_path
from reana_jupyterlab.reana.rooted import Root, parts_of
from reana_jupyterlab.reana.uploads import upload_files
from reana_jupyterlab.reana.values import FilePage, JsonObject, Progress

from .base import ReanaHandler, flag_of, text_of, texts_of
from .serializers import file_page_json

MAX_NAMED = 10

OnProgress = Callable[[Progress], None]


class WorkflowWorkspaceHandler(ReanaHandler):
    """The files of a run."""

    known_query = {"GET": ("workflow_id", "page", "size", "search", "file_name")}

    @tornado.web.authenticated
    async def get(self, workflow: str = "") -> None:
        """Return a page, by `?page=&size=&search=&file_name=`; a deleted workspace is marked as deleted."""
        workflow, search, pattern = self.named(workflow), self.query("search"), self.query("file_name")
        number, size = self.page(size=WORKSPACE_SIZE)
        client = await self.client()
        try:
            page = await client.files(workflow, search=search, file_name=pattern, page=number, size=size)
        except NotFound:
            if not await _is_deleted(client, workflow):
                raise
            page = FilePage((), 0, 1, has_next=False, has_prev=False)
        answer = file_page_json(page)
        # An empty list alone does not tell whether the files were deleted.
        if not page.total and not search and not pattern and await _is_deleted(client, workflow):
            answer |= {"deleted": True, "message": f"The workspace of {workflow} has been deleted."}
        self.respond(answer)


class WorkspaceFilesHandler(ReanaHandler):
    """One file or directory of a run, or all of them in the query form."""

    known_query = {"GET": ("workflow_id", "path", "overwrite"), "DELETE": ("workflow_id", "path")}

    _running: "asyncio.Task[JsonObject] | None" = None

    @tornado.web.authenticated
    async def get(self, workflow: str = "", path: str = "") -> None:
        """Download into `name.run` below Jupyter's root; a disconnect cancels it and removes partial files."""
        # This GET writes to disk: another site's page must not trigger it with the user's cookie.
        self.check_xsrf_of_a_get()
        path = path or self.query("path")
        work = partial(
            fetch,
            await self.client(),
            self.services.root,
            workflow=self.named(workflow),
            paths=[checked_path(path.strip("/"))] if path else [],
            overwrite=self.flag("overwrite", default=True),
        )
        self._running = asyncio.ensure_future(work(on_progress=lambda _: None))
        # A cancellation means that the client has disconnected: no response can be sent.
        with suppress(asyncio.CancelledError):
            answer = await self._running
            self.respond(answer, status=HTTPStatus.BAD_GATEWAY if answer["failed"] else HTTPStatus.OK)

    def on_connection_close(self) -> None:
        """Cancel the download when the client disconnects."""
        super().on_connection_close()
        if self._running is not None:
            self._running.cancel()

    @tornado.web.authenticated
    async def delete(self, workflow: str = "", path: str = "") -> None:
        """Delete a file of the workspace, or all that match a pattern."""
        workflow, path = self.named(workflow), path or self.query("path")
        gone = await (await self.client()).delete_file(workflow, path)
        if not gone:
            # REANA reports success for missing files, too.
            raise NotFound(f"{path} does not exist in the workspace, or is a directory.")
        self.succeed(f"Deleted {len(gone)} file{'s' if len(gone) > 1 else ''}.", files=list(gone))


class WorkspaceDownloadHandler(ReanaHandler):
    """Starts a background download."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Download `paths`, or everything; responds with a transfer."""
        body = self.body()
        paths = [checked_path(path.strip("/")) for path in texts_of(body, "paths")]
        overwrite = flag_of(body, "overwrite", default=True)
        client, root = await self.client(), self.services.root

        async def work(on_progress: OnProgress) -> JsonObject:
            return await fetch(
                client, root, workflow=workflow, paths=paths, overwrite=overwrite, on_progress=on_progress
            )

        transfer = self.services.transfers.start(work, kind="download", title=workflow)
        self.respond(transfer.as_json(), status=HTTPStatus.ACCEPTED)


class WorkspaceUploadHandler(ReanaHandler):
    """Uploads files below Jupyter's root into a run's workspace in the background."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Upload the files and directories `paths` into the workspace's `directory`."""
        body = self.body()
        paths = ["/".join(parts_of(path.strip("/"))) for path in texts_of(body, "paths")]
        directory = "/".join(parts_of(text_of(body, "directory", "")))
        root, client = self.services.root, await self.client()
        # Listed before the response, so that a missing file is an error of this request.
        files = await asyncio.to_thread(_local_files, root, paths, directory)

        async def work(on_progress: OnProgress) -> JsonObject:
            await upload_files(client, root, workflow, files, on_progress=on_progress)
            return {"message": f"Uploaded {_files(len(files))}."}

        transfer = self.services.transfers.start(work, kind="upload", title=workflow)
        self.respond(transfer.as_json(), status=HTTPStatus.ACCEPTED)


class WorkspaceMoveHandler(ReanaHandler):
    """Renames files."""

    known_query = {"POST": ("source", "target")}

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Rename `source` to `target`."""
        body = self.body()
        source, target = (text_of(body, name, self.query(name) or None) for name in ("source", "target"))
        await (await self.client()).move(workflow, source, target)
        self.succeed(f"Renamed {source} to {target}.")


async def fetch(
    client: ReanaClient, root: Root, *, workflow: str, paths: list[str], overwrite: bool, on_progress: OnProgress
) -> JsonObject:
    """Download into the folder `name.run`; return the response with the number of files."""
    target = str((await client.workflow(workflow)).name)
    # REANA chooses this name: it must not lead out of the root or to a hidden folder.
    if "/" in target or target.startswith("."):
        raise InvalidResponse("REANA returned a workflow name that cannot be used as a folder name.")
    download = Download(client, root, workflow=workflow, target=target, overwrite=overwrite, on_progress=on_progress)
    count = await download.paths(paths)
    failed = {name: download.failed[name].message for name in sorted(download.failed)}
    told = [f"Downloaded {_files(count)} to {target}."]
    if failed:
        more = f" and {len(failed) - MAX_NAMED} more" if len(failed) > MAX_NAMED else ""
        told.append(f"{_files(len(failed))} could not be downloaded: {', '.join(list(failed)[:MAX_NAMED])}{more}.")
    return {
        "status": "error" if failed else "success",
        "message": " ".join(told),
        "files": count,
        "folder": target,
        "failed": [{"name": name, "message": message} for name, message in failed.items()],
    }


async def _is_deleted(client: ReanaClient, workflow: str) -> bool:
    return (await client.workflow(workflow)).status == "deleted"


def _local_files(root: Root, paths: list[str], directory: str) -> list[InputFile]:
    found: list[InputFile] = []
    for path in paths:
        for file in _tree(root, path, join(directory, path.rpartition("/")[2]), depth=0):
            found.append(file)
            # Checked in the loop: the list must not grow without limit.
            if len(found) > MAX_FILES:
                raise BadRequest(f"The directories contain more than {MAX_FILES} files.")
    return found


def _tree(root: Root, path: str, remote: str, *, depth: int) -> Iterator[InputFile]:
    if root.kind(path) != "directory":
        with root.reading(path) as descriptor:
            yield InputFile(path, remote, os.fstat(descriptor).st_size)
        return
    # Links of a directory to itself would multiply at each level.
    if depth > DEPTH_LIMIT:
        raise BadRequest(f"The directory '{path}' is nested too deeply or contains itself.")
    for entry in root.entries(path):
        yield from _tree(root, join(path, entry.name), join(remote, entry.name), depth=depth + 1)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
