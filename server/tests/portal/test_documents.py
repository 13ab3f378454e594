"""Documents that are made of notebooks and Markdown: what they show, and the frame that they are made for."""

import base64
import json
from collections.abc import Callable

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.notebooks import MOST_CELLS, notebook
from user_workspaces.portal.rendering import below, links_of, markdown
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

Write = Callable[[str, bytes], None]


def same(address: str) -> str:
    return address


@pytest.fixture
def write(workspace: Workspace) -> Write:
    home = home_of(workspace)

    def act(path: str, content: bytes) -> None:
        home.storage.write(home.place, path, [content])

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
        ({"output_type": "display_data", "data": {"application/x": {}}}, "cannot be shown here"),
        ({"output_type": "unknown"}, '<div class="outputs"></div>'),
    ],
)
def test_outputs_of_a_cell(output: dict[str, object], part: str) -> None:
    assert part in shown(code(output))


def test_pictures_that_a_cell_brings() -> None:
    attached = {"p.png": {"image/png": "aabb"}}
    html = shown({"cell_type": "markdown", "source": "![p](attachment:p.png)", "attachments": attached})
    assert 'src="data:image/png;base64,aabb"' in html


def test_cells_without_end_are_cut() -> None:
    assert "5 more cells are not shown" in shown(*[code()] * (MOST_CELLS + 5))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"nbformat": 3, "cells": []}', b'{"nbformat": 4}', b"[" * 100_000]
)
def test_what_is_no_notebook(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not a notebook"):
        notebook(raw, pictures=same, links=same)


def test_odd_parts_of_a_notebook_break_nothing() -> None:
    shown(None, 7, {}, {"cell_type": "code", "outputs": 7}, code(None, {"output_type": "display_data", "data": 7}))
    shown({"cell_type": "markdown", "source": [1, None], "attachments": 7})


def test_links_lead_to_previews_and_pages() -> None:
    links = links_of("d/notes.md", "/w/1/preview/")
    assert links("../a b.csv") == "/w/1/preview/?path=a%20b.csv"
    assert [links(one) for one in ("https://x.org", "#part", "//x.org")] == ["https://x.org", "#part", "//x.org"]
    html = markdown("[x](y.md) [z](#z)", pictures=same, links=links)
    assert 'href="/w/1/preview/?path=d%2Fy.md"' in html
    assert 'target="_self"' in html


@pytest.mark.parametrize(
    ("folder", "address", "path"),
    [
        ("", "a.png", "a.png"),
        ("d", "./e/a%20b.png?x#y", "d/e/a b.png"),
        ("d", "../../../etc/x", "etc/x"),
        ("d", "/a", "a"),
    ],
)
def test_addresses_stay_below_the_workspace(folder: str, address: str, path: str) -> None:
    assert below(folder, address) == path


def test_document_is_for_a_frame_in_which_nothing_runs(browser: Client, workspace: Workspace, write: Write) -> None:
    write("d/p.png", b"12345")
    write("d/notes.md", b"![p](p.png) ![gone](gone.png) ![out](https://x.org/a.png)")
    answer = browser.get(f"/w/{workspace.pk}/rendered/?path=d/notes.md&appearance=dark")
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy == {
        "sandbox": "allow-popups allow-popups-to-escape-sandbox",
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "frame-ancestors": "'self'",
    }
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("SAMEORIGIN", "nosniff")
    text = answer.content.decode()
    assert f'src="data:image/png;base64,{base64.b64encode(b"12345").decode()}"' in text
    assert 'data-appearance="dark"' in text
    assert 'src="gone.png"' in text


@pytest.mark.parametrize(("name", "status"), [("a.txt", 400), ("gone.md", 404), ("bad.ipynb", 400)])
def test_no_document_is_made(browser: Client, workspace: Workspace, write: Write, name: str, status: int) -> None:
    write("a.txt", b"x")
    write("bad.ipynb", b"x")
    assert browser.get(f"/w/{workspace.pk}/rendered/?path={name}").status_code == status


def test_only_a_pdf_is_sent_to_be_seen(browser: Client, stranger: Client, workspace: Workspace, write: Write) -> None:
    write("a.pdf", b"%PDF-1.4")
    write("a.html", b"<script>")
    answer = browser.get(f"/w/{workspace.pk}/view/?path=a.pdf")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("application/pdf", 'inline; filename="a.pdf"')
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.getvalue() == b"%PDF-1.4"
    assert browser.get(f"/w/{workspace.pk}/view/?path=a.html").status_code == 400
    assert stranger.get(f"/w/{workspace.pk}/view/?path=a.pdf").status_code == 404


def test_rendered_documents_are_their_owner_s(stranger: Client, workspace: Workspace, write: Write) -> None:
    write("a.md", b"# Plan")
    answer = stranger.get(f"/w/{workspace.pk}/rendered/?path=a.md")
    assert (answer.status_code, b"Plan" in answer.content) == (404, False)
