"""Health checks of the server's own parts: database, data folder and controller. Messages hold no paths."""

import os
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from user_workspaces.db import leases
from user_workspaces.interfaces.values import Health
from user_workspaces.jobs.metrics import due_lag

MIN_FREE_BYTES = 1024 * 1024
MAX_LAG_SECONDS = 60.0
"""How long a due job may wait for a controller: longer than one pass over many jobs takes."""
HEALTHY = Health(connected=True, message="")


def down(message: str) -> Health:
    """Return the health of a part with a problem."""
    return Health(connected=False, message=message)


def disk_problem(folder: Path, *, of: str) -> str:
    """Return why a folder cannot be written; empty if it can."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"The disk of the {of} cannot be read: {error.strerror}."
    if found.f_flag & os.ST_RDONLY:
        return f"The disk of the {of} is read-only: nothing can be stored."
    # `f_bavail` excludes the blocks reserved for root. Btrfs reports 0 inodes, because it has no fixed number.
    if found.f_bavail * found.f_frsize < MIN_FREE_BYTES or (found.f_files and not found.f_favail):
        return f"The disk of the {of} is full: nothing can be stored. Delete files on it."
    return ""


class Database:
    """The database, checked over a connection of its own."""

    def check(self) -> Health:
        """Check that the database responds and is writable."""
        try:
            problem = self._problem()
        except Error:
            return down("The database does not respond.")
        finally:
            # Each check has its own thread and so its own connection, which would stay open after it.
            connection.close()
        return down(problem) if problem else HEALTHY

    def _problem(self) -> str:
        is_file = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            # SQLite reads its file only for a table. A replica of PostgreSQL answers queries but rejects writes.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1" if is_file else "SHOW transaction_read_only")
            found = cursor.fetchone()
        if not is_file:
            return "The database is read-only: nothing can be stored." if found == ("on",) else ""
        path = Path(str(connection.settings_dict["NAME"]))
        return disk_problem(path.parent, of="database") if path.is_absolute() else ""


class DataFolder:
    """The folder with all data of the server."""

    def check(self) -> Health:
        """Check that the folder is writable."""
        problem = disk_problem(settings.DATA_DIR, of="data folder")
        return down(problem) if problem else HEALTHY


class Controller:
    """The process that starts and ends jobs."""

    def check(self) -> Health:
        """Check that a controller of this data folder runs and keeps up with due jobs."""
        if not leases.is_any_alive(settings.CONTROLLERS_DIR):
            return down(
                "No running controller was found: jobs do not start or end. Start it with `manage.py controller`."
            )
        try:
            lag = due_lag(now=timezone.now())
        except Error:
            return down("The controller is waiting for the database.")
        finally:
            connection.close()
        if lag > MAX_LAG_SECONDS:
            return down(f"The controller is behind: a job has been waiting for it for {lag:.0f} seconds. See its log.")
        return HEALTHY
