"""Fixtures of the API tests: callers with tokens, and objects of one user that others must not see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from api import conformance
from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

FILES = Details(files=(NewFile("notes/plan.txt", b"hello"), NewFile(".secret", b"x")))


@dataclass
class ApiResponse:
    """A parsed response."""

    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def message(self) -> str:
        message: str = self.body["message"]
        return message


@dataclass
class Caller:
    """A user, or an anonymous caller, with a client that requires responses in the common format."""

    user: User | None
    token: str

    def __call__(self, method: str, path: str, body: object = None, **extra: Any) -> ApiResponse:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        headers = {"UWS-Authorization": f"Token {self.token}"} if self.token else {}
        content_type = extra.pop("content_type", "application/json")
        response = Client(raise_request_exception=False).generic(
            method, path, raw, content_type, headers={**headers, **extra.pop("headers", {})}, **extra
        )
        found = read(response, method)
        conformance.check(method, path, found.status, found.body)
        return found


def read(response: Any, method: str) -> ApiResponse:
    """Check the properties that all responses share, and return the parsed response."""
    assert isinstance(response, HttpResponse)
    assert response.status_code < 500 or response.status_code == 503, response.content
    assert response["Content-Type"] == "application/json", (response.status_code, response.content[:200])
    body = orjson.loads(response.content) if method != "HEAD" else {"success": None, "message": ""}
    assert isinstance(body["message"], str)
    if method != "HEAD":
        assert body["success"] is (response.status_code < 400)
    return ApiResponse(response.status_code, body, response.headers)


@pytest.fixture(autouse=True)
def static_root() -> None:
    """Create the folder for collected static files, which has to exist even if it is unused."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def call(make_user: Callable[..., User], token_of: Callable[[User], str]) -> Callable[..., Caller]:
    """Return a function that creates a caller."""

    def make(username: str = "ada") -> Caller:
        user = make_user(username)
        return Caller(user, token_of(user))

    return make


@pytest.fixture
def ada(call: Callable[..., Caller]) -> Caller:
    return call("ada")


@pytest.fixture
def anonymous(db: None) -> Caller:
    return Caller(None, "")


@pytest.fixture
def workspace(ada: Caller, workspace_of: Callable[..., Workspace]) -> Workspace:
    """A workspace of Ada."""
    return workspace_of(ada.user)


def launch(workspace: Workspace, job_type: str = "local_test") -> Job:
    """Create a job."""
    request = LaunchRequest(owner=workspace.owner, workspace_id=workspace.pk, job_type=job_type)
    return start_job(request, now=timezone.now())


@pytest.fixture
def job(workspace: Workspace) -> Job:
    """A job of Ada."""
    return launch(workspace)


def content(workspace: Workspace, path: str) -> bytes:
    """Return the content of a file in a workspace."""
    home = home_of(workspace)
    with home.storage.open(home.location, path) as file:
        return file.read()


@pytest.fixture
def original(ada: Caller, workspace_of: Callable[..., Workspace]) -> Workspace:
    """A workspace of Ada to share, with a file that is copied and one that is not."""
    return workspace_of(ada.user, "cell-atlas", FILES)


@pytest.fixture
def grace(call: Callable[..., Caller]) -> Caller:
    """A user to share with."""
    return call("grace")


@pytest.fixture
def mallory(call: Callable[..., Caller]) -> Caller:
    """Another user."""
    return call("mallory")


def share(sender: Caller, original: Workspace, *receivers: Caller) -> int:
    """Offer a workspace over HTTP, and return the ID of the first share."""
    ids = [receiver.user.pk for receiver in receivers if receiver.user]
    response = sender("POST", "/shared_workspaces/", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    assert response.status == 200, response.message
    number: int = response.body["data"]["shared_workspaces"][0]["shared_workspace_id"]["id"]
    return number


def listed(caller: Caller, path: str = "/shared_workspaces/") -> tuple[list[int], list[int]]:
    """Return the IDs of sent and of received shares."""
    data = caller("GET", path).body["data"]
    sent, received = data["original_workspaces"], data["shared_workspaces"]
    return [one["shared_workspace_id"]["id"] for one in sent], [one["shared_workspace_id"]["id"] for one in received]
