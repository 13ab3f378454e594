"""`start`: prepare and run the whole server in one command; used by `make start`."""

import os
import pwd
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.actions import USERNAME, create_login_link, create_user_by_name
from user_workspaces.config import env, supervisor, web
from user_workspaces.config.load_config import EMBEDDED_DEFAULT, site_warnings
from user_workspaces.config.runtime_offer import offer_containers
from user_workspaces.config.session_preparation import prepare_sessions
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.jobs.queries import count_live_jobs

READY_SECONDS = 60.0
POLL_INTERVAL = 0.2


class Command(BaseCommand):
    """Prepares the server, starts the web process and the controller, prints the address and a login link."""

    help = "Migrate, prepare environments, start the web process and the controller, print address and login link."
    requires_system_checks = ("configuration",)  # the other checks concern pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Run all steps; only the addresses and the login link go to standard output."""
        data_dir: Path = settings.DATA_DIR
        try:
            self._print_users(data_dir)
            # Both come first: a second server, or a port in use, has to end the command before the migration.
            held = supervisor.lock(data_dir)
            listener = web.bind(host=env.host(), port=env.port())
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
        with held, listener:
            config = self._write_configuration(data_dir)
            offer_containers(config, may_ask=not os.environ.get("UWS_CONFIG"), say=self._print)
            self._print("Updating the database")
            call_command("migrate", verbosity=0)
            prepare_sessions(self._print)
            for line in registry.advice():
                self._print(line)
            processes = supervisor.Supervisor(data_dir, listener)
            processes.start()
            self._wait_until_ready(processes)
            self._print_address()
            processes.watch()
            self._print_stopped()

    def _print(self, text: str) -> None:
        self.stderr.write(text)

    def _print_users(self, data_dir: Path) -> None:
        self._print(f"Data folder: {data_dir}")
        if os.geteuid() != 0:
            name = pwd.getpwuid(os.geteuid()).pw_name
            self._print(f"Not running as root: all users share the account {name}.")
        elif not env.is_reachable_by_all(data_dir):
            raise CommandError(
                f"{data_dir}: users' accounts cannot reach this folder, because a folder above it denies access. "
                "Set UWS_DATA_DIR to a folder that all accounts can reach, e.g. below /var/lib."
            )
        else:
            self._print("Running as root: each user gets an account on this machine.")
        for warning in site_warnings():
            self._print(f"WARNING: {warning}")

    def _write_configuration(self, data_dir: Path) -> Path:
        """Return the path of the configuration file; write the default one if there is none."""
        found: Path | None = settings.CONFIG_FILE
        if found is not None:
            return found
        target = data_dir / "config.json"
        # `copyfile` keeps the mode of an existing file, so that other accounts can never read the copy.
        target.touch(mode=0o600)
        shutil.copyfile(EMBEDDED_DEFAULT, target)
        self._print(f"Wrote the configuration to {target}")
        return target

    def _wait_until_ready(self, processes: supervisor.Supervisor) -> None:
        deadline = time.monotonic() + READY_SECONDS
        host = "127.0.0.1" if env.host() in {"0.0.0.0", "localhost"} else env.host()  # noqa: S104  a comparison
        url = f"http://{f'[{host}]' if ':' in host else host}:{env.port()}/status/"
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except urllib.error.HTTPError:  # the web process responds; `/status/` reports the problem
                return
            except OSError:
                time.sleep(POLL_INTERVAL)
        processes.end()
        raise CommandError(
            f"The web process did not respond within {READY_SECONDS:.0f} s. See the logs in {settings.DATA_DIR}/logs."
        )

    def _print_address(self) -> None:
        configured = registry.site().base_url
        secret = create_login_link(user=create_user_by_name(username=default_username()), now=timezone.now())
        for url in dict.fromkeys([*([] if configured == env.base_url() else [configured]), *env.reachable_urls()]):
            self.stdout.write(f"User Workspaces: {url}/")
        self.stdout.write(f"Log in (once, within 10 minutes): {configured}/login/{secret}/")
        self.stdout.flush()
        self._print("Press Ctrl-C to stop the server and keep sessions running. `make stop` stops both.")

    def _print_stopped(self) -> None:
        running = count_live_jobs()
        self._print(
            f"Stopped. {running} session(s) keep running; `make start` reconnects to them, `make stop` ends them."
        )


def default_username() -> str:
    """Return the user of the login link: `UWS_USER`, else the account that started the server."""
    candidates = [os.environ.get("UWS_USER"), os.environ.get("SUDO_USER")]
    if os.geteuid() != 0:
        candidates.append(pwd.getpwuid(os.geteuid()).pw_name)
    return next((name for name in candidates if name and name != "root" and USERNAME.fullmatch(name)), "researcher")
