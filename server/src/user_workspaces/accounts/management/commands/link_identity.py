"""`link_identity USERNAME ISSUER SUBJECT`: say that a person here and one at a provider are the same."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from user_workspaces.accounts.actions import link_identity
from user_workspaces.errors import UserWorkspacesError


class Command(BaseCommand):
    """Prints nothing when it is done."""

    help = "Let a person who is here already sign in by a provider, known there by (issuer, subject)."
    requires_system_checks = ("configuration",)  # the others are about pages and the API, and take half a second

    def add_arguments(self, parser: CommandParser) -> None:
        """Take who it is here and there."""
        parser.add_argument("username")
        parser.add_argument("issuer", help="the provider's issuer, as in config.json")
        parser.add_argument("subject", help="the person's `sub` there")

    def handle(self, *args: object, **options: str) -> None:
        """Link them."""
        try:
            link_identity(username=options["username"], issuer=options["issuer"], subject=options["subject"])
        except UserWorkspacesError as error:
            raise CommandError(error.message) from None
