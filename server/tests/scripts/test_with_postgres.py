"""`scripts/with_postgres.py`: a database for one command, and none left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.server_process import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "with_postgres.py"
FOLDERS = Path("/tmp")  # noqa: S108  the script's own choice, for the length of a socket's path
pytestmark = pytest.mark.slow
needs_postgres = pytest.mark.skipif(
    not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
    reason="PostgreSQL is not installed",
)
ASK = """
import os, sys, psycopg
with psycopg.connect(os.environ["UWS_TEST_DATABASE"]) as connection:
    print(connection.execute("SHOW fsync").fetchone()[0])
sys.exit(7)
"""


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), *command],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@needs_postgres
def test_command_gets_a_database_that_ends_with_it() -> None:
    before = set(FOLDERS.glob("uws-pg-*"))
    done = run(sys.executable, "-c", ASK)
    assert (done.returncode, done.stdout, done.stderr) == (7, "off\n", "")
    assert set(FOLDERS.glob("uws-pg-*")) <= before


def test_missing_postgres_is_reported(tmp_path: Path) -> None:
    text = SCRIPT.read_text().replace("/usr/lib/postgresql", str(tmp_path))
    copy = tmp_path / "with_postgres.py"
    copy.write_text(text)
    done = subprocess.run(
        [sys.executable, str(copy), "true"],
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("with_postgres: PostgreSQL is not installed")


def test_missing_command_prints_the_usage() -> None:
    done = run()
    assert done.returncode == 2
    assert "python scripts/with_postgres.py COMMAND" in done.stderr
