"""Commands in a data folder in which no server was ever started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.live_server import MANAGE, surroundings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("stop",), 0, "No server was running: nothing was ever started in {folder}."),
        (("login_link", "ada"), 1, "CommandError: No database in {folder}: run `make start` first."),
    ],
)
def test_command_reports_an_unused_data_folder(tmp_path: Path, command: tuple[str, ...], code: int, said: str) -> None:
    environment = surroundings() | {"UWS_DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, MANAGE, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr.strip()) == (code, said.format(folder=tmp_path))
