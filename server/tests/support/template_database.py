"""A migrated SQLite database that tests and their servers copy, instead of each running all migrations."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import django

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCES = REPOSITORY / "server" / "src" / "user_workspaces"
KEPT_IN = REPOSITORY / ".cache" / "test-databases"


def copy_migrated_database(target: Path) -> None:
    """Copy the migrated database to `target`, readable by its owner alone."""
    shutil.copyfile(_template(), target)
    target.chmod(0o600)


def _template() -> Path:
    """Return the database for the current migrations, created once for each version of them."""
    migrations = sorted(SOURCES.glob("*/migrations/*.py"))
    digest = hashlib.sha256(django.get_version().encode())
    for path in migrations:
        digest.update(path.read_bytes())
    found = KEPT_IN / f"{digest.hexdigest()[:16]}.sqlite3"
    if not found.exists():
        _make(found)
    return found


def _make(target: Path) -> None:
    """Migrate an empty database and move it into place atomically: several processes may do so at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="uws-template-") as folder:
        own = {"UWS_DATA_DIR": folder, "PATH": os.environ["PATH"]}
        command = [sys.executable, str(REPOSITORY / "manage.py"), "migrate", "--verbosity=0", "--skip-checks"]
        subprocess.run(command, env=own, check=True, capture_output=True)
        written = target.with_suffix(f".{os.getpid()}")
        with sqlite3.connect(Path(folder) / "database.sqlite3") as database:
            database.execute("VACUUM INTO ?", (str(written),))  # without a write-ahead log beside it
        database.close()
        written.replace(target)
