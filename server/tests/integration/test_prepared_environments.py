"""Environments on a real server: prepared despite kills, and used by later jobs."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.package_index import Index, package_index
from support.server_process import ADA, Caller, RunningServer, running_server, sign_in, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.environment, pytest.mark.soak]


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    with package_index() as offered:
        yield offered


@pytest.fixture(scope="module")
def server(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    cache = str(tmp_path_factory.mktemp("uv-cache"))
    address = f"http://127.0.0.1:{index.port}/simple/"
    with running_server(UV_DEFAULT_INDEX=address, UV_CACHE_DIR=cache, UV_HTTP_RETRIES="0", NO_PROXY="127.0.0.1") as one:
        yield one
        folder = one.data_dir / "environments"  # it is kept for JupyterLab's
        names = [path.stem for path in folder.glob("workspace-*.requirements") if "uws" in path.read_text()]
        for path in [path for name in names for path in folder.glob(f"{name}*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def ada(server: RunningServer) -> Caller:
    return sign_in(server)


def make(ada: Caller, **files: str) -> int:
    contents = [{"name": name, "content": content} for name, content in files.items()]
    body = {"name": "w", "description": "", "workspace_details": {"files": contents}}
    number: int = ada.call("POST", "/workspaces/", json=body)["id"]
    return number


def prepare(ada: Caller, workspace: int, file: str = "requirements.txt") -> str:
    data = ada.call("POST", f"/workspaces/{workspace}/environment/prepare/", json={"file": file})
    status: str = data["preparation"]["status"]
    return status


def preparation(ada: Caller, workspace: int) -> dict[str, Any]:
    environment = ada.call("GET", f"/workspaces/{workspace}/environment/")["environment"]
    found: dict[str, Any] = environment["preparation"]
    return found


def settled(ada: Caller, workspace: int) -> tuple[str, str]:
    def look() -> dict[str, Any] | None:
        found = preparation(ada, workspace)
        return found if found["status"] != "preparing" else None

    found = wait_for(look, what="the environment")
    return found["status"], found["message"]


def builders(server: RunningServer) -> list[int]:
    """Return the building processes: those with an open lock of the store, except the server's."""
    ours, found = set(server.pids().values()), list[int]()
    for process in (path for path in Path("/proc").iterdir() if path.name.isdigit() and int(path.name) not in ours):
        with suppress(OSError):
            opened = [os.readlink(link) for link in (process / "fd").iterdir()]  # noqa: PTH115  names, not paths
            if any("/environments/workspace-" in path and path.endswith(".lock") for path in opened):
                found.append(int(process.name))
    return found


def imported(server: RunningServer, workspace: int, module: str) -> str:
    """Import a module with the Python of the workspace's jobs."""
    folder = server.data_dir / "workspaces" / ADA / str(workspace) / ".environment" / "base"
    (python,) = folder.glob("python3.*/bin/python")
    code = f"import {module}; print({module}.VERSION)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.soak
def test_environment_is_prepared_despite_kills(server: RunningServer, ada: Caller, index: Index) -> None:
    version = f"1.{int.from_bytes(os.urandom(4))}"  # what was prepared is kept from run to run
    index.add("uwscrab", version)
    index.gate.clear()
    workspace = make(ada, **{"requirements.txt": f"uwscrab=={version}\n"})
    assert prepare(ada, workspace) == "preparing"
    wait_for(lambda: any("/files/uwscrab" in path for path in index.asked), what="the builder")
    for pid in [server.pids()["controller"], *builders(server)]:
        os.kill(pid, signal.SIGKILL)
    job = ada.launch(workspace, "local_test")  # possible meanwhile, without the packages
    ada.wait_until(job, "running")
    index.gate.set()
    assert settled(ada, workspace) == ("ready", "Ready: the next launch uses it.")
    ada.wait_until(ada.launch(workspace, "local_test"), "running")
    assert wait_for(lambda: imported(server, workspace, "uwscrab"), within=30) == version
    twin = make(ada, **{"requirements.txt": f"UWSCRAB == {version}\n"})
    assert prepare(ada, twin) == "ready"


def test_unknown_package_is_named_and_launches_work(server: RunningServer, ada: Caller) -> None:
    workspace = make(ada, **{"requirements.txt": "# one\nuws-no-such-package\n"})
    prepare(ada, workspace)
    said = "requirements.txt, line 2: the package index has no package uws-no-such-package."
    assert settled(ada, workspace) == ("failed", said)
    ada.wait_until(ada.launch(workspace, "local_test"), "running")


@pytest.mark.soak
def test_file_of_conda_is_tried_as_the_user(server: RunningServer, ada: Caller) -> None:
    workspace = make(ada, **{"environment.yml": "dependencies: [python=3.11, samtools]\n"})
    assert prepare(ada, workspace, "environment.yml") == "preparing"
    status, said = settled(ada, workspace)
    assert status == "failed"
    assert said.startswith("This server has no conda (micromamba, conda, mamba or pixi).")
    ada.wait_until(ada.launch(workspace, "local_test"), "running")
