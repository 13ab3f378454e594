"""Uploads at the limit of a disk quota: declared sizes are reserved, and errors keep existing files."""

import base64
import io
import threading
from collections.abc import Callable

import pytest
from django.test import Client

from api.conftest import Caller, content
from api.raw import Raw, send
from support.concurrency import at_once
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
Blocks = Callable[[int], None]
TUS = {"Tus_Resumable": "1.0.0"}


def put(ada: Caller, workspace: Workspace, name: str, body: bytes) -> Raw:
    return send(ada, "PUT", f"/workspaces/{workspace.pk}/files/{name}", body)


def begin(ada: Caller, workspace: Workspace, name: str, length: int) -> Raw:
    named = f"filename {base64.b64encode(name.encode()).decode()}"
    at = f"/workspaces/{workspace.pk}/tus/"
    return send(ada, "POST", at, b"", Upload_Length=str(length), Upload_Metadata=named, **TUS)


def patch(ada: Caller, upload: str, body: bytes, offset: int) -> Raw:
    sent = {"Upload_Offset": str(offset), "Content_Type": "application/offset+octet-stream", **TUS}
    return send(ada, "PATCH", upload, body, **sent)


def held() -> int:
    return sum(DiskReservation.objects.values_list("size", flat=True)) // BLOCK_BYTES


def names_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


class SlowBody(io.RawIOBase):
    """A body whose second half waits for the test."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left, self._half = size, size // 2
        self.started, self.allowed = threading.Event(), threading.Event()

    def read(self, size: int = -1) -> bytes:
        if self._left <= self._half:
            self.started.set()
            assert self.allowed.wait(60)
        count = min(self._left, self._half) if size < 0 else min(size, self._left, self._half)
        self._left -= count
        return b"x" * count


def test_put_reserves_its_declared_size(ada: Caller, workspace: Workspace, blocks: Blocks) -> None:
    blocks(8)
    body = SlowBody(2 * BLOCK_BYTES)
    responses = list[int]()

    def send_slowly() -> None:
        headers = {"UWS-Authorization": f"Token {ada.token}"}
        given = {"CONTENT_LENGTH": str(2 * BLOCK_BYTES), "wsgi.input": body, "CONTENT_TYPE": "application/octet-stream"}
        path = f"/workspaces/{workspace.pk}/files/slow"
        responses.append(Client().generic("PUT", path, b"", headers=headers, **given).status_code)  # type: ignore[arg-type]  # the surroundings of a request

    def send_beside() -> None:
        assert body.started.wait(60)
        try:
            assert held() == 2
            responses.append(put(ada, workspace, "beside", b"y" * 3 * BLOCK_BYTES).status)
        finally:
            body.allowed.set()

    turns = [send_beside, send_slowly]

    def run_one() -> None:
        turns.pop()()

    at_once(2, run_one)
    assert responses == [201, 201]
    assert sorted(names_in(workspace)) == ["beside", "slow"]
    assert held() == 5


def test_oversized_file_is_refused_before_reading_it(ada: Caller, workspace: Workspace, blocks: Blocks) -> None:
    blocks(2)
    assert put(ada, workspace, "a", b"x" * (2 * BLOCK_BYTES + 1)).status == 403
    assert (names_in(workspace), held()) == ([], 0)
    assert put(ada, workspace, "a", b"x" * 2 * BLOCK_BYTES).status == 201
    assert put(ada, workspace, "b", b"y").status == 403


def test_oversized_upload_is_refused_at_once(ada: Caller, workspace: Workspace, blocks: Blocks) -> None:
    blocks(5)
    refused = begin(ada, workspace, "f", 10 * BLOCK_BYTES)
    assert (refused.status, refused.json["message"][:25]) == (403, "This needs 48 KiB on disk")
    assert "Location" not in refused.headers
    assert held() == 0


def test_upload_resumes_when_the_quota_allows_it(ada: Caller, workspace: Workspace, blocks: Blocks) -> None:
    blocks(6)
    upload = begin(ada, workspace, "f", 3 * BLOCK_BYTES).headers["Location"]
    assert patch(ada, upload, b"x" * BLOCK_BYTES, 0).status == 204
    put(ada, workspace, "other", b"y" * 2 * BLOCK_BYTES)
    refused = patch(ada, upload, b"x" * 2 * BLOCK_BYTES, BLOCK_BYTES)
    assert (refused.status, refused.json["success"]) == (403, False)
    assert send(ada, "HEAD", upload, b"", **TUS).headers["Upload-Offset"] == str(BLOCK_BYTES)
    blocks(20)
    assert patch(ada, upload, b"x" * 2 * BLOCK_BYTES, BLOCK_BYTES).status == 204
    assert content(workspace, "f") == b"x" * 3 * BLOCK_BYTES


def test_folders_count_and_renaming_does_not(ada: Caller, workspace: Workspace, blocks: Blocks) -> None:
    path = f"/workspaces/{workspace.pk}/files/"
    blocks(4)
    assert put(ada, workspace, "f", b"x").status == 201
    assert ada("POST", path, {"action": "make_directory", "path": "a/b/c/d"}).status == 403
    assert ada("POST", path, {"action": "make_directory", "path": "a/b/c"}).status == 200
    assert held() == 4
    assert ada("POST", path, {"action": "make_directory", "path": "g"}).status == 403
    assert ada("POST", path, {"action": "move", "path": "f", "new_path": "new/f"}).status == 403
    assert ada("POST", path, {"action": "move", "path": "f", "new_path": "a/b/f"}).status == 200
    assert ada("POST", path, {"action": "move", "path": "a/b/f", "new_path": "g"}).status == 200
    assert ada("POST", path, {"action": "make_directory", "path": "a"}).status == 409
    assert sorted(names_in(workspace)) == ["a", "a/b", "a/b/c", "g"]
