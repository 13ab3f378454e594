"""Servers and tokens that a person asked to remember: a file of mode 0600, written whole or not at all."""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .reana.errors import BadRequest, LocalFailure
from .reana.values import Credentials, JsonObject

NAME_LIMIT = 64
FILE_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Profile:
    """Credentials, and whose they are: the e-mail address of the account ('' where an older version kept them)."""

    credentials: Credentials
    account: str = ""

    def is_same(self, other: "Profile") -> bool:
        """Whether it is for the same account of the same server; the token may be another one."""
        if self.account and other.account:
            return (self.credentials.server, self.account) == (other.credentials.server, other.account)
        return self.credentials == other.credentials


@dataclass(frozen=True)
class Profiles:
    """Named profiles, and the one that is used ('' is none of them)."""

    active: str = ""
    named: Mapping[str, Profile] = field(default_factory=dict)

    def name_for(self, profile: Profile) -> str:
        """Return the name under which this account is kept, or a new one: no two accounts share one."""
        known = next((name for name, one in self.named.items() if one.is_same(profile)), "")
        if known:
            return known
        host = urlsplit(profile.credentials.server).netloc
        name = f"{profile.account} at {host}".replace("/", "_")[: NAME_LIMIT - 5]
        names = (name, *(f"{name} ({number})" for number in range(2, len(self.named) + 3)))
        return next(one for one in names if one not in self.named)


def checked_name(name: str) -> str:
    """Return a profile's name; refuse what cannot be shown or put into an address."""
    if not name.strip() or len(name) > NAME_LIMIT or not name.isprintable() or "/" in name:
        raise BadRequest(f"A profile's name has to be short ({NAME_LIMIT} characters) and without a slash.")
    return name


def read_profiles(path: Path) -> Profiles:
    """Read the file; one that is not there holds none, one that cannot be understood is an error."""
    try:
        content = read_secret(path)
    except FileNotFoundError:
        return Profiles()
    try:
        stored = json.loads(content)
        named = {str(name): _profile(fields) for name, fields in stored["profiles"].items()}
        return Profiles(str(stored.get("active", "")), named)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LocalFailure(f"{path} cannot be understood; remove it to begin anew.") from error


def _profile(fields: JsonObject) -> Profile:
    account = str(fields.pop("account", ""))
    return Profile(Credentials(**fields), account)  # type: ignore[arg-type] # what does not fit raises a TypeError


def write_profiles(path: Path, profiles: Profiles) -> None:
    """Write the file anew, readable by its owner only from its first byte on."""
    named = {name: {**asdict(one.credentials), "account": one.account} for name, one in profiles.named.items()}
    content = {"active": profiles.active, "profiles": named}
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except OSError as error:
        raise LocalFailure(f"{path} could not be written: {os.strerror(error.errno or 0).lower()}.") from error


def read_secret(path: Path) -> str:
    """Read a file that only its owner may read; refuse one that others can read, or that is another person's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LocalFailure(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in {os.geteuid(), 0}:
            raise LocalFailure(f"{path} is not used: it holds a secret, and others than you can read it (chmod 600).")
        content = file.read(FILE_LIMIT)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LocalFailure(f"{path} is not a text file.") from error
