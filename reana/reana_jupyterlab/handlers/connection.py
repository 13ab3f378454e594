"""Which REANA, and who: the environment's variables, named profiles, the state of the connection."""

import asyncio
from functools import partial
from pathlib import Path

import tornado.web

from reana_jupyterlab.connections import OUTSIDE, Source, checked_server
from reana_jupyterlab.const import ENV_SERVER, ENV_TOKEN
from reana_jupyterlab.profiles import Profile
from reana_jupyterlab.reana import Credentials
from reana_jupyterlab.reana.errors import BadRequest, ReanaError
from reana_jupyterlab.reana.tls import trust
from reana_jupyterlab.reana.values import JsonObject

from .base import ReanaHandler, flag_of, reason_of, status_of, text_of
from .shapes import quota_json, user_json


class CredentialsHandler(ReanaHandler):
    """The parent of what takes credentials."""

    async def _credentials(self, body: JsonObject, *, server: tuple[str, ...], token: tuple[str, ...]) -> Credentials:
        """Read credentials from a body that has each under one of several names."""
        address = checked_server(text_of(body, _present(body, server)).strip().rstrip("/"))
        secret = text_of(body, _present(body, token)).strip()
        if not secret.isascii() or not secret.isprintable():
            raise BadRequest("An access token consists of letters, digits and signs only.")
        ca_file = text_of(body, "ca_file", "").strip()
        if ca_file:
            ca_file = await asyncio.to_thread(checked_ca_file, ca_file, root_dir=self.services.root_dir)
        return Credentials(address, secret, ca_file)


class EnvVariablesHandler(CredentialsHandler):
    """The server's environment, as `reana-client` in a terminal would see it."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return what is set."""
        server, token = self.services.connections.environment()
        self.answer({"server": server, "access_token": token})

    @tornado.web.authenticated
    async def post(self) -> None:
        """Test credentials, and only then use them; with `remember` they outlive the server, as a profile."""
        body = self.body()
        credentials = await self._credentials(body, server=(ENV_SERVER, "server"), token=(ENV_TOKEN, "accessToken"))
        user = await self.services.connections.test(credentials)
        connections, name = self.services.connections, ""
        remember, wanted = flag_of(body, "remember", default=False), text_of(body, "profile", "default")
        if remember:
            profile = Profile(credentials, user.email)
            name = await asyncio.to_thread(connections.remember, wanted, profile, activate=False)
        await asyncio.to_thread(connections.use_in_environment, credentials)
        if remember:
            await asyncio.to_thread(connections.activate, name)
        self.succeed(f"Connected to {credentials.server} as {user.email}.", user=user_json(user), profile=name)

    @tornado.web.authenticated
    async def delete(self) -> None:
        """Take the credentials out of the environment."""
        self.services.connections.forget_environment()
        self.succeed("The server's environment holds no REANA credentials any more.")


class ConnectionHandler(ReanaHandler):
    """Whether REANA can be reached and takes the token: asked of REANA, not guessed."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return the state; not being connected is an answer, no error."""
        source = None
        try:
            source = await asyncio.to_thread(self.services.connections.current)
            self.answer(await self._state(source))
        except ReanaError as error:
            server = source.credentials.server if source else ""
            self.answer(
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
        user = await client.user()
        config, sharing, secrets, uses_environments = await asyncio.gather(
            client.config(),
            client.offers.sharing(),
            client.offers.secrets(),
            client.offers.environments(),
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
    """All credentials there are, without their tokens."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """List them; those of the environment and of the launcher cannot be changed here."""
        sources, active = await asyncio.to_thread(self.services.connections.sources)
        profiles = [
            {
                "name": source.name,
                "server": source.credentials.server,
                "account": source.account,
                "caFile": source.credentials.ca_file,
                "fixed": source.name in OUTSIDE,
                "active": source.name == active,
            }
            for source in sources
        ]
        self.answer({"profiles": profiles, "active": active})


class ProfileHandler(CredentialsHandler):
    """One named profile."""

    @tornado.web.authenticated
    async def put(self, name: str) -> None:
        """Test credentials and remember them; they are used from now on unless `activate` is false."""
        body = self.body()
        credentials = await self._credentials(body, server=("server",), token=("access_token", "accessToken"))
        user = await self.services.connections.test(credentials)
        activate = flag_of(body, "activate", default=True)
        profile = Profile(credentials, user.email)
        remember = partial(self.services.connections.remember, name, profile, activate=activate, replace=True)
        await asyncio.to_thread(remember)
        self.succeed(f"Remembered {credentials.server} as '{name}'.", user=user_json(user))

    @tornado.web.authenticated
    async def post(self, name: str) -> None:
        """Use this profile from now on."""
        await asyncio.to_thread(self.services.connections.activate, name)
        self.succeed(f"Using '{name}'.")

    @tornado.web.authenticated
    async def delete(self, name: str) -> None:
        """Forget the profile and its token."""
        await asyncio.to_thread(self.services.connections.forget, name)
        self.succeed(f"Forgot '{name}'.")


class QuotaHandler(ReanaHandler):
    """How much may be used, and is."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return the quotas by resource."""
        self.answer(quota_json(await (await self.client()).user()))


class InfoHandler(ReanaHandler):
    """What the REANA server says about itself, whatever that is."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return `{entries: [{key, title, value}]}`."""
        info = await (await self.client()).info()
        entries = [
            {"key": key, "title": entry.get("title") or key, "value": entry.get("value")}
            for key, entry in info.items()
            if isinstance(entry, dict)
        ]
        self.answer({"entries": entries})


def _present(body: JsonObject, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in body), names[0])


def checked_ca_file(path: str, *, root_dir: str) -> str:
    """Return the whole path of a certificate file, which is below Jupyter's root or named from `/` or `~`."""
    try:
        whole = str(Path(root_dir).expanduser() / Path(path).expanduser())
    except RuntimeError:
        raise BadRequest(f"The certificate file {path} does not exist.") from None
    trust(whole)
    return whole
