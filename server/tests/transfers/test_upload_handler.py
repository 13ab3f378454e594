"""Files of a form wait on disk without a name."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import UploadedFile

from user_workspaces.transfers.upload_handler import AnonymousTempFileHandler


@pytest.fixture
def waiting(tmp_path: Path, settings: LazySettings) -> Path:
    """Where they wait."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


def started() -> AnonymousTempFileHandler:
    handler = AnonymousTempFileHandler()
    handler.new_file("files", "a.txt", "text/plain", None, None, None)
    handler.receive_data_chunk(b"one ", 0)
    handler.receive_data_chunk(b"two", 4)
    return handler


def test_what_arrives_has_no_name_and_is_whole(waiting: Path) -> None:
    handler = started()
    assert list(waiting.iterdir()) == []
    file = handler.file_complete(7)
    assert isinstance(file, UploadedFile)
    with file:
        assert (file.name, file.size, file.read(), b"".join(file.chunks())) == ("a.txt", 7, b"one two", b"one two")


def test_what_is_interrupted_is_let_go(waiting: Path) -> None:
    handler = started()
    handler.upload_interrupted()
    assert handler.file.closed
    AnonymousTempFileHandler().upload_interrupted()  # before anything came
