"""File previews in a browser: notebooks, Markdown, PDF, logs, tables, editing; no script in them runs."""

import base64
import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e import flow
from e2e.test_files import folder_of, look
from support.budget import first_of
from support.server_process import ADA, RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.soak]
LINES = 60_000
HOSTILE = "<script>parent.document.title='it ran'</script><img src=x onerror=\"parent.document.title='it ran'\">"
NOTES = f"# Plan\n\n![a plot](plot.png) and [more](table.csv)\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n{HOSTILE}"
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F 24 Tf 40 100 Td (Figure 1) Tj ET      \nendstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


def png(width: int = 120, height: int = 40) -> bytes:
    """Return a PNG image in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x2c\x56\xb0" * width) * height
    head = chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def cell(kind: str, source: str, *outputs: dict[str, object]) -> dict[str, object]:
    code = {"outputs": list(outputs), "execution_count": 3} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True), **code}


def result(**data: str) -> dict[str, object]:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "metadata": {}, "execution_count": 3, "data": named}


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        cell("markdown", f"# Clusters\n\nSee *this*.\n\n{HOSTILE}"),
        cell("code", "table.head()", result(text_html=f"<table><tr><th>T cell</th></tr></table>{HOSTILE}")),
        cell("code", "plot()", result(image_png=base64.b64encode(png()).decode(), text_plain="<Figure>")),
        cell("code", "1 / 0", {"output_type": "error", "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m: by zero"]}),
    ],
}


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def files(server: RunningServer, page: Page) -> Page:
    """The files page of a workspace with one file of each kind."""
    flow.log_in(page, server.manage("login_link", ADA))
    flow.new_workspace(page, "previews")
    folder = folder_of(server, page)
    (folder / "analysis.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "plot.png").write_bytes(png())
    (folder / "notes.md").write_text(
        f"# Plan\n\n![a plot](plot.png) and [more](table.csv)\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n{HOSTILE}"
    )
    (folder / "paper.pdf").write_bytes(PDF)
    (folder / "run.log").write_text(
        "".join(f"step {number}: all is well, and so on\n" for number in range(1, LINES + 1))
    )
    (folder / "table.csv").write_text("cell,count\nT cell,12\nB cell,7\nNK cell,101\n")
    (folder / "script.py").write_bytes(b"print('a')\r\nprint('b')\r\n")
    for path in folder.iterdir():
        os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_role("link", name="notes.md")).to_be_visible()
    expect(page.get_by_text("measuring")).to_have_count(0)  # until then the list is drawn again each second
    return page


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_documents_are_rendered_without_scripts(files: Page, pictures: Path, scheme: Any) -> None:
    files.emulate_media(color_scheme=scheme)
    title, outside = files.title(), list[str]()
    files.on("requestfinished", lambda request: outside.append(request.url) if request.url.endswith("/x") else None)
    files.get_by_role("link", name="analysis.ipynb").click()
    shown = files.frame_locator("iframe")
    expect(shown.get_by_role("heading", name="Clusters")).to_be_visible()
    expect(shown.get_by_text("T cell")).to_be_visible()
    expect(shown.get_by_text("ZeroDivisionError: by zero")).to_be_visible()
    expect(shown.get_by_role("img", name="Output image")).to_have_js_property("naturalWidth", 120)
    look(files, pictures / f"preview-notebook-{scheme}.png")
    files.keyboard.press("Escape")
    files.get_by_role("link", name="notes.md").click()
    expect(shown.get_by_role("heading", name="Plan")).to_be_visible()
    expect(shown.get_by_role("img", name="a plot")).to_have_js_property("naturalWidth", 120)
    expect(shown.get_by_role("cell", name="2")).to_be_visible()
    look(files, pictures / f"preview-markdown-{scheme}.png")
    with files.context.expect_page() as opened:
        shown.get_by_role("link", name="more").click()
    expect(opened.value.get_by_role("cell", name="NK cell")).to_be_visible()
    assert (files.title(), outside) == (title, [])


def test_pdf_is_shown_by_the_browser(files: Page, pictures: Path) -> None:
    """The browser's own viewer shows it, which a sandbox would prevent."""
    problems: list[str] = []
    files.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    with files.expect_response(re.compile("/view/")) as answered:
        files.get_by_role("link", name="paper.pdf").click()
    headers = answered.value.headers
    assert (headers["content-type"], headers["content-disposition"]) == (
        "application/pdf",
        'inline; filename="paper.pdf"',
    )
    expect(files.locator("iframe")).to_be_visible()
    files.screenshot(path=pictures / "preview-pdf.png")
    assert problems == []


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_end_of_a_log_with_numbers_and_search(files: Page, pictures: Path, scheme: Any) -> None:
    files.emulate_media(color_scheme=scheme)
    files.get_by_role("link", name="run.log").click()
    box = files.get_by_role("region", name="Content of run.log")
    assert box.evaluate("box => Math.abs(box.scrollHeight - box.clientHeight - box.scrollTop) < 2")
    assert box.locator(".line-numbers").inner_text().splitlines()[-1] == str(LINES)
    assert box.locator(".line-text").inner_text().splitlines()[-1] == f"step {LINES}: all is well, and so on"
    first = box.locator(".line-numbers").inner_text().splitlines()[0]
    assert box.locator(".line-text").inner_text().splitlines()[0].startswith(f"step {first}:")
    files.get_by_placeholder("Search this text").fill("STEP 4500")
    expect(files.get_by_role("status").filter(has_text="of 10")).to_have_text("10 of 10")
    files.get_by_placeholder("Search this text").press("Enter")
    expect(files.get_by_role("status").filter(has_text="of 10")).to_have_text("1 of 10")
    look(files, pictures / f"preview-log-{scheme}.png")
    files.get_by_role("link", name="Show the beginning").click()
    expect(box.locator(".line-text")).to_contain_text("step 1: all is well")


