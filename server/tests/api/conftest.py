"""What the tests of the API share: a caller with a token, and what one person has that another must not see."""

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
from user_workspaces.jobs.actions import start_job
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of


@dataclass
class Answer:
    """An answer, read."""

    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def message(self) -> str:
        message: str = self.body["message"]
        return message


@dataclass
class Caller:
    """A person, or nobody, with a client that breaks on everything that is not JSON in our form."""

    user: User | None
    token: str

    def __call__(self, method: str, path: str, body: object = None, **extra: Any) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        headers = {"UWS-Authorization": f"Token {self.token}"} if self.token else {}
        content_type = extra.pop("content_type", "application/json")
        answer = Client(raise_request_exception=False).generic(
            method, path, raw, content_type, headers={**headers, **extra.pop("headers", {})}, **extra
        )
        found = read(answer, method)
        conformance.check(method, path, found.status, found.body)
        return found


def read(answer: Any, method: str) -> Answer:
    """Check what holds for every answer there is."""
    assert isinstance(answer, HttpResponse)
    assert answer.status_code < 500 or answer.status_code == 503, answer.content
    assert answer["Content-Type"] == "application/json", (answer.status_code, answer.content[:200])
    body = orjson.loads(answer.content) if method != "HEAD" else {"success": None, "message": ""}
    assert isinstance(body["message"], str)
    if method != "HEAD":
        assert body["success"] is (answer.status_code < 400)
    return Answer(answer.status_code, body, answer.headers)


@pytest.fixture(autouse=True)
def static_root() -> None:
    """Static files are served from where they are; the folder for collected ones has to be there all the same."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def call(person: Callable[..., User], token_of: Callable[[User], str]) -> Callable[..., Caller]:
    """Make a caller."""

    def make(username: str = "ada") -> Caller:
        user = person(username)
        return Caller(user, token_of(user))

    return make


@pytest.fixture
def ada(call: Callable[..., Caller]) -> Caller:
    return call("ada")


@pytest.fixture
def nobody(db: None) -> Caller:
    return Caller(None, "")


@pytest.fixture
def workspace(ada: Caller, workspace_of: Callable[..., Workspace]) -> Workspace:
    """One of Ada's."""
    return workspace_of(ada.user)


def launch(workspace: Workspace, job_type: str = "local_test") -> Job:
    """Put a job on record."""
    return start_job(
        owner=workspace.owner,
        workspace_id=workspace.pk,
        job_type=job_type,
        job_details={},
        options={},
        now=timezone.now(),
    )


@pytest.fixture
def job(workspace: Workspace) -> Job:
    """One of Ada's."""
    return launch(workspace)


def content(workspace: Workspace, path: str) -> bytes:
    """Return what is in a file of a workspace."""
    home = home_of(workspace)
    with home.storage.open(home.place, path) as file:
        return file.read()
