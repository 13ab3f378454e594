"""The launch form in a browser: keyboard, defaults, limits, relaunch, files, accessibility."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from e2e import flow
from e2e.small_application import install
from support.budget import first_of
from support.server_process import ADA, Caller, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.soak]
CPUS = len(os.sched_getaffinity(0))
CLUSTER = {
    "name": "The cluster",
    "resource_type": "LocalResource",
    "storage": "local",
    "user_authentication": "local",
    "passthrough_domain": "localhost",
    "parameter_mapping": {"memory_mb": "memory_mb", "time_limit_min": "time_limit_min"},
}
"""Its number of CPUs is unknown, so the configured limits apply."""


def small(name: str, icon: str, opens: list[str], **details: bool) -> dict[str, Any]:
    return {
        "name": name,
        "job_type": "SmallApplicationJob",
        "icon": icon,
        "description": f"{name} does what it is for.",
        "opens": opens,
        "environment_details": {"local": details},
    }


APPLICATIONS = {
    "editor": small("Editor", "code", ["*"], shows_files=True),
    "runner": small("Runner", "dashboard", ["*.py"], asks_file=True),
    "plots": small("Plots", "chart", []),
    "r": small("R", "r", ["*.R"]),
    "desktop": small("Desktop", "desktop", []),
    "terminal": small("Terminal", "terminal", []),
    "labels": small("Labels", "table", []),
    "lab": small("Lab", "flask", []),
}


@pytest.fixture(scope="module")
def server(accounts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("plugins")
    install(folder)
    local = {
        "name": "This machine",
        "resource_type": "LocalResource",
        "storage": "local",
        "user_authentication": "local",
        "passthrough_domain": "localhost",
    }
    site = {"available_job_types": APPLICATIONS, "available_resources": {"local": local, "cluster": CLUSTER}}
    with running_server(site=site, PYTHONPATH=str(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: RunningServer) -> Caller:
    return sign_in(server)


@pytest.fixture
def workspace(server: RunningServer, ada: Caller, page: Page) -> int:
    """A new workspace with files, with its page open."""
    files = [{"name": name, "content": f"I am {name}"} for name in ("app.py", "d/other.py", "notes.txt")]
    body = {"name": "cell-atlas", "description": "", "workspace_details": {"files": files}}
    number = int(ada.call("POST", "/workspaces/", json=body)["id"])
    flow.log_in(page, server.manage("login_link", ADA))
    page.goto(f"{server.url}/w/{number}/")
    return number


def jobs_in(ada: Caller, workspace: int) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = ada.call("GET", f"/jobs/?workspace_id={workspace}")["jobs"]
    return jobs


def stop_all(ada: Caller, workspace: int) -> None:
    for job in jobs_in(ada, workspace):
        if job["status"] in {"pending", "running"}:
            ada.call("PUT", f"/jobs/{job['id']}/stop/")
            ada.wait_until(job["id"], "complete")


def test_launch_and_launch_again_by_keyboard(ada: Caller, workspace: int, page: Page) -> None:
    address = page.url
    page.get_by_role("link", name="Launch", exact=True).press("Enter")
    expect(page.get_by_role("radio", name="Editor", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Plots", exact=True)).to_be_checked()
    page.keyboard.press("Tab")  # to the resources
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # on the line that folds the numbers
    number = page.get_by_label("Time limit (minutes)", exact=True)
    number.fill("90")
    expect(page.locator("summary", has_text="1 CPU, 4 GiB, 1 h 30 min")).to_be_visible()
    number.press("Enter")
    page.wait_for_url(re.compile("/passthrough/"))
    expect(page.get_by_role("heading", name="plots")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("article", name="Plots")).to_be_visible()
    stop_all(ada, workspace)
    page.get_by_role("button", name="Launch Plots again").click()
    expect(page.get_by_role("heading", name="plots")).to_be_visible()
    options = [job["job_details"]["request_job_details"]["resource_options"] for job in jobs_in(ada, workspace)]
    assert options[0] == options[1] == {"num_cpus": 1, "memory_mb": 4096, "time_limit_min": 90, "resource": "local"}
    stop_all(ada, workspace)


def test_first_view_needs_two_presses(ada: Caller, workspace: int, page: Page) -> None:
    page.get_by_role("link", name="Launch", exact=True).click()
    expect(page.get_by_label("CPUs", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url(re.compile("/passthrough/"))
    assert len(jobs_in(ada, workspace)) == 1
    stop_all(ada, workspace)


def test_numbers_follow_the_resource_and_the_server_decides(ada: Caller, workspace: int, page: Page) -> None:
    page.get_by_role("link", name="Launch", exact=True).click()
    page.locator("details.options summary").click()
    number = page.get_by_label("CPUs", exact=True)
    expect(number).to_have_attribute("max", str(CPUS))
    page.get_by_role("radio", name="The cluster").check()
    expect(number).to_have_attribute("max", "16")
    number.fill("16")
    page.get_by_role("radio", name="This machine").check()
    expect(number).to_have_value(str(CPUS))
    page.get_by_role("radio", name="The cluster").check()
    expect(number).to_have_value("16")
    number.fill("")
    page.get_by_role("radio", name="This machine").check()
    expect(number).to_have_value("")
    number.evaluate("(field, most) => { field.removeAttribute('max'); field.value = most }", CPUS + 1)
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text(f"This machine has {CPUS} CPU")).to_be_visible()
    expect(page.get_by_label("CPUs", exact=True)).to_be_focused()
    expect(page.get_by_label("CPUs", exact=True)).to_have_value(str(CPUS + 1))
    assert jobs_in(ada, workspace) == []


def test_files_are_opened_and_run(server: RunningServer, ada: Caller, workspace: int, page: Page) -> None:
    files = f"{server.url}/w/{workspace}/files/"
    page.goto(files)
    page.locator("details.menu", has_text="More actions for app.py").locator("summary").click()
    page.get_by_role("link", name="Run with Runner").click()
    expect(page.get_by_role("heading", name="Open app.py")).to_be_visible()
    expect(page.get_by_role("radio", name="Runner", exact=True)).to_be_checked()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("I am app.py")).to_be_visible()
    page.goto(files)
    page.get_by_role("link", name="notes.txt").click()
    page.get_by_role("link", name="Open in Editor").click()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("/files/notes.txt")).to_be_visible()
    page.goto(f"{server.url}/w/{workspace}/preview/?path=app.py")
    for action, text in (("Run with Runner", "I am app.py"), ("Open in Editor", "/files/app.py")):
        with page.expect_popup() as opened:
            page.get_by_role("link", name=action).click()
        expect(opened.value.get_by_text(text)).to_be_visible()
    assert len(jobs_in(ada, workspace)) == 2
    page.goto(f"{server.url}/w/{workspace}/")
    page.get_by_role("article", name="Runner, app.py").get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article", name="Editor")).to_be_visible()
    stop_all(ada, workspace)


def test_launch_without_scripts(server: RunningServer, ada: Caller, workspace: int, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.manage("login_link", ADA))
    page.get_by_role("button", name=re.compile("^Log in as ")).click()
    page.goto(f"{server.url}/w/{workspace}/launch/")
    page.get_by_role("radio", name="Runner", exact=True).check()
    page.get_by_label("File for Runner").select_option("d/other.py")
    page.locator("details.options summary").click()
    expect(page.get_by_text(f"1 to {CPUS} on This machine, 1 to 16 on The cluster")).to_be_visible()
    page.get_by_label("CPUs", exact=True).fill(str(CPUS + 1))
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text(f"This machine has {CPUS} CPU")).to_be_visible()
    page.get_by_role("radio", name="The cluster").check()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url(re.compile("/open/|/passthrough/"))
    (job,) = jobs_in(ada, workspace)
    assert job["job_details"]["request_job_details"]["file"] == "d/other.py"
    stop_all(ada, workspace)
    context.close()


@pytest.mark.parametrize("appearance", first_of("light", "dark", "contrast"))
def test_page_is_accessible(
    server: RunningServer, ada: Caller, workspace: int, page: Page, pictures: Path, appearance: str
) -> None:
    """axe finds no violation in the dialog (eight applications, error, file) and a page with two sessions."""
    page.evaluate("name => localStorage.setItem('uws-appearance', name)", appearance)
    for job_type, details in (("editor", {}), ("runner", {"file": "app.py"})):
        body = {"job_type": job_type, "job_details": details}
        job = ada.call("PUT", f"/workspaces/{workspace}/start/", json=body)["job"]["id"]
        ada.wait_until(job, "running", ready=True)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    look(page, pictures / f"launch-sessions-{appearance}.png")
    page.get_by_role("link", name="Launch another").click()
    expect(page.get_by_label("File for Runner")).to_be_visible()
    look(page, pictures / f"launch-eight-{appearance}.png")
    page.locator("details.options summary").click()
    page.get_by_label("CPUs", exact=True).evaluate("field => { field.removeAttribute('max'); field.value = 999 }")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text(f"This machine has {CPUS} CPU")).to_be_visible()
    look(page, pictures / f"launch-error-{appearance}.png")
    page.goto(f"{server.url}/w/{workspace}/launch/?job_type=runner&file=d/other.py")
    look(page, pictures / f"launch-file-{appearance}.png")
    stop_all(ada, workspace)
    page.goto(server.url)
    expect(page.get_by_role("button", name=re.compile("^Launch again")).first).to_be_visible()
    look(page, pictures / f"launch-again-{appearance}.png")


def look(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, animations="disabled", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
