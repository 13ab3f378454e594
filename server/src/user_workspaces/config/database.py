"""Connection options for each kind of database."""

from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

REQUEST_SECONDS = 5
"""Seconds for which a request waits for a lock or for a database connection."""
LOCK_SECONDS = "LOCK_SECONDS"
"""Key of our PostgreSQL backend's settings: seconds to wait for a lock."""
OURS = {"django.db.backends.postgresql": "user_workspaces.config.postgresql"}


def close_to_others(name: str) -> None:
    """Create SQLite's file with mode 0600; its side files inherit the mode."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite itself would create the file with mode 0644, restricted by the umask only.
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)


def engine_for(engine: str) -> str:
    """Return our own form of a database engine, where there is one."""
    return OURS.get(engine, engine)


def options_for(engine: str) -> dict[str, object]:
    """Return Django's `OPTIONS` for a database engine.

    SQLite: a write transaction takes its lock at once (no upgrade that can fail half way), readers never
    wait for a writer (WAL), and a writer waits for another one instead of failing.
    """
    if engine == "django.db.backends.sqlite3":
        # With WAL, NORMAL may lose the last commits at a power failure, but does not corrupt the database.
        pragmas = (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1000;"
        )
        return {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": pragmas}
    # On a dead network, a query would otherwise wait for all retransmissions of the kernel: many minutes.
    return {"connect_timeout": REQUEST_SECONDS, "tcp_user_timeout": 2 * REQUEST_SECONDS * 1000}


def limit_waits() -> None:
    """Limit the wait for locks on new connections of this process to `REQUEST_SECONDS`.

    Only the web process needs it: no client waits for a controller.
    """
    opened: dict[str, Any] = connections.settings[DEFAULT_DB_ALIAS]
    if opened["ENGINE"] == "django.db.backends.sqlite3":
        opened["OPTIONS"]["timeout"] = REQUEST_SECONDS
    else:
        opened[LOCK_SECONDS] = REQUEST_SECONDS
