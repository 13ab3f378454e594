"""`spec`: print the OpenAPI schema as it is committed."""

from django.core.management.base import BaseCommand

from user_workspaces.api.schema_views import as_yaml, describe_api
from user_workspaces.api.urls import ROUTES


class Command(BaseCommand):
    """Writes the schema to standard output; `make spec` saves it."""

    help = "Print the OpenAPI schema of the API, as YAML."

    def handle(self, *args: object, **options: object) -> None:
        """Print the schema."""
        self.stdout.write(as_yaml(describe_api(ROUTES)).decode(), ending="")
