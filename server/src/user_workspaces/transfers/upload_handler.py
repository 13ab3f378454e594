"""Stores the files of a form in unnamed temporary files, so that a process that is killed leaves none behind."""

import tempfile
import weakref
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class AnonymousTempFileHandler(FileUploadHandler):
    """Upload handler with unnamed files; Django's own has named ones, which stay when the process is killed."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  the signature of Django
        """Start a file."""
        super().new_file(*args, **kwargs)
        unnamed = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  closed with the request
        self.file = UploadedFile(
            file=unnamed,
            name=self.file_name,
            content_type=self.content_type,
            size=0,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
        weakref.finalize(
            self.file, unnamed.close
        )  # Django drops the files of a form with an error without closing them

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002  chunks arrive in order
        """Write a chunk."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return the finished file."""
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        """Close the incomplete file."""
        if hasattr(self, "file"):
            self.file.close()
