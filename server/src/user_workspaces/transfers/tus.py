"""Resumable uploads by the tus protocol 1.0.0: core, creation, termination, expiration. See https://tus.io/protocols."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import http_date

from user_workspaces.errors import Conflict, InvalidRequest, PreconditionFailed, TooLarge, WrongType
from user_workspaces.interfaces.values import Upload
from user_workspaces.transfers.filenames import file_path
from user_workspaces.transfers.request_body import declared_length, pieces_of
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.workspaces import uploads
from user_workspaces.workspaces.models import Workspace

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
PATCH_TYPE = "application/offset+octet-stream"
NO_CONTENT, CREATED = 204, 201
OVERRIDE_METHODS = frozenset({"PATCH", "DELETE", "HEAD", "POST"})
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_LONGEST_METADATA = 30_000


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """One request about uploads into a workspace."""

    request: HttpRequest
    workspace: Workspace
    user_id: int
    now: datetime


def method_of(request: HttpRequest) -> str:
    """Return the method of a request; clients behind strict firewalls send it in a header of a POST."""
    override = request.headers.get("X-HTTP-Method-Override", "").upper()
    return override if request.method == "POST" and override in OVERRIDE_METHODS else request.method or ""


def finished(response: HttpResponse) -> HttpResponse:
    """Add the headers that every response of the protocol has."""
    response.headers["Tus-Resumable"] = VERSION
    if response.status_code == 412:  # noqa: PLR2004  the protocol's status for an unsupported version
        response.headers["Tus-Version"] = VERSION
    return response


def capabilities() -> HttpResponse:
    """Respond to OPTIONS with the capabilities of the server."""
    response = _without_content()
    response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Max-Size"] = str(uploads.LARGEST_UPLOAD)
    response.headers["Tus-Extension"] = EXTENSIONS
    return finished(response)


def create(asked: UploadRequest, *, location_of: Callable[[str], str]) -> HttpResponse:
    """Respond to the POST that starts an upload; `location_of` returns the URL of an upload ID."""
    _require_version(asked.request)
    length, note = _length(asked.request), asked.request.headers.get("Upload-Metadata", "")
    path = file_path(_filename(note))
    upload = uploads.begin_upload(workspace=asked.workspace, path=path, length=length, note=note, now=asked.now)
    response = JsonResponse({"success": True, "message": "Upload started."}, status=CREATED)
    response.headers["Location"] = location_of(upload.id)
    return _with_expiry(response, upload)


def head(asked: UploadRequest, upload_id: str) -> HttpResponse:
    """Respond to HEAD with the offset of an upload."""
    _require_version(asked.request)
    upload = uploads.find_upload(workspace=asked.workspace, upload_id=upload_id, now=asked.now)
    response = HttpResponse(content_type="application/json")
    response.headers["Upload-Offset"] = str(upload.offset)
    response.headers["Upload-Length"] = str(upload.length)
    # A cached offset would be wrong after the next PATCH.
    response.headers["Cache-Control"] = "no-store"
    if upload.note:
        response.headers["Upload-Metadata"] = upload.note
    return _with_expiry(response, upload)


def patch(asked: UploadRequest, upload_id: str) -> HttpResponse:
    """Respond to PATCH: append the body; if it is incomplete, the bytes that arrived are kept."""
    _require_version(asked.request)
    if (asked.request.content_type or "").lower() != PATCH_TYPE:
        raise WrongType(f"The Content-Type of a PATCH is {PATCH_TYPE}.")
    offset = _number(asked.request, "Upload-Offset")
    upload = uploads.find_upload(workspace=asked.workspace, upload_id=upload_id, now=asked.now)
    if offset != upload.offset:
        raise Conflict(f"The upload is at byte {upload.offset}, not at {offset}. Continue from byte {upload.offset}.")
    size = declared_length(asked.request)
    if offset + (size or 0) > upload.length:
        raise TooLarge(f"The data exceeds the {upload.length} bytes that were declared for the upload.")
    if not upload.finished:
        with TransferSlot(asked.user_id):
            upload = uploads.append_to_upload(
                workspace=asked.workspace,
                upload_id=upload_id,
                offset=offset,
                chunks=pieces_of(asked.request),
                now=asked.now,
                size=size,
            )
    response = _without_content()
    response.headers["Upload-Offset"] = str(upload.offset)
    return _with_expiry(response, upload)


def delete(asked: UploadRequest, upload_id: str) -> HttpResponse:
    """Respond to DELETE: cancel an upload."""
    _require_version(asked.request)
    uploads.cancel_upload(workspace=asked.workspace, upload_id=upload_id, now=asked.now)
    return finished(_without_content())


def _require_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise PreconditionFailed(f"Send the header Tus-Resumable: {VERSION}. Other versions are not supported.")


def _length(request: HttpRequest) -> int:
    if "Upload-Defer-Length" in request.headers:
        raise InvalidRequest("Upload-Defer-Length is not supported. Send Upload-Length.")
    length = _number(request, "Upload-Length")
    if length > uploads.LARGEST_UPLOAD:
        raise TooLarge(f"A file may have at most {uploads.LARGEST_UPLOAD} bytes.")
    return length


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(f"{name} must be a number of bytes.")
    return int(text)


def _filename(metadata: str) -> str:
    """Return the path of the new file: the value of `filename`, which is in Base64 like all values."""
    if len(metadata) > _LONGEST_METADATA:
        raise InvalidRequest("Upload-Metadata is too long.")
    pairs = [pair.strip().split(" ") for pair in metadata.split(",") if pair.strip()]
    names = [pair[0] for pair in pairs]
    if any(len(pair) > 2 or not pair[0].isascii() for pair in pairs) or len(set(names)) < len(names):  # noqa: PLR2004  key and value
        raise InvalidRequest("Upload-Metadata must be pairs of a key and its value in Base64, separated by commas.")
    values = {pair[0]: _decoded(pair[1]) if len(pair) > 1 else b"" for pair in pairs}
    try:
        return values["filename"].decode()
    except KeyError:
        raise InvalidRequest("Upload-Metadata must have a filename, the path of the file in the workspace.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("The filename in Upload-Metadata must be UTF-8.") from None


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The values of Upload-Metadata must be in Base64.") from None


def _without_content() -> HttpResponse:
    response = HttpResponse(status=NO_CONTENT)
    del response.headers["Content-Type"]
    return response


def _with_expiry(response: HttpResponse, upload: Upload) -> HttpResponse:
    if not upload.finished:
        response.headers["Upload-Expires"] = http_date(upload.expires.timestamp())
    return finished(response)
