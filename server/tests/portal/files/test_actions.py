"""Actions on files: new folder, rename or move, delete."""

from typing import Any

import pytest
from django.test import Client

from user_workspaces.portal.files import deletion_summary
from user_workspaces.portal.files.deletion_summary import summarize_deletion
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """A workspace with some files, and a link."""
    home = home_of(workspace)
    for path in ("a.txt", "d/b.txt", "d/e/c.txt"):
        home.storage.write(home.location, path, [b"12345"])
    (home.storage.locate(home.location) / "l").symlink_to("/etc")
    return workspace


def paths_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def test_new_folder_in_the_open_folder(browser: Client, filled: Workspace) -> None:
    question = browser.get(f"/w/{filled.pk}/folder/?in=d")
    assert b"New folder in d" in question.content
    response = browser.post(f"/w/{filled.pk}/folder/", {"in": "d", "name": "new/inner"})
    assert response["Location"] == f"/w/{filled.pk}/files/?in=d"
    assert "d/new/inner" in paths_in(filled)


@pytest.mark.parametrize("name", ["", "../x", "a\0b", "n" * 300, "e", "b.txt"])
def test_new_folder_with_an_invalid_name(browser: Client, filled: Workspace, name: str) -> None:
    before = paths_in(filled)
    response = browser.post(f"/w/{filled.pk}/folder/", {"in": "d", "name": name}, **HTMX)
    assert response.status_code == 422
    assert b"errorlist" in response.content
    assert b"<dialog" in response.content
    assert paths_in(filled) == before


def test_rename_and_move(browser: Client, filled: Workspace) -> None:
    question = browser.get(f"/w/{filled.pk}/move/?in=&path=a.txt", **HTMX).content
    assert b'value="a.txt"' in question
    response = browser.post(f"/w/{filled.pk}/move/", {"in": "", "path": "a.txt", "new_path": "d/new.txt"}, **HTMX)
    assert (response.status_code, "uws-changed" in response["HX-Trigger"]) == (200, True)
    browser.post(f"/w/{filled.pk}/move/", {"in": "", "path": "d", "new_path": "folder"})
    assert paths_in(filled) == ["folder", "folder/b.txt", "folder/e", "folder/e/c.txt", "folder/new.txt", "l"]


def test_rename_replaces_a_file_only_on_request(browser: Client, filled: Workspace) -> None:
    given = {"in": "", "path": "a.txt", "new_path": "d/b.txt"}
    refused = browser.post(f"/w/{filled.pk}/move/", given, **HTMX)
    assert (refused.status_code, b"of this name already" in refused.content) == (422, True)
    assert b'value="d/b.txt"' in refused.content
    assert browser.post(f"/w/{filled.pk}/move/", {**given, "overwrite": "on"}, **HTMX).status_code == 200
    assert "a.txt" not in paths_in(filled)
    assert browser.post(f"/w/{filled.pk}/move/", {"path": "l", "new_path": "l"}, **HTMX).status_code == 200
    for new_path in ("../x", "", "d", "/"):
        response = browser.post(f"/w/{filled.pk}/move/", {"path": "l", "new_path": new_path, "overwrite": "on"}, **HTMX)
        assert response.status_code == 422


def test_rename_of_a_missing_file(browser: Client, filled: Workspace) -> None:
    assert browser.get(f"/w/{filled.pk}/move/?path=missing").status_code == 404
    assert browser.get(f"/w/{filled.pk}/move/").status_code == 400


def test_delete_asks_with_a_summary(browser: Client, filled: Workspace) -> None:
    for ask in (browser.get, browser.post):
        content = ask(f"/w/{filled.pk}/remove/", {"in": "", "path": ["a.txt", "d", "l", "gone"]}, **HTMX).content
        text = " ".join(content.decode().split())
        assert "Delete 3 items?" in text
        assert "<strong>d</strong> - a folder with 2 files, 10 B" in text
        assert "<strong>a.txt</strong> - 5 B" in text
        assert "<strong>l</strong> - only the link" in text
    assert len(paths_in(filled)) == 6


def test_delete_after_confirmation(browser: Client, filled: Workspace) -> None:
    given = {"in": "d", "path": ["d/e", "a.txt", "gone"], "sure": "1"}
    response = browser.post(f"/w/{filled.pk}/remove/", given, **HTMX)
    assert "uws-changed" in response["HX-Trigger"]
    assert paths_in(filled) == ["d", "d/b.txt", "l"]
    plain = browser.post(f"/w/{filled.pk}/remove/", {"in": "", "path": "l", "sure": "1"})
    assert plain["Location"] == f"/w/{filled.pk}/files/"
    assert b"l deleted." in browser.get(plain["Location"]).content
    assert b"It has already been deleted." in browser.get(f"/w/{filled.pk}/remove/?path=l").content


@pytest.mark.parametrize("path", ["../x", "", "/", "a\0b"])
def test_delete_of_an_invalid_path(browser: Client, filled: Workspace, path: str) -> None:
    before = paths_in(filled)
    assert browser.post(f"/w/{filled.pk}/remove/", {"path": path, "sure": "1"}, **HTMX).status_code == 422
    assert browser.get(f"/w/{filled.pk}/remove/").status_code == 400
    assert paths_in(filled) == before


def test_summary_of_a_large_folder_is_limited(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion_summary, "MOST_COUNTED", 1)
    (entry,) = summarize_deletion(filled, ["d"])
    assert entry.is_more


def test_stranger_gets_not_found(stranger: Client, filled: Workspace) -> None:
    before = paths_in(filled)
    for path in ("folder", "move", "remove", "preview", "download"):
        address = f"/w/{filled.pk}/{path}/"
        given = {"path": "a.txt", "new_path": "x", "name": "x", "sure": "1", "in": ""}
        assert stranger.get(address, given).status_code == 404
        if path != "preview":
            assert stranger.post(address, given, **HTMX).status_code in {404, 422}
        anonymous = Client().post(address, given) if path != "preview" else Client().get(address, given)
        assert anonymous.status_code == 302
    assert paths_in(filled) == before


def test_requests_without_csrf_token_are_rejected(filled: Workspace, browser: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    for path in ("folder", "move", "remove", "download", "tus"):
        given = {"path": "a.txt", "new_path": "x", "name": "x", "sure": "1"}
        assert strict.post(f"/w/{filled.pk}/{path}/", given).status_code == 403
    assert strict.patch(f"/w/{filled.pk}/tus/x/").status_code == 403
    assert strict.delete(f"/w/{filled.pk}/tus/x/").status_code == 403
