"""Take the screenshots of the documentation, of a real server in a real browser."""

import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from e2e import flow
from e2e.conftest import QUIET
from e2e.test_runs import run_workflow
from support.machine_accounts import removed_accounts
from support.server_process import ADA, RunningServer, running_server, sign_in

DOCS = Path(__file__).resolve().parent
SIZE = {"width": 1200, "height": 760}
SCHEMES: Final = ("light", "dark")
WORKFLOW = """\
version: 0.9.4
inputs:
  parameters:
    events: 1000
    model: gauss
workflow:
  type: serial
  specification:
    steps:
      - name: gendata
        environment: python:3.12
        commands: ["echo ${events} events"]
      - name: select
        environment: python:3.12
        commands: ["echo selected"]
      - name: fit
        environment: python:3.12
        commands: ["for i in 1 2 3; do echo step $$i of the fit with ${model}; sleep 1; done; sleep 1000"]
outputs:
  files: [results/plot.png]
"""
FILES_OF_A_WORKFLOW = [{"name": "reana.yaml", "content": WORKFLOW}]


def picture(page: Page, name: str, scheme: str = "light") -> None:
    """Save a screenshot of the tab as `<name>-<scheme>.png`."""
    page.screenshot(path=DOCS / "images" / f"{name}-{scheme}.png", animations="disabled")


def fill(server: RunningServer) -> None:
    """Create workspaces as a user has them after some work."""
    user = sign_in(server)
    for name, description in (("pilot", "First look at the samples"), ("cell-atlas", "Clusters of the lung data set")):
        body = {
            "name": name,
            "description": description,
            "default_job_type": "jupyter_lab",
            "workspace_details": {
                "files": [{"name": f"{part}.csv", "content": "a,b\n" * 2000} for part in ("raw", "clean", "labels")]
            },
        }
        user.call("POST", "/workspaces/", json=body)
    body = {"name": "greetings", "description": "", "workspace_details": {"files": FILES_OF_A_WORKFLOW}}
    user.call("POST", "/workspaces/", json=body)
    user.http.close()


def take_session(browser: Browser, server: RunningServer) -> None:
    """Follow the main path, with screenshots on the way."""
    context = browser.new_context(viewport=SIZE, color_scheme="light", device_scale_factor=1)
    page = context.new_page()
    flow.log_in(page, server.manage("login_link", ADA))
    page.get_by_role("link", name="cell-atlas", exact=True).click()
    workspace = page.url
    flow.launch(page)
    flow.run_a_cell(page)
    picture(page, "session")
    portal = context.new_page()
    portal.goto(server.url)
    portal.get_by_role("link", name="Open").first.wait_for()
    for scheme in SCHEMES:
        portal.emulate_media(color_scheme=scheme)
        picture(portal, "workspaces", scheme)
    portal.emulate_media(color_scheme="light")
    portal.goto(f"{workspace}launch/")
    picture(portal, "launch")
    portal.goto(workspace)
    flow.stop(portal)
    context.close()


def take_run(browser: Browser, server: RunningServer) -> None:
    """Run a workflow from a workspace, with screenshots of the run and of its log."""
    context = browser.new_context(viewport=SIZE, color_scheme="light", device_scale_factor=1)
    page = context.new_page()
    flow.log_in(page, server.manage("login_link", ADA))
    page.get_by_role("link", name="greetings", exact=True).click()
    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Runs").click()
    run_workflow(page)
    page.get_by_text("2 of 3 commands").wait_for()
    picture(page, "run")
    page.get_by_role("link", name="Log of fit").click()
    page.get_by_text("step 3 of the fit").wait_for()
    picture(page, "run-log")
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Stop it").click()
    page.get_by_text("stopped").first.wait_for()
    context.close()


def main() -> None:
    """Take all screenshots."""
    (DOCS / "images").mkdir(exist_ok=True)
    with removed_accounts(), running_server() as server, sync_playwright() as playwright:
        fill(server)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        take_run(browser, server)
        take_session(browser, server)
        browser.close()


if __name__ == "__main__":
    main()
