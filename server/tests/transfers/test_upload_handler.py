"""Files of a form are stored on disk without a name."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import UploadedFile

from user_workspaces.transfers.upload_handler import AnonymousTempFileHandler


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    """Return the folder of temporary files."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


def started() -> AnonymousTempFileHandler:
    handler = AnonymousTempFileHandler()
    handler.new_file("files", "a.txt", "text/plain", None, None, None)
    handler.receive_data_chunk(b"one ", 0)
    handler.receive_data_chunk(b"two", 4)
    return handler


def test_uploaded_file_is_complete_and_has_no_name(folder: Path) -> None:
    handler = started()
    assert list(folder.iterdir()) == []
    file = handler.file_complete(7)
    assert isinstance(file, UploadedFile)
    with file:
        assert (file.name, file.size, file.read(), b"".join(file.chunks())) == ("a.txt", 7, b"one two", b"one two")


def test_interrupted_file_is_closed(folder: Path) -> None:
    handler = started()
    handler.upload_interrupted()
    assert handler.file.closed
    AnonymousTempFileHandler().upload_interrupted()  # before a file was started
