"""The fast start: what it leaves out, that it is put back, and that no surprise keeps a session from starting."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.plugins.job_type.jupyter_lab.launch import SESSION_FOLDER

# What start.py uses of JupyterLab, in a release that may differ; it prints what it was given.
COMMANDS = "_yarn_config = lambda logger: 'asked'\nget = lambda: _yarn_config(None)\n"
LABAPP = """
import json, os, sys
from pathlib import Path
from jupyterlab import commands
ASKED = commands.get() if hasattr(commands, "get") else "nobody to ask"
HERE = Path(os.environ["JUPYTER_CONFIG_DIR"]).parent
class SessionIdentity:
    def guard(self, application): assert application == 'application'
class Server:
    base_url, sock, identity_provider = "/base/", str(HERE / "s"), SessionIdentity()
    web_app = "application"
    def start(self):
        now = {"environment": dict(os.environ), "cwd": os.getcwd()}
        print(json.dumps({"asked": str(ASKED), "later": self.later, **now}))
class LabApp:
    @classmethod
    def initialize_server(cls, argv):
        server = Server()
        server.later = {"argv": argv, "environment": dict(os.environ), "cwd": os.getcwd()}
        return server
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The directory of a job."""
    shutil.copy(SESSION_FOLDER / "start.py", tmp_path)
    (tmp_path / "jupyter_session_config.py").touch()
    (tmp_path / "session.json").write_text('{"base_path": "/base/", "shares_machine": false}')
    return tmp_path


def put_release(directory: Path, *, commands: str = COMMANDS, labapp: str = LABAPP) -> None:
    package = directory / "site" / "jupyterlab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "commands.py").write_text(commands)
    (package / "labapp.py").write_text(labapp)


def start(directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {"PATH": os.environ["PATH"], "HOME": "/home/ada", "PYTHONPATH": str(directory / "site"), **environment}
    command = [sys.executable, "-s", str(directory / "start.py")]
    return subprocess.run(command, env=variables, cwd="/", capture_output=True, text=True, check=False)


def state_in(ran: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert ran.returncode == 0, ran.stderr
    state: dict[str, object] = json.loads(ran.stdout)
    return state


def test_start_does_not_ask_node(directory: Path) -> None:
    put_release(directory)
    assert state_in(start(directory))["asked"] == "{'yarn config': {}, 'npm config': {}}"


def test_start_of_a_release_without_consent_works(directory: Path) -> None:
    put_release(directory, commands="")
    ran = start(directory)
    assert (state_in(ran)["asked"], ran.stderr) == ("nobody to ask", "")


def test_start_of_a_release_that_minds_starts_the_usual_way(directory: Path) -> None:
    minds = "\nif commands._yarn_config.__module__ != 'jupyterlab.commands': raise RuntimeError('changed')\n"
    put_release(directory, labapp=LABAPP + minds)
    ran = start(directory)
    assert state_in(ran)["asked"] == "asked"
    assert "RuntimeError: changed" in ran.stderr
    assert "starting the usual way" in ran.stderr


def test_usual_start_has_the_same_isolation(directory: Path) -> None:
    minds = "\nif commands._yarn_config.__module__ != 'jupyterlab.commands': raise RuntimeError('changed')\n"
    put_release(directory, labapp=LABAPP + minds)
    later = state_in(start(directory, JUPYTER_CONFIG_DIR="/home/ada/elsewhere"))["later"]
    assert isinstance(later, Mapping)
    assert later["environment"]["JUPYTER_CONFIG_DIR"] == str(directory / "config")
    assert later["environment"]["USER_WORKSPACES_SETTINGS_DIR"] == "/home/ada/elsewhere/lab/user-settings"


def test_start_without_jupyterlab_fails(directory: Path) -> None:
    ran = start(directory)
    assert (ran.returncode, "ModuleNotFoundError: No module named 'jupyterlab'" in ran.stderr) == (1, True)


def test_settings_of_the_user_are_hidden_from_the_server(directory: Path) -> None:
    put_release(directory)
    hostile = {"JUPYTER_TOKEN": "x", "JUPYTER_CONFIG_PATH": "/x", "JUPYTERHUB_API_TOKEN": "x", "TRAITLETS_X": "x"}
    state = state_in(start(directory, JUPYTER_PATH="/opt/kernels", **hostile))
    later = state["later"]
    assert isinstance(later, Mapping)
    seen = {
        key: value for key, value in later["environment"].items() if key.startswith(("JUPYTER", "TRAITLETS", "USER"))
    }
    assert seen == {
        "JUPYTER_CONFIG_DIR": str(directory / "config"),
        "JUPYTER_PATH": "/opt/kernels",
        "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
        "TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "1",
        "USER_WORKSPACES_SETTINGS_DIR": "/home/ada/.jupyter/lab/user-settings",
    }
    assert (later["cwd"], state["cwd"]) == (str(directory / "config"), "/")
    assert later["argv"] == [f"--config={directory}/jupyter_session_config.py"]


@pytest.mark.parametrize("overlay", ["/w/.environment/base/python3.11", ""])
def test_packages_of_users_are_hidden_from_the_server_and_found_by_kernels(directory: Path, overlay: str) -> None:
    put_release(directory)
    whole = "/w/.environment/base/python3.11/share/jupyter:/w/.environment/conda/share/jupyter:/layer:/base"
    ran = state_in(start(directory, JUPYTER_PATH=whole, UWS_SITE_JUPYTER_PATH="/base", VIRTUAL_ENV=overlay))
    later, environment = ran["later"], ran["environment"]
    assert isinstance(later, Mapping)
    assert isinstance(environment, Mapping)
    for seen in (later["environment"], environment):
        assert (seen["JUPYTER_PATH"], seen["UWS_JUPYTER_PATH"]) == ("/base", whole)


def test_environment_of_the_user_is_restored_for_kernels(directory: Path) -> None:
    put_release(directory)
    environment = state_in(start(directory, JUPYTER_TOKEN="x", JUPYTER_CONFIG_DIR="/x"))["environment"]
    assert isinstance(environment, Mapping)
    assert {key: value for key, value in environment.items() if key.startswith(("JUPYTER", "TRAITLETS", "USER"))} == {
        "JUPYTER_TOKEN": "x",
        "JUPYTER_CONFIG_DIR": "/x",
        "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
    }


def test_directories_of_the_session_are_closed(directory: Path) -> None:
    put_release(directory)
    state_in(start(directory))
    modes = {name: oct((directory / name).stat().st_mode & 0o777) for name in ("config", "runtime", "workspaces")}
    assert modes == {"config": "0o700", "runtime": "0o700", "workspaces": "0o700"}


@pytest.mark.parametrize("change", ["base_url = '/'", "sock = ''", "identity_provider = object()"])
def test_server_on_other_settings_is_not_started(directory: Path, change: str) -> None:
    put_release(directory, labapp=f"{LABAPP}\nServer.{change}\n")
    ran = start(directory)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "JupyterLab did not take over the session's configuration, so it is not started.\n"


def test_start_without_the_configuration_fails(directory: Path) -> None:
    put_release(directory)
    (directory / "jupyter_session_config.py").unlink()
    ran = start(directory)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "The session's configuration is missing: JupyterLab is not started.\n"


def run_in_environment(prepared: JupyterLabJob, code: str) -> str:
    """Run code beside start.py, with the interpreter of the real environment."""
    base = prepared.base("local")
    assert base is not None
    assert base.folder is not None
    lines = (
        f"import sys\nsys.path.insert(0, {str(SESSION_FOLDER)!r})\nsys.dont_write_bytecode = True\nimport start\n{code}"
    )
    command = [str(base.folder / "bin" / "python"), "-I", "-c", lines]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout


@pytest.mark.environment
@pytest.mark.slow
def test_grammar_is_not_built_at_the_start(prepared: JupyterLabJob) -> None:
    code = "start.import_quickly(); import jsonschema; print('lark' in sys.modules, 'jupyterlab.labapp' in sys.modules)"
    assert run_in_environment(prepared, code) == "False True\n"


@pytest.mark.environment
@pytest.mark.slow
def test_grammar_is_there_when_it_is_needed(prepared: JupyterLabJob) -> None:
    code = """
