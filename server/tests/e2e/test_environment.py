"""The environment page in a browser: prepare, import in a notebook, change, reset; light and dark."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e import flow
from support.budget import first_of
from support.package_index import Index, package_index
from support.server_process import ADA, RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    with package_index() as offered:
        yield offered


@pytest.fixture(scope="module")
def server(accounts: None, index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    cache = str(tmp_path_factory.mktemp("uv-cache"))
    address = f"http://127.0.0.1:{index.port}/simple/"
    with running_server(UV_DEFAULT_INDEX=address, UV_CACHE_DIR=cache, NO_PROXY="127.0.0.1") as running:
        yield running
        folder = running.data_dir / "environments"  # it is kept for JupyterLab's
        names = [path.stem for path in folder.glob("workspace-*.requirements") if "uws" in path.read_text()]
        for path in [path for name in names for path in folder.glob(f"{name}*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def look(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, animations="disabled", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_environment_is_prepared_used_and_reset(
    server: RunningServer, page: Page, index: Index, tmp_path: Path, pictures: Path, scheme: Any
) -> None:
    version = f"1.{int.from_bytes(os.urandom(4))}"  # what was prepared is kept from run to run
    index.add("uwslobster", version)
    index.gate.clear()
    (tmp_path / "requirements.txt").write_text(f"uwslobster=={version}\n")
    page.emulate_media(color_scheme=scheme)
    flow.log_in(page, server.manage("login_link", ADA))
    flow.new_workspace(page, f"lobsters-{scheme}", tmp_path / "requirements.txt")
    workspace = page.url
    page.get_by_role("link", name="Prepare its environment").click()
    look(page, pictures / f"environment-offered-{scheme}.png")
    page.get_by_role("button", name="Prepare environment").click()
    expect(page.get_by_role("status").filter(has_text="Installing 1 package.")).to_be_visible()
    look(page, pictures / f"environment-preparing-{scheme}.png")
    index.gate.set()
    expect(page.get_by_text("Ready: the next launch uses it.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="uwslobster")).to_be_visible()  # the page has loaded itself again
    look(page, pictures / f"environment-ready-{scheme}.png")
    page.goto(workspace)
    flow.launch(page)
    flow.open_notebook(page)
    flow.run_next_cell(page, "import uwslobster\nprint(uwslobster.VERSION)", version)
    page.goto(f"{workspace}environment/")
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_text("Packages prepared from requirements.txt")).to_be_visible()
    look(page, pictures / f"environment-reset-{scheme}.png")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("The next launch uses the site's environment.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="uwslobster")).to_have_count(0)
