"""Uploads files to a run's workspace as streams; creates and starts runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

from .bundle import bundle
from .client import ReanaClient
from .errors import (
    BadRequest,
    Conflict,
    InvalidResponse,
    NotSupported,
    OutcomeUnknown,
    ReanaError,
    TooManyRequests,
    Unreachable,
)
from .inputs import InputFile, input_files
from .parameters import check_parameters
from .rooted import Root
from .specification import SIZE_LIMIT, Specification, loaded
from .values import Created, Json, JsonObject, Progress

CHUNK = 1024 * 1024
CONCURRENCY = 3
TRIES = 6
TRIES_AFTER_ERRORS = 3
UUID_VERSION_OF_REANA = 4

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class RunRequest:
    """A run to create from the specification at `path` below the root; `start` also starts it."""

    name: str
    path: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    start: bool = True

    @property
    def folder(self) -> str:
        """Return the folder of the specification below the root."""
        return self.path.rpartition("/")[0]


class RunIsIncomplete(ReanaError):
    """A run was created, but its upload or start failed."""

    def __init__(self, created: Created, cause: ReanaError) -> None:
        said = [f"The workflow {created.name} was created, but not started: {cause.message}"]
        if isinstance(cause, OutcomeUnknown):
            said = [f"The workflow {created.name} was created. {cause.message}"]
        elif cause.file:
            said += [f"The file {cause.file} was not uploaded.", "Upload the files again and start it, or delete it."]
        else:
            said += ["Start it, or delete it."]
        super().__init__(" ".join(said), detail=cause.detail)
        self.created = created
        self.cause = cause
        self.file = cause.file

    def as_json(self) -> JsonObject:
        """Return the run, and the file that failed to upload ('': none)."""
        name = self.created.name
        return {"workflow": {"id": self.created.id, "name": name.name, "run": name.run}, "file": self.file}


async def run(client: ReanaClient, root: Root, order: RunRequest, *, on_progress: OnProgress) -> Created:
    """Create a run, upload its inputs and start it."""
    check_name(order.name)
    specification, files = await _prepared(root, order)
    created = await _create(client, root, order, specification)
    try:
        await _fill(client, root, created, order, files, on_progress)
    # Only a cancellation deletes the run: after an error the user can complete it.
    except asyncio.CancelledError:
        # A second cancellation must not interrupt the deletion.
        await asyncio.shield(_discard(client, created))
        raise
    return created


async def complete(
    client: ReanaClient, root: Root, workflow: str, order: RunRequest, *, on_progress: OnProgress
) -> Created:
    """Upload the inputs of an incomplete run and start it."""
    _, files = await _prepared(root, order)
    found = await client.workflow(workflow)
    if found.status != "created":
        raise Conflict(f"The workflow {found.name} has already been started.")
    created = Created(found.id, found.name)
    await _fill(client, root, created, order, files, on_progress)
    return created


async def _prepared(root: Root, order: RunRequest) -> tuple[Specification, list[InputFile]]:
    specification = loaded(await asyncio.to_thread(root.read_text, order.path, limit=SIZE_LIMIT))
    check_parameters(specification, order.parameters)
    return specification, await asyncio.to_thread(input_files, root, order.folder, specification)


async def _fill(
    client: ReanaClient,
    root: Root,
    created: Created,
    order: RunRequest,
    files: list[InputFile],
    on_progress: OnProgress,
) -> None:
    try:
        await upload_files(client, root, created.id, files, on_progress=on_progress)
        if order.start:
            await client.start(created.id, parameters=order.parameters, options=order.options)
    except ReanaError as error:
        raise RunIsIncomplete(created, error) from error


async def _discard(client: ReanaClient, created: Created) -> None:
    """Delete a run whose creation was cancelled."""
    with suppress(ReanaError):
        # The start may have reached REANA before the cancellation: a started run stays.
        if (await client.workflow(created.id)).status == "created":
            await client.delete(created.id)


def check_name(name: str) -> None:
    """Raise `BadRequest` for names that REANA rejects with an unclear message."""
    if not name.strip() or name != name.strip():
        raise BadRequest("Give the workflow a name without leading or trailing spaces.")
    if "." in name or "/" in name or "\0" in name:
        raise BadRequest("Workflow names must not contain dots or slashes: REANA adds the run number after a dot.")
    try:
        is_identifier = UUID(name).version == UUID_VERSION_OF_REANA
    except ValueError:
        is_identifier = False
    if is_identifier:
        raise BadRequest("Workflow names must not be UUIDs, which REANA uses as identifiers.")


async def upload_files(
    client: ReanaClient, root: Root, workflow: str, files: Sequence[InputFile], *, on_progress: OnProgress
) -> None:
    """Upload files, a few concurrently; the first failure cancels the rest.

    The first file is uploaded alone: REANA 0.9.4 and 0.95 create the row of the workspace's disk usage with the first
    upload, and two concurrent ones violate its unique constraint.
    """
    state = _State(Progress(files_total=len(files), bytes_total=sum(file.size for file in files)), on_progress)
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(file: InputFile) -> None:
        async with slots:
            await _upload(client, root, workflow, file, state)
            state.file_done()

    try:
        if files:
            await one(files[0])
        async with asyncio.TaskGroup() as group:
            for file in files[1:]:
                group.create_task(one(file))
    except* ReanaError as errors:
        raise first_of(errors) from errors


async def _upload(client: ReanaClient, root: Root, workflow: str, file: InputFile, state: "_State") -> None:
    """Upload a file, with retries on rate limits and server errors: uploads are idempotent."""
    for tried in range(1, TRIES + 1):
        state.begin(file.remote)
        try:
            await client.upload(workflow, file.remote, _content(root, file, state), size=file.size)
        except ReanaError as error:
            if tried >= _tries(error):
                error.file = file.remote
                raise
            await asyncio.sleep(client.limits.first_pause * 2**tried)
        else:
            return


def _tries(error: ReanaError) -> int:
    if isinstance(error, TooManyRequests):
        return TRIES
    # An invalid response would be the same again; a lost connection may recover.
    fails = isinstance(error, Unreachable) and not isinstance(error, InvalidResponse)
    return TRIES_AFTER_ERRORS if fails else 1


def first_of(group: BaseExceptionGroup[ReanaError]) -> ReanaError:
    """Return the first error of a group; the others follow from it."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, ReanaError)  # noqa: S101 - the type says so
    return first


