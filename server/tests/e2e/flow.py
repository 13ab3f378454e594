"""Steps of the main path in a browser."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from support.server_process import wait_for

READY_MS = 180_000
FETCH = "address => fetch(address).then(answer => answer.json())"
CODE = "print(6 * 7)\nopen('made_in_the_notebook.txt', 'w').write('kept')"


def log_in(page: Page, link: str) -> None:
    """Follow the one-time link."""
    page.goto(link)
    page.get_by_role("button", name=re.compile("^Log in as ")).click()
    expect(page.get_by_role("link", name="New workspace").first).to_be_visible()


def new_workspace(page: Page, name: str, *files: Path) -> None:
    """Create a workspace with files, and stay on its page."""
    page.get_by_role("link", name="New workspace").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Files").set_input_files(list(files))
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def launch(page: Page) -> None:
    """Launch JupyterLab in the open workspace and wait until it opens."""
    page.get_by_role("link", name=re.compile("^Launch")).first.click()
    page.get_by_role("radio", name="JupyterLab").check()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url(re.compile("/passthrough/"), timeout=READY_MS)
    expect(page.locator(".jp-Launcher").first).to_be_visible(timeout=READY_MS)


def run_a_cell(page: Page) -> None:
    """Open a notebook, run a cell, and see 42."""
    open_notebook(page)
    run_next_cell(page, CODE, "42")


def open_notebook(page: Page) -> None:
    """Open a new notebook from the launcher, and wait for its kernel."""
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible(timeout=READY_MS)
    wait_for(lambda: kernel_is_settled(page), what="a settled kernel")


def run_next_cell(page: Page, code: str, expected: str) -> None:
    """Run code in the last, empty cell of the open notebook and check its output.

    On a busy machine JupyterLab swaps the kernel later than `kernel_is_settled` waits: a lost cell is run once more.
    """
    shown = page.locator(".jp-OutputArea-output").filter(has_text=expected)
    for timeout in (READY_MS // 6, READY_MS):
        page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
        page.keyboard.insert_text(code)
        page.keyboard.press("Shift+Enter")
        with suppress(PlaywrightTimeoutError):
            shown.last.wait_for(timeout=timeout)
            return
    raise AssertionError(f"No output of the notebook has {expected!r}.")


def kernel_is_settled(page: Page) -> bool:
    """Return True if the kernel is idle, connected, and still the same a moment later.

    JupyterLab may swap a new notebook's kernel just after it first looks idle; a cell run in that moment is lost,
    with any server and without a proxy as well.
    """
    listing = urlsplit(page.url).path.partition("/lab")[0] + "/api/kernels"
    first = page.evaluate(FETCH, listing)
    page.wait_for_timeout(1000)
    second = page.evaluate(FETCH, listing)
    if not second:  # it is being started
        return False
    same = [kernel["id"] for kernel in first] == [kernel["id"] for kernel in second]
    return same and all(kernel["execution_state"] == "idle" and kernel["connections"] > 0 for kernel in second)


def see_files(page: Page, *names: str) -> None:
    """Find files in JupyterLab's own file browser."""
    page.get_by_role("button", name=re.compile("^Refresh the file browser")).first.click()
    for name in names:
        expect(page.locator(".jp-DirListing-item", has_text=name).first).to_be_visible()


def stop(page: Page) -> None:
    """Stop the session from the open workspace's page."""
    page.get_by_role("link", name=re.compile("^Stop")).first.click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("Stopped.").first).to_be_visible()
