"""Starts and configures a real JupyterLab for the browser tests, with its own folders and port."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from reana_jupyterlab.tests.ports import free_port

TOKEN = "for-tests-only"
TIMEOUT_S = 180.0
END_TIMEOUT_S = 60.0
TERMINATE_ATTEMPTS = 3
REFRESH_S = 2
FRONT_END = Path(__file__).parent.parent / "reana_jupyterlab" / "labextension"


@dataclass
class Lab:
    """A running server; `root` is the folder that its file browser shows."""

    address: str
    root: Path
    connected_to: str = ""
    """Address of the REANA in the server's environment; empty: unknown, as tests connect in the browser, too."""

    def url(self, path: str = "lab") -> str:
        """Return a URL that logs the browser in and resets the layout."""
        return f"{self.address}/{path}?reset&token={TOKEN}"

    def connect(self, server: str, token: str) -> None:
        """Set the REANA in the server's environment and delete all profiles."""
        if self.connected_to != server:
            self.disconnect()
            self._send("POST", "reana_jupyterlab/env", {"server": server, "accessToken": token})
            self.connected_to = server

    def disconnect(self) -> None:
        """Delete all credentials of the server."""
        self.connected_to = ""
        for profile in self._send("GET", "reana_jupyterlab/profiles").json()["profiles"]:
            if not profile["fixed"]:
                self._send("DELETE", f"reana_jupyterlab/profiles/{quote(profile['name'], safe='')}")
        self._send("DELETE", "reana_jupyterlab/env")

    def configure(self, plugin: str, settings: Mapping[str, object]) -> None:
        """Replace the user's settings of a plug-in."""
        self._send("PUT", f"lab/api/settings/{plugin}", {"raw": json.dumps(settings)})

    def empty_root(self) -> None:
        """Delete all files that a test left behind."""
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _send(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"token {TOKEN}"}
        response = httpx.request(method, f"{self.address}/{path}", json=body, headers=headers, timeout=TIMEOUT_S)
        return response.raise_for_status()


@contextmanager
def running_lab(
    folder: Path, *, theme: str = "JupyterLab Light", refresh_s: int = REFRESH_S, **environment: str
) -> Iterator[Lab]:
    """Start JupyterLab in a folder, wait until it responds, and terminate it at the end."""
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
            env=os.environ | _own_folders(folder) | environment | {"PYTHONFAULTHANDLER": "1"},
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
    """Terminate the process, repeatedly on a busy machine; if that fails, dump its threads into the log."""
    for _ in range(TERMINATE_ATTEMPTS):
        process.terminate()
        try:
            process.wait(timeout=END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            continue
        return
    process.send_signal(signal.SIGABRT)
    process.wait(timeout=END_TIMEOUT_S)
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


def _own_folders(folder: Path) -> dict[str, str]:
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
    # The front end as it was built last, not the installed one.
    (folder / "data" / "labextensions").mkdir()
    (folder / "data" / "labextensions" / "reana-jupyterlab").symlink_to(FRONT_END)
    return {name: str(folder / place) for name, place in places.items()} | {
        "REANA_SERVER_URL": "",
        "REANA_ACCESS_TOKEN": "",
    }


def _wait_for(lab: Lab, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
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
