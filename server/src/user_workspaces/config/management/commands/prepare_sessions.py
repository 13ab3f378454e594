"""`prepare_sessions`: have what sessions need ready before the first of them is launched."""

from django.core.management.base import BaseCommand, CommandError

from user_workspaces import registry
from user_workspaces.config.session_preparation import prepare_sessions


class Command(BaseCommand):
    """Prepares the environments of the job types, as `start` does, and says what is missing."""

    help = "Prepare the environments of all job types, and say what sessions lack."
    requires_system_checks = ("configuration",)  # the others are about pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Prepare; the exit code tells whether everything can be launched."""
        is_whole = prepare_sessions(self.stderr.write)
        for line in registry.session_advice():
            self.stderr.write(line)
        if not is_whole:
            raise CommandError("Not everything can be launched: see above.")
        self.stdout.write("Sessions are prepared.")
