"""The user's packages: available to the user's programs in that workspace only, never in JupyterLab's process."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.cells import run_cell, run_in_terminal, start_kernel
from plugins.job_type.jupyter_lab.driver import Session
from support.budget import first_of
from support.wheels import make_wheel
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.environment, pytest.mark.slow]

HOSTILE = """
import pathlib, sys
if any(word.endswith("start.py") for word in sys.orig_argv):
    pathlib.Path({marker!r}).touch()
"""
WIDGETS = {
    "name": "widgets",
    "version": "1.0.0",
    "jupyterlab": {"_build": {"load": "parts/of-a-widget.js", "extension": "./extension"}},
}
SHADOWED = ("jupyter_server", "jupyterlab", "tornado", "traitlets", "nbconvert", "jinja2", "sitecustomize", "ipykernel")
"""What the server imports, now or with a page, and two names that Python itself or each kernel imports."""


@pytest.fixture
def session(new_session: Callable[[], Session]) -> Session:
    made = new_session()
    made.start()
    made.wait_until_ready()
    return made


def overlay_of(session: Session) -> Path:
    return next(session.overlay.glob("python3*"))


def base_of(session: Session) -> Path:
    base = session.job_type.base("local")
    assert base is not None
    assert base.folder is not None
    return base.folder


def install(session: Session, name: str, files: dict[str, str]) -> str:
    """Install a package of these files from a cell; returns what was printed."""
    wheel = make_wheel(session.workspace, name, files)
    session.give_away()
    return run_cell(session, f"%pip install --no-index {wheel}")


def contents(folder: Path) -> dict[str, str]:
    """Return mode and digest of all files below a folder.

    Compiled files of the folder's owner are left out: programs that other tests run as root add some.
    """
    found, owner = {}, folder.stat().st_uid
    for path in folder.rglob("*"):
        status = path.lstat()
        if "__pycache__" in path.parts and status.st_uid == owner and os.geteuid() == 0:
            continue
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[str(path)] = f"{status.st_mode:o} {hashlib.sha256(content).hexdigest()}"
    return found


def test_installed_package_is_there_at_once_and_after_the_next_start(session: Session) -> None:
    before = contents(base_of(session))
    wheel = make_wheel(session.workspace, "greeting", {"greeting.py": "WORD = 'hel' + 'lo'\n"})
    session.give_away()
    kernel = str(start_kernel(session).json()["id"])
    assert "No module named 'greeting'" in run_cell(session, "import greeting", kernel=kernel)
    assert "Successfully installed" in run_cell(session, f"%pip install --no-index {wheel}", kernel=kernel)
    assert run_cell(session, "import greeting; print(greeting.WORD)", kernel=kernel) == "hello\n"
    assert "hello" in run_in_terminal(session, "python -c 'import greeting; print(greeting.WORD)'", until="hello")
    assert session.process is not None
    session.process.terminate()
    session.process.wait(timeout=60)
    session.start()
    session.wait_until_ready()
    assert run_cell(session, "import greeting; print(greeting.WORD)") == "hello\n"
    assert contents(base_of(session)) == before


def test_installed_package_is_in_no_other_workspace(session: Session, new_session: Callable[[], Session]) -> None:
    install(session, "greeting", {"greeting.py": ""})
    other = new_session()
    other.start()
    other.wait_until_ready()
    assert "No module named 'greeting'" in run_cell(other, "import greeting")


def test_first_cell_finds_what_it_needs(session: Session) -> None:
    code = "import numpy, pandas, scipy, matplotlib, ipympl, ipywidgets; print(numpy.arange(3).sum())"
    assert run_cell(session, code) == "3\n"


@pytest.mark.parametrize("program", first_of("pip", "python", "python3", "pip3", "jupyter", "ipython"))
def test_programs_in_a_terminal_are_of_the_environment(session: Session, program: str) -> None:
    shown = run_in_terminal(session, f"command -v {program}; {program} --version && echo do''ne", until="done")
    assert f"{overlay_of(session)}/bin/{program}" in shown


def test_programs_of_a_cell_are_of_the_environment(session: Session) -> None:
    overlay = overlay_of(session)
    printed = run_cell(session, "!command -v python pip ipython jupyter\nimport sys; print(sys.executable)")
    assert printed.split() == [f"{overlay}/bin/{name}" for name in ("python", "pip", "ipython", "jupyter", "python")]


@pytest.mark.soak
def test_notebook_that_a_program_runs_finds_installed_packages(session: Session) -> None:
    install(session, "greeting", {"greeting.py": "WORD = 'hel' + 'lo'\n"})
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": "import greeting; print(greeting.WORD)",
        "metadata": {},
        "outputs": [],
    }
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{**cell, "id": "a", "execution_count": 1}],
    }
    session.write("workspace/n.ipynb", json.dumps(notebook))
    session.give_away()
    command = "jupyter nbconvert --to notebook --execute --stdout n.ipynb | grep -o 'hello' | head -1; echo do''ne"
    assert "hello" in run_in_terminal(session, command, until="done").replace("'hello'", "")


@pytest.mark.soak
def test_hostile_packages_never_reach_the_server(session: Session) -> None:
    marker = session.workspace / "was-imported"
    code = HOSTILE.format(marker=str(marker))
    files = {f"{name}.py": code for name in SHADOWED}
    files["hostile.pth"] = f"import sys; exec({code!r})\n"
    install(session, "hostile", files)
    assert session.process is not None
    session.process.terminate()
    session.process.wait(timeout=60)
    session.start()
    session.wait_until_ready()
    for path in ("lab", "api/contents", "api/nbconvert", "lab/api/settings", "api/kernelspecs", "files/.environment/x"):
        session.request("GET", path)
    assert not marker.exists()


@pytest.mark.soak
def test_template_of_conda_packages_never_runs_in_the_server(new_session: Callable[[], Session]) -> None:
    session = new_session()
    marker = session.folder / "workspace" / "was-run"
    template = f"{{{{ cycler.__init__.__globals__['os'].system('touch {marker}') }}}}"
    conda = "workspace/.environment/conda"
    session.write(f"{conda}/share/jupyter/nbconvert/templates/lab/index.html.j2", template)
    session.write(f"{conda}/share/jupyter/labextensions/widgets/package.json", json.dumps(WIDGETS))
    session.write(f"{conda}/bin/program", "")
    session.write("workspace/n.ipynb", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}')
    session.give_away()
    session.start()
    session.wait_until_ready()
    assert session.request("GET", "nbconvert/html/n.ipynb", session.write_headers()).status == 200
    assert not marker.exists()
    assert b"parts/of-a-widget.js" in session.request("GET", "lab").body  # it runs in the page


def test_overlay_is_its_owners_alone(session: Session) -> None:
    install(session, "greeting", {"greeting.py": ""})
    overlay = session.overlay.parent
    entries = [path.lstat() for path in (overlay, *overlay.rglob("*")) if not path.is_symlink()]
    assert {status.st_uid for status in entries} == {session.account.uid}
    assert [status for status in entries if status.st_mode & 0o022] == []


def test_packages_that_break_python_are_named_with_the_way_out(session: Session) -> None:
    install(session, "broken", {"traitlets/__init__.py": "raise ImportError('it is broken')\n"})
    refused = start_kernel(session)
    assert refused.status == 500
    message = str(refused.json()["message"])
    assert "it is broken" in message
    assert "without your packages" in message
    eventually(lambda: len(json.loads(session.request("GET", "api/kernels").body)) == 1)  # the one that installed it
    kernel = start_kernel(session, "python3-base")
    assert kernel.status == 201
    assert run_cell(session, "print(6 * 7)", kernel=str(kernel.json()["id"])) == "42\n"


@pytest.mark.soak
def test_package_with_a_broken_start_file_is_named_too(session: Session) -> None:
    install(session, "broken", {"broken.pth": "import sys; sys.exit(3)\n"})
    assert start_kernel(session).status == 500


def test_reason_is_shown_as_it_is(session: Session) -> None:
    install(session, "broken", {"traitlets/__init__.py": "raise ImportError('50% of it is broken')\n"})
    assert "(ImportError: 50% of it is broken)" in str(start_kernel(session).json()["message"])


def test_file_of_the_workspace_does_not_look_like_a_broken_package(session: Session) -> None:
    install(session, "greeting", {"greeting.py": ""})
    for name in ("random", "calendar"):  # a kernel imports both, and of these not the one in its folder
        session.write(f"workspace/{name}.py", "raise ImportError('it is mine')\n")
    session.give_away()
    kernel = start_kernel(session)
    assert kernel.status == 201, kernel.body
    assert run_cell(session, "print(6 * 7)", kernel=str(kernel.json()["id"])) == "42\n"


@pytest.mark.soak
def test_kernel_that_a_package_replaces_still_runs_in_the_overlay(session: Session) -> None:
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"})
    install(session, "another", {"another-1.data/data/share/jupyter/kernels/python3/kernel.json": kernel})
    assert (overlay_of(session) / "share/jupyter/kernels/python3/kernel.json").read_text() == kernel
    printed = run_cell(session, "import sys; print(sys.executable)")
    assert printed == f"{overlay_of(session)}/bin/python\n"


@pytest.mark.soak
@pytest.mark.parametrize("obstacle", first_of("file", "folder that cannot be written"))
def test_session_without_an_overlay_starts_and_says_why(new_session: Callable[[], Session], obstacle: str) -> None:
    session = new_session()
    if obstacle == "file":
        session.write("workspace/.environment", "mine")
    else:
        session.write("workspace/.environment/base/note", "mine")
    session.give_away()
    if obstacle != "file":
        (session.workspace / ".environment" / "base").chmod(0o500)
    session.start()
    session.wait_until_ready()
    assert "environment of this workspace cannot be used" in session.log()
    assert run_cell(session, "import numpy; print(6 * 7)") == "42\n"


@pytest.mark.soak
def test_overlay_follows_a_workspace_that_was_moved(session: Session) -> None:
    install(session, "greeting", {"greeting.py": "WORD = 'hel' + 'lo'\n"})
    assert session.process is not None
    session.process.terminate()
    session.process.wait(timeout=60)
    session.workspace.rename(session.folder / "moved")
    (session.folder / "moved").rename(session.workspace)
    pip = overlay_of(session) / "bin" / "pip"
    pip.write_text(pip.read_text().replace(str(session.workspace), "/another/place"))
    os.chown(pip, session.account.uid, session.account.gid)
    session.start()
    session.wait_until_ready()
    assert str(session.workspace) in pip.read_text()
    assert run_cell(session, "import greeting; print(greeting.WORD)") == "hello\n"


@pytest.mark.soak
@pytest.mark.skipif(
    not Path("/usr/share/jupyter/kernels/ir").is_dir(), reason="NOT RUN: r-cran-irkernel is not installed"
)
def test_kernel_of_r_that_the_machine_has_runs(session: Session) -> None:
    kernel = start_kernel(session, "ir")
    assert kernel.status == 201
    assert run_cell(session, "cat(6 * 7)", kernel=str(kernel.json()["id"])) == "42"
