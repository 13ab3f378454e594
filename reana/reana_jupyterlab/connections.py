"""Selects the credentials in use: a saved profile, the environment's, or those of a launcher's file.

A profile chosen by the user comes first, then the environment, then the file written by the launcher of this Jupyter
server. All are read at each use, so that a replaced token takes effect at once.
"""

import json
import os
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from .config import ReanaJupyterLab
from .const import ENV_CA_FILE, ENV_CREDENTIALS_FILE, ENV_SERVER, ENV_TOKEN
from .profiles import Profile, Profiles, checked_name, read_profiles, read_secret, write_profiles
from .reana import Credentials, ReanaClient
from .reana.errors import BadRequest, Conflict, LocalFailure, NotConnected, NotFound
from .reana.values import User

ENVIRONMENT, LAUNCHER = "environment", "launcher"
AUTHORITY = re.compile(r"(\w[\w.-]*|\[[0-9A-Fa-f:.]+\])(:\d+)?")
FIXED_SOURCES = (ENVIRONMENT, LAUNCHER)
CLIENTS_KEPT = 8


@dataclass(frozen=True)
class Source:
    """Credentials and their source: `environment`, `launcher`, or the name of a profile.

    `account` is the e-mail address of a profile's account ('' if only REANA knows it).
    """

    name: str
    credentials: Credentials
    account: str = ""

    @property
    def fingerprint(self) -> str:
        """Return an identifier of this connection. It ignores the token of a launcher, which is renewed."""
        secret = "" if self.name == LAUNCHER else self.credentials.access_token
        # A NUL separates the parts, so that different pairs never give the same text.
        return sha256(f"{self.credentials.server}\0{secret}".encode()).hexdigest()[:16]


