"""Large forms and forms with files are read for logged-in users only, and a few at once for each of them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from api.multipart import CONTENT_TYPE, form, part
from user_workspaces.accounts.models import User
from user_workspaces.registry import Registry
from user_workspaces.transfers.slots import TransferSlot, running
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
BODY = form(part("", b"", disposition='form-data; name="folder"'), part("a.txt", b"x", field="files"))
LARGE = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "262145"}


class NeverRead(io.BytesIO):
    """A body of a stalled client."""

    def read(self, *_: object) -> bytes:
        """Fail the test."""
        raise AssertionError("somebody waits for this body")


def strict() -> Client:
    """Return a client that has opened the login page, with CSRF checks enabled."""
    client = Client(enforce_csrf_checks=True)
    client.get("/login/")
    return client


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/w/1/files/", {"CONTENT_TYPE": CONTENT_TYPE, "CONTENT_LENGTH": "100"}),
        ("/w/1/remove/", {**LARGE, "CONTENT_LENGTH": "1"}),
        ("/login/", LARGE),
        ("/login/", {**LARGE, "CONTENT_LENGTH": "-1"}),
        ("/login/", {**LARGE, "CONTENT_TYPE": CONTENT_TYPE}),
        ("/new/", {**LARGE, "CONTENT_LENGTH": "9" * 100}),
    ],
)
def test_slow_form_without_a_login_is_not_read(site: Registry, path: str, fields: dict[str, Any]) -> None:
    response = strict().post(path, **{"wsgi.input": NeverRead(), **fields})
    assert (response.status_code, response.headers["Location"]) == (302, "/login/?next=/")


def test_fragment_redirects_the_whole_page_to_the_login(site: Registry) -> None:
    shown = {"HX-Request": "true", "HX-Current-URL": "http://localhost:8000/w/1/files/?in=a"}
    response = strict().post("/w/1/files/", BODY, content_type=CONTENT_TYPE, headers=shown)
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/login/?next=/w/1/files/%3Fin%3Da")


def test_forms_with_files_of_one_user_need_a_slot(
    make_user: Callable[[str], User], workspace_of: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.transfers.slots.MOST_AT_ONCE", 1)
    ada, browser = make_user("ada"), Client()
    address = reverse("portal:files", args=[workspace_of(ada).pk])
    browser.force_login(ada)
    with TransferSlot(ada.pk):
        refused = browser.post(address, BODY, content_type=CONTENT_TYPE, headers={"HX-Request": "true"})
    assert (refused.status_code, b"transfers in progress" in refused.content) == (422, True)
    for _ in range(2):
        assert b"uploaded" in browser.post(address, BODY, content_type=CONTENT_TYPE, follow=True).content
    assert running() == {}
