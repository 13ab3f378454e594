"""`link_identity USERNAME ISSUER SUBJECT`: link a user to an identity at a provider."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from user_workspaces.accounts.actions import link_identity
from user_workspaces.errors import UserWorkspacesError


class Command(BaseCommand):
    """Prints nothing on success."""

    help = "Let an existing user log in with an identity provider, as (issuer, subject)."
    requires_system_checks = ("configuration",)  # other checks concern pages and the API, and take half a second

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the user and the identity."""
        parser.add_argument("username")
        parser.add_argument("issuer", help="the provider's issuer, as in config.json")
        parser.add_argument("subject", help="the user's `sub` at the issuer")

    def handle(self, *args: object, **options: str) -> None:
        """Link the identity."""
        try:
            link_identity(username=options["username"], issuer=options["issuer"], subject=options["subject"])
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
