"""The PATH of a terminal: that of the workspace's environment, then what a log-in shell would have."""

import subprocess
from pathlib import Path

import pytest

from user_workspaces.plugins.job_type.jupyter_lab.launch import SESSION_FOLDER

SYSTEM = "/usr/bin:/bin"
OWN = "/home-bin"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/overlay/bin:{SYSTEM}", "/overlay/bin:"),
        (f"/overlay/bin:{SYSTEM}:/opt/app/bin", f"/overlay/bin:{SYSTEM}:/opt/app/bin:"),  # a module that appends
        (SYSTEM, ""),
    ],
)
def test_path_of_a_terminal_has_the_environment_before_that_of_the_log_in(
    tmp_path: Path, path: str, expected: str
) -> None:
    (tmp_path / ".bash_profile").write_text(f"PATH={OWN}:{SYSTEM}\n")
    command = ["/bin/bash", "-c", f'. "{SESSION_FOLDER}/terminal.sh"; echo "$PATH"']
    environment = {"HOME": str(tmp_path), "PATH": path, "UWS_SYSTEM_PATH": SYSTEM}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{expected}{OWN}:{SYSTEM}\n"
