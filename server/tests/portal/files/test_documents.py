"""HTML documents made of notebooks and Markdown, and the policy of their frame."""

import base64
import json
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.files import documents
from user_workspaces.portal.files.documents import (
    MOST_MARKDOWN,
    MOST_OF_PICTURES,
    MOST_PICTURES,
    TOO_MUCH,
    Markdown,
    Pictures,
    below,
    links_of,
)
from user_workspaces.portal.files.notebooks import MOST_CELLS, notebook
from user_workspaces.transfers.slots import MOST_AT_ONCE, TransferSlot, running
from user_workspaces.workspaces.files import OpenFile, open_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

Write = Callable[[str, bytes], None]


def same(address: str) -> str:
    return address


@pytest.fixture
def write(workspace: Workspace) -> Write:
    home = home_of(workspace)

    def act(path: str, content: bytes) -> None:
        home.storage.write(home.location, path, [content])

    return act


def shown(*cells: object, **fields: object) -> str:
    raw = json.dumps({"nbformat": 4, "cells": cells, **fields}).encode()
    return str(notebook(raw, pictures=same, links=same))


def code(*outputs: object) -> dict[str, object]:
    return {"cell_type": "code", "source": ["a <", " b"], "execution_count": 7, "outputs": list(outputs)}


def test_cells_of_a_notebook() -> None:
    html = shown({"cell_type": "markdown", "source": "# Plan"}, {"cell_type": "raw", "source": "<raw>"}, code())
    assert "<h1>Plan</h1>" in html
    assert "<pre>&lt;raw&gt;</pre>" in html
    assert '<span class="count">[7]</span><pre class="input">a &lt; b</pre>' in html


@pytest.mark.parametrize(
    ("output", "part"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["1%\r100%\n", "\x1b[1mok"]}, ">100%\nok</pre>"),
        ({"output_type": "stream", "name": "stderr", "text": "<x>"}, '<pre class="error">&lt;x&gt;</pre>'),
        ({"output_type": "error", "ename": "E", "evalue": "<why>", "traceback": []}, "E: &lt;why&gt;"),
        ({"output_type": "display_data", "data": {"text/plain": ["<A>"]}}, "<pre>&lt;A&gt;</pre>"),
        ({"output_type": "display_data", "data": {"text/html": "<b>x</b>", "text/plain": "x"}}, "<b>x</b>"),
        ({"output_type": "display_data", "data": {"image/png": "aa\nbb"}}, "data:image/png;base64,aabb"),
        ({"output_type": "display_data", "data": {"text/markdown": "*x*"}}, "<em>x</em>"),
        ({"output_type": "display_data", "data": {"application/x": {}}}, "This output cannot be shown"),
        ({"output_type": "unknown"}, '<div class="outputs"></div>'),
    ],
)
def test_outputs_of_a_cell(output: dict[str, object], part: str) -> None:
    assert part in shown(code(output))


def test_attached_pictures_of_a_cell() -> None:
    attached = {"p.png": {"image/png": "aabb"}}
    html = shown({"cell_type": "markdown", "source": "![p](attachment:p.png)", "attachments": attached})
    assert 'src="data:image/png;base64,aabb"' in html


def test_repeated_picture_of_a_cell_is_limited() -> None:
    picture = "a" * 1024 * 1024
    cell = {
        "cell_type": "markdown",
        "source": "![](attachment:a)" * 100,
        "attachments": {"a": {"image/png": picture}},
    }
    assert 0 < shown(cell, cell).count(picture) < 10


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "markdown", "source": "[a](\ud800.md) \ud800"},
        code({"output_type": "error", "ename": "\ud800", "evalue": "", "traceback": ["\ud800"]}),
        code({"output_type": "display_data", "data": {"text/html": "\ud800"}}),
    ],
)
def test_lone_surrogate_is_replaced(browser: Client, workspace: Workspace, write: Write, cell: object) -> None:
    write("a.ipynb", json.dumps({"nbformat": 4, "cells": [cell]}).encode())
    response = browser.get(f"/w/{workspace.pk}/rendered/?path=a.ipynb")
    assert (response.status_code, b"?" in response.content) == (200, True)


