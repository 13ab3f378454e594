"""The REANA extension in the environment that sessions run in, and in a session that is really running."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from environment_store.test_recipes import make
from plugins.job_type.jupyter_lab.driver import REANA, Session
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.plugins.job_type.jupyter_lab.contents import LOCK, extension

Test = TypeVar("Test", bound=Callable[..., None])
PROJECT = Path(__file__).parents[5]


def in_the_environment(test: Test) -> Test:
    """Mark what needs the environment, which takes its time to be made."""
    marked: Test = pytest.mark.slow(pytest.mark.environment(test))
    return marked


def test_wheel_is_installed_alone_and_last(tmp_path: Path) -> None:
    wheel = tmp_path / "reana_jupyterlab-1-py3-none-any.whl"
    wheel.write_bytes(b"one")
    step = make(tmp_path, wheel=wheel).first[-1]
    assert step.message == "adding reana-jupyterlab"
    assert {"--no-deps", "--no-index", "--offline", "--compile-bytecode"} <= set(step.command)
    assert step.command[-2:] == ("--", str(wheel))


def test_fingerprint_follows_the_content_of_the_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "reana_jupyterlab-1-py3-none-any.whl"
    wheel.write_bytes(b"one")
    before = make(tmp_path, wheel=wheel).fingerprint
    os.utime(wheel, ns=(1, 1))
    assert make(tmp_path, wheel=wheel).fingerprint == before != make(tmp_path).fingerprint
    wheel.write_bytes(b"two")
    os.utime(wheel, ns=(1, 2))
    assert make(tmp_path, wheel=wheel).fingerprint != before


def test_folder_without_a_wheel_has_none(tmp_path: Path) -> None:
    assert extension(tmp_path / "nowhere") is None
    (tmp_path / "other-1-py3-none-any.whl").touch()
    assert extension(tmp_path) is None


def test_lock_holds_what_the_extension_needs() -> None:
    """Its wheel is installed without asking for more."""
    needed = tomllib.loads((PROJECT / "reana" / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=!~\[]", requirement)[0] for requirement in needed}
    assert names <= set(re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def running(prepared: JupyterLabJob, new_session: Callable[[], Session]) -> Session:
    assert extension() is not None, "the wheel was not built: run scripts/install extension"
    session = new_session()
    session.start()
    session.wait_until_ready()
    return session


@in_the_environment
@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("server extension list", r"reana_jupyterlab.*enabled"),
        ("labextension list", r"reana-jupyterlab v\S+.*enabled.*OK.*\(python, reana-jupyterlab\)"),
    ],
)
def test_extensions_are_listed_without_a_complaint(running: Session, command: str, line: str) -> None:
    script = running.job_type.script(running.context, running.job_type.Parameters())
    python = Path(shlex.split(script.text)[1])
    done = subprocess.run(
        [python.with_name("jupyter"), *command.split()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": str(running.home), "JUPYTER_CONFIG_DIR": str(running.folder / "none")},
    )
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert re.search(line, told), told
    assert re.search(r"\bX\b|error|warning|problem|not found|unable|traceback", told, re.IGNORECASE) is None, told


@in_the_environment
def test_page_brings_the_panel(running: Session) -> None:
    page = running.request("GET", "lab").body.decode()
    told = re.search(r'id="jupyter-config-data"[^>]*>\s*(\{.*?\})\s*</script>', page, re.DOTALL)
    assert told
    assert "reana-jupyterlab" in [one["name"] for one in json.loads(told[1])["federated_extensions"]]
    assert REANA.access_token not in page


@in_the_environment
def test_session_is_connected_by_its_file(running: Session) -> None:
    response = running.request("GET", "reana_jupyterlab/connection")
    told = json.loads(response.body)
    assert (response.status, told["source"], told["server"]) == (200, "launcher", REANA.server)
    assert REANA.access_token.encode() not in response.body
    assert running.request("GET", "reana_jupyterlab/connection", headers={"Authorization": ""}).status == 403
