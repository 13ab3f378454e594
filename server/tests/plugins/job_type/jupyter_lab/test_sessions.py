"""Sessions that really run: from the script to a result, beside each other, and in odd circumstances."""

import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.cells import run_cell
from plugins.job_type.jupyter_lab.driver import AUTHORIZATION, KEY, Session, make_job_type
from support.budget import first_of
from support.machine_accounts import add_account, remove_account
from support.wheels import make_wheel
from user_workspaces.interfaces.environment import WorkspaceEnvironment
from user_workspaces.interfaces.values import Endpoint, PreparationState, SystemAccount
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.environment, pytest.mark.slow]

LMOD = '{"environment_details": {"local": {"module_manager": "lmod", "modules": ["jupyter/4"]}}}'
TAR = '{"environment_details": {"local": {"module_manager": "tar", "tar_file_path": "lab.tar"}}}'


def python_of(job_type: JupyterLabJob, session: Session) -> Path:
    return Path(job_type.script(session.context, job_type.Parameters()).text.split()[1])


@pytest.fixture
def session(new_session: Callable[[], Session]) -> Session:
    return new_session()


@pytest.fixture(scope="module")
def running(new_session: Callable[[], Session]) -> Session:
    session = new_session()
    session.start()
    session.wait_until_ready()
    return session


def test_endpoint_of_a_running_session_is_its_socket(running: Session) -> None:
    expected = Endpoint(
        socket=str(running.directory / "s"), socket_uid=running.account.uid, authorization=AUTHORIZATION
    )
    assert running.job_type.endpoint(running.context) == expected
    assert KEY not in repr(expected)


def test_endpoint_for_another_account_or_secret_is_none(running: Session) -> None:
    other = replace(running.account, uid=running.account.uid + 1)
    assert running.job_type.endpoint(replace(running.context, account=other)) is None
    assert running.job_type.endpoint(replace(running.context, secret="other")) is None
    assert running.job_type.endpoint(replace(running.context, base_path="/passthrough/local/8/")) is None


def test_cell_prints_its_result(running: Session) -> None:
    assert run_cell(running, "print(6 * 7)") == "42\n"


def test_cell_runs_in_the_workspace_as_the_user(running: Session) -> None:
    printed = run_cell(running, "import os; print(os.getcwd(), os.getuid(), os.environ['HOME'])")
    assert printed == f"{running.workspace} {running.account.uid} {running.home}\n"


def test_cell_cannot_change_the_shared_environment(running: Session) -> None:
    if running.account.uid == os.geteuid():
        pytest.skip("needs root: here the person is the one who installed it")
    locations = "(sys.base_prefix, os.path.realpath(sys.executable), IPython.__file__)"
    code = f"import os, sys, IPython\nprint([os.access(place, os.W_OK) for place in {locations}])"
    assert run_cell(running, code) == "[False, False, False]\n"


def test_page_is_jupyterlab(running: Session) -> None:
    page = running.request("GET", "lab")
    assert (page.status, b"<title>JupyterLab</title>" in page.body) == (200, True)


def test_theme_is_kept_in_the_home_and_tabs_are_not(running: Session) -> None:
    theme = json.dumps({"raw": '{"theme": "JupyterLab Dark"}'})
    changed = running.request(
        "PUT", "lab/api/settings/@jupyterlab/apputils-extension:themes", running.write_headers(), theme
    )
    tabs = json.dumps({"data": {"layout": "mine"}, "metadata": {"id": "default"}})
    saved = running.request("PUT", "lab/api/workspaces/default", running.write_headers(), tabs)
    assert (changed.status, saved.status) == (204, 204)
    kept = running.home / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
    assert "JupyterLab Dark" in kept.read_text()
    assert not (running.home / ".jupyter/lab/workspaces").exists()
    assert len(list((running.directory / "workspaces").iterdir())) == 1