class _State:
    """Aggregates and reports the progress of all files of a transfer."""

    def __init__(self, progress: Progress, tell: OnProgress) -> None:
        self._progress, self._tell = progress, tell
        self._sent: dict[str, int] = {}
        tell(progress)

    def begin(self, name: str) -> None:
        # A retry sends the whole file again, so the bytes of the failed try do not count.
        done = self._progress.bytes_done - self._sent.pop(name, 0)
        self._sent[name] = 0
        self._to(replace(self._progress, current=name, bytes_done=done))

    def bytes_done(self, name: str, count: int) -> None:
        self._sent[name] += count
        self._to(replace(self._progress, bytes_done=self._progress.bytes_done + count))

    def file_done(self) -> None:
        self._to(replace(self._progress, files_done=self._progress.files_done + 1))

    def _to(self, progress: Progress) -> None:
        self._progress = progress
        self._tell(progress)


async def _content(root: Root, file: InputFile, state: _State) -> AsyncIterator[bytes]:
    with root.reading(file.local) as descriptor:
        while chunk := await asyncio.to_thread(os.read, descriptor, CHUNK):
            yield chunk
            state.bytes_done(file.remote, len(chunk))


async def _create(client: ReanaClient, root: Root, order: RunRequest, specification: Specification) -> Created:
    if await client.features.bundles():
        packed = await asyncio.to_thread(bundle, root, order.folder, specification)
        return await client.create_from_bundle(order.name, packed)
    # Without a bundle no workflow file is sent, so the workflow must be part of the specification.
    if specification.engine not in {"", "serial"} and specification.at("workflow", "specification") is None:
        raise NotSupported(
            f"This REANA server accepts only serial workflows from JupyterLab. Start {specification.engine} workflows "
            "with reana-client."
        )
    return await client.create(order.name, specification.value)
