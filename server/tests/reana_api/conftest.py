"""Callers of REANA's API, and what one person has that another must not see."""

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
class Answer:
    """An answer, read."""

    status: int
    content: bytes
    headers: Any

    @property
    def body(self) -> Any:
        """Its JSON."""
        assert self.headers["Content-Type"] == "application/json", self.content[:200]
        return orjson.loads(self.content)


@dataclass
class Reana:
    """A person with a token, or nobody."""

    user: User | None
    token: str

    def __call__(self, method: str, path: str, body: object = None, **query: Any) -> Answer:
        """Send the token as REANA's clients do."""
        extra = {name: query.pop(name) for name in ("headers", "content_type", "REMOTE_ADDR") if name in query}
        asked = {**({"access_token": self.token} if self.token else {}), **query}
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        content_type = extra.pop("content_type", "application/json")
        found = Client(raise_request_exception=False).generic(
            method, f"/api/{path}?{urlencode(asked, doseq=True)}", raw, content_type, **extra
        )
        return read(found)

    def upload(self, run: str, name: str, content: bytes = b"hello") -> Answer:
        """Put a file into a run's workspace."""
        return self(
            "POST", f"workflows/{run}/workspace", content, file_name=name, content_type="application/octet-stream"
        )


def read(response: HttpResponseBase) -> Answer:
    """Check what holds for every answer there is."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]  # every answer that does not stream has its content
    assert response.status_code != 500, content
    if response.status_code >= 400 and response.headers["Content-Type"] == "application/json" and content:
        told = orjson.loads(content)
        assert isinstance(told, list) or isinstance(told["message"], str)
    return Answer(response.status_code, content, response.headers)


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
def nobody(workflows: Registry, db: None) -> Reana:
    return Reana(None, "")
