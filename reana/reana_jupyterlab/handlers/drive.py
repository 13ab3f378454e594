"""Runs as a read-only drive: Jupyter contents models for the file browser."""

import base64
import json
import mimetypes
from collections.abc import Iterable

import tornado.web

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import BadRequest, InvalidResponse, NotFound
from reana_jupyterlab.reana.rooted import parts_of
from reana_jupyterlab.reana.values import JsonObject, Workflow, WorkspaceFile

from .base import ReanaHandler

RUNS_SHOWN = 200
CONTENT_LIMIT = 32 * 1024 * 1024


class DriveHandler(ReanaHandler):
    """A directory or file of the drive; its top-level directories are `name.run`."""

    known_query = {"GET": ("content",)}

    @tornado.web.authenticated
    async def get(self, path: str = "") -> None:
        """Return a contents model; `?content=0` leaves the content out."""
        parts = parts_of(path.strip("/"))
        client, content = await self.client(), self.flag("content", default=True)
        if not parts:
            runs = (await client.workflows(size=RUNS_SHOWN)).items if content else ()
            model = _directory("", "", [_run(run) for run in runs if run.status != "deleted"] if content else None)
        else:
            model = await _model(client, parts[0], "/".join(parts[1:]), content=content)
        self.respond(model)


async def _model(client: ReanaClient, run: str, path: str, *, content: bool) -> JsonObject:
    files = await client.all_files(run, search=path)
    # REANA's search matches parts of names, so the list may contain other files.
    file = next((file for file in files if file.name == path), None)
    if file is not None:
        return await _file_with_content(client, run, file) if content else _file(run, file)
    inside = [file for file in files if not path or file.name.startswith(f"{path}/")]
    if not inside and path:
        raise NotFound(f"{path} does not exist in the workspace of {run}.")
    name = path.rpartition("/")[2] or run
    whole = f"{run}/{path}" if path else run
    return _directory(name, whole, _children(run, path, inside) if content else None)


def _children(run: str, path: str, files: Iterable[WorkspaceFile]) -> list[JsonObject]:
    start = len(path) + 1 if path else 0
    found: dict[str, JsonObject] = {}
    for file in files:
        name, slash, _ = file.name[start:].partition("/")
        whole = f"{run}/{file.name[:start]}{name}"
        if not slash:
            found[name] = _file(run, file)
        elif name not in found:
            found[name] = _directory(name, whole, None, changed=file.last_modified)
    return sorted(found.values(), key=lambda model: (model["type"] != "directory", str(model["name"]).casefold()))


async def _file_with_content(client: ReanaClient, run: str, file: WorkspaceFile) -> JsonObject:
    if file.size > CONTENT_LIMIT:
        raise BadRequest(f"{file.name} is too large to open here. Download it instead.")
    data = bytearray()
    async with client.open_file(run, file.name) as response:
        async for chunk in response.aiter_raw():
            data += chunk
            # The listed size may be wrong or unknown (-1), so the received bytes count.
            if len(data) > CONTENT_LIMIT:
                raise InvalidResponse(f"{file.name} is larger than the size that REANA lists.")
    model = _file(run, file)
    if model["type"] == "notebook":
        try:
            return model | {"content": json.loads(data), "format": "json"}
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"{file.name} is not a notebook.") from error
    try:
        return model | {"content": data.decode("utf-8"), "format": "text"}
    # Jupyter's contents models carry bytes that are not UTF-8 as Base64.
    except UnicodeDecodeError:
        return model | {"content": base64.b64encode(data).decode("ascii"), "format": "base64"}


def _run(run: Workflow) -> JsonObject:
    return _directory(str(run.name), str(run.name), None, changed=run.stopped_at or run.finished_at or run.created_at)


def _directory(name: str, path: str, content: list[JsonObject] | None, *, changed: str | None = None) -> JsonObject:
    return {
        "name": name,
        "path": path,
        "type": "directory",
        "writable": False,
        "created": changed,
        "last_modified": changed,
        "mimetype": None,
        "size": None,
        "format": None if content is None else "json",
        "content": None if content is None else [*content],
    }


def _file(run: str, file: WorkspaceFile) -> JsonObject:
    name = file.name.rpartition("/")[2]
    return {
        "name": name,
        "path": f"{run}/{file.name}",
        "type": "notebook" if name.endswith(".ipynb") else "file",
        "writable": False,
        "created": file.last_modified,
        "last_modified": file.last_modified,
        "mimetype": mimetypes.guess_type(name)[0],
        "size": file.size,
        "format": None,
        "content": None,
    }