def test_nested_json_instead_of_text_is_empty() -> None:
    deep: object = []
    for _ in range(300):
        deep = [deep]
    assert "[[" not in shown({"cell_type": "raw", "source": deep}, code({"output_type": "error", "ename": deep}))


def test_number_of_cells_is_limited() -> None:
    assert "5 more cells are not shown" in shown(*[code()] * (MOST_CELLS + 5))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"nbformat": 3, "cells": []}', b'{"nbformat": 4}', b"[" * 100_000]
)
def test_invalid_notebook_is_rejected(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="This notebook cannot be shown"):
        notebook(raw, pictures=same, links=same)


def test_malformed_parts_of_a_notebook_are_skipped() -> None:
    good = {"cell_type": "markdown", "source": "still shown"}
    broken = code(None, {"output_type": "display_data", "data": 7})
    assert "still shown" in shown(None, 7, {}, {"cell_type": "code", "outputs": 7}, broken, good)
    assert "still shown" in shown({"cell_type": "markdown", "source": [1, None], "attachments": 7}, good)


def test_links_lead_to_previews_and_pages() -> None:
    links = links_of("d/notes.md", "/w/1/preview/")
    assert links("../a b.csv") == "/w/1/preview/?path=a%20b.csv"
    assert [links(one) for one in ("https://x.org", "#part", "//x.org")] == ["https://x.org", "#part", "//x.org"]
    html = Markdown(pictures=same, links=links).html("[x](y.md) [z](#z)")
    assert 'href="/w/1/preview/?path=d%2Fy.md"' in html
    assert 'target="_self"' in html


