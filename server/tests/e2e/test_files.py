"""The files page in a browser: upload, resume, preview, rename, delete; light and dark."""

import hashlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Request, expect

from e2e import flow
from e2e.conftest import TIMEOUT_MS
from support.budget import first_of
from support.server_process import ADA, RunningServer, running_server, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MEGABYTES = 24
BYTES_A_SECOND = 6 * 1024 * 1024
DROP = """
([names, megabytes]) => {
  const dropped = new DataTransfer();
  for (const name of names) {
    const bytes = new Uint8Array(megabytes * 1024 * 1024 + name.length);
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = (at / 4096 + name.length) % 251;
    dropped.items.add(new File([bytes], name, { lastModified: 1_700_000_000_000 }));
  }
  const event = (kind) => new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true });
  const target = document.querySelector("[data-drop]");
  target.dispatchEvent(event("dragover"));
  globalThis.wasDropping = target.classList.contains("is-dropping");
  target.dispatchEvent(event("drop"));
}
"""


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def files(server: RunningServer, page: Page) -> Page:
    """The files page of a new workspace."""
    flow.log_in(page, server.manage("login_link", ADA))
    page.get_by_role("link", name="New workspace").first.click()
    page.get_by_label("Name", exact=True).fill("cell-atlas")
    page.get_by_role("button", name="Create workspace").click()
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    return page


def folder_of(server: RunningServer, page: Page) -> Path:
    number = re.search(r"/w/(\d+)/", page.url)
    assert number
    (found,) = server.data_dir.glob(f"workspaces/*/{number[1]}")
    return found


def content_of(name: str, megabytes: int) -> bytes:
    made = bytearray(megabytes * 1024 * 1024 + len(name))
    for at in range(0, len(made), 4096):
        made[at] = (at // 4096 + len(name)) % 251
    return bytes(made)


def slow_down(context: BrowserContext, page: Page) -> None:
    """Throttle the network so that progress is visible."""
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": BYTES_A_SECOND}
    network.send("Network.emulateNetworkConditions", line)


@pytest.mark.soak
def test_dropped_files_show_their_progress(server: RunningServer, context: BrowserContext, files: Page) -> None:
    slow_down(context, files)
    problems: list[str] = []
    files.on("pageerror", lambda error: problems.append(error.message))
    files.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    names = ["one.bin", "two ü.bin"]
    files.evaluate(DROP, [names, MEGABYTES])
    assert files.evaluate("globalThis.wasDropping")
    bars = files.get_by_role("progressbar")
    expect(bars).to_have_count(2)
    seen: set[float] = set()
    wait_for(lambda: _watch(files, seen), what="progress in steps")
    for name in names:
        expect(files.get_by_role("link", name=name)).to_be_visible(timeout=TIMEOUT_MS)
        assert (folder_of(server, files) / name).read_bytes() == content_of(name, MEGABYTES)
    expect(bars).to_have_count(0, timeout=TIMEOUT_MS)
    assert problems == []


def _watch(page: Page, seen: set[float]) -> bool:
    values = page.evaluate("[...document.querySelectorAll('.uploads progress')].map(bar => bar.value / bar.max)")
    seen.update(values)
    return len([value for value in seen if 0 < value < 1]) >= 3


@pytest.mark.soak
def test_upload_resumes_after_a_kill_of_the_server(server: RunningServer, context: BrowserContext, files: Page) -> None:
    slow_down(context, files)
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    files.on("request", note)
    files.evaluate(DROP, [["big.bin"], 3 * MEGABYTES])
    waiting = folder_of(server, files) / ".uws-part-uploads"
    wait_for(lambda: any(path.stat().st_size > 2**22 for path in _bytes_in(waiting)), what="the first bytes")
    os.kill(server.pids()["web"], signal.SIGKILL)
    expect(files.get_by_role("link", name="big.bin")).to_be_visible(timeout=TIMEOUT_MS)
    assert offsets[0] == 0
    assert any(offset > 0 for offset in offsets)
    written = (folder_of(server, files) / "big.bin").read_bytes()
    assert hashlib.sha256(written).digest() == hashlib.sha256(content_of("big.bin", 3 * MEGABYTES)).digest()


def _bytes_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix != ".json"] if folder.exists() else []


@pytest.mark.soak
def test_upload_resumes_after_the_page_was_closed(server: RunningServer, context: BrowserContext, files: Page) -> None:
    """The same file, dropped again, resumes."""
    slow_down(context, files)
    address = files.url
    files.evaluate(DROP, [["again.bin"], MEGABYTES])
    waiting = folder_of(server, files) / ".uws-part-uploads"
    wait_for(lambda: any(path.stat().st_size > 2**21 for path in _bytes_in(waiting)), what="the first bytes")
    files.close(run_before_unload=False)
    tab = context.new_page()
    tab.goto(address)
    methods: list[str] = []
    tab.on("request", lambda request: methods.append(request.method) if "/tus/" in request.url else None)
    tab.evaluate(DROP, [["again.bin"], MEGABYTES])
    expect(tab.get_by_role("link", name="again.bin")).to_be_visible(timeout=TIMEOUT_MS)
    assert methods[0] == "HEAD"  # requests the offset to resume at
    assert "POST" not in methods  # and begins nothing new
    assert (folder_of(server, tab) / "again.bin").read_bytes() == content_of("again.bin", MEGABYTES)