class Connections:
    """The credentials in use and the client that uses them."""

    def __init__(self, *, config: ReanaJupyterLab, environment: MutableMapping[str, str] | None = None) -> None:
        self._config = config
        self._environment = os.environ if environment is None else environment
        self._clients: dict[Credentials, ReanaClient] = {}

    def sources(self) -> tuple[list[Source], str]:
        """Return all credentials, and the name of those in use ('' if there are none)."""
        stored = read_profiles(self._config.profiles_path)
        outside = [source for source in (self._from_environment(), self._from_file()) if source is not None]
        found = [*outside, *(Source(name, one.credentials, one.account) for name, one in stored.named.items())]
        names = [source.name for source in found]
        # The stored choice may be gone. Without a choice of the user no profile is used.
        active = stored.active if stored.active in names else (names[0] if outside else "")
        return found, active

    def current(self) -> Source:
        """Return the credentials in use."""
        found, active = self.sources()
        source = next((source for source in found if source.name == active), None)
        if source is None:
            raise NotConnected
        self._check_server(source.credentials.server)
        return source

    def environment(self) -> tuple[str, str]:
        """Return the server and the token of the environment, each '' when unset."""
        return self._environment.get(ENV_SERVER, ""), self._environment.get(ENV_TOKEN, "")

    async def test(self, credentials: Credentials) -> User:
        """Return REANA's user for credentials without changing anything. Raises a `ReanaError` if they are rejected."""
        self._check_server(credentials.server)
        return await self.client_for(credentials).user()

    def use_in_environment(self, credentials: Credentials) -> None:
        """Set credentials in the server's environment, which new kernels and terminals inherit."""
        self._environment[ENV_SERVER] = credentials.server
        self._environment[ENV_TOKEN] = credentials.access_token
        # The CA file of the previous server must not be trusted for this one.
        self._environment.pop(ENV_CA_FILE, None)
        if credentials.ca_file:
            self._environment[ENV_CA_FILE] = credentials.ca_file
        stored = read_profiles(self._config.profiles_path)
        # An active profile takes precedence over the environment.
        if stored.active not in {"", ENVIRONMENT}:
            self._write(Profiles(ENVIRONMENT, stored.named))

    def forget_environment(self) -> None:
        """Remove the credentials from the server's environment."""
        for name in (ENV_SERVER, ENV_TOKEN):
            self._environment.pop(name, None)

    def remember(self, name: str, profile: Profile, *, activate: bool, replace: bool = False) -> str:
        """Save credentials as a profile and return its name. Without a name, one is derived from the account.

        A name of another account raises `Conflict`, unless `replace` is set.
        """
        stored = read_profiles(self._config.profiles_path)
        name = checked_name(name or stored.name_for(profile))
        # The active source is stored by name, so a profile must not share its name with a fixed source.
        if name in FIXED_SOURCES:
            raise BadRequest(f"The name '{name}' is taken.")
        taken = stored.named.get(name)
        if taken and not replace and not taken.is_same(profile):
            whose = f"{taken.account or 'another account'} at {taken.credentials.server}"
            raise Conflict(f"The name '{name}' is taken by {whose}. Choose another name.")
        self._write(Profiles(name if activate else stored.active, {**stored.named, name: profile}))
        return name

    def activate(self, name: str) -> None:
        """Use these credentials from now on."""
        found, _ = self.sources()
        if name not in {source.name for source in found}:
            raise NotFound(f"Unknown profile '{name}'.")
        self._write(Profiles(name, read_profiles(self._config.profiles_path).named))

    def forget(self, name: str) -> None:
        """Delete a profile with its token."""
        stored = read_profiles(self._config.profiles_path)
        if name not in stored.named:
            raise NotFound(f"Unknown profile '{name}'.")
        kept = {other: one for other, one in stored.named.items() if other != name}
        self._write(Profiles("" if stored.active == name else stored.active, kept))

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _write(self, profiles: Profiles) -> None:
        write_profiles(self._config.profiles_path, profiles)

    def client_for(self, credentials: Credentials) -> ReanaClient:
        """Return the client for these credentials; clients are cached to reuse their connections."""
        # Reinserting moves the client to the end of the dict, so the first one is the least recently used.
        client = self._clients.pop(credentials, None) or ReanaClient(credentials, limits=self._config.limits)
        self._clients[credentials] = client
        if len(self._clients) > CLIENTS_KEPT:
            # Not closed: a request may still read from it. Its connections end with the last reader.
            self._clients.pop(next(iter(self._clients)))
        return client

    def _from_environment(self) -> Source | None:
        server, token = self.environment()
        if not server or not token:
            return None
        return Source(ENVIRONMENT, Credentials(server, token, self._environment.get(ENV_CA_FILE, "")))

    def _from_file(self) -> Source | None:
        path = self._environment.get(ENV_CREDENTIALS_FILE, "")
        if not path:
            return None
        try:
            stored = json.loads(read_secret(Path(path)))
            # `is True`: a string such as "false" would count as true.
            ca_file, takes_header = stored.get("ca_file", ""), stored.get("takes_header") is True
            return Source(LAUNCHER, Credentials(stored["server"], stored["access_token"], ca_file, takes_header))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LocalFailure(
                f"The file that {ENV_CREDENTIALS_FILE} names is not a valid credentials file."
            ) from error

    def _check_server(self, server: str) -> None:
        # Tokens are sent to this address, so it is checked at each use: the file or variable may have changed.
        checked_server(server)
        allowed = self._config.allowed_servers
        if allowed and not any(matches(server, pattern) for pattern in allowed):
            raise BadRequest("The administrator of this Jupyter server does not allow this REANA server.")


def matches(server: str, pattern: str) -> bool:
    """Return True if an address matches a pattern, in which `*` stands for anything but a slash."""
    # Part by part: else the `*` of `https://*.example.org` would cover `other.net/x`, and the token would go there.
    parts, wanted = server.rstrip("/").split("/"), pattern.rstrip("/").split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def checked_server(server: str) -> str:
    """Return the address of a REANA server, or raise `BadRequest` if it is malformed."""
    try:
        parts = urlsplit(server)
        # `urlsplit` accepts any text as a port; reading `port` raises a ValueError for an invalid one.
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        is_plain, parts = False, urlsplit("")
    # API paths are appended to the address, and a user name can disguise the real host.
    has_more = parts.username is not None or parts.query or parts.fragment
    # `urlsplit` accepts any sign in a host, such as a backslash, which other programs read as the end of the host.
    is_plain = is_plain and AUTHORITY.fullmatch(parts.netloc) is not None
    if not is_plain or parts.scheme not in {"http", "https"} or has_more:
        raise BadRequest("Enter the server address as https://reana.example.org, without user name, query or fragment.")
    # `urlsplit` silently removes tabs and line breaks, so the text itself is checked.
    if any(sign.isspace() or not sign.isprintable() for sign in server):
        raise BadRequest("The server address must not contain spaces or control characters.")
    return server