start.import_quickly()
import jsonschema
checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
print([checker.conforms(value, "iri") for value in ("http://example.org/\u00fc", "no iri", "http://[")])
import rfc3987_syntax
print(rfc3987_syntax.__file__ is not None, rfc3987_syntax.is_valid_syntax("iri", "x:y"))
"""
    assert run_in_environment(prepared, code) == "[True, False, False]\nTrue True\n"


@pytest.mark.environment
@pytest.mark.slow
def test_question_to_node_is_put_back(prepared: JupyterLabJob) -> None:
    code = """
import jupyterlab.commands
before = jupyterlab.commands._yarn_config
start.import_quickly()
print(jupyterlab.commands._yarn_config is before, before.__module__)
"""
    assert run_in_environment(prepared, code) == "True jupyterlab.commands\n"


@pytest.mark.environment
@pytest.mark.slow
def test_environment_without_the_grammar_is_imported(prepared: JupyterLabJob) -> None:
    code = """
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "rfc3987_syntax":
            raise ModuleNotFoundError(name)
real = start.importlib.util.find_spec
start.importlib.util.find_spec = lambda name: None if name == "rfc3987_syntax" else real(name)
sys.meta_path.insert(0, Hide())
print(start.postpone_grammar())
start.import_quickly()
print("rfc3987_syntax" in sys.modules, "jupyterlab.labapp" in sys.modules)
"""
    assert run_in_environment(prepared, code) == "False\nFalse True\n"
