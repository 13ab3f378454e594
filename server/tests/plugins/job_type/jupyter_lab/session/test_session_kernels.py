"""The check of the overlay before a kernel runs in it."""

import subprocess

import pytest

from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.plugins.job_type.jupyter_lab.launch import SESSION_FOLDER

pytestmark = [pytest.mark.environment, pytest.mark.slow]

IMPORT = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(SESSION_FOLDER)!r})
sys.dont_write_bytecode = True
import session_kernels
"""
STATE = """
Path.glob = lambda self, pattern: [Path("/gone/lib/python3.11/site-packages")]
print(session_kernels.state_of("/gone"))
"""
TRIAL = """
os.environ["VIRTUAL_ENV"] = "/gone"
print(asyncio.run(session_kernels.SocketKernelManager()._end_if_broken("/gone/bin/python", {})))
"""


@pytest.mark.parametrize(("code", "printed"), [(STATE, "(('', 0),)\n"), (TRIAL, "None\n")])
def test_overlay_that_is_reset_meanwhile_is_no_error(prepared: JupyterLabJob, code: str, printed: str) -> None:
    base = prepared.base("local")
    assert base is not None
    assert base.folder is not None
    command = [str(base.folder / "bin" / "python"), "-I", "-c", IMPORT + code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert (ran.returncode, ran.stdout) == (0, printed), ran.stderr
