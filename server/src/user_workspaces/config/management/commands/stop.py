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

PATIENCE = 60.0
LOOK_EVERY = 0.1


class Command(BaseCommand):
    """Stops sessions first, while the controller still runs; then the server."""

    help = "End every session and then the server of this data folder."
    requires_system_checks = ("configuration",)  # the others are about pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Stop; works whether the server runs or not."""
        if not MigrationRecorder(connection).has_table():
            self.stderr.write(f"No server was running: nothing was ever started in {settings.DATA_DIR}.")
            return
        self._stop_sessions()
        pid = running_supervisor(settings.DATA_DIR)
        if pid is None:
            self._print_running()
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while running_supervisor(settings.DATA_DIR) == pid and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        self.stderr.write("The server has stopped.")
        if running_processes(settings.DATA_DIR):
            self._print_running()

    def _print_running(self) -> None:
        """Name what was started by other commands: a service manager would start it again, so it is not ended here."""
        left = running_processes(settings.DATA_DIR)
        if not left:
            self.stderr.write("No server was running.")
            return
        for one in left:
            where = f" at {one.url}" if one.url else ""
            self.stderr.write(f"Still running: `manage.py {one.command}`{where}, process {one.pid}.")
        self.stderr.write(
            "These were not started by `make start`. End them where they were started (Ctrl-C, or "
            f"`systemctl stop uws-web uws-controller`), or with: kill {' '.join(str(one.pid) for one in left)}"
        )

    def _stop_sessions(self) -> None:
        """Write the wish for each, and work as a controller until all have ended."""
        for job in Job.objects.filter(status__in=STOPPABLE):
            try:
                stop_job(job=job, now=timezone.now())
            except InvalidRequest:  # it ended by itself meanwhile
                continue
        clock.install(clock.monotonic)
        deadline = time.monotonic() + PATIENCE
        while (left := count_live_jobs()) and time.monotonic() < deadline:
            reconcile_jobs(now=timezone.now())
            time.sleep(LOOK_EVERY)
        self.stderr.write(f"{left} session(s) could not be ended yet." if left else "All sessions have ended.")
