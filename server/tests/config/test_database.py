"""Permissions of the SQLite file, and options of the databases."""

import os
from pathlib import Path

from user_workspaces.config.database import close_to_others, engine_for, options_for


def test_new_sqlite_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "database.sqlite3"
    before = os.umask(0)
    try:
        close_to_others(str(path))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_readable_sqlite_file_becomes_private_and_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "database.sqlite3"
    path.write_bytes(b"kept")
    path.chmod(0o644)
    close_to_others(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"kept"


def test_postgresql_has_timeouts_and_sqlite_has_immediate_transactions() -> None:
    assert options_for("django.db.backends.postgresql") == {"connect_timeout": 5, "tcp_user_timeout": 10_000}
    assert options_for("django.db.backends.sqlite3")["transaction_mode"] == "IMMEDIATE"


def test_postgresql_uses_the_backend_of_this_project() -> None:
    assert engine_for("django.db.backends.postgresql") == "user_workspaces.config.postgresql"
    assert engine_for("django.db.backends.sqlite3") == "django.db.backends.sqlite3"