@pytest.mark.soak
def test_second_session_has_its_own_tabs(running: Session, new_session: Callable[[], Session]) -> None:
    second = new_session()
    second.home.rmdir()
    second.home.symlink_to(running.home)  # one person, two sessions
    tabs = json.dumps({"data": {"layout": "mine"}, "metadata": {"id": "default"}})
    running.request("PUT", "lab/api/workspaces/default", running.write_headers(), tabs)
    second.start()
    second.wait_until_ready()
    opened = second.request("GET", "lab/api/workspaces/default").json()
    assert opened["data"] == {}


def test_session_ends_when_it_is_asked_to(session: Session) -> None:
    session.start()
    session.wait_until_ready()
    assert run_cell(session, "print(1)") == "1\n"
    assert session.process is not None
    session.process.terminate()
    session.process.wait(timeout=60)
    assert session.job_type.endpoint(session.context) is None


@pytest.mark.soak
def test_session_started_again_in_its_directory_works(session: Session) -> None:
    session.start()
    session.wait_until_ready()
    os.killpg(session.pid, signal.SIGKILL)
    assert session.process is not None
    session.process.wait(timeout=60)
    assert (session.directory / "s").exists()
    session.start()
    session.wait_until_ready()


def test_usual_start_has_the_same_guard(session: Session) -> None:
    script = session.job_type.script(session.context, session.job_type.Parameters())
    session.start(replace(script, text=script.text.rstrip() + " --plain\n"))
    session.wait_until_ready()
    assert session.request("PUT", "api/contents/x", {}, "{}").status == 403
    assert session.request("GET", "api/contents", {"Origin": "http://evil.example"}).status == 404


@pytest.mark.parametrize("broken", first_of("missing", "syntax", "values"))
def test_session_without_its_configuration_does_not_start(session: Session, broken: str) -> None:
    script = session.job_type.script(session.context, session.job_type.Parameters())
    files = {file.path: file for file in script.files}
    if broken == "missing":
        del files["jupyter_session_config.py"]
    elif broken == "syntax":
        files["jupyter_session_config.py"] = replace(
            files["jupyter_session_config.py"], content=b"c.ServerApp.sock = ("
        )
    else:
        files["session.json"] = replace(files["session.json"], content=b"{}")
    session.start(replace(script, files=tuple(files.values())))
    assert session.process is not None
    assert session.process.wait(timeout=60) not in {0, None}
    assert not (session.directory / "s").exists()
    assert KEY not in session.log()


def test_configuration_that_sets_nothing_does_not_start(session: Session) -> None:
    script = session.job_type.script(session.context, session.job_type.Parameters())
    files = [replace(file, content=b"") if file.path == "jupyter_session_config.py" else file for file in script.files]
    session.start(replace(script, files=tuple(files)))
    assert session.process is not None
    assert session.process.wait(timeout=60) == 1
    assert "did not take over the session's configuration" in session.log()


@pytest.fixture
def modules(prepared: JupyterLabJob, session: Session) -> Session:
    """A site whose `module load jupyter/4` puts a folder with jupyter-lab on PATH."""
    folder = python_of(prepared, session).parent
    session.write("modules.sh", f'module() {{ [ "$*" = "load jupyter/4" ] && PATH="{folder}:$PATH"; }}\n', 0o644)
    session.environment["BASH_ENV"] = str(session.folder / "modules.sh")
    session.job_type = make_job_type(prepared.context.base_dir, LMOD)
    return session


def test_modules_bring_jupyterlab(modules: Session) -> None:
    modules.start()
    modules.wait_until_ready()
    assert modules.request("PUT", "api/contents/x", {}, "{}").status == 403
    assert run_cell(modules, "print(6 * 7)") == "42\n"


@pytest.mark.soak
def test_modules_bring_jupyterlab_beside_another_environment(modules: Session, prepared: JupyterLabJob) -> None:
    other = prepared.base("local")
    assert other is not None
    modules.named = WorkspaceEnvironment(other, modules.overlay.with_name("other"))
    modules.start()
    modules.wait_until_ready()
    assert "/.environment/other/" in run_cell(modules, "import sys; print(sys.executable)")


