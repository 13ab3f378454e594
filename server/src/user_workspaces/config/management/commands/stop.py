"""`stop`: end the server and every session."""

import os
import signal
import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from user_workspaces.config.supervisor import running_supervisor
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs import clock
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import count_live_jobs
from user_workspaces.jobs.status import STOPPABLE
from user_workspaces.processes import running_processes

TIMEOUT = 60.0
POLL_INTERVAL = 0.1


class Command(BaseCommand):
    """Stops the sessions while the controller still runs, then the server."""

    help = "Stop all sessions, then the server of this data folder."
    requires_system_checks = ("configuration",)  # the other checks concern pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Stop sessions and server; also if the server is not running."""
        # In a new data folder there are no tables, and all queries would fail.
        if not MigrationRecorder(connection).has_table():
            self.stderr.write(f"No server was running: nothing was ever started in {settings.DATA_DIR}.")
            return
        self._stop_sessions()
        pid = running_supervisor(settings.DATA_DIR)
        if pid is None:
            self._print_running()
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + TIMEOUT
        # Another pid means that this supervisor has ended and another one was started.
        while running_supervisor(settings.DATA_DIR) == pid and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)
        self.stderr.write("The server has stopped.")
        if running_processes(settings.DATA_DIR):
            self._print_running()

    def _print_running(self) -> None:
        """Print processes of other commands. They are not killed: a service manager would restart them."""
        left = running_processes(settings.DATA_DIR)
        if not left:
            self.stderr.write("No server was running.")
            return
        for one in left:
            where = f" at {one.url}" if one.url else ""
            self.stderr.write(f"Still running: `manage.py {one.command}`{where}, process {one.pid}.")
        self.stderr.write(
            "These processes were not started by `make start`. Stop them where they were started (Ctrl-C or "
            f"`systemctl stop uws-web uws-controller`), or run: kill {' '.join(str(one.pid) for one in left)}"
        )

    def _stop_sessions(self) -> None:
        """Request the stop of each session, and act as controller until all have ended."""
        for job in Job.objects.filter(status__in=STOPPABLE):
            try:
                stop_job(job=job, now=timezone.now())
            except InvalidRequest:  # the session has ended meanwhile
                continue
        clock.install(clock.monotonic)
        deadline = time.monotonic() + TIMEOUT
        while (left := count_live_jobs()) and time.monotonic() < deadline:
            reconcile_jobs(now=timezone.now())
            time.sleep(POLL_INTERVAL)
        self.stderr.write(f"{left} session(s) are still stopping." if left else "All sessions have ended.")
