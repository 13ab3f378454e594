"""Error pages."""

import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from user_workspaces.portal import errors
from user_workspaces.portal.workspaces import list_views

BROWSER: dict[str, Any] = {"HTTP_ACCEPT": "text/html"}


@pytest.mark.django_db
def test_not_found_is_a_page_for_browsers(browser: Client) -> None:
    response = browser.get("/nowhere/", **BROWSER)
    assert response.status_code == 404
    assert b"Page not found" in response.content


def test_server_error_shows_the_request_id_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    response = errors.server_error(RequestFactory().get("/"))
    request_id = response.content.decode().split("<code>")[1].split("</code>")[0]
    assert response.status_code == 500
    assert len(request_id) == 16
    assert request_id in caplog.text


def test_unexpected_error_is_a_page_without_its_message(
    browser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(list_views, "rows_of", broken)
    browser.raise_request_exception = False
    caplog.set_level(logging.ERROR)
    response = browser.get("/", **BROWSER)
    assert response.status_code == 500
    assert b"hunter2" not in response.content
    assert b"request ID" in response.content


def test_csrf_failure_is_a_page(rf: RequestFactory, browser: Client) -> None:
    request = rf.post("/new/")
    request.user = None  # type: ignore[assignment]  # the page works without a user
    response = errors.csrf_failed(request, "no cookie")
    assert response.status_code == 403
    assert b"reload the page" in response.content


def test_names_that_settings_refer_to() -> None:
    assert reverse("portal:login") == "/login/"
    assert reverse("portal:workspaces") == "/"


def test_pages_have_no_inline_script_or_style(browser: Client) -> None:
    for path in ("/", "/new/", "/nowhere/"):
        content = browser.get(path, **BROWSER).content.decode()
        assert " style=" not in content
        assert " onclick=" not in content
        assert "<style" not in content
        assert all("src=" in script[:60] for script in content.split("<script")[1:])
