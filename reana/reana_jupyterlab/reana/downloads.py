"""Downloads files of a workspace to disk: streamed, atomic, in bounded memory, cancellable at any time."""

import asyncio
import shutil
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import dup, fdopen

from .client import ReanaClient
from .errors import (
    BadRequest,
    CredentialsRejected,
    InvalidResponse,
    LocalFailure,
    NotConnected,
    NotFound,
    ReanaError,
    TooSlow,
    Unreachable,
)
from .rooted import NewFile, Root
from .uploads import first_of
from .values import Progress, WorkspaceFile

CHUNK = 1024 * 1024
CONCURRENCY = 4
# REANA limits requests: directories with more files are downloaded as one archive.
ARCHIVE_FROM = 20
# A file may grow after it was listed.
MAX_EXTRA_BYTES = 64 * 1024 * 1024
# After this many failures in a row the server counts as down, and the rest is skipped.
MAX_CONSECUTIVE_FAILURES = 8
# All other files would fail in the same way.
FATAL_ERRORS = (CredentialsRejected, LocalFailure, NotConnected)

OnProgress = Callable[[Progress], None]


class Download:
    """Downloads files of one run to `target`, a folder below the root."""

    def __init__(
        self, client: ReanaClient, root: Root, *, workflow: str, target: str, overwrite: bool, on_progress: OnProgress
    ) -> None:
        self._client, self._root = client, root
        self._workflow, self._target, self._overwrite = workflow, target, overwrite
        self._tell, self._progress = on_progress, Progress()
        self._in_a_row = 0
        self.failed: dict[str, ReanaError] = {}
        """Failed files with their errors; `paths` raises only if all failed or no more can succeed."""

    async def paths(self, paths: Sequence[str]) -> int:
        """Download files and directories, or the whole workspace if `paths` is empty. Return the number of files."""
        known = await self._listed(paths)
        wanted = {file.name: file for file in known if not paths or any(_is_within(file.name, path) for path in paths)}
        for path in paths:
            if not any(_is_within(name, path) for name in wanted):
                raise NotFound(f"{path} does not exist in the workspace.")
        # Check all names before the first write; `Root` would reject them one by one.
        if bad := next((name for name in wanted if name.startswith("/") or ".." in name.split("/")), ""):
            raise BadRequest(f"REANA lists '{bad}', which is outside the workspace: nothing was downloaded.")
        # The size is -1 if REANA does not report it.
        self._step(Progress(files_total=len(wanted), bytes_total=sum(max(0, file.size) for file in wanted.values())))
        single, archives = _plan(wanted.values(), paths)
        # Archives come first: files that one lacks are downloaded singly afterwards.
        for folder, files in archives.items():
            single += await self._archive_or_none(folder, files)
        await self._each(single)
        if self.failed and not self._progress.files_done:
            raise next(iter(self.failed.values()))
        return self._progress.files_done

    async def _listed(self, paths: Sequence[str]) -> tuple[WorkspaceFile, ...]:
        if len(paths) == 1:
            # Search by name: the workspace may have thousands of files.
            return await self._client.all_files(self._workflow, search=paths[0].strip("/"))
        return await self._client.all_files(self._workflow)

    async def _each(self, files: Sequence[WorkspaceFile]) -> None:
        slots = asyncio.Semaphore(CONCURRENCY)

        async def one(file: WorkspaceFile) -> None:
            async with slots:
                try:
                    await self._file(file)
                except ReanaError as error:
                    self._note_failure(file.name, error)
                else:
                    self._in_a_row = 0

        try:
            async with asyncio.TaskGroup() as group:
                for file in files:
                    group.create_task(one(file))
        except* ReanaError as errors:
            raise first_of(errors) from errors

    def _note_failure(self, name: str, error: ReanaError) -> None:
        """Skip a failed file, unless all others would fail, too."""
        self._in_a_row += 1
        is_away = isinstance(error, Unreachable | TooSlow) and self._in_a_row >= MAX_CONSECUTIVE_FAILURES
        if is_away or isinstance(error, FATAL_ERRORS):
            raise error
        self.failed[name] = error

    async def _file(self, file: WorkspaceFile) -> None:
        self._step(replace(self._progress, current=file.name))
        with NewFile(self._root, f"{self._target}/{file.name}", overwrite=self._overwrite) as new:
            length = await self._stream(file.name, new)
            if length < file.size:
                # Responses have no length, so a truncated one looks complete.
                raise Unreachable(f"{file.name} is incomplete: received {length} of {file.size} bytes.")
            # Last step: an incomplete file never gets its final name.
            await asyncio.to_thread(new.keep)
        self._step(replace(self._progress, files_done=self._progress.files_done + 1))

    async def _stream(self, path: str, new: NewFile) -> int:
        length = 0
        async with self._client.open_file(self._workflow, path) as response:
            # Raw: decoding would unpack a `.gz` file that the server sends with a Content-Encoding.
            async for chunk in response.aiter_raw(CHUNK):
                # A slow disk must not block the event loop of the Jupyter server.
                await asyncio.to_thread(new.write, chunk)
                length += len(chunk)
                self._step(replace(self._progress, bytes_done=self._progress.bytes_done + len(chunk)))
        return length

    async def _archive_or_none(self, folder: str, files: Sequence[WorkspaceFile]) -> list[WorkspaceFile]:
        """Fetch a directory as an archive; on failure return all its files, since one bad file can break an archive."""
        before = self._progress
        try:
            return await self._archive(folder, files)
        except FATAL_ERRORS:
            raise
        except ReanaError:
            # The bytes of the failed archive do not count: its files are transferred again.
            self._step(replace(before, current=folder))
            return list(files)

    async def _archive(self, folder: str, files: Sequence[WorkspaceFile]) -> list[WorkspaceFile]:
        """Fetch a directory as an archive; return the files missing in it."""
        self._step(replace(self._progress, current=f"{folder}/"))
        wanted = {file.name: file for file in files}
        before = self._progress.bytes_done
        # Without a call of `keep`, the archive is removed at the end of the block.
        with NewFile(self._root, f"{self._target}/.reana-archive.zip") as new:
            await self._stream(folder, new)
            got = await asyncio.to_thread(self._unpack, new.descriptor, wanted)
        done = self._progress.files_done + len(got)
        # The archive has another length than the files in it.
        size = sum(max(0, wanted[name].size) for name in got)
        self._step(replace(self._progress, files_done=done, bytes_done=before + size))
        return [file for name, file in wanted.items() if name not in got]

    def _unpack(self, descriptor: int, wanted: dict[str, WorkspaceFile]) -> set[str]:
        got: set[str] = set()
        try:
            # The block closes the duplicate only: `NewFile` closes the descriptor itself.
            with fdopen(dup(descriptor), "rb") as file, zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    # An archive may contain any name, also twice: unpack only listed names, each once.
                    if member.filename in wanted and member.filename not in got:
                        self._unpack_one(archive, member, wanted[member.filename])
                        got.add(member.filename)
        # `zipfile` passes on errors of what it uses: a damaged deflate stream (zlib.error), an early end (EOFError),
        # an unknown compression (NotImplementedError), a size that no integer of C can hold (OverflowError).
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError) as error:
            raise InvalidResponse("The archive that REANA sent is damaged.") from error
        return got

    def _unpack_one(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: WorkspaceFile) -> None:
        # Stops a ZIP bomb: `zipfile` never unpacks more than this declared size.
        if member.file_size > file.size + MAX_EXTRA_BYTES:
            raise InvalidResponse(f"In the archive that REANA sent, {file.name} is larger than listed.")
        path = f"{self._target}/{file.name}"
        with NewFile(self._root, path, overwrite=self._overwrite) as new, archive.open(member) as source:
            shutil.copyfileobj(source, new, CHUNK)
            new.keep()

    def _step(self, progress: Progress) -> None:
        self._progress = progress
        self._tell(progress)


def _plan(
    files: Iterable[WorkspaceFile], paths: Sequence[str]
) -> tuple[list[WorkspaceFile], dict[str, list[WorkspaceFile]]]:
    """Split files into single ones, and directories (requested or top-level) that are fetched as archives."""
    single: list[WorkspaceFile] = []
    folders: dict[str, list[WorkspaceFile]] = defaultdict(list)
    for file in files:
        named = next((path.strip("/") for path in paths if _is_within(file.name, path)), "")
        folder = named or file.name.partition("/")[0]
        (folders[folder] if folder != file.name else single).append(file)
    archives = {}
    for folder, inside in folders.items():
        if len(inside) > ARCHIVE_FROM:
            archives[folder] = inside
        else:
            single += inside
    return single, archives


def _is_within(name: str, path: str) -> bool:
    path = path.strip("/")
    return name == path or name.startswith(f"{path}/")
