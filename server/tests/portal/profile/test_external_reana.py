"""The form for an external REANA on the profile page."""

from dataclasses import replace

import pytest
from django.test import Client

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.profile import forms
from user_workspaces.registry import Registry
from user_workspaces.workflows.models import PersonalReana

pytestmark = pytest.mark.usefixtures("site")
TOKEN = "a-token-of-another-place"
SERVER = "https://reana.example.org"
WANTED = {"reana-server": SERVER, "reana-access_token": TOKEN}


@pytest.fixture
def stored(ada: User) -> PersonalReana:
    return PersonalReana.objects.create(user=ada, server=SERVER, access_token=TOKEN)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reana-server": "http://reana.example.org"}, b"do not allow this address"),
        ({"reana-server": "reana"}, b"looks like https://reana.example.org"),
        ({"reana-server": ""}, b"This field is required"),
        ({"reana-access_token": ""}, b"This field is required"),
        ({"reana-server": "https://127.0.0.1:1"}, b"The server at this address cannot be reached"),
    ],
)
def test_invalid_values_are_shown_on_the_form(browser: Client, change: dict[str, str], said: bytes) -> None:
    response = browser.post("/profile/reana/", {**WANTED, **change})
    assert (response.status_code, said in response.content, TOKEN.encode() in response.content) == (422, True, False)
    assert not PersonalReana.objects.exists()


def test_valid_connection_redirects_to_the_profile(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(forms, "store_reana", lambda **given: calls.append(given))
    assert browser.post("/profile/reana/", WANTED)["Location"] == "/profile/"
    assert [(one["server"], one["access_token"]) for one in calls] == [(SERVER, TOKEN)]


def test_rejected_token_is_shown(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise InvalidRequest("This REANA server rejected the token.")

    monkeypatch.setattr(forms, "store_reana", refuse)
    response = browser.post("/profile/reana/", WANTED)
    assert (response.status_code, b"rejected the token" in response.content) == (422, True)


def test_profile_shows_the_server_but_not_the_token(browser: Client, stored: PersonalReana) -> None:
    page = browser.get("/profile/").content
    assert (SERVER.encode() in page, TOKEN.encode() in page) == (True, False)


def test_connection_can_be_deleted(browser: Client, stored: PersonalReana) -> None:
    assert browser.post("/profile/reana/forget/")["Location"] == "/profile/"
    assert not PersonalReana.objects.exists()
    assert browser.post("/profile/reana/forget/").status_code == 404


def test_stranger_cannot_delete_the_connection(browser: Client, stranger: Client, stored: PersonalReana) -> None:
    assert stranger.post("/profile/reana/forget/").status_code == 404
    assert b"Your sessions are connected to" not in stranger.get("/profile/").content
    assert PersonalReana.objects.exists()


def test_site_without_external_reana_has_no_form(browser: Client, site: Registry) -> None:
    known = registry.site()
    registry.install(site, replace(known, workflows=replace(known.workflows, reana_elsewhere=())))
    assert b"Your REANA" not in browser.get("/profile/").content
    assert browser.post("/profile/reana/", WANTED)["Location"] == "/profile/"
    assert not PersonalReana.objects.exists()
