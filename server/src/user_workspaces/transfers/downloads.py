"""Downloads of files and folders: conditional, in ranges, and never run by a browser."""

import mimetypes
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe

from user_workspaces.errors import PreconditionFailed
from user_workspaces.interfaces.values import Entry
from user_workspaces.transfers.filenames import attachment
from user_workspaces.transfers.ranges import Span, Unsatisfiable, parse_range
from user_workspaces.transfers.request_body import PIECE
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.zip_stream import zip_stream
from user_workspaces.workspaces.files import OpenFile, entry_at, is_folder, open_file
from user_workspaces.workspaces.models import Workspace

OK, PARTIAL, NOT_MODIFIED, PRECONDITION_FAILED, UNSATISFIABLE = 200, 206, 304, 412, 416
GONE = "uws.gone"
"""The key in the ASGI scope of the event that the web process sets when the client has disconnected."""
# Files may be hostile HTML or SVG, and must not run as pages of the portal.
SAFE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}
UNKNOWN_TYPE = "application/octet-stream"
PACKED_TYPES = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def etag_of(entry: Entry) -> str:
    """Return the strong validator of an entry."""
    return f'"{entry.version}"'


def content_type_of(name: str) -> str:
    """Guess the content type from a name; a compressed file has the type of its compression."""
    kind, packing = mimetypes.guess_type(name)
    return PACKED_TYPES.get(packing, UNKNOWN_TYPE) if packing else kind or UNKNOWN_TYPE


def download(request: HttpRequest, workspace: Workspace, path: str, *, user_id: int) -> HttpResponseBase:
    """Send a file, or the requested range of it; a folder is sent as a zip archive.

    Raises `NotFound`, `UnsafePath` for a link, `PreconditionFailed`, `TooManyAtOnce`.
    """
    entry = entry_at(workspace=workspace, path=path)
    if is_folder(entry):
        return download_folder(request, workspace, path, user_id=user_id)
    # The slot comes first, so that a user at the limit opens no file.
    slot = TransferSlot(user_id)
    try:
        opened = open_file(workspace=workspace, path=path)
    except BaseException:
        slot.end()
        raise
    pieces = _Pieces(request, iter(()), closers=[opened.content.close, slot.end])
    try:
        response = _file(request, opened, pieces)
    except BaseException:
        pieces.close()
        raise
    # Django closes the pieces of a streaming response only.
    if not response.streaming:
        pieces.close()
    return response


def download_folder(
    request: HttpRequest, workspace: Workspace, path: str, *, user_id: int, names: Iterable[str] | None = None
) -> HttpResponseBase:
    """Send a folder, or the entries `names` of it, as a zip archive that is made while it is sent."""
    name = path.rpartition("/")[2] or workspace.name
    if request.method == "HEAD":
        # It streams, too: otherwise the response would have a Content-Length of 0.
        return _with_head(StreamingHttpResponse(iter(()), content_type="application/zip"), f"{name}.zip")
    slot = TransferSlot(user_id)
    pieces = _Pieces(request, zip_stream(workspace, path, names=names), closers=[slot.end])
    return _with_head(StreamingHttpResponse(pieces, content_type="application/zip"), f"{name}.zip")


def _file(request: HttpRequest, opened: OpenFile, pieces: "_Pieces") -> HttpResponseBase:
    entry, name = opened.entry, opened.entry.path.rpartition("/")[2]
    early = _conditional(request, entry)
    if early is not None:
        return _described(early, entry)
    try:
        span = _span(request, entry)
    except Unsatisfiable:
        failure = {"success": False, "message": f"The range is outside of the file, which has {entry.size} bytes."}
        headers = {"Content-Range": f"bytes */{entry.size}"}
        return _described(JsonResponse(failure, status=UNSATISFIABLE, headers=headers), entry)
    sent = span or Span(0, entry.size)
    head = {"Content-Length": str(sent.length), "Accept-Ranges": "bytes"}
    if span is not None:
        head["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{entry.size}"
    response: HttpResponse | StreamingHttpResponse
    if request.method == "HEAD":
        response = HttpResponse(content_type=content_type_of(name), headers=head)
    else:
        pieces.source = _read(opened.content, sent)
        response = StreamingHttpResponse(pieces, content_type=content_type_of(name), headers=head)
        response.status_code = PARTIAL if span is not None else OK
    return _described(_with_head(response, name), entry)


def _conditional(request: HttpRequest, entry: Entry) -> HttpResponse | None:
    found = get_conditional_response(request, etag=etag_of(entry), last_modified=int(entry.modified.timestamp()))
    if found is not None and found.status_code == PRECONDITION_FAILED:
        raise PreconditionFailed("The file has changed: the condition of the request is not met.")
    if found is None:
        return None
    response = HttpResponse(status=NOT_MODIFIED)
    del response.headers["Content-Type"]
    return response


def _span(request: HttpRequest, entry: Entry) -> Span | None:
    header, condition = request.headers.get("Range"), request.headers.get("If-Range", "")
    if header is None or request.method != "GET":
        return None
    if condition and condition != etag_of(entry) and not _is_time_of(entry, condition):
        return None  # the client has a part of another version, so it gets the whole file
    return parse_range(header, size=entry.size)


def _is_time_of(entry: Entry, condition: str) -> bool:
    """Compare a time of `If-Range`; a file that changed within the last second may have changed again unnoticed."""
    age = (datetime.now(UTC) - entry.modified).total_seconds()
    return age > 1 and parse_http_date_safe(condition) == int(entry.modified.timestamp())


def _described(response: HttpResponseBase, entry: Entry) -> HttpResponseBase:
    response.headers["ETag"] = etag_of(entry)
    response.headers["Last-Modified"] = http_date(max(0, entry.modified.timestamp()))
    for name, value in SAFE.items():
        response.headers[name] = value
    return response


def _with_head(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response.headers["Content-Disposition"] = attachment(name)
    for header, value in SAFE.items():
        response.headers[header] = value
    return response


def _read(content: BinaryIO, span: Span) -> Iterator[bytes]:
    content.seek(span.start)
    left = span.length
    # A file that became shorter meanwhile ends early: the client sees that `Content-Length` is not reached.
    while left and (piece := content.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


class _Pieces:
    """The body of a response; stops when the client has disconnected, and is closed even if nothing was sent."""

    def __init__(self, request: HttpRequest, source: Iterator[bytes], closers: list[Callable[[], None]]) -> None:
        self.source = source
        self._gone = request.META.get("asgi.scope", {}).get(GONE)
        self._closers = closers

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.source:
            if self._gone is not None and self._gone.is_set():
                return
            yield piece

    def close(self) -> None:
        """Close the file and free the transfer slot; safe to call twice."""
        while self._closers:
            self._closers.pop()()
