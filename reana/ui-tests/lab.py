"""A real JupyterLab for the browser tests: its own folders, its own port, nothing of the person's."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from reana_jupyterlab.tests.ports import free_port

TOKEN = "for-tests-only"
PATIENCE_S = 180.0
END_S = 60.0
ASKED_TO_END = 3
REFRESH_S = 2
FRONT_END = Path(__file__).parent.parent / "reana_jupyterlab" / "labextension"


@dataclass(frozen=True)
class Lab:
    """A running server; `root` is what its file browser shows."""

    address: str
    root: Path

    def url(self, path: str = "lab") -> str:
        """Return an address that lets the browser in, to a layout that no other test has left behind."""
        return f"{self.address}/{path}?reset&token={TOKEN}"


@contextmanager
def running_lab(
    folder: Path, *, theme: str = "JupyterLab Light", refresh_s: int = REFRESH_S, **environment: str
) -> Iterator[Lab]:
    """Start JupyterLab below a folder, wait until it answers, and end it."""
    root = folder / "root"
    settings = folder / "settings"
    root.mkdir(parents=True)
    settings.mkdir()
    overrides = {
        "@jupyterlab/apputils-extension:themes": {"theme": theme},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "reana-jupyterlab:plugin": {"refreshInterval": refresh_s},
    }
    (settings / "overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
    port = free_port()
    lab = Lab(f"http://127.0.0.1:{port}", root)
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            _command(root, settings, port),
            env=os.environ | _own_places(folder) | environment | {"PYTHONFAULTHANDLER": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(lab, process, folder / "lab.log")
            yield lab
        finally:
            _end(process, folder / "lab.log")


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask it to end, again when a busy machine has lost the first word; where it stands then, its log says."""
    for _ in range(ASKED_TO_END):
        process.terminate()
        try:
            process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            continue
        return
    process.send_signal(signal.SIGABRT)
    process.wait(timeout=END_S)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-8000:])


def _command(root: Path, settings: Path, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--allow-root",
        "--no-browser",
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}",
        f"--LabApp.app_settings_dir={settings}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]


def _own_places(folder: Path) -> dict[str, str]:
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "HOME": "home",
    }
    for place in places.values():
        (folder / place).mkdir()
    # The front end as it was built last, whatever an installation knows of it.
    (folder / "data" / "labextensions").mkdir()
    (folder / "data" / "labextensions" / "reana-jupyterlab").symlink_to(FRONT_END)
    return {name: str(folder / place) for name, place in places.items()} | {
        "REANA_SERVER_URL": "",
        "REANA_ACCESS_TOKEN": "",
    }


def _wait_for(lab: Lab, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(lab.url("api/status"), timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    message = f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
