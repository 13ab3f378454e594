"""Reads the configuration once, at start, and builds the plug-ins from it."""

from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Error, register
from django.db import DatabaseError, connections

from user_workspaces import registry
from user_workspaces.config import env, load_config
from user_workspaces.errors import ConfigurationError

OWN_PREFIX = "uws-"
HOST_PREFIX = "__Host-"
"""Browsers take such a cookie from this very host alone, over TLS: no page of a subdomain or a port can replace it."""


class ConfigAppConfig(AppConfig):
    """The composition root as Django knows it."""

    name = "user_workspaces.config"
    label = "config"

    def ready(self) -> None:
        """Build the plug-ins; a mistake becomes a failed system check, so that no command starts."""
        mistakes: list[CheckMessage] = []
        try:
            compose()
        except ConfigurationError as error:
            mistakes = [Error(line, id="user_workspaces.E001") for line in str(error).splitlines()]
        register(lambda *_, **__: mistakes, "configuration")
        register(lambda *_, **__: [] if mistakes else _advice(), "advice")


def _advice() -> list[CheckMessage]:
    """Return what sessions lack as warnings, which `check`, `migrate` and `runserver` print."""
    return [CheckMessage(WARNING, line, id="user_workspaces.W001") for line in registry.session_advice()]


def compose() -> None:
    """Read `config.json`, build what it declares, and make it the process's own."""
    from user_workspaces.accounts.one_time_store import pop, put  # noqa: PLC0415  models exist from here on
    from user_workspaces.accounts.queries import find_client  # noqa: PLC0415  the same
    from user_workspaces.jobs.session_urls import session_domains  # noqa: PLC0415  the same

    env.check_runtime_dir(settings.RUNTIME_DIR)
    site, declarations = load_config.read(settings.CONFIG_FILE)
    surroundings = registry.Surroundings(
        settings.DATA_DIR, settings.RUNTIME_DIR, find_client, put, pop, site.base_url, accounts_of
    )
    try:
        built = registry.build(declarations, surroundings)
    except ConfigurationError as error:
        lines = (f"{site.source}: {line}" for line in str(error).splitlines())
        raise ConfigurationError("\n".join(lines)) from None
    registry.install(built, site)
    own = urlsplit(site.base_url).hostname or ""
    domains = [f".{domain}" for domain in session_domains()]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, own, *site.allowed_hosts, *domains]
    settings.CORS_ALLOWED_ORIGINS = list(site.cors_allowed_origins)
    if site.base_url.startswith("https://"):  # a web server in front of this one speaks TLS
        settings.CSRF_TRUSTED_ORIGINS = [site.base_url]
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        settings.OWN_COOKIE_PREFIX = HOST_PREFIX + OWN_PREFIX
        settings.SESSION_COOKIE_NAME = settings.OWN_COOKIE_PREFIX + "portal"
        settings.CSRF_COOKIE_NAME = settings.OWN_COOKIE_PREFIX + "csrf"


def accounts_of(user_authentication: str) -> list[tuple[str, int]]:
    """Return names and uids on record to a thread of a plug-in: its connection ends with the question.

    Before the first migration, or without the database, there are none.
    """
    from user_workspaces.accounts.queries import accounts_on_record  # noqa: PLC0415  models exist when it is called

    try:
        return accounts_on_record(user_authentication)
    except DatabaseError:
        return []
    finally:
        connections.close_all()
