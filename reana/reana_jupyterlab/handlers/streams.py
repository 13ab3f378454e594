"""Streams files between the browser and REANA without holding them in memory."""

import asyncio
import mimetypes
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import tornado.iostream
import tornado.web

from reana_jupyterlab.reana.errors import BadRequest, NotFound, ReanaError
from reana_jupyterlab.reana.paths import checked_path
from reana_jupyterlab.reana.values import WorkspaceFile

from .base import ReanaHandler

CHUNK = 256 * 1024
PIECES_WAITING = 4
MAX_UPLOAD_BYTES = 1024**4

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@dataclass(frozen=True)
class Span:
    """A byte range from `first` up to and excluding `end`, of `size` bytes."""

    first: int
    end: int
    size: int

    @property
    def is_whole(self) -> bool:
        """True if it covers the whole file."""
        return self.first == 0 and self.end == self.size


class ContentHandler(ReanaHandler):
    """Streams a file of a workspace; a sandbox policy isolates untrusted HTML."""

    known_query = {"GET": ("download",)}

    @property
    def content_security_policy(self) -> str:
        """Sandbox the response: files written by jobs must not run scripts in Jupyter's origin."""
        return f"{super().content_security_policy}; sandbox"

    @tornado.web.authenticated
    async def get(self, workflow: str, path: str) -> None:
        """Stream the file or the range in `Range`; `?download=1` makes it an attachment."""
        client = await self.client()
        path = checked_path(path)
        # REANA's response has no length; ranges and Content-Length need the listed one.
        file = _exactly(await client.all_files(workflow, search=path), path)
        span = _span(self.request.headers.get("Range", ""), file.size)
        async with client.open_file(workflow, path) as response:
            self._say_what_comes(path, span)
            await self._relay(response.aiter_raw(CHUNK), span)

    def _say_what_comes(self, path: str, span: Span) -> None:
        name = path.rpartition("/")[2]
        kind = "attachment" if self.flag("download") else "inline"
        self.set_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
        # Percent-encoded: quotes or line breaks in a name would break the header.
        self.set_header("Content-Disposition", f"{kind}; filename*=UTF-8''{quote(name, safe='')}")
        # Browsers must not guess that a file of another type is HTML.
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Length", str(span.end - span.first))
        if not span.is_whole:
            self.set_status(HTTPStatus.PARTIAL_CONTENT)
            self.set_header("Content-Range", f"bytes {span.first}-{span.end - 1}/{span.size}")

    async def _relay(self, chunks: AsyncIterator[bytes], span: Span) -> None:
        position = 0
        try:
            # REANA supports no ranges: bytes before the range are read and dropped.
            async for chunk in chunks:
                piece = chunk[max(0, span.first - position) : max(0, span.end - position)]
                position += len(chunk)
                if piece:
                    self.write(piece)
                    await self.flush()
                if position >= span.end:
                    break
        except tornado.iostream.StreamClosedError:
            return
        except ReanaError:
            position = -1
        if position < span.end:
            # Content-Length was sent: closing the connection is the only way to report a truncated body.
            self.detach().close()
            return
        # An empty file wrote nothing, so its headers are still to be sent.
        if not self._headers_written:
            await self.flush()
        await tornado.web.RequestHandler.finish(self)


@tornado.web.stream_request_body
class WorkspaceFileUploadHandler(ReanaHandler):
    """Streams an uploaded file from the browser into a workspace."""

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own API handlers have it
        """Authenticate before reading the body."""
        # Callbacks read both attributes even if `super().prepare()` raises.
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(PIECES_WAITING)
        self._upload: asyncio.Task[None] | None = None
        await super().prepare()
        # Jupyter's limit is for bodies in memory; this body is streamed.
        self.request.connection.set_max_body_size(MAX_UPLOAD_BYTES)  # type: ignore[union-attr] # HTTP/1 has it
        workflow, path = self.path_args
        client = await self.client()
        self._upload = asyncio.ensure_future(
            client.upload(workflow, checked_path(path), self._content(), size=self._size())
        )

    async def data_received(self, chunk: bytes) -> None:
        """Pass a chunk on; a full queue slows the browser down to REANA's speed."""
        # `prepare` failed: the rest of the body is ignored.
        if self._upload is None:
            return
        # A failed upload no longer empties the queue, so waiting for the queue alone could last for ever.
        putting = asyncio.ensure_future(self._pieces.put(chunk))
        await asyncio.wait([putting, self._upload], return_when=asyncio.FIRST_COMPLETED)
        putting.cancel()

    @tornado.web.authenticated
    async def put(self, workflow: str, path: str) -> None:
        """Finish the upload."""
        if self._upload is None:
            raise BadRequest("The request contains no file to upload.")
        putting = asyncio.ensure_future(self._pieces.put(None))
        await asyncio.wait([putting, self._upload], return_when=asyncio.FIRST_COMPLETED)
        putting.cancel()
        await self._upload
        self.succeed(f"Uploaded {path} to {workflow}.")

    def on_connection_close(self) -> None:
        """Cancel the upload to REANA when the browser disconnects."""
        super().on_connection_close()
        if self._upload is not None:
            self._upload.cancel()

    def _size(self) -> int:
        length = self.request.headers.get("Content-Length", "")
        if not length.isdigit():
            raise BadRequest("Content-Length is required for uploads.")
        return int(length)

    async def _content(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece


def _exactly(files: tuple[WorkspaceFile, ...], path: str) -> WorkspaceFile:
    for file in files:
        if file.name == path:
            return file
    raise NotFound(f"{path} does not exist in the workspace.")


def _span(header: str, size: int) -> Span:
    found = _RANGE.match(header.strip())
    # A server may ignore a Range (RFC 9110), such as several ranges or another unit: send the whole file.
    if not found or not (found[1] or found[2]):
        return Span(0, size, size)
    # `bytes=-n` requests the last n bytes.
    if not found[1]:
        return Span(max(0, size - int(found[2])), size, size)
    first = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if first >= end:
        raise BadRequest(f"The requested range is outside the file, which has {size} bytes.")
    return Span(first, end, size)
