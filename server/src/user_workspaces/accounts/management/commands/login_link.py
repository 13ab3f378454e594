"""`login_link USERNAME [--admin]`: print a one-time link to the portal."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.actions import create_login_link, create_user_by_name, make_administrator
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.processes import running_processes


class Command(BaseCommand):
    """Prints the link and nothing else."""

    help = "Create a link that logs a user in once, within ten minutes; the user is created if necessary."
    requires_system_checks = ("configuration",)  # other checks concern pages and the API, and take half a second

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the user name and the option."""
        parser.add_argument("username")
        parser.add_argument("--admin", action="store_true", help="make the user an administrator of this server")

    def handle(self, *args: object, **options: str | bool) -> None:
        """Create the link and print it."""
        if not MigrationRecorder(connection).has_table():
            raise CommandError(f"No database in {settings.DATA_DIR}: run `make start` first.")
        try:
            user = create_user_by_name(username=str(options["username"]))
            if options["admin"]:
                make_administrator(user=user)
            secret = create_login_link(user=user, now=timezone.now())
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{_portal()}/login/{secret}/")


def _portal() -> str:
    """Return the configured address of the portal; else that of a running server; else the default."""
    site = registry.site()
    served = [process.url for process in running_processes(settings.DATA_DIR) if process.url]
    return site.public_url or next(iter(served), site.base_url)
