"""Clients of REANA's API for two users and for requests without a token."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client

from support.runs import workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.registry import Registry


@dataclass
class ApiResponse:
    """A response that was read."""

    status: int
    content: bytes
    headers: Any

    @property
    def body(self) -> Any:
        """The parsed JSON."""
        assert self.headers["Content-Type"] == "application/json", self.content[:200]
        return orjson.loads(self.content)


@dataclass
class Reana:
    """A client with the token of a user, or without a token."""

    user: User | None
    token: str

    def __call__(self, method: str, path: str, body: object = None, **query: Any) -> ApiResponse:
        """Send a request with the token in the query, as REANA's clients do."""
        extra = {name: query.pop(name) for name in ("headers", "content_type", "REMOTE_ADDR") if name in query}
        asked = {**({"access_token": self.token} if self.token else {}), **query}
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        content_type = extra.pop("content_type", "application/json")
        found = Client(raise_request_exception=False).generic(
            method, f"/api/{path}?{urlencode(asked, doseq=True)}", raw, content_type, **extra
        )
        return read(found)

    def upload(self, run: str, name: str, content: bytes = b"hello") -> ApiResponse:
        """Upload a file to a run's workspace."""
        return self(
            "POST", f"workflows/{run}/workspace", content, file_name=name, content_type="application/octet-stream"
        )


def read(response: HttpResponseBase) -> ApiResponse:
    """Read a response, and check what holds for all responses."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]  # every response that does not stream has content
    assert response.status_code != 500, content
    if response.status_code >= 400 and response.headers["Content-Type"] == "application/json" and content:
        parsed = orjson.loads(content)
        assert isinstance(parsed, list) or isinstance(parsed["message"], str)
    return ApiResponse(response.status_code, content, response.headers)


@pytest.fixture(autouse=True)
def static_root() -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site, requests_per_second=None) as found:
        yield found


@pytest.fixture
def reana(
    workflows: Registry, make_user: Callable[..., User], token_of: Callable[[User], str]
) -> Callable[[str], Reana]:
    def make(username: str) -> Reana:
        user = make_user(username)
        return Reana(user, token_of(user))

    return make


@pytest.fixture
def ada(reana: Callable[[str], Reana]) -> Reana:
    return reana("ada")


@pytest.fixture
def mallory(reana: Callable[[str], Reana]) -> Reana:
    return reana("mallory")


@pytest.fixture
def anonymous(workflows: Registry, db: None) -> Reana:
    return Reana(None, "")