@pytest.mark.soak
def test_cancelled_upload_leaves_nothing(server: RunningServer, context: BrowserContext, files: Page) -> None:
    slow_down(context, files)
    files.evaluate(DROP, [["big.bin"], 3 * MEGABYTES])
    waiting = folder_of(server, files) / ".uws-part-uploads"
    wait_for(lambda: any(path.stat().st_size for path in _bytes_in(waiting)), what="the first bytes")
    files.get_by_role("button", name="Cancel big.bin").click()
    expect(files.get_by_role("progressbar")).to_have_count(0)
    wait_for(lambda: not list(waiting.iterdir()), what="an empty folder")
    assert files.evaluate("Object.keys(localStorage).filter(key => key.startsWith('uws-upload')).length") == 0


def test_files_are_managed_by_keyboard(server: RunningServer, files: Page) -> None:
    """New folder, rename, preview and delete work without a mouse."""
    folder = folder_of(server, files)
    fill(folder)
    files.reload()
    files.get_by_role("link", name="New folder").press("Enter")
    files.get_by_label("Folder name").fill("made here")
    files.get_by_label("Folder name").press("Enter")
    expect(files.get_by_role("link", name="made here")).to_be_visible()

    more = files.get_by_role("row").filter(has=files.get_by_role("link", name="table.csv"))
    more.locator("summary").press("Enter")
    more.get_by_role("link", name="Rename or move").press("Enter")
    files.get_by_label("Name or path").fill("made here/t.csv")
    files.get_by_role("button", name="Move").press("Enter")
    expect(files.get_by_role("link", name="table.csv")).to_have_count(0)

    files.get_by_role("link", name="made here").press("Enter")
    expect(files).to_have_url(re.compile(r"\?in=made(%20|\+)here"))
    files.get_by_role("link", name="t.csv").press("Enter")
    expect(files.get_by_role("cell", name="T cell").first).to_be_visible()
    files.keyboard.press("Escape")
    files.go_back()

    files.get_by_role("checkbox", name="Select notes.md").press("Space")
    files.get_by_role("checkbox", name="Select raw").press("Space")
    expect(files.get_by_text("2 selected")).to_be_visible()
    files.get_by_role("button", name="Delete selected").press("Enter")
    expect(files.get_by_role("heading", name="Delete 2 items?")).to_be_visible()
    expect(files.get_by_text("a folder with 1 file")).to_be_visible()
    files.get_by_role("button", name="Delete permanently").press("Enter")
    expect(files.get_by_role("link", name="notes.md")).to_have_count(0)
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "made here",
        "page.html",
        "plot.svg",
        "survey",
    ]


def fill(folder: Path) -> None:
    """Create files like a session."""
    (folder / "raw").mkdir()
    (folder / "raw" / "x.bin").write_bytes(b"\0" * 5000)
    (folder / "notes.md").write_text("# Plan\n\nLook at the clusters first.\n" * 3)
    (folder / "table.csv").write_text("cell,count\nT cell,12\n" + "B cell,7\n" * 20)
    (folder / "page.html").write_text("<script>document.title = 'it ran'</script>")
    (folder / "plot.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='80'>"
        "<script>parent.document.title='it ran'</script>"
        "<rect width='200' height='80' fill='teal'/></svg>"
    )
    (folder / "survey").symlink_to("/usr/share")
    for path in [folder / "raw", *folder.rglob("*")]:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@pytest.mark.soak
def test_file_contents_are_never_executed(server: RunningServer, files: Page) -> None:
    fill(folder_of(server, files))
    files.reload()
    title = files.title()
    for name in ("page.html", "plot.svg"):
        files.get_by_role("link", name=name).click()
        expect(files.get_by_role("heading", name=name)).to_be_visible()
        if name == "plot.svg":
            expect(files.get_by_role("img", name=name)).to_have_js_property("naturalWidth", 200)
        files.keyboard.press("Escape")
    with files.expect_download() as started:
        files.evaluate("location.href = location.pathname.replace('files', 'download') + '?path=page.html'")
    assert started.value.suggested_filename == "page.html"
    assert files.title() == title


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_page_is_accessible(
    server: RunningServer, context: BrowserContext, files: Page, pictures: Path, scheme: Any
) -> None:
    """axe finds no violation in either color scheme, with an upload, a selection, and each dialog."""
    files.emulate_media(color_scheme=scheme)
    fill(folder_of(server, files))
    files.reload()
    slow_down(context, files)
    files.evaluate(DROP, [["upload.bin"], 3 * MEGABYTES])
    files.get_by_role("checkbox", name="Select notes.md").check()
    expect(files.get_by_role("progressbar")).to_have_count(1)
    look(files, pictures / f"files-{scheme}.png")
    files.get_by_role("link", name="table.csv").click()
    expect(files.get_by_role("cell", name="T cell").first).to_be_visible()
    look(files, pictures / f"files-preview-{scheme}.png")
    files.keyboard.press("Escape")
    files.get_by_role("button", name="Delete selected").click()
    expect(files.get_by_role("heading", name="Delete notes.md?")).to_be_visible()
    look(files, pictures / f"files-delete-{scheme}.png")
    files.get_by_role("link", name="Cancel").click()
    files.goto(files.url + "?in=missing")
    look(files, pictures / f"files-missing-{scheme}.png")


def look(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, animations="disabled", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
