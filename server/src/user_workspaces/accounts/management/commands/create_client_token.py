"""`create_client_token NAME`: print a token for a program that vouches for people."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from user_workspaces.accounts.actions import mint_client_token
from user_workspaces.errors import UserWorkspacesError


class Command(BaseCommand):
    """Prints the token and nothing else."""

    help = "Make a client token: whoever holds it can get API tokens for people (POST /tokens/). Shown once."
    requires_system_checks = ("configuration",)  # the others are about pages and the API, and take half a second

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the client's name."""
        parser.add_argument("name", help="what the token is for, e.g. the data portal's name")

    def handle(self, *args: object, **options: str) -> None:
        """Make and print it."""
        try:
            token = mint_client_token(name=options["name"], now=timezone.now())
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
        self.stdout.write(token)
