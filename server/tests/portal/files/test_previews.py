"""Previews of files, and that their content is escaped."""

from collections.abc import Callable

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from user_workspaces.portal.files.previews import MOST_ROWS, Preview, can_preview, preview_of
from user_workspaces.portal.files.text_pages import LARGEST
from user_workspaces.workspaces.files import entry_at
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

Look = Callable[[str, bytes], Preview]


@pytest.fixture
def look(workspace: Workspace) -> Look:
    """Write a file and return its preview."""

    def act(name: str, content: bytes) -> Preview:
        home = home_of(workspace)
        home.storage.write(home.location, name, [content])
        return preview_of(workspace, name)

    return act


def test_text(look: Look) -> None:
    shown = look("d/notes.md", "# Plan\né".encode())
    assert (shown.name, shown.text, shown.table, shown.is_picture, shown.is_cut) == (
        "notes.md",
        "# Plan\né",
        (),
        False,
        False,
    )


def test_text_without_suffix_and_with_bom(look: Look) -> None:
    assert look("Makefile", b"\xef\xbb\xbfall:").text == "all:"
    assert look("empty", b"").text == ""


def test_long_text_is_cut_between_characters(look: Look) -> None:
    shown = look("long.txt", b"x" + "é".encode() * LARGEST)
    assert shown.is_cut
    assert shown.text == "x" + "é" * (LARGEST // 2 - 1)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"\x89PNG", b"\xc3"])
def test_bytes_are_not_shown(look: Look, content: bytes) -> None:
    shown = look("data.txt", content)
    assert (shown.text, shown.table, shown.is_picture) == (None, (), False)


def test_table(look: Look) -> None:
    shown = look("t.csv", b'a,"b,c"\n1,2\n')
    assert (shown.table, shown.text, shown.is_cut) == ((("a", "b,c"), ("1", "2")), None, False)
    assert look("t.tsv", b"a\tb\n").table == (("a", "b"),)


def test_large_table_is_cut(look: Look) -> None:
    shown = look("t.csv", b"x," * 100 + b"\n" + b"1,2\n" * 500)
    assert (len(shown.table), len(shown.table[0]), shown.is_cut) == (MOST_ROWS + 1, 50, True)


@pytest.mark.parametrize("content", [b'"' + b"x" * 200_000, b'a,"b\n' * 1000])
def test_malformed_table_is_shown_as_text(look: Look, content: bytes) -> None:
    shown = look("t.csv", content)
    assert bool(shown.table) != (shown.text is not None)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("a.png", 10, True),
        ("a.png", LARGEST + 1, False),
        ("a.svg", 10, True),
        ("a.txt", LARGEST * 100, True),
        ("a.zip", 10, False),
        ("a.tar.gz", 10, False),
        ("a.mp4", 10, False),
        ("a.pdf", LARGEST * 100, True),
        ("a.ipynb", 10, True),
        ("a", 10, True),
    ],
)
def test_can_preview(workspace: Workspace, look: Look, name: str, size: int, *, expected: bool) -> None:
    look(name, b"x" * size)
    assert can_preview(entry_at(workspace=workspace, path=name)) is expected


def test_pictures_are_linked_not_embedded(browser: Client, workspace: Workspace, look: Look) -> None:
    look("a b.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    page = browser.get(f"/w/{workspace.pk}/preview/?path=a%20b.svg").content.decode()
    assert "alert(1)" not in page
    assert f'src="/w/{workspace.pk}/download/?path=a%20b.svg"' in page
    picture = browser.get(f"/w/{workspace.pk}/download/?path=a%20b.svg")
    assert isinstance(picture, StreamingHttpResponse)
    assert b"alert(1)" in picture.getvalue()
    assert picture["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert picture["Content-Disposition"].startswith("attachment;")


def test_text_is_escaped(browser: Client, workspace: Workspace, look: Look) -> None:
    for name in ("x.html", "x.csv", "x.md"):
        look(name, b"<script>alert(1)</script>,<img src=x>")
        page = browser.get(f"/w/{workspace.pk}/preview/?path={name}").content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_preview_of_a_missing_file(browser: Client, stranger: Client, workspace: Workspace, look: Look) -> None:
    look("a.txt", b"secret")
    for path, status in (("missing", 404), ("../x", 400), ("", 400), ("d", 404)):
        assert browser.get(f"/w/{workspace.pk}/preview/?path={path}").status_code == status
    response = stranger.get(f"/w/{workspace.pk}/preview/?path=a.txt")
    assert (response.status_code, b"secret" in response.content) == (404, False)


def test_logs_show_their_end_and_texts_their_start(browser: Client, workspace: Workspace, look: Look) -> None:
    raw = b"".join(b"line %d\n" % number for number in range(200_000))
    for name, ends in (("a.log", True), ("a.txt", False)):
        shown = look(name, raw)
        assert shown.part
        assert (shown.part.is_end, shown.is_cut) == (ends, True)
        other = "start" if ends else "end"
        page = browser.get(f"/w/{workspace.pk}/preview/?path={name}&part={other}").content.decode()
        assert ("line 199999\n" in page or "line 199999<" in page) is not ends


@pytest.mark.parametrize("name", ["a.ipynb", "a.md", "a.pdf"])
def test_documents_are_in_frames(browser: Client, workspace: Workspace, look: Look, name: str) -> None:
    look(name, b"<script>alert(1)</script>")
    page = browser.get(f"/w/{workspace.pk}/preview/?path={name}").content.decode()
    assert f'title="Content of {name}"' in page
    assert ('sandbox="allow-popups allow-popups-to-escape-sandbox"' in page) is not name.endswith("pdf")
    assert "<script>alert" not in page
