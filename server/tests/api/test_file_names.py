"""File names in request paths: hostile ones are refused, unusual ones kept exactly."""

from urllib.parse import quote

import pytest

from api.conftest import Caller
from api.contents import paths_in
from api.raw import send
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def at(workspace: Workspace) -> str:
    """The files route of Ada's workspace."""
    return f"/workspaces/{workspace.pk}/files/"


HOSTILE = {
    "dots": "../x",
    "dots-inside": "a/../b",
    "dots-encoded": "%2e%2e/x",
    "dots-and-slash-encoded": "a%2F..%2Fb",
    "backslash": "a\\..\\b",
    "nul": "a%00b",
    "long-name": "n" * 5000,
    "only-dots": ".",
    "part": ".uws-part-uploads/x",
}


@pytest.mark.parametrize("path", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_hostile_paths_are_refused(ada: Caller, workspace: Workspace, at: str, method: str, path: str) -> None:
    response = send(ada, method, at + path, b"x" if method == "PUT" else b"")
    assert response.status in {400, 404}
    if "..." not in path and ".." in path.lower().replace("%2e", ".") and method != "HEAD":
        assert response.json["message"] == "File name cannot contain double dots."
    assert paths_in(workspace) == []


NAMES = [
    "with space",
    "é😀",
    "e\u0301",
    "a..b.txt",
    "100%.txt",
    "a+b",
    "q?u",
    "h#sh",
    "line\nbreak",
    'quo"te',
    "-rf",
    "~",
]


@pytest.mark.parametrize("name", NAMES)
def test_unusual_names_are_kept_exactly(ada: Caller, workspace: Workspace, at: str, name: str) -> None:
    path = at + quote(f"d/{name}", safe="")
    assert send(ada, "PUT", path, CONTENT).status == 201
    assert paths_in(workspace) == ["d", f"d/{name}"]
    response = send(ada, "GET", at + "d/" + quote(name))
    assert (response.status, response.content) == (200, CONTENT)
    assert "\n" not in response.headers["Content-Disposition"]
    assert send(ada, "DELETE", path).status == 200
