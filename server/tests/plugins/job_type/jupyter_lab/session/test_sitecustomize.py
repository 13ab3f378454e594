"""The `sitecustomize` of sessions with a shared network: changes two modules, and hides no other one."""

import subprocess
import sys
from pathlib import Path

import pytest

from user_workspaces.plugins.job_type.jupyter_lab.launch import PYTHON, SESSION_FOLDER

CONNECT = """
class Trait:
    default_value = "tcp"
class ConnectionFileMixin:
    transport = Trait()
"""
TELL = "from jupyter_client.connect import ConnectionFileMixin as found; print(found.transport.default_value)"


def run(code: str, *folders: Path) -> "subprocess.CompletedProcess[str]":
    path = ":".join(map(str, [(SESSION_FOLDER / PYTHON).parent, *folders]))
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-S", "-c", f"import sitecustomize\n{code}"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def put(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(text)
    return folder


def test_programs_that_start_kernels_use_sockets(tmp_path: Path) -> None:
    ran = run(TELL, put(tmp_path, "jupyter_client/connect.py", CONNECT))
    assert (ran.stdout, ran.stderr) == ("ipc\n", "")


@pytest.mark.parametrize("text", ["", "class ConnectionFileMixin: pass"])
def test_other_release_without_these_names_works_as_it_always_did(tmp_path: Path, text: str) -> None:
    ran = run("import jupyter_client.connect; print('works')", put(tmp_path, "jupyter_client/connect.py", text))
    assert (ran.stdout, ran.stderr) == ("works\n", "")


def test_nothing_is_imported_before_it_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "jupyter_client/connect.py", CONNECT)
    ran = run("import sys; print([name for name in sys.modules if 'jupyter' in name])", tmp_path)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_sitecustomize_of_the_user_runs_too(tmp_path: Path) -> None:
    ran = run("print('then')", put(tmp_path, "sitecustomize.py", "print('own')"))
    assert (ran.stdout, ran.stderr) == ("own\nthen\n", "")


def test_kernel_of_another_release_keeps_its_pipe(tmp_path: Path) -> None:
    stream = "import types\nzmq = types\nclass IOPubThread: pass\n"
    put(tmp_path, "ipykernel/iostream.py", stream)
    ran = run("from ipykernel.iostream import IOPubThread as found; print(hasattr(found, '_setup_pipe_in'))", tmp_path)
    assert (ran.stdout, ran.stderr) == ("False\n", "")
