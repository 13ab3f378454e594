"""Multipart uploads that keep the sub-directories in the names of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request

from user_workspaces.errors import InvalidRequest
from user_workspaces.workspaces.details import checked_name


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request, in a temporary place."""

    path: str
    content: UploadedFile


class _WithFullName(UploadedFile):
    """What Django hands over, with the name as it was sent."""

    sent_name: str


class _KeepsDirectories(TemporaryFileUploadHandler):
    """Django keeps the last part of a name only; the checked whole is carried beside it."""

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the finished file."""
        done = super().file_complete(file_size)
        if done is not None:
            done.sent_name = self.file_name  # type: ignore[attr-defined]  # read back in uploaded_files
        return done


class _Multipart(MultiPartParser):
    """Leaves the names of files as they are; `checked_name` judges them."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Return the name with its directories."""
        return file_name.strip() or None


class MultipartParser(BaseParser):
    """Streams files to disk while they arrive; nothing is held in memory."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> DataAndFiles:
        """Return the fields and files of the body."""
        request = (parser_context or {})["request"]
        assert isinstance(request, Request)  # noqa: S101  DRF puts it there
        handlers = [_KeepsDirectories(request._request)]
        try:
            data, files = _Multipart(request.META, stream, handlers, settings.DEFAULT_CHARSET).parse()
        except MultiPartParserError as error:
            raise ParseError(f"The upload cannot be read: {error}") from None
        return DataAndFiles(data, files)


def uploaded_files(request: Request) -> list[Upload]:
    """Return all files of the request, whatever their fields are called; raises when there is none."""
    files = [file for _, listed in request.FILES.lists() for file in listed]
    if not files:
        raise InvalidRequest("No files found in request.")
    return [
        Upload(path=checked_name(getattr(file, "sent_name", file.name), kind="File"), content=file) for file in files
    ]
