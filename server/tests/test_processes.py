"""Files of running processes; those of ended processes and of reused pids are ignored."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from user_workspaces.processes import ServerProcess, noted, running_processes, start_of


def test_a_process_is_found_while_it_runs(tmp_path: Path) -> None:
    assert running_processes(tmp_path) == []
    with noted(tmp_path, command="runserver", url="http://localhost:8000"):
        started = start_of(os.getpid())
        assert started is not None
        expected = ServerProcess("runserver", os.getpid(), started, "http://localhost:8000")
        assert running_processes(tmp_path) == [expected]
        assert [path.stat().st_mode & 0o777 for path in (tmp_path / "running").iterdir()] == [0o600]
    assert running_processes(tmp_path) == []
    assert list((tmp_path / "running").iterdir()) == []


def test_file_of_a_killed_process_is_ignored(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, pathlib\nfrom user_workspaces.processes import noted\n"
        "with noted(pathlib.Path(sys.argv[1]), command='runserver'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list((tmp_path / "running").glob("*.json"))) == 1
    assert running_processes(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command": 1}', "\0"])
def test_invalid_file_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "running").mkdir()
    (tmp_path / "running" / "1.json").write_text(text)
    assert running_processes(tmp_path) == []


def test_another_process_with_the_same_pid_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "running").mkdir()
    note = {"command": "runserver", "pid": os.getpid(), "started": 1, "url": "http://localhost:1"}
    (tmp_path / "running" / f"{os.getpid()}.json").write_text(json.dumps(note))
    assert running_processes(tmp_path) == []


def test_unwritable_folder_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("in the way")
    with noted(tmp_path, command="runserver"):
        assert running_processes(tmp_path) == []