WIDE = "|a" * 250 + "\n" + "|-" * 250 + "\n" + "a\n" * 250 + "\n"
"""A table whose rows omit nearly all cells."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "a" * (MOST_MARKDOWN + 1),
        WIDE * 8,
        "> " * 19 + "a\n" * 100_000,
        ("[a " * 19 + "*a" * 50) * 1_500,
        "[a]: /" + "b" * 100_000 + "\n\n" + "[a]\n" * 30_000,
    ],
    ids=["long", "cells", "depth", "brackets", "addresses"],
)
def test_markdown_beyond_the_limits_is_shown_as_source(text: str) -> None:
    html = Markdown(pictures=same, links=same).html(text)
    assert html.startswith(f"<p><em>{TOO_MUCH}</em></p><pre>{text[:9].replace('>', '&gt;')}")
    assert len(html) < len(text) * 3


def test_limits_apply_to_all_cells_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_TOKENS", 50)
    html = shown(*[{"cell_type": "markdown", "source": "# Plan"}] * 20)
    assert (html.count("<h1>Plan</h1>"), html.count(TOO_MUCH)) == (16, 4)
    table = code({"output_type": "display_data", "data": {"text/markdown": WIDE}})
    assert shown(table, table).count(TOO_MUCH) == 2


def test_large_tables_and_lists_of_links_are_formatted() -> None:
    table = "|a|b|c|\n|-|-|-|\n" + "|1|2|3|\n" * 2_000
    links = "".join(f"- [{at}](https://example.org/{at}) and *more* of `it`\n" for at in range(3_000))
    html = Markdown(pictures=same, links=same).html(f"{table}\n{links}")
    assert (html.count("<td>"), html.count("<a href=")) == (6_000, 3_000)


def test_pictures_of_a_document_are_opened_once_and_limited(
    workspace: Workspace, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.svg", b"")
    opened = list[str]()

    def counted(*, workspace: Workspace, path: str) -> OpenFile:
        opened.append(path)
        return open_file(workspace=workspace, path=path)

    monkeypatch.setattr(documents, "open_file", counted)
    pictures = Pictures(workspace, "notes.md")
    assert {pictures.embed("a.svg") for _ in range(1_000)} == {"data:image/svg+xml;base64,"}
    assert {pictures.embed("gone.svg") for _ in range(1_000)} == {"gone.svg"}
    assert opened == ["a.svg", "gone.svg"]
    for at in range(1_000):
        pictures.embed(f"{at}.svg")
    assert len(opened) == MOST_PICTURES


def test_repeated_pictures_share_one_limit(workspace: Workspace, write: Write) -> None:
    write("a.png", bytes(MOST_OF_PICTURES // 2))
    pictures = Pictures(workspace, "notes.md")
    assert [pictures.embed("a.png").startswith("data:") for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize("address", ["%00.png", "a" * 300 + ".png", "%ED%A0%80.png", "a/" * 3_000 + "a.png"])
def test_invalid_picture_addresses_stay_unchanged(workspace: Workspace, address: str) -> None:
    assert Pictures(workspace, "notes.md").embed(address) == address


def test_too_large_markdown_is_not_read(browser: Client, workspace: Workspace, write: Write) -> None:
    write("a.md", b"a" * (MOST_MARKDOWN + 1))
    assert browser.get(f"/w/{workspace.pk}/rendered/?path=a.md").status_code == 400


@pytest.mark.parametrize("page", ["preview", "rendered"])
def test_concurrent_documents_of_a_user_are_limited(
    browser: Client, workspace: Workspace, write: Write, page: str
) -> None:
    write("a.md", b"# Plan")
    with ExitStack() as others:
        for _ in range(MOST_AT_ONCE):
            others.enter_context(TransferSlot(workspace.owner_id))
        refused = browser.get(f"/w/{workspace.pk}/{page}/?path=a.md")
        assert (refused.status_code, b"Try again when one has ended" in refused.content) == (400, True)
    assert browser.get(f"/w/{workspace.pk}/{page}/?path=a.md").status_code == 200
    assert running() == {}


@pytest.mark.parametrize(
    ("folder", "address", "path"),
    [
        ("", "a.png", "a.png"),
        ("d", "./e/a%20b.png?x#y", "d/e/a b.png"),
        ("d", "../../../etc/x", "etc/x"),
        ("d", "/a", "a"),
    ],
)
def test_relative_addresses_stay_in_the_workspace(folder: str, address: str, path: str) -> None:
    assert below(folder, address) == path


def test_document_has_a_sandbox_policy(browser: Client, workspace: Workspace, write: Write) -> None:
    write("d/p.png", b"12345")
    write("d/notes.md", b"![p](p.png) ![gone](gone.png) ![out](https://x.org/a.png)")
    response = browser.get(f"/w/{workspace.pk}/rendered/?path=d/notes.md&appearance=dark")
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "sandbox": "allow-popups allow-popups-to-escape-sandbox",
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "frame-ancestors": "'self'",
    }
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("SAMEORIGIN", "nosniff")
    text = response.content.decode()
    assert f'src="data:image/png;base64,{base64.b64encode(b"12345").decode()}"' in text
    assert 'data-appearance="dark"' in text
    assert 'src="gone.png"' in text


@pytest.mark.parametrize(("name", "status"), [("a.txt", 400), ("gone.md", 404), ("bad.ipynb", 400)])
def test_unsupported_files_are_not_rendered(
    browser: Client, workspace: Workspace, write: Write, name: str, status: int
) -> None:
    write("a.txt", b"x")
    write("bad.ipynb", b"x")
    assert browser.get(f"/w/{workspace.pk}/rendered/?path={name}").status_code == status


def test_only_a_pdf_is_sent_inline(browser: Client, stranger: Client, workspace: Workspace, write: Write) -> None:
    write("a.pdf", b"%PDF-1.4")
    write("a.html", b"<script>")
    response = browser.get(f"/w/{workspace.pk}/view/?path=a.pdf")
    assert (response["Content-Type"], response["Content-Disposition"]) == (
        "application/pdf",
        'inline; filename="a.pdf"',
    )
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert isinstance(response, StreamingHttpResponse)
    assert response.getvalue() == b"%PDF-1.4"
    assert browser.get(f"/w/{workspace.pk}/view/?path=a.html").status_code == 400
    assert stranger.get(f"/w/{workspace.pk}/view/?path=a.pdf").status_code == 404


def test_stranger_cannot_see_rendered_documents(stranger: Client, workspace: Workspace, write: Write) -> None:
    write("a.md", b"# Plan")
    response = stranger.get(f"/w/{workspace.pk}/rendered/?path=a.md")
    assert (response.status_code, b"Plan" in response.content) == (404, False)
