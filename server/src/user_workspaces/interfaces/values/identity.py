"""Users and client programs, as authentication plug-ins and system accounts know them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as an authentication plug-in knows them. The key is (issuer, subject), never the e-mail.

    `is_proven`: a provider proved the subject and gives none away twice. Then the e-mail may change from visit to
    visit, and at the first visit the user name has to be a new one: that somebody calls themselves like a person
    who is there already says nothing. Without it the user name is the subject, and the e-mail has to stay.
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
    """An account of the operating system: files and processes of one person belong to it."""

    name: str
    uid: int
    gid: int
    home: Path


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may vouch for people (a data portal), known by its client token."""

    name: str
    may_mint: bool
