"""`prepare_sessions`: prepare the environments of sessions before the first launch."""

from django.core.management.base import BaseCommand, CommandError

from user_workspaces import registry
from user_workspaces.config.session_preparation import prepare_sessions


class Command(BaseCommand):
    """Prepares the environments of all job types, as `start` does, and reports what is missing."""

    help = "Prepare the environments of all job types, and report what is missing."
    requires_system_checks = ("configuration",)  # the other checks concern pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Prepare; exit with 1 if a job type cannot be launched."""
        is_whole = prepare_sessions(self.stderr.write)
        for line in registry.session_advice():
            self.stderr.write(line)
        if not is_whole:
            raise CommandError("Some job types cannot be launched. See the messages above.")
        self.stdout.write("Sessions are prepared.")
