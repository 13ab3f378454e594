"""The wheel in new environments without Node, in a browser: in the oldest and newest supported JupyterLab."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana
from reana_jupyterlab.tests.fake_routes import ROUTES
from reana_jupyterlab.tests.ports import free_port

PROJECT = Path(__file__).parents[2]
SESSIONS = PROJECT / "server/src/user_workspaces/plugins/job_type/jupyter_lab"
TIMEOUT_S = 180
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
QUIET += ("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMPLAINT = re.compile(r"\bX\b|error|warning|problem|not found|unable|traceback", re.IGNORECASE)


@dataclass(frozen=True)
class Environment:
    """A virtual environment with JupyterLab and the wheel, and its own folders."""

    folder: Path

    def run(self, *command: str) -> str:
        """Run a program of it; return its output."""
        program = self.folder / "bin" / command[0]
        done = subprocess.run(
            [program, *command[1:]], env=self.variables, capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
        return COLOUR.sub("", done.stdout + done.stderr)

    @property
    def variables(self) -> dict[str, str]:
        """The complete environment of its programs, without Node."""
        return {"PATH": str(self.folder / "bin"), "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}


def constraints(folder: Path) -> Path:
    """Return the versions of the server's sessions, except JupyterLab itself."""
    lock = (SESSIONS / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[\w.-]+==\S+(?: ; [^\\]*)?", lock, re.MULTILINE)
    path = folder / "constraints.txt"
    path.write_text("\n".join(pin for pin in pins if not pin.startswith("jupyterlab==")), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[pytest.param("4.2", marks=pytest.mark.soak), "4"], ids=["oldest", "newest"])
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install the wheel like a user, with one release of JupyterLab."""
    wheels = list((SESSIONS / "wheels").glob("*.whl"))
    assert len(wheels) == 1, "the wheel was not built: run `make extension`"
    made = Environment(tmp_path_factory.mktemp("environment") / "venv")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, made.folder], check=True)
    limits = constraints(made.folder)
    install = [uv, "pip", "install", "--quiet", "--python", made.folder / "bin" / "python", "--constraints", limits]
    wanted = f"jupyterlab=={request.param}.*"
    subprocess.run([*install, wanted, wheels[0]], check=True, timeout=TIMEOUT_S * 5)
    (made.folder / "home").mkdir()
    return made


@pytest.fixture
def reana() -> Iterator[FakeReana]:
    server = FakeReana(ROUTES)
    yield server
    server.stop()


@pytest.fixture
def address(environment: Environment, reana: FakeReana, tmp_path: Path) -> Iterator[str]:
    """URL of a JupyterLab that is connected to a REANA."""
    port = free_port()
    options = ["--allow-root", "--no-browser", f"--ServerApp.root_dir={tmp_path}", f"--ServerApp.port={port}"]
    options += ["--ServerApp.port_retries=0", "--IdentityProvider.token=for-tests-only"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    connection = {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN}
    log = tmp_path / "lab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [environment.folder / "bin" / "jupyter-lab", *options],
            env={**environment.variables, **connection},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token=for-tests-only", process, log)
            yield f"http://127.0.0.1:{port}/lab?token=for-tests-only"
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_S)


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start: {log.read_text(errors='replace')[-2000:]}")


def test_lists_of_extensions_have_no_complaint(environment: Environment) -> None:
    server = environment.run("jupyter", "server", "extension", "list")
    assert re.search(r"reana_jupyterlab.*enabled", server)
    front_end = environment.run("jupyter", "labextension", "list")
    assert re.search(r"reana-jupyterlab v\S+ enabled OK \(python, reana-jupyterlab\)", front_end), front_end
    assert COMPLAINT.search(server + front_end) is None, server + front_end


CONNECTED = {("GET", "/api/you"), ("GET", "/api/workflows")}
"""The requests of a panel that is connected: the account, then the list of runs."""


def test_panel_is_there_and_connected(address: str, reana: FakeReana) -> None:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("NOT RUN: there is no chromium on this machine")
    mistakes: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(TIMEOUT_S * 1000)
        expect.set_options(timeout=TIMEOUT_S * 1000)
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto(address)
        expect(page.locator(".jp-LauncherCard", has_text="REANA run")).to_be_visible()
        page.get_by_role("tab", name="REANA runs").click()
        panel = page.locator(".jp-Reana-panel")
        expect(panel).to_be_visible()
        deadline = time.monotonic() + TIMEOUT_S
        while not requests_of(reana) >= CONNECTED and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        page.wait_for_function("() => !document.querySelector('.jp-Reana-panel [aria-busy=true]')")
        if folder := os.environ.get("UWS_TEST_PICTURES"):
            page.screenshot(path=Path(folder) / f"wheel-{len(os.listdir(folder))}.png")  # noqa: PTH208 - a number
        browser.close()
    assert requests_of(reana) >= CONNECTED
    assert mistakes == []


def requests_of(reana: FakeReana) -> set[tuple[str, str]]:
    """Return the methods and paths that REANA was asked for."""
    return {(seen.method, seen.path) for seen in reana.requests}
