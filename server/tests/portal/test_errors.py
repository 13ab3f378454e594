"""What people see when something is not there or goes wrong."""

import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from user_workspaces.portal import errors, workspaces

BROWSER: dict[str, Any] = {"HTTP_ACCEPT": "text/html"}


@pytest.mark.django_db
def test_not_found_is_a_page_for_browsers(browser: Client) -> None:
    answer = browser.get("/nowhere/", **BROWSER)
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


def test_server_error_has_a_mark_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    answer = errors.server_error(RequestFactory().get("/"))
    mark = answer.content.decode().split("<code>")[1].split("</code>")[0]
    assert answer.status_code == 500
    assert len(mark) == 16
    assert mark in caplog.text


def test_surprise_becomes_a_page_without_a_word_of_it(
    browser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(workspaces, "rows_of", broken)
    browser.raise_request_exception = False
    caplog.set_level(logging.ERROR)
    answer = browser.get("/", **BROWSER)
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content
    assert b"quote" in answer.content


def test_forgery_refused_is_a_page(rf: RequestFactory, browser: Client) -> None:
    request = rf.post("/new/")
    request.user = None  # type: ignore[assignment]  # a page for whoever it is
    answer = errors.forgery_refused(request, "no cookie")
    assert answer.status_code == 403
    assert b"load it again" in answer.content


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
