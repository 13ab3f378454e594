"""With an invalid configuration nothing starts: no migration, no listening socket, and no traceback."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.budget import first_of
from support.server_process import REPOSITORY, free_port
from user_workspaces.config.load_config import EMBEDDED_DEFAULT

pytestmark = pytest.mark.slow
COMMANDS = ["runserver", "check", "migrate", "controller", "qcluster", "create_client_token"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def manage(tmp_path: Path) -> Run:
    """Return a function that runs `manage.py` with an empty data folder until it ends by itself."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {"PATH": os.environ["PATH"], "HOME": "/", "UWS_DATA_DIR": str(tmp_path / "data")}
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
            env={**own, **environment},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("command", first_of(*COMMANDS))
def test_invalid_configuration_starts_nothing(manage: Run, tmp_path: Path, command: str) -> None:
    config = json.loads(EMBEDDED_DEFAULT.read_bytes())
    config["available_storage"]["local"]["root_dir"] = 5
    file, port = tmp_path / "config.json", free_port()
    file.write_text(json.dumps(config))
    arguments = [command, "portal"] if command == "create_client_token" else [command]
    done = manage(*arguments, UWS_CONFIG=str(file), UWS_PORT=str(port))
    assert done.returncode != 0
    assert f"{file}: available_storage.local.root_dir: Input should be a valid string" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "database.sqlite3").exists() or not tables(tmp_path / "data" / "database.sqlite3")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"UWS_CONFIG": "/nonexistent/config.json"}, "/nonexistent/config.json: cannot be read: No such file"),
        ({"UWS_PORT": "http"}, "UWS_PORT: 'http' is not a port; give a number from 1 to 65535"),
        ({"UWS_SECRET_KEY": "x"}, "UWS_SECRET_KEY: too short or well known; unset it to have one created"),
        ({"UWS_ENCRYPTION_KEY": "changeme" * 5}, "UWS_ENCRYPTION_KEY: too short or well known"),
        ({"UWS_DATA_DIR": "/dev/null/data"}, "/dev/null/data: cannot be created: Not a directory"),
    ],
)
@pytest.mark.parametrize("command", first_of("runserver", "check"))
def test_invalid_variable_starts_nothing(manage: Run, environment: dict[str, str], message: str, command: str) -> None:
    done = manage(command, **environment)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_runtime_folder_of_another_account_prevents_the_start(manage: Run, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="uws-") as short:
        (Path(short) / "run").symlink_to(tmp_path)
        done = manage("check", UWS_DATA_DIR=short)
    assert done.returncode != 0
    assert "must be owned by the server's own account" in done.stderr


def test_embedded_default_passes_the_checks(manage: Run, tmp_path: Path) -> None:
    done = manage("check")
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if line.startswith("?: ")]
    assert len(told) == 1  # about sessions that are not prepared yet, and nothing else
    assert told[0].startswith("?: (user_workspaces.W001) jupyter_lab: JupyterLab is not prepared yet.")
    assert sorted(path.name for path in (tmp_path / "data" / "secrets").iterdir()) == ["encryption_key", "secret_key"]


def test_migrations_are_complete(manage: Run) -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout.strip()) == (0, "No changes detected")


def tables(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
