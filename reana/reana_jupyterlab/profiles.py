"""Saved servers and tokens: a file of mode 0600 that is replaced atomically."""

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
    """Credentials with the e-mail address of their account ('' in files of older versions)."""

    credentials: Credentials
    account: str = ""

    def is_same(self, other: "Profile") -> bool:
        """True if both are for the same account of the same server; tokens may differ."""
        if self.account and other.account:
            return (self.credentials.server, self.account) == (other.credentials.server, other.account)
        return self.credentials == other.credentials


@dataclass(frozen=True)
class Profiles:
    """Named profiles, and the name of the active one ('': none)."""

    active: str = ""
    named: Mapping[str, Profile] = field(default_factory=dict)

    def name_for(self, profile: Profile) -> str:
        """Return the name of this account's profile, or a new unique name."""
        known = next((name for name, one in self.named.items() if one.is_same(profile)), "")
        if known:
            return known
        host = urlsplit(profile.credentials.server).netloc
        # Five characters remain for a number such as " (12)".
        name = f"{profile.account} at {host}".replace("/", "_")[: NAME_LIMIT - 5]
        # There are more candidates than profiles, so that one is always free.
        names = (name, *(f"{name} ({number})" for number in range(2, len(self.named) + 3)))
        return next(one for one in names if one not in self.named)


def checked_name(name: str) -> str:
    """Return a profile's name, or raise `BadRequest` if it cannot be shown or used in a URL."""
    if not name.strip() or len(name) > NAME_LIMIT or not name.isprintable() or "/" in name:
        raise BadRequest(f"Profile names must have 1 to {NAME_LIMIT} printable characters and no slash.")
    return name


def read_profiles(path: Path) -> Profiles:
    """Read the file. A missing file has no profiles; an invalid one raises `LocalFailure`."""
    try:
        content = read_secret(path)
    except FileNotFoundError:
        return Profiles()
    try:
        stored = json.loads(content)
        named = {str(name): _profile(fields) for name, fields in stored["profiles"].items()}
        return Profiles(str(stored.get("active", "")), named)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LocalFailure(f"{path} is not a valid profiles file. Delete it to start over.") from error


def _profile(fields: JsonObject) -> Profile:
    account = str(fields.pop("account", ""))
    return Profile(Credentials(**fields), account)  # type: ignore[arg-type] # what does not fit raises a TypeError


def write_profiles(path: Path, profiles: Profiles) -> None:
    """Replace the file; it is readable by its owner only from the first byte on."""
    named = {name: {**asdict(one.credentials), "account": one.account} for name, one in profiles.named.items()}
    content = {"active": profiles.active, "profiles": named}
    # A random name and O_EXCL: a file or link prepared by another process is never written.
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                # Without it, a power failure after the rename could leave an empty file instead of all profiles.
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            # After the rename this name is gone; after an error no tokens must stay on disk.
            with suppress(FileNotFoundError):
                part.unlink()
    except OSError as error:
        raise LocalFailure(f"{path} could not be written: {os.strerror(error.errno or 0).lower()}.") from error


def read_secret(path: Path) -> str:
    """Read a file that only its owner can read. Raises `LocalFailure` for wider permissions or another owner."""
    try:
        # O_NONBLOCK: opening a FIFO without a writer would block for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    # Callers treat a missing file as having no credentials.
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LocalFailure(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    with os.fdopen(descriptor, "rb") as file:
        # Check the open file, not the path, which could be replaced between check and use.
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in {os.geteuid(), 0}:
            raise LocalFailure(f"{path} must be a file that belongs to you and that only you can read (chmod 600).")
        content = file.read(FILE_LIMIT)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LocalFailure(f"{path} is not a text file.") from error
