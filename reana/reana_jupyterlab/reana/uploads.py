"""Files from disk to a run's workspace, as streams; a run from a specification to its start."""

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
    NonsenseAnswer,
    NotOffered,
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
AT_ONCE = 3
TRIES = 6
TRIES_AFTER_ERRORS = 3
UUID_VERSION_OF_REANA = 4

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Order:
    """A run to make: the specification's path below the root; with `start` false it is made and filled only."""

    name: str
    path: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    start: bool = True

    @property
    def folder(self) -> str:
        """The folder of the specification, below the root."""
        return self.path.rpartition("/")[0]


class RunIsIncomplete(ReanaError):
    """A run was created, and then something failed: it exists, and waits."""

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
        """Return which run it is, and the file that could not be uploaded ('' = none)."""
        name = self.created.name
        return {"workflow": {"id": self.created.id, "name": name.name, "run": name.run}, "file": self.file}


async def run(client: ReanaClient, root: Root, order: Order, *, on_progress: OnProgress) -> Created:
    """Create a run, upload its inputs and start it."""
    check_name(order.name)
    specification, files = await _prepared(root, order)
    created = await _create(client, root, order, specification)
    try:
        await _fill(client, root, created, order, files, on_progress)
    except asyncio.CancelledError:
        await asyncio.shield(_discard(client, created))
        raise
    return created


async def complete(client: ReanaClient, root: Root, workflow: str, order: Order, *, on_progress: OnProgress) -> Created:
    """Upload the inputs of a run whose making broke off, and start it."""
    _, files = await _prepared(root, order)
    found = await client.workflow(workflow)
    if found.status != "created":
        raise Conflict(f"The workflow {found.name} has been started already.")
    created = Created(found.id, found.name)
    await _fill(client, root, created, order, files, on_progress)
    return created


async def _prepared(root: Root, order: Order) -> tuple[Specification, list[InputFile]]:
    specification = loaded(await asyncio.to_thread(root.read_text, order.path, limit=SIZE_LIMIT))
    check_parameters(specification, order.parameters)
    return specification, await asyncio.to_thread(input_files, root, order.folder, specification)


async def _fill(
    client: ReanaClient, root: Root, created: Created, order: Order, files: list[InputFile], on_progress: OnProgress
) -> None:
    try:
        await upload_files(client, root, created.id, files, on_progress=on_progress)
        if order.start:
            await client.start(created.id, parameters=order.parameters, options=order.options)
    except ReanaError as error:
        raise RunIsIncomplete(created, error) from error


async def _discard(client: ReanaClient, created: Created) -> None:
    """Delete a run that was cancelled before it was started."""
    with suppress(ReanaError):
        if (await client.workflow(created.id)).status == "created":
            await client.delete(created.id)


def check_name(name: str) -> None:
    """Refuse a name that REANA would refuse, with a better reason than it gives."""
    if not name.strip() or name != name.strip():
        raise BadRequest("Give the workflow a name, without blanks around it.")
    if "." in name or "/" in name or "\0" in name:
        raise BadRequest("A workflow's name must not hold a dot or a slash: REANA puts the run's number behind a dot.")
    try:
        is_identifier = UUID(name).version == UUID_VERSION_OF_REANA
    except ValueError:
        is_identifier = False
    if is_identifier:
        raise BadRequest("A workflow's name must not look like REANA's own identifiers.")


async def upload_files(
    client: ReanaClient, root: Root, workflow: str, files: Sequence[InputFile], *, on_progress: OnProgress
) -> None:
    """Upload files, a few at once; the first failure ends the rest.

    The first file goes alone: where REANA accounts disk space at the end of a run, it makes the row that the others
    change, and two that make it at once collide (0.9.4, 0.95).
    """
    state = _State(Progress(files_total=len(files), bytes_total=sum(file.size for file in files)), on_progress)
    slots = asyncio.Semaphore(AT_ONCE)

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
    """Upload a file, again where REANA asks to wait or fails: what arrives twice takes its own place."""
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
    fails = isinstance(error, Unreachable) and not isinstance(error, NonsenseAnswer)
    return TRIES_AFTER_ERRORS if fails else 1


def first_of(group: BaseExceptionGroup[ReanaError]) -> ReanaError:
    """Return one error of a group: the others are its echo."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, ReanaError)  # noqa: S101 - the type says so
    return first


class _State:
    """How far all the files of one transfer are, told on."""

    def __init__(self, progress: Progress, tell: OnProgress) -> None:
        self._progress, self._tell = progress, tell
        self._sent: dict[str, int] = {}
        tell(progress)

    def begin(self, name: str) -> None:
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


async def _create(client: ReanaClient, root: Root, order: Order, specification: Specification) -> Created:
    if await client.offers.bundles():
        packed = await asyncio.to_thread(bundle, root, order.folder, specification)
        return await client.create_from_bundle(order.name, packed)
    if specification.engine not in {"", "serial"} and specification.at("workflow", "specification") is None:
        raise NotOffered(
            f"This REANA server takes {specification.engine} workflows only after they have been loaded by its own "
            "command line; from here it takes serial workflows."
        )
    return await client.create(order.name, specification.value)
