"""The editor: it overwrites only the opened version, and keeps line breaks and byte order mark."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from user_workspaces.portal.files.previews import LARGEST_EDITED
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

Write = Callable[[bytes], None]
PATH = "d/a.py"


@pytest.fixture
def write(workspace: Workspace) -> Write:
    home = home_of(workspace)

    def act(content: bytes) -> None:
        home.storage.write(home.location, PATH, [content])

    return act


def content(workspace: Workspace, path: str = PATH) -> bytes:
    home = home_of(workspace)
    with home.storage.open(home.location, path) as file:
        return file.read()


def opened(browser: Client, workspace: Workspace) -> dict[str, str]:
    """Open the form and return its values."""
    page = browser.get(f"/w/{workspace.pk}/edit/?path={PATH}").content.decode()
    hidden = re.findall(r'<input type="hidden" name="(version|breaks|marked)" value="([^"]*)"', page)
    return {"path": PATH, **dict(hidden)}


def save(browser: Client, workspace: Workspace, form: dict[str, str], text: str, **further: str) -> Any:
    return browser.post(f"/w/{workspace.pk}/edit/", {**form, "text": text, **further})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"c\nd\n"),
        (b"a\r\nb\r\n", b"c\r\nd\r\n"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfc\nd\n"),
        (b"", b"c\nd\n"),
    ],
)
def test_save_keeps_line_breaks_and_bom(
    browser: Client, workspace: Workspace, write: Write, before: bytes, after: bytes
) -> None:
    write(before)
    response = save(browser, workspace, opened(browser, workspace), "c\r\nd\r\n")  # as browsers send line breaks
    assert (response.status_code, content(workspace)) == (302, after)


def test_concurrent_change_loses_nothing(browser: Client, workspace: Workspace, write: Write) -> None:
    write(b"old")
    form = opened(browser, workspace)
    write(b"theirs")
    response = save(browser, workspace, form, "mine")
    assert (response.status_code, content(workspace)) == (422, b"theirs")
    text = response.content.decode()
    assert "was changed or deleted after you opened it" in text
    assert "mine</textarea>" in text
    assert 'value="d/a (mine).py"' in text
    copied = save(browser, workspace, form, "mine", save="copy", copy="d/a (mine).py")
    assert (copied.status_code, content(workspace, "d/a (mine).py"), content(workspace)) == (302, b"mine", b"theirs")
    taken = save(browser, workspace, form, "mine", save="copy", copy="d/a (mine).py")
    assert (taken.status_code, 'value="d/a (mine 1).py"' in taken.content.decode()) == (422, True)
    assert save(browser, workspace, form, "mine", save="replace").status_code == 302
    assert content(workspace) == b"mine"


def test_deleted_file_is_not_created_again(browser: Client, workspace: Workspace, write: Write) -> None:
    write(b"old")
    form, home = opened(browser, workspace), home_of(workspace)
    home.storage.remove(home.location, PATH)
    assert save(browser, workspace, form, "mine").status_code == 422


@pytest.mark.parametrize(
    "raw",
    [b"\xff", b"a\0", b"a\rb", b"a\r\nb\n", b"x" * (LARGEST_EDITED + 1)],
    ids=["bytes", "nul", "cr", "mixed", "large"],
)
def test_text_that_a_form_would_change_is_not_editable(
    browser: Client, workspace: Workspace, write: Write, raw: bytes
) -> None:
    write(raw)
    assert browser.get(f"/w/{workspace.pk}/edit/?path={PATH}").status_code == 400
    assert "/edit/" not in browser.get(f"/w/{workspace.pk}/preview/?path={PATH}").content.decode()


def test_too_large_text_stays_on_the_form(browser: Client, workspace: Workspace, write: Write) -> None:
    write(b"old")
    response = save(browser, workspace, opened(browser, workspace), "x" * (LARGEST_EDITED + 1))
    assert (response.status_code, content(workspace)) == (422, b"old")


def test_stranger_cannot_edit(stranger: Client, workspace: Workspace, write: Write) -> None:
    write(b"old")
    assert stranger.get(f"/w/{workspace.pk}/edit/?path={PATH}").status_code == 404
    save(stranger, workspace, {"path": PATH, "version": ""}, "x", save="replace")
    assert content(workspace) == b"old"
