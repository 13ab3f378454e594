"""The files page: list, upload, link datasets."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def upload(browser: Client, workspace: Workspace) -> Callable[..., Any]:
    """Upload files with the form."""

    def send(*files: SimpleUploadedFile, folder: str = "", **further: Any) -> Any:
        return browser.post(f"/w/{workspace.pk}/files/", {"files": list(files), "folder": folder}, **further)

    return send


def paths_in(workspace: Workspace) -> list[str]:
    """Return the paths on disk."""
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def write(workspace: Workspace, *paths: str) -> None:
    """Write small files."""
    home = home_of(workspace)
    for path in paths:
        home.storage.write(home.location, path, [b"x"])


def test_files_of_a_new_workspace(browser: Client, workspace: Workspace) -> None:
    assert b"This folder is empty" in browser.get(f"/w/{workspace.pk}/files/").content


def test_upload_writes_files_and_lists_them_at_once(
    browser: Client, workspace: Workspace, upload: Callable[..., Any]
) -> None:
    response = upload(SimpleUploadedFile("a.txt", b"aaa"), SimpleUploadedFile("b.txt", b"b"), folder="/data/raw/")
    assert response["Location"] == f"/w/{workspace.pk}/files/?in=data%2Fraw"
    assert paths_in(workspace) == ["data", "data/raw", "data/raw/a.txt", "data/raw/b.txt"]
    content = browser.get(response["Location"]).content.decode()
    assert "2 files uploaded." in content
    assert "a.txt" in content
    assert "measuring" in content
    workspace.refresh_from_db()
    measure(workspace)
    assert "measuring" not in browser.get(response["Location"]).content.decode()
    found = browser.get(f"/w/{workspace.pk}/files/?q=A.TXT").content.decode()
    assert "data/raw/a.txt" in found
    assert "1 found" in found


def test_list_with_files_is_sent_only_when_changed(browser: Client, workspace: Workspace) -> None:
    write(workspace, "a.txt")
    path = f"/w/{workspace.pk}/files/"
    page = browser.get(path).content.decode()
    assert "csrfmiddlewaretoken" in page.split('id="listing"')[1]
    fingerprint = page.split('"seen": "')[1].split('"')[0]
    assert browser.get(f"{path}?seen={fingerprint}", **HTMX).status_code == 204
    write(workspace, "b.txt")
    assert b"b.txt" in browser.get(f"{path}?seen={fingerprint}", **HTMX).content


def test_upload_by_htmx_redirects(workspace: Workspace, upload: Callable[..., Any]) -> None:
    response = upload(SimpleUploadedFile("a.txt", b"aaa"), **HTMX)
    assert response["HX-Redirect"] == f"/w/{workspace.pk}/files/"


@pytest.mark.parametrize("folder", ["../up", "a/../../b", "a\0b"])
def test_upload_never_leaves_the_workspace(workspace: Workspace, upload: Callable[..., Any], folder: str) -> None:
    response = upload(SimpleUploadedFile("a.txt", b"aaa"), folder=folder, **HTMX)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#messages"
    assert b'role="alert"' in response.content
    assert paths_in(workspace) == []


def test_upload_without_files_is_rejected(upload: Callable[..., Any]) -> None:
    assert b"Choose at least one file first." in upload(**HTMX).content


def test_failed_upload_names_the_file_and_keeps_the_others(
    workspace: Workspace, upload: Callable[..., Any], browser: Client
) -> None:
    upload(SimpleUploadedFile("taken", b"x"))
    upload(SimpleUploadedFile("a.txt", b"x"), folder="taken")
    assert b"taken/a.txt was not saved" in browser.get(f"/w/{workspace.pk}/files/").content
    assert paths_in(workspace) == ["taken"]


def test_upload_into_a_workspace_in_deletion_is_rejected(
    browser: Client, workspace: Workspace, upload: Callable[..., Any]
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    upload(SimpleUploadedFile("a.txt", b"x"))
    assert b"it cannot be changed now" in browser.get("/").content
    assert paths_in(workspace) == []


def test_link_outside_of_the_datasets_is_rejected(browser: Client, workspace: Workspace) -> None:
    response = browser.post(f"/w/{workspace.pk}/link/", {"name": "typed", "path": "/etc/shadow"})
    assert response.status_code == 422
    assert paths_in(workspace) == []
    for kept in (b"Symlink path not found: /etc/shadow", b'value="typed"', b'value="/etc/shadow"'):
        assert kept in response.content


def test_invalid_link_keeps_the_input(browser: Client, workspace: Workspace) -> None:
    response = browser.post(f"/w/{workspace.pk}/link/", {"name": "typed", "path": "relative"})
    assert response.status_code == 422
    assert b"must start with a slash" in response.content
    assert b'value="typed"' in response.content


def test_file_names_are_escaped(browser: Client, workspace: Workspace, upload: Callable[..., Any]) -> None:
    upload(SimpleUploadedFile("f.txt", b"x"), folder="<img src=x>/a&in=b")
    content = browser.get(f"/w/{workspace.pk}/files/").content.decode()
    assert "<img" not in content
    assert "?in=%3Cimg%20src%3Dx%3E" in content
    inner = browser.get(f"/w/{workspace.pk}/files/?in=%3Cimg%20src%3Dx%3E").content.decode()
    assert "%26in%3Db" in inner


@pytest.mark.soak
@pytest.mark.slow
def test_files_have_pages(browser: Client, workspace: Workspace) -> None:
    write(workspace, *(f"f{number:03}" for number in range(250)))
    first = browser.get(f"/w/{workspace.pk}/files/").content.decode()
    assert ("f199" in first, "f200" in first, "Page 1 of 2" in first) == (True, False, True)
    for page in ("2", "99"):
        content = browser.get(f"/w/{workspace.pk}/files/?page={page}").content.decode()
        assert ("f200" in content, "f000" in content, "250 items" in content) == (True, False, True)
    for page in ("0", "-1", "x", "9" * 50, ""):
        assert "f000" in browser.get(f"/w/{workspace.pk}/files/?page={page}").content.decode()


def test_folders_come_first_and_links_are_marked(browser: Client, workspace: Workspace) -> None:
    write(workspace, "a.txt", "z/x.txt", ".hidden")
    home = home_of(workspace)
    (home.storage.locate(home.location) / "survey").symlink_to("/etc")
    content = browser.get(f"/w/{workspace.pk}/files/").content.decode()
    names = re.findall(r'aria-label="Select ([^"]+)"', content)
    assert names == ["all on this page", "z", "a.txt", "survey"]
    assert "dataset</span>" in content
    shown = browser.get(f"/w/{workspace.pk}/files/?hidden=1").content.decode()
    assert "Select .hidden" in shown


@pytest.mark.parametrize("folder", ["missing", "a.txt", "survey", "../..", "n" * 5000, "%00"])
def test_unreadable_folder_shows_an_error(browser: Client, workspace: Workspace, folder: str) -> None:
    write(workspace, "a.txt")
    home = home_of(workspace)
    (home.storage.locate(home.location) / "survey").symlink_to("/etc")
    response = browser.get(f"/w/{workspace.pk}/files/?in={folder}")
    content = response.content.decode()
    assert (response.status_code, 'role="alert"' in content) == (200, True)
    assert "passwd" not in content
    assert "Go to the top folder" in content


def test_files_of_a_workspace_in_deletion(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    assert b"its files cannot be used now" in browser.get(f"/w/{workspace.pk}/files/").content


def test_files_of_another_user(stranger: Client, workspace: Workspace) -> None:
    assert stranger.get(f"/w/{workspace.pk}/files/").status_code == 404
