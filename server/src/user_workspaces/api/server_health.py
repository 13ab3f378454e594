"""How the server's own parts are doing: its database, its data folder, and the controller. Tells no path."""

import os
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from user_workspaces.db import leases
from user_workspaces.interfaces.values import Health
from user_workspaces.jobs.metrics import due_lag

LEAST_BYTES = 1024 * 1024
LONGEST_LAG = 60.0
"""Seconds that a due job may wait for a controller: more than a pass over many jobs takes."""
FINE = Health(connected=True, message="")


def down(message: str) -> Health:
    """Return what to tell of something that is not as it has to be."""
    return Health(connected=False, message=message)


def disk_problem(folder: Path, *, of: str) -> str:
    """Return why nothing can be written into a folder; empty where something can."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"The disk of the {of} cannot be read: {error.strerror}."
    if found.f_flag & os.ST_RDONLY:
        return f"The disk of the {of} is read-only: nothing can be stored."
    if found.f_bavail * found.f_frsize < LEAST_BYTES or (found.f_files and not found.f_favail):
        return f"The disk of the {of} is full: nothing can be stored. Delete files on it."
    return ""


class Database:
    """The database, asked over a connection of its own."""

    def check(self) -> Health:
        """Say whether it answers, and can be written."""
        try:
            problem = self._problem()
        except Error:
            return down("The database does not answer.")
        finally:
            connection.close()
        return down(problem) if problem else FINE

    def _problem(self) -> str:
        is_file = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1" if is_file else "SHOW transaction_read_only")
            found = cursor.fetchone()
        if not is_file:
            return "The database is read-only: nothing can be stored." if found == ("on",) else ""
        path = Path(str(connection.settings_dict["NAME"]))
        return disk_problem(path.parent, of="database") if path.is_absolute() else ""


class DataFolder:
    """The folder that everything of the server lives in."""

    def check(self) -> Health:
        """Say whether it can be written."""
        problem = disk_problem(settings.DATA_DIR, of="data folder")
        return down(problem) if problem else FINE


class Controller:
    """The process that launches and ends jobs."""

    def check(self) -> Health:
        """Say whether one of this data folder runs, and whether it does what is due."""
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
        if lag > LONGEST_LAG:
            return down(f"The controller is behind: a job has been waiting for it for {lag:.0f} seconds. See its log.")
        return FINE
