"""Files of a form while they arrive: on disk, without a name, so that whoever dies leaves nothing behind."""

import tempfile
import weakref
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class AnonymousTempFileHandler(FileUploadHandler):
    """Django's own handler gives its files names, and they stay when the process is killed."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as the parser hands them over
        """Begin a file."""
        super().new_file(*args, **kwargs)
        space = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  closed with the request
        self.file = UploadedFile(
            file=space,
            name=self.file_name,
            content_type=self.content_type,
            size=0,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
        weakref.finalize(self.file, space.close)  # the parser drops the files of a form that it refuses half way

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002  in their order
        """Take what comes."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return the finished file."""
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        """Let go of what has come."""
        if hasattr(self, "file"):
            self.file.close()
