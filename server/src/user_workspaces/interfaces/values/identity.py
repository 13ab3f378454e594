"""Users and client programs, as authentication plug-ins and system accounts know them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """A user at one authentication. The key is (issuer, subject), never the e-mail address.

    `is_proven`: the provider verified the subject and never assigns it twice. The e-mail address may then change
    between logins, and at the first login the user name must be new: an equal name does not prove that it is the
    same user. Without `is_proven`, the user name is the subject and the e-mail address must not change.
    """

    issuer: str
    subject: str
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """An account of the operating system that owns the files and processes of one user."""

    name: str
    uid: int
    gid: int
    home: Path


@dataclass(frozen=True, slots=True)
class Client:
    """A program (a data portal) that is known by its client token."""

    name: str
    may_mint: bool
    """True if it may request tokens for users whom it names."""
