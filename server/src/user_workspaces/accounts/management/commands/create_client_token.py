"""`create_client_token NAME`: print a token for a program that authenticates its own users."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from user_workspaces.accounts.actions import mint_client_token
from user_workspaces.errors import UserWorkspacesError


class Command(BaseCommand):
    """Prints the token and nothing else."""

    help = "Create a client token: with it, a program gets API tokens for any user (POST /tokens/). Shown once."
    requires_system_checks = ("configuration",)  # other checks concern pages and the API, and take half a second

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name of the client."""
        parser.add_argument("name", help="the name of the program, for example of the data portal")

    def handle(self, *args: object, **options: str) -> None:
        """Create the token and print it."""
        try:
            token = mint_client_token(name=options["name"], now=timezone.now())
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
        self.stdout.write(token)
