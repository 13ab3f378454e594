"""Request IDs in responses, logs and error messages; the content security policy."""

import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client

from user_workspaces.accounts.models import User
from user_workspaces.config.middleware import ContentPolicy
from user_workspaces.observability.logs import JsonFormatter

pytestmark = pytest.mark.django_db
SENT = "from-the-front-1"


@pytest.mark.parametrize("path", ["/jobs/", "/status/", "/nowhere", "/login/", "/schema/", "/static/nothing.css"])
def test_every_response_has_a_request_id(path: str) -> None:
    first, second = Client().get(path), Client().get(path)
    assert len(first["X-Request-ID"]) == 16
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert Client().get(path, headers={"X-Request-ID": SENT})["X-Request-ID"] == SENT


@pytest.mark.parametrize("sent", ["x", "a b c d e f g h", "x" * 1000, "uws_0123456789abcdef"])
def test_invalid_request_id_is_not_returned(sent: str) -> None:
    assert Client().get("/status/", headers={"X-Request-ID": sent})["X-Request-ID"] != sent


def bug(*_: object, **__: object) -> object:
    raise RuntimeError("swordfish")


class Lines(logging.Handler):
    """Collects the lines that would be written to the log."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(orjson.loads(self.format(record)))


@pytest.fixture
def lines() -> Any:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)


def test_an_error_of_the_api_is_found_by_its_request_id(
    make_user: Callable[[str], User],
    token_of: Callable[[User], str],
    monkeypatch: pytest.MonkeyPatch,
    lines: list[dict[str, Any]],
) -> None:
    ada = make_user("ada")
    monkeypatch.setattr("user_workspaces.api.jobs.raw_page", bug)
    headers = {"UWS-Authorization": token_of(ada), "X-Request-ID": SENT}
    response = Client(raise_request_exception=False).get("/jobs/?x=y", headers=headers)
    assert response.status_code == 500
    assert f"Mention request {SENT} when" in response.json()["message"]
    told = next(line for line in lines if line["logger"] == "user_workspaces.api.errors")
    assert (told["request"], told["user"], told["message"]) == (SENT, ada.pk, f"error {SENT}")
    assert "swordfish" in told["error"]
    assert token_of(ada) not in str(lines)


def test_an_error_of_a_page_is_found_by_its_request_id(
    monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr("user_workspaces.portal.auth.login.user_of_login_link", bug)
    link = "/login/uws_0123456789abcdef0123456789/"
    response = Client(raise_request_exception=False).get(link, headers={"X-Request-ID": SENT, "Accept": "text/html"})
    assert (response.status_code, response["X-Request-ID"]) == (500, SENT)
    assert f"<code>{SENT}</code>" in response.content.decode()
    assert {line["request"] for line in lines} == {SENT}
    assert "0123456789abcdef0123456789" not in str(lines)


def test_an_error_outside_of_views_is_found_by_its_request_id(
    monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr("user_workspaces.api.schema_views.render", bug)
    response = Client(raise_request_exception=False).get("/docs/swagger/", headers={"X-Request-ID": SENT})
    assert (response.status_code, response.json()["success"]) == (500, False)
    assert f"Mention request {SENT} when" in response.json()["message"]
    assert all(line["request"] == SENT for line in lines)


def directives(response: HttpResponseBase) -> set[str]:
    return set(response.headers["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize("path", ["/jobs/", "/nowhere", "/login/", "/docs/redoc/", "/static/nothing.css"])
def test_every_response_has_the_policy_that_django_csp_would_set(path: str) -> None:
    response = Client().get(path)
    given = directives(response)
    del response.headers["Content-Security-Policy"]
    CSPMiddleware(lambda _: response).process_response(HttpRequest(), response)
    assert directives(response) == given
    assert {"default-src 'none'", "script-src 'self'", "base-uri 'none'"} <= given


def test_policy_of_a_view_is_kept() -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    ContentPolicy(lambda _: own).process_response(HttpRequest(), own)
    assert directives(own) == {"sandbox"}
