"""Batch uploads: each file succeeds or fails on its own, in bounded memory."""

import json
from typing import Any

import pytest
from django.test import Client

from user_workspaces.transfers.batches import LARGEST_BATCH, MOST_FILES
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of


def send(client: Client, workspace: Workspace, files: object, body: bytes) -> Any:
    line = files if isinstance(files, bytes) else json.dumps(files).encode()
    return client.post(f"/w/{workspace.pk}/batch/", line + b"\n" + body, "application/octet-stream")


def announced(**sizes: int) -> list[dict[str, object]]:
    return [{"path": path, "size": size} for path, size in sizes.items()]


def contents(workspace: Workspace) -> dict[str, bytes]:
    home, found = home_of(workspace), dict[str, bytes]()
    for entry in home.storage.tree(home.location):
        if entry.kind == "file":
            with home.storage.open(home.location, entry.path) as file:
                found[entry.path] = file.read()
    return found


def test_batch_writes_all_files(browser: Client, workspace: Workspace) -> None:
    large = bytes(range(256)) * 2000
    files = [{"path": "d/ü", "size": 3}, {"path": "empty", "size": 0}, {"path": "large", "size": len(large)}]
    response = send(browser, workspace, files, b"123" + large)
    assert (response.status_code, response.json()) == (200, {"success": True, "saved": 3, "problems": []})
    assert contents(workspace) == {"d/ü": b"123", "empty": b"", "large": large}


def test_failure_of_one_file_does_not_affect_others(browser: Client, workspace: Workspace) -> None:
    home = home_of(workspace)
    home.storage.make_directory(home.location, "taken")
    files = [*announced(a=1, taken=300_000), {"path": "../x", "size": 2}, {"path": 7, "size": 1}, *announced(z=1)]
    response = send(browser, workspace, files, b"a" + b"t" * 300_000 + b"xx" + b"7" + b"z").json()
    assert [problem["path"] for problem in response["problems"]] == ["taken", "../x", "7"]
    assert all(problem["message"] for problem in response["problems"])
    assert (response["saved"], contents(workspace)) == (2, {"a": b"a", "z": b"z"})


@pytest.mark.parametrize(
    ("files", "body", "status"),
    [
        (b"no json", b"", 400),
        (b"{}", b"", 200),
        (b"7", b"", 400),
        ([{"path": "a"}], b"", 400),
        ([{"path": "a", "size": -1}], b"", 400),
        ([{"path": "a", "size": "1"}], b"", 400),
        (announced(a=5), b"123", 400),
        ([{"path": "a", "size": 0}] * (MOST_FILES + 1), b"", 413),
        ([{"path": "a", "size": LARGEST_BATCH}, {"path": "b", "size": 1}], b"", 413),
    ],
)
def test_invalid_batch_writes_nothing(
    browser: Client, workspace: Workspace, files: object, body: bytes, status: int
) -> None:
    response = send(browser, workspace, files, body)
    assert (response.status_code, response["Tus-Resumable"]) == (status, "1.0.0")
    assert contents(workspace) == {}


def test_batch_is_only_for_the_owner(browser: Client, stranger: Client, workspace: Workspace) -> None:
    assert send(stranger, workspace, announced(a=1), b"1").status_code == 404
    assert send(Client(), workspace, announced(a=1), b"1").status_code == 401
    assert browser.get(f"/w/{workspace.pk}/batch/").status_code == 405
    assert contents(workspace) == {}
