"""Folder uploads in a browser: one row, few requests, cancelled as one, resumed after an interruption."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from e2e import flow
from e2e.conftest import TIMEOUT_MS
from e2e.test_files import folder_of, look, slow_down
from support.budget import first_of
from support.server_process import ADA, RunningServer, running_server, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.soak]
SMALL_FILES = 300
REQUESTS_BEFORE = 657
"""Requests for 300 small files when each was a separate upload."""


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def files(server: RunningServer, page: Page) -> Page:
    """The files page of a new workspace."""
    flow.log_in(page, server.manage("login_link", ADA))
    flow.new_workspace(page, "folders")
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    return page


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """A folder with many small files, one large file, and subfolders."""
    return fill(tmp_path / "survey", megabytes=0)


def fill(folder: Path, *, megabytes: int) -> Path:
    for number in range(SMALL_FILES):
        path = folder / f"plate {number % 7}" / f"ü{number:03}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"well,{number}\n" * 3)
    if megabytes:
        (folder / "image.bin").write_bytes(os.urandom(megabytes * 2**20))
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the contents, without files that are being written."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def unfinished_in(folder: Path) -> list[str]:
    """Return uploads that still wait for data; finished ones keep their record for a while."""
    return [path.name for path in (folder / ".uws-part-uploads").glob("*") if path.suffix != ".json"]


def drop(context: BrowserContext, page: Page, *paths: Path) -> None:
    """Drop files from outside the browser, as from a file manager."""
    network = context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        network.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 500, "data": data})


def test_many_small_files_take_few_requests(
    server: RunningServer, context: BrowserContext, files: Page, survey: Path
) -> None:
    requests: list[str] = []
    files.on("request", lambda request: requests.append(request.method))
    drop(context, files, survey)
    wait_for(lambda: content_of(folder_of(server, files) / "survey") == content_of(survey), what="all files")
    expect(files.get_by_role("link", name="survey")).to_be_visible(timeout=TIMEOUT_MS)
    assert 3 * len(requests) < REQUESTS_BEFORE
    assert len([method for method in requests if method != "GET"]) <= 4


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_folder_upload_is_one_row(
    server: RunningServer, context: BrowserContext, files: Page, tmp_path: Path, pictures: Path, scheme: Any
) -> None:
    """The row shows progress, speed, time left and one cancel button, at any scroll position."""
    files.emulate_media(color_scheme=scheme)
    folder = folder_of(server, files)
    for number in range(60):
        (folder / f"old{number}").mkdir()
    files.reload()
    slow_down(context, files)
    files.evaluate("scrollTo(0, document.body.scrollHeight)")
    with files.expect_file_chooser() as chooser:
        files.get_by_role("button", name="Upload a folder").click()
    files.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    chooser.value.set_files(fill(tmp_path / "survey", megabytes=60))
    said = files.locator(".upload-said")
    expect(said).to_have_text(re.compile(r"\d+ of 301 files, .* of 60(\.\d)? MiB, .* [MK]iB/s, \d+ s left"))
    expect(files.get_by_role("progressbar")).to_have_count(1)
    expect(files.locator("[data-upload-panel]")).to_be_in_viewport()
    look(files, pictures / f"folder-upload-{scheme}.png")
    files.screenshot(path=pictures / f"folder-upload-seen-{scheme}.png")
    files.get_by_role("button", name="Cancel all survey").click()
    expect(files.get_by_role("progressbar")).to_have_count(0)
    wait_for(lambda: unfinished_in(folder) == [], what="the end of the large file's upload")
    assert not (folder / "survey" / "image.bin").exists()
    assert files.evaluate("Object.keys(localStorage).filter(key => key.startsWith('uws-')).length") == 0


def test_failed_files_are_listed_and_retried(server: RunningServer, files: Page, survey: Path) -> None:
    folder = folder_of(server, files)
    taken = folder / "survey" / "plate 1" / "ü001.csv"
    taken.mkdir(parents=True)
    for path in (taken, taken.parent, taken.parent.parent):
        os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    files.locator("#upload-folder").set_input_files(survey)
    expect(files.locator(".upload-said")).to_have_text("1 file of 300 not uploaded")
    expect(files.locator(".upload-problems")).to_contain_text("survey/plate 1/ü001.csv: ")
    taken.rmdir()
    files.get_by_role("button", name="Try again survey").click()
    wait_for(lambda: content_of(folder / "survey") == content_of(survey), what="all files")


def test_interrupted_folder_upload_resumes(
    server: RunningServer, context: BrowserContext, files: Page, tmp_path: Path, pictures: Path
) -> None:
    """The page offers it again; completed files are skipped, and the large file resumes."""
    survey, folder, address = fill(tmp_path / "survey", megabytes=40), folder_of(server, files), files.url
    slow_down(context, files)
    files.locator("#upload-folder").set_input_files(survey)
    waiting = folder / ".uws-part-uploads"
    wait_for(lambda: any(path.stat().st_size > 2**22 for path in waiting.glob("*")), what="the first bytes")
    expect(files.locator(".upload-said")).to_contain_text("300 of 301 files")
    files.close(run_before_unload=False)
    tab = context.new_page()
    tab.goto(address)
    expect(tab.locator(".upload-said")).to_have_text(
        "300 of 301 files uploaded. Choose the same folder again to resume."
    )
    look(tab, pictures / "unfinished-folder.png")
    sent: list[str] = []

    def note(request: Request) -> None:
        if "/batch/" in request.url or "/tus/" in request.url:
            sent.append(request.method)

    tab.on("request", note)
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Choose the folder survey to resume").click()
    chooser.value.set_files(survey)
    wait_for(lambda: content_of(folder / "survey") == content_of(survey), what="all files")
    expect(tab.locator(".uploads > li")).to_have_count(0)
    assert sent[0] == "HEAD"
    assert set(sent) == {"HEAD", "PATCH"}


def test_interrupted_file_is_offered_again(
    server: RunningServer, context: BrowserContext, files: Page, tmp_path: Path
) -> None:
    big, other = tmp_path / "big.bin", tmp_path / "other.bin"
    big.write_bytes(os.urandom(40 * 2**20))
    other.write_bytes(b"1")
    folder, address = folder_of(server, files), files.url
    slow_down(context, files)
    files.locator("#upload-files").set_input_files(big)
    waiting = folder / ".uws-part-uploads"
    wait_for(lambda: any(path.stat().st_size > 2**22 for path in waiting.glob("*")), what="the first bytes")
    files.close(run_before_unload=False)
    tab = context.new_page()
    tab.goto(address)
    expect(tab.locator(".upload-said")).to_contain_text("Choose the same file again to resume.")
    for path, said in ((other, "This is a different file."), (big, "")):
        with tab.expect_file_chooser() as chooser:
            tab.get_by_role("button", name="Choose the file big.bin to resume").click()
        chooser.value.set_files(path)
        if said:
            expect(tab.locator(".upload-said")).to_contain_text(said)
    expect(tab.get_by_role("link", name="big.bin")).to_be_visible(timeout=TIMEOUT_MS)
    assert (folder / "big.bin").read_bytes() == big.read_bytes()
