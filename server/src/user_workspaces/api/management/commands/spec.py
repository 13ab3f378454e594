"""`spec`: print the description of the API, as it is committed."""

from django.core.management.base import BaseCommand

from user_workspaces.api.schema_views import as_yaml, describe_api
from user_workspaces.api.urls import ROUTES


class Command(BaseCommand):
    """Writes it to standard output; `make spec` keeps it."""

    help = "Print the description of the API (OpenAPI, YAML)."

    def handle(self, *args: object, **options: object) -> None:
        """Print."""
        self.stdout.write(as_yaml(describe_api(ROUTES)).decode(), ending="")
