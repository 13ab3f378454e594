"""Parses multipart uploads, and keeps directories in file names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request

from user_workspaces.errors import InvalidRequest
from user_workspaces.transfers.request_body import declared_length
from user_workspaces.transfers.upload_handler import AnonymousTempFileHandler
from user_workspaces.workspaces.details import checked_name

if TYPE_CHECKING:
    from django.http.request import _PostDataProtocol  # the stream that Django's parser reads

FORM = "multipart/form-data"
FORM_OVERHEAD = 1024 * 1024
"""Bytes of a form beside the content of its files, at most."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file, in a temporary location."""

    path: str
    content: "UploadedFile[bytes]"


class _KeepsDirectories(AnonymousTempFileHandler):
    """Keeps the validated path of a file: Django keeps only the last part of its name."""

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return the finished file."""
        done = super().file_complete(file_size)
        if done is not None:
            done.sent_name = self.file_name  # type: ignore[attr-defined]  # read back in uploaded_files
        return done


class _Multipart(MultiPartParser):
    """Rejects an invalid file name before any content of the file is stored."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Return the name with its directories; raises for an invalid one."""
        return checked_name(file_name.strip(), kind="File")


class MultipartParser(BaseParser):
    """Streams files to disk while they arrive."""

    media_type = FORM

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> "DataAndFiles[QueryDict, MultiValueDict[str, UploadedFile[bytes]]]":
        """Return the fields and files of the body."""
        if not (media_type or "").lower().startswith(FORM):
            raise InvalidRequest("No files found in request.")
        request = cast("Request", (parser_context or {})["request"])
        # Django's parser reads nothing from a body without `Content-Length`, and would find no files.
        if declared_length(request._request) is None:
            raise InvalidRequest("Content-Length is required for form uploads.")
        handlers = [_KeepsDirectories(request._request)]
        body = cast("_PostDataProtocol", stream)
        try:
            data, files = _Multipart(request.META, body, handlers, settings.DEFAULT_CHARSET).parse()
        except MultiPartParserError as error:
            raise ParseError(f"The upload cannot be read: {error}") from None
        return DataAndFiles(data, files)


def declared_size(request: Request) -> int:
    """Return the least size of the files in bytes, from `Content-Length`, before the body is read; 0 if unknown.

    The overhead of the form is subtracted; the exact sizes are checked when the body has arrived.
    """
    text = request.META.get("CONTENT_LENGTH") or "0"
    return max(0, int(text) - FORM_OVERHEAD) if text.isascii() and text.isdigit() else 0


def uploaded_files(request: Request) -> list[Upload]:
    """Return all files of the request, whatever the names of their fields; raises `InvalidRequest` without files."""
    files = [file for _, listed in request.FILES.lists() for file in listed]
    if not files:
        raise InvalidRequest("No files found in request.")
    return [Upload(path=file.sent_name, content=file) for file in files]
