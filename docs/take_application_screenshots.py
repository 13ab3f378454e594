"""Take the screenshots of the applications in the documentation, each in use."""

import json
import shutil
import sys

from playwright.sync_api import Browser, sync_playwright

from e2e.applications import launch, log_in, open_session, stop
from e2e.conftest import QUIET
from e2e.sample_apps import SAMPLES
from support.machine_accounts import removed_accounts
from support.server_process import ADA, REPOSITORY, Caller, RunningServer, running_server, sign_in
from user_workspaces.plugins.job_type.web_application.packages import missing

SHIPPED = json.loads((REPOSITORY / "docs" / "applications" / "applications.json").read_text())
SIZE = {"width": 900, "height": 520}


def take(browser: Browser, server: RunningServer, user: Caller, name: str) -> None:
    """Launch an application, use it, and take its screenshot."""
    sample = SAMPLES[name]
    files = [{"name": "notes.txt", "content": "hello"}]
    files += [{"name": sample.file, "content": sample.content}] if sample.file else []
    body = {"name": name, "description": "", "workspace_details": {"files": files}}
    workspace = user.call("POST", "/workspaces/", json=body)["id"]
    context = browser.new_context(viewport=SIZE, color_scheme="light", device_scale_factor=1)
    page = context.new_page()
    job = launch(user, workspace, name, file=sample.file)
    log_in(page, server, ADA)
    open_session(page, server, job)
    sample.use(page)
    page.wait_for_timeout(4000)  # notifications disappear and charts are drawn after the page is ready
    page.screenshot(path=REPOSITORY / "docs" / "images" / f"app-{name}-light.png", animations="disabled")
    stop(user, job)
    context.close()


def main(names: list[str]) -> None:
    """Take the screenshots of some applications, or of all that can run on this machine."""
    wanted = [
        name
        for name in names or SHIPPED
        if not missing(SHIPPED[name].get("application", {}).get("packages", {}).get("apt", []))
    ]
    offered = {"available_job_types": {name: SHIPPED[name] for name in wanted}}
    with removed_accounts(), running_server(site=offered) as server, sync_playwright() as playwright:
        user = sign_in(server)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for name in wanted:
            take(browser, server, user, name)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
