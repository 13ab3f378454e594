"""`controller`: run the controller until it is stopped."""

import logging
from threading import Thread

from django.conf import settings
from django.core.management.base import BaseCommand

from user_workspaces import registry
from user_workspaces.controller.loop import Controller
from user_workspaces.descriptors import raise_limit
from user_workspaces.jobs import clock
from user_workspaces.observability import metrics
from user_workspaces.processes import noted

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """The process that launches, watches and ends jobs."""

    help = (
        "Run the controller, which launches, monitors and ends jobs and processes workspaces. Several may run at once."
    )
    requires_system_checks = ("configuration",)  # the other checks concern pages and the API, and take half a second
    requires_migrations_checks = True
    name = "controller"

    def handle(self, *args: object, **options: object) -> None:
        """Run until TERM or INT."""
        raise_limit()
        clock.install(clock.monotonic)
        controller = Controller()
        controller.stop_on_signals()
        if settings.CONTROLLER_METRICS_ADDRESS is not None:
            metrics.serve(settings.CONTROLLER_METRICS_ADDRESS)
        Thread(
            target=_print_advice, name="advice", daemon=True
        ).start()  # some checks query other servers, which may hang
        logger.info("running; sessions keep running when the controller stops")
        with noted(settings.DATA_DIR, command=self.name):
            controller.run()


def _print_advice() -> None:
    for line in registry.advice():
        logger.warning(line)