def test_tables_are_sorted_by_a_column(files: Page) -> None:
    files.get_by_role("link", name="table.csv").click()
    names = files.locator("table[data-sorts] tbody td:first-child")
    files.get_by_role("button", name="count").click()
    expect(names).to_have_text(["B cell", "T cell", "NK cell"])
    files.get_by_role("button", name="count").click()
    expect(names).to_have_text(["NK cell", "T cell", "B cell"])
    expect(files.get_by_role("columnheader", name="count")).to_have_attribute("aria-sort", "descending")


def test_listing_is_sorted(files: Page) -> None:
    names = files.locator("#chosen tbody .entry-name a")
    files.get_by_role("link", name="Size").click()
    expect(names.first).to_have_text("run.log")
    files.get_by_role("link", name="Size").click()
    expect(names.last).to_have_text("run.log")
    expect(files.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "ascending")
    files.get_by_role("link", name="Modified").click()
    expect(names).to_have_count(7)


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_conflicting_edits_are_both_kept(server: RunningServer, files: Page, pictures: Path, scheme: Any) -> None:
    """A save replaces the opened version; if a session changed the file meanwhile, both are kept."""
    files.emulate_media(color_scheme=scheme)
    script = folder_of(server, files) / "script.py"
    files.get_by_role("link", name="script.py").click()
    files.get_by_role("dialog").get_by_role("link", name="Edit").click()
    editor = files.get_by_role("textbox", name="Content of script.py")  # the preview before it has the same name
    editor.fill("print('c')\nprint('d')\n")
    look(files, pictures / f"edit-{scheme}.png")
    files.get_by_role("button", name="Save").click()
    expect(files.get_by_role("dialog")).to_have_count(0)
    assert script.read_bytes() == b"print('c')\r\nprint('d')\r\n"  # with the line breaks that it had
    files.get_by_role("link", name="script.py").click()
    files.get_by_role("dialog").get_by_role("link", name="Edit").click()
    editor.fill("mine")
    script.write_bytes(b"theirs")
    files.get_by_role("button", name="Save").click()
    expect(files.get_by_role("alert")).to_contain_text("was changed or deleted after you opened it")
    expect(editor).to_have_value("mine")
    assert script.read_bytes() == b"theirs"
    look(files, pictures / f"edit-conflict-{scheme}.png")
    files.once("dialog", lambda asked: asked.dismiss())
    files.keyboard.press("Escape")
    expect(editor).to_have_value("mine")
    files.get_by_role("button", name="Save as new file").click()
    expect(files.get_by_role("link", name="script (mine).py")).to_be_visible()
    assert (script.read_bytes(), script.with_name("script (mine).py").read_bytes()) == (b"theirs", b"mine")


def test_file_leads_to_a_session(files: Page) -> None:
    """Without a session, launching opens the file."""
    files.get_by_role("link", name="notes.md").click()
    files.get_by_role("link", name="Open in JupyterLab").click()
    expect(files.get_by_role("heading", name="Open notes.md in JupyterLab")).to_be_visible()
    assert files.locator("input[name=file]").get_attribute("value") == "notes.md"
    expect(files.get_by_role("radio", name="JupyterLab")).to_be_checked()
