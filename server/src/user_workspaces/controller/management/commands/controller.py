"""`controller`: run the controller until it is told to stop."""

from django.core.management.base import BaseCommand

from user_workspaces.controller.loop import Controller


class Command(BaseCommand):
    """The process that launches, watches and ends jobs."""

    help = "Run the controller: it launches, watches and ends jobs, and tends workspaces. Several may run at once."
    requires_migrations_checks = True

    def handle(self, *args: object, **options: object) -> None:
        """Loop until TERM or INT."""
        controller = Controller()
        controller.stop_on_signals()
        self.stderr.write("controller: running (sessions go on when it stops)")
        controller.run()
