"""Credentials in the environment, named profiles, and the state of the connection."""

import asyncio
from functools import partial
from pathlib import Path

import tornado.web

from reana_jupyterlab.connections import FIXED_SOURCES, Source, checked_server
from reana_jupyterlab.const import ENV_SERVER, ENV_TOKEN
from reana_jupyterlab.profiles import Profile
from reana_jupyterlab.reana import Credentials
from reana_jupyterlab.reana.errors import BadRequest, ReanaError
from reana_jupyterlab.reana.tls import trust
from reana_jupyterlab.reana.values import JsonObject

from .base import ReanaHandler, flag_of, reason_of, status_of, text_of
from .serializers import quota_json, user_json


class CredentialsHandler(ReanaHandler):
    """Base class of handlers that accept credentials."""

    async def _credentials(self, body: JsonObject, *, server: tuple[str, ...], token: tuple[str, ...]) -> Credentials:
        """Read credentials from a body, which may use several names for each field."""
        address = checked_server(text_of(body, _present(body, server)).strip().rstrip("/"))
        secret = text_of(body, _present(body, token)).strip()
        if not secret.isascii() or not secret.isprintable():
            raise BadRequest("Access tokens contain only printable ASCII characters.")
        ca_file = text_of(body, "ca_file", "").strip()
        if ca_file:
            ca_file = await asyncio.to_thread(checked_ca_file, ca_file, root_dir=self.services.root_dir)
        return Credentials(address, secret, ca_file)


class EnvVariablesHandler(CredentialsHandler):
    """The server's environment, as `reana-client` in a terminal sees it."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return the current values."""
        server, token = self.services.connections.environment()
        self.respond({"server": server, "access_token": token})

    @tornado.web.authenticated
    async def post(self) -> None:
        """Test credentials before using them; `remember` also saves them as a profile."""
        body = self.body()
        credentials = await self._credentials(body, server=(ENV_SERVER, "server"), token=(ENV_TOKEN, "accessToken"))
        user = await self.services.connections.test(credentials)
        connections, name = self.services.connections, ""
        remember, wanted = flag_of(body, "remember", default=False), text_of(body, "profile", "default")
        if remember:
            profile = Profile(credentials, user.email)
            # Save first: a name that is taken raises before the environment has changed.
            name = await asyncio.to_thread(connections.remember, wanted, profile, activate=False)
        await asyncio.to_thread(connections.use_in_environment, credentials)
        if remember:
            # `use_in_environment` deactivates profiles, so this one is activated after it.
            await asyncio.to_thread(connections.activate, name)
        self.succeed(f"Connected to {credentials.server} as {user.email}.", user=user_json(user), profile=name)

    @tornado.web.authenticated
    async def delete(self) -> None:
        """Remove the credentials from the environment."""
        self.services.connections.forget_environment()
        self.succeed("Removed the REANA credentials from the server's environment.")


class ConnectionHandler(ReanaHandler):
    """The state of the connection, verified with a request to REANA."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return the state; being disconnected is a state with status 200, not an error."""
        source = None
        try:
            source = await asyncio.to_thread(self.services.connections.current)
            self.respond(await self._state(source))
        except ReanaError as error:
            server = source.credentials.server if source else ""
            self.respond(
                {
                    "connected": False,
                    "server": server,
                    "source": source.name if source else "",
                    "reason": reason_of(error),
                    "status": int(status_of(error)),
                    "message": error.message,
                }
            )

    async def _state(self, source: Source) -> JsonObject:
        client = self.services.connections.client_for(source.credentials)
        # If the credentials are rejected, this request fails and the others are not sent.
        user = await client.user()
        config, sharing, secrets, uses_environments = await asyncio.gather(
            client.config(),
            client.features.sharing(),
            client.features.secrets(),
            client.features.environments(),
        )
        return {
            "connected": True,
            "fingerprint": source.fingerprint,
            "server": source.credentials.server,
            "source": source.name,
            "user": user_json(user),
            "version": user.version,
            "quota": quota_json(user),
            "sharing": sharing,
            "secrets": secrets,
            "usesEnvironments": uses_environments,
            "pollingSeconds": config.get("polling_secs") or 15,
            "previewLimit": config.get("file_preview_size_limit") or 5 * 1024 * 1024,
        }


class ProfilesHandler(ReanaHandler):
    """All credentials, without their tokens."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """List all credentials; those of the environment and of the launcher are read-only."""
        sources, active = await asyncio.to_thread(self.services.connections.sources)
        profiles = [
            {
                "name": source.name,
                "server": source.credentials.server,
                "account": source.account,
                "caFile": source.credentials.ca_file,
                "fixed": source.name in FIXED_SOURCES,
                "active": source.name == active,
            }
            for source in sources
        ]
        self.respond({"profiles": profiles, "active": active})


class ProfileHandler(CredentialsHandler):
    """One named profile."""

    @tornado.web.authenticated
    async def put(self, name: str) -> None:
        """Test credentials and save them; they become active unless `activate` is false."""
        body = self.body()
        credentials = await self._credentials(body, server=("server",), token=("access_token", "accessToken"))
        user = await self.services.connections.test(credentials)
        activate = flag_of(body, "activate", default=True)
        profile = Profile(credentials, user.email)
        remember = partial(self.services.connections.remember, name, profile, activate=activate, replace=True)
        await asyncio.to_thread(remember)
        self.succeed(f"Saved {credentials.server} as '{name}'.", user=user_json(user))

    @tornado.web.authenticated
    async def post(self, name: str) -> None:
        """Make this profile active."""
        await asyncio.to_thread(self.services.connections.activate, name)
        self.succeed(f"Using '{name}'.")

    @tornado.web.authenticated
    async def delete(self, name: str) -> None:
        """Delete the profile and its token."""
        await asyncio.to_thread(self.services.connections.forget, name)
        self.succeed(f"Removed '{name}'.")


class QuotaHandler(ReanaHandler):
    """Quotas and usage of the user."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return the quotas by resource."""
        self.respond(quota_json(await (await self.client()).user()))


class InfoHandler(ReanaHandler):
    """The information that the REANA server gives about itself."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return `{entries: [{key, title, value}]}`."""
        info = await (await self.client()).info()
        entries = [
            {"key": key, "title": entry.get("title") or key, "value": entry.get("value")}
            for key, entry in info.items()
            if isinstance(entry, dict)
        ]
        self.respond({"entries": entries})


def _present(body: JsonObject, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in body), names[0])


def checked_ca_file(path: str, *, root_dir: str) -> str:
    """Return the absolute path of a certificate file; relative paths are below Jupyter's root."""
    try:
        whole = str(Path(root_dir).expanduser() / Path(path).expanduser())
    # `expanduser` raises a RuntimeError for the home directory of an unknown user.
    except RuntimeError:
        raise BadRequest(f"The certificate file {path} does not exist.") from None
    # The result is dropped: loading only proves that the file is usable.
    trust(whole)
    return whole
