"""Each documented application is launched, opened in a browser, used and stopped."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from e2e.access_checks import denies_other_users
from e2e.applications import launch, log_in, open_session, stop
from e2e.sample_apps import SAMPLES
from support.budget import IS_FULL
from support.server_process import ADA, REPOSITORY, Caller, RunningServer, running_server, sign_in
from user_workspaces.plugins.job_type.web_application.packages import missing

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]
SHIPPED: dict[str, Any] = json.loads((REPOSITORY / "docs/applications/applications.json").read_text())


HEAVY = ("vscode",)
"""Applications whose installation takes more than half a minute."""
OTHERS = tuple(name for name in SHIPPED if name not in HEAVY) if IS_FULL else ("terminal",)


OPENED_ALONE = (
    *(name for name, entry in SHIPPED.items() if not entry.get("application", {}).get("asks_file")),
    "voila",
)
"""Applications whose own process runs no file of the workspace, which may come from another user."""
IMPORTED = ("jupyter_server/__init__.py", "uvicorn.py", "tornado/__init__.py", "notebook.py", "mlflow.py")
READ = ("jupyter_config.py", "jupyter_server_config.py", "jupyter_notebook_config.py")
TRACE = "\nwith open(__file__ + '.was-run', 'w'): pass\n"


@contextmanager
def serving(*names: str) -> Iterator[tuple[RunningServer, Caller]]:
    """Run a server with these applications, installed before the start."""
    with running_server(site={"available_job_types": {name: SHIPPED[name] for name in names}}) as running:
        yield running, sign_in(running, ADA)


@pytest.fixture(scope="module")
def light(accounts: None) -> Iterator[tuple[RunningServer, Caller]]:
    with serving(*OTHERS) as made:
        yield made


@pytest.fixture(scope="module")
def heavy(accounts: None) -> Iterator[tuple[RunningServer, Caller]]:
    with serving(*HEAVY) as made:
        yield made


@pytest.mark.parametrize("name", OTHERS)
def test_application_is_launched_opened_used_and_stopped(
    light: tuple[RunningServer, Caller], page: Page, pictures: Path, name: str
) -> None:
    walk(*light, page, pictures, name)


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_application_is_launched_opened_used_and_stopped(
    heavy: tuple[RunningServer, Caller], page: Page, pictures: Path, name: str
) -> None:
    walk(*heavy, page, pictures, name)


def walk(server: RunningServer, ada: Caller, page: Page, pictures: Path, name: str) -> None:
    """Launch, open, use and stop one application."""
    lacks = missing(SHIPPED[name].get("application", {}).get("packages", {}).get("apt", []))
    if lacks:
        pytest.skip(f"NOT RUN: this machine lacks {', '.join(lacks)}")
    sample = SAMPLES[name]
    files = [{"name": "notes.txt", "content": "hello"}]
    files += [{"name": sample.file, "content": sample.content}] if sample.file else []
    files += [{"name": one, "content": TRACE} for one in (*IMPORTED, *READ) if name in OPENED_ALONE]
    body = {"name": name, "description": "", "workspace_details": {"files": files}}
    workspace = ada.call("POST", "/workspaces/", json=body)["id"]
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if is_external(request.url) else None)
    job = launch(ada, workspace, name, file=sample.file)
    log_in(page, server, ADA)
    open_session(page, server, job)
    try:
        sample.use(page)
    finally:
        page.screenshot(path=pictures / f"app-{name}.png")
    denies_other_users(server, ada, job)
    stop(ada, job)
    assert {host_of(url) for url in outside} <= set(sample.asks_outside)
    assert list(server.data_dir.glob(f"workspaces/*/{workspace}/**/*.was-run")) == []
    if sample.makes:
        assert list(server.data_dir.glob(f"workspaces/*/{workspace}/{sample.makes}"))


def is_external(url: str) -> bool:
    host = host_of(url)
    return url.startswith(("http", "ws")) and host != "localhost" and not host.endswith(".localhost")


def host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition(":")[0]