def test_modules_without_jupyterlab_are_named(modules: Session) -> None:
    modules.write("modules.sh", "module() { true; }\n", 0o644)
    modules.start()
    assert modules.process is not None
    assert modules.process.wait(timeout=60) == 1
    assert "do not provide jupyter-lab" in modules.log()


def test_module_that_is_not_there_ends_the_job(modules: Session) -> None:
    modules.write("modules.sh", "module() { echo no such module >&2; return 1; }\n", 0o644)
    modules.start()
    assert modules.process is not None
    assert modules.process.wait(timeout=60) == 1
    assert "no such module" in modules.log()


@pytest.fixture
def open_folder(session: Session) -> Iterator[Path]:
    """A folder of the server that users can enter."""
    folder = session.folder.with_name(f"{session.folder.name}-server")
    folder.mkdir(mode=0o755)
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def prepare_to_the_end(job_type: JupyterLabJob) -> None:
    eventually(lambda: job_type.prepare("local").state is not PreparationState.IN_PROGRESS, limit_seconds=900)
    preparation = job_type.prepare("local")
    assert preparation.state is PreparationState.READY, preparation.message


@pytest.mark.soak
@pytest.mark.parametrize("inner", first_of("", "lab/"))
def test_archive_of_an_environment_is_unpacked_and_runs(
    prepared: JupyterLabJob, session: Session, open_folder: Path, inner: str
) -> None:
    source = python_of(prepared, session).parents[1]
    with tarfile.open(open_folder / "lab.tar", "w") as archive:
        for entry in source.iterdir():
            archive.add(
                entry, f"{inner}{entry.name}", filter=lambda info: None if info.name.endswith(".complete") else info
            )
    session.job_type = make_job_type(open_folder, TAR)
    prepare_to_the_end(session.job_type)
    session.start()
    session.wait_until_ready()
    assert run_cell(session, "import IPython; print(IPython.__file__)").startswith(str(open_folder))


@pytest.mark.soak
def test_packages_of_the_site_are_added(prepared: JupyterLabJob, session: Session, open_folder: Path) -> None:
    make_wheel(open_folder, "greeting", {"greeting.py": "WORD = 'hello'\n"})
    packages = '["./greeting-1-py3-none-any.whl"]'
    options = f'{{"environment_details": {{"local": {{"python_packages": {packages}}}}}}}'
    session.job_type = make_job_type(open_folder, options)
    prepare_to_the_end(session.job_type)
    python = python_of(session.job_type, session)
    code = "import greeting, jupyterlab; print(greeting.WORD, greeting.__cached__)"
    printed = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert (printed[0], Path(printed[1]).is_file()) == ("hello", True)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: an account made for this test")
def test_session_of_an_account_that_was_just_made(new_session: Callable[[], Session]) -> None:
    name = f"uwstest{os.getpid() % 100000}"
    add_account(name, "--no-create-home", "--shell", "/bin/bash")
    try:
        entry = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout.split(":")
        session = new_session()
        session.account = SystemAccount(name, int(entry[2]), int(entry[3]), session.home)
        session.give_away()
        session.start()
        assert session.wait_until_ready().socket_uid == int(entry[2])
        assert run_cell(session, "import getpass; print(getpass.getuser(), 6 * 7)") == f"{name} 42\n"
        assert session.process is not None
        session.process.terminate()
        session.process.wait(timeout=60)
    finally:
        remove_account(name)


def test_socket_of_another_session_is_not_asked(running: Session, session: Session) -> None:
    """The user replaces the socket by a link to the socket of another session."""
    (session.directory / "s").symlink_to(running.directory / "s")
    other = replace(session.account, uid=session.account.uid + 1)
    assert session.job_type.endpoint(replace(session.context, account=other)) is None
