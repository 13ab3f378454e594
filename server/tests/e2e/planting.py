"""An installation with known secrets that records all responses."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller as MailServer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from e2e.hunting import Witness
from oidc_provider.running_provider import CLIENT_ID, CLIENT_SECRET, running_provider
from support.cluster import Fleet, fleet, own_database
from support.server_process import environments, free_port


class RecordingSmtpHandler:
    """A mail server that rejects the first login and records mails."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.taken: list[bytes] = []

    def log_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.tried.append(given.password.decode())
        return AuthResult(success=len(self.tried) > 1, handled=False)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as it is called
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 OK"


@dataclass
class Scene:
    """An installation with planted secrets, and its recorders."""

    fleet: Fleet
    witness: Witness
    postbox: RecordingSmtpHandler
    planted: dict[str, str]

    @property
    def web(self) -> str:
        return self.fleet.url()


def strong() -> str:
    """Return a secret with characters that are encoded differently in URLs, HTML and JSON."""
    return f"{secrets.token_urlsafe(32)}+/&<'\"\\"


@contextmanager
def planted_installation() -> Iterator[Scene]:
    """Run a web process and a controller with known secrets, an identity provider, and a mail server."""
    with ExitStack() as stack:
        port, postbox = free_port(), RecordingSmtpHandler()
        provider = stack.enter_context(running_provider(f"http://localhost:{port}/login/with/university/done/"))
        mail = MailServer(
            postbox, hostname="127.0.0.1", port=free_port(), auth_require_tls=False, auth_required=False,
            authenticator=postbox.log_in,
        )  # fmt: skip
        mail.start()
        stack.callback(mail.stop)

        def change(config: dict[str, Any]) -> None:
            config["mail"] = {"host": "127.0.0.1", "port": mail.port, "from_address": "hub@example.org", "user": "hub"}
            config["mail"]["tls"] = "none"
            config["available_user_authentication"]["university"] = {
                "name": "the university",
                "user_authentication_type": "OIDCUserAuthentication",
                "connection_details": {
                    "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret_env": "UNIVERSITY_SECRET",
                },
            }  # fmt: skip

        names = ("UWS_SECRET_KEY", "UWS_ENCRYPTION_KEY", "UWS_MAIL_PASSWORD", "UWS_METRICS_TOKEN")
        planted = {name: strong() for name in names} | {"UNIVERSITY_SECRET": CLIENT_SECRET}
        further = dict(planted) | {"UWS_PORT": str(port)}
        if server := os.environ.get("UWS_TEST_DATABASE"):
            further["DATABASE_URL"] = stack.enter_context(own_database(server))
            planted["database password"] = str(urlsplit(server).password)
        running = stack.enter_context(fleet(change=change, further=further))
        shared = environments() / "environments"
        shared.mkdir(parents=True, exist_ok=True)
        (running.folder / "environments").symlink_to(shared)
        running.ports["web"] = port
        running.start_web()
        running.start_controller()
        yield Scene(running, Witness(), postbox, planted)
