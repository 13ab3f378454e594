"""`runserver`: run the web process (portal, API and proxy) until it is stopped."""

import logging
import socket

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from user_workspaces import registry
from user_workspaces.config import env, web
from user_workspaces.config.load_config import site_warnings
from user_workspaces.errors import ConfigurationError
from user_workspaces.processes import noted

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """The process that serves browsers and API clients."""

    help = "Run the web process: portal, API and the proxy to sessions."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address as Django's own command does."""
        parser.add_argument("address", nargs="?", default="", help="[host:]port; default: UWS_HOST and UWS_PORT")
        parser.add_argument("--listening-on", type=int, help="file descriptor of a listening socket to serve instead")

    def handle(self, *args: object, **options: str) -> None:
        """Listen before anything else, so that a port in use is reported at once."""
        if options["listening_on"] is not None:
            listener = socket.socket(fileno=int(options["listening_on"]))
        else:
            host, _, port = options["address"].rpartition(":")
            listener = _bind(host, port)
        for warning in site_warnings():
            logger.warning(warning)
        logger.info("listening on %s:%s", *listener.getsockname()[:2])
        url = registry.site().public_url or env.base_url_at(*listener.getsockname()[:2])
        with noted(settings.DATA_DIR, command="runserver", url=url):
            web.serve(listener)


def _bind(host: str, port: str) -> socket.socket:
    try:
        return web.bind(host=host or env.host(), port=env.port_in(port) if port else env.port())
    except ConfigurationError as error:
        raise CommandError(error.message) from None
