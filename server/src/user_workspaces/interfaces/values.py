"""The frozen values that cross the border between the server and its plug-ins."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.endpoint import Endpoint as Endpoint  # noqa: PLC0414  it is one of these values
from user_workspaces.interfaces.environment import WorkspaceEnvironment


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


@dataclass(frozen=True, slots=True)
class Health:
    """How a plug-in is doing; the message holds no secret and no internal address."""

    connected: bool
    message: str = ""
    advice: str = ""
    """What operators should do; it may name accounts and paths, so only they are shown it."""


def _memory_unlimited(*_: object) -> NoReturn:
    raise ConfigurationError("This plug-in was made without a memory.")


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What the server hands to every plug-in beside its own options."""

    name: str
    """The name of this instance: its key in `config.json`."""
    base_dir: Path
    """The one folder that the server lives in (`UWS_DATA_DIR`), absolute; relative options start here."""
    data_dir: Path
    """The folder of this instance below it, for what it has to keep; not created yet."""
    runtime_dir: Path
    """A short absolute path (at most 60 bytes) for sockets, that people may pass through but not list."""
    find_client: Callable[[str], Client | None]
    """The client that a client token belongs to; None for an unknown or expired token."""
    remember: Callable[[str, str, int], None] = _memory_unlimited
    """Put a text away under a key for so many seconds: for all processes, encrypted, for this instance alone.

    Raises `InvalidRequest` for a key that is in use."""
    recall: Callable[[str], str | None] = _memory_unlimited
    """Return it and forget it: of many who ask at once, one gets it. None when it is not there (any more)."""
    callback_url: str = ""
    """Where the portal is come back to after a log-in at another site; empty: there is no portal."""
    accounts: Callable[[], Iterable[tuple[str, int]]] = tuple
    """Names and uids of the system accounts that people got from this authentication; does not raise."""
    server_url: str = ""
    """For resources: where jobs reach this server's API, as `JobContext.reana` tells them; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class WorkspaceLocation:
    """Where one workspace lives: a directory relative to the storage's root, and whose it is."""

    directory: str
    account: SystemAccount


class EntryKind(StrEnum):
    """What an entry of a workspace is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a workspace; `path` is relative, of texts of names (see `file_names`); sizes in bytes."""

    path: str
    kind: EntryKind
    size: int
    modified: datetime
    version: str = field(default="", compare=False)
    """Opaque; another one as soon as the content may be another. Empty where only a walk was asked for."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of what is directly in one directory, and how much there is in all."""

    entries: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrives in several requests."""

    id: str
    path: str
    length: int  # bytes of the whole file
    offset: int
    """How many bytes are on disk: the next ones go there."""
    finished: bool  # it is in its place
    expires: datetime
    """When it may be removed, if nothing more comes."""
    note: str = ""
    """What was given at its beginning, as it was."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may use. None: no limit was configured."""

    cpus: int = 1
    memory_mb: int | None = None
    time_limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job needs beside its script, relative to the job's directory; always mode 0600."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class JobScript:
    """What a job type wants to be run: a bash script and the files that it reads."""

    text: str
    """Run by bash, in the workspace, as the person's account. World-readable at worst: no secret in it."""
    files: tuple[JobFile, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Readable by the person's own processes only; a session's own secret does not belong here either."""
    modules: tuple[str, ...] = ()
    """Of the site, loaded before those of the environment: what users install stands before them on `PATH`."""


@dataclass(frozen=True, slots=True)
class ReanaAccess:
    """A REANA that a session may use in its person's name. Its place is in `JobScript.files` alone."""

    server: str
    access_token: str = field(repr=False)
    takes_header: bool = False
    """Whether the token can be sent in a header, and need not stand in addresses."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """All that a job type may know of the job that it writes a script for."""

    job_id: int
    key: str
    secret: str = field(repr=False)
    """The job's own secret (32 random bytes, urlsafe base64). It stays here: sessions get what `derive` makes of it."""
    account: SystemAccount
    workspace: Path
    """The workspace as the job will see it: the working directory of the script."""
    job_directory: Path
    """A directory of the job alone, 0700, the person's; holds `JobScript.files`."""
    resource: str
    base_path: str
    """The path below which the session is served, with a slash at both ends: `/passthrough/local/12/`."""
    limits: Limits
    origin: str = ""
    """Where browsers usually find the session (`http://s12.localhost:8000`); some may come under another name."""
    reana: ReanaAccess | None = None
    environment: WorkspaceEnvironment | None = None
    """What the script finds on `PATH` (see `environments.activation`); None: nothing is set up."""

    def derive(self, purpose: str) -> str:
        """Return a secret for one purpose, from which neither the job's secret nor another purpose's follows."""
        made = hmac.digest(self.secret.encode(), f"job:{purpose}".encode(), "sha256")
        return urlsafe_b64encode(made).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a resource is asked to run."""

    key: str
    """Made before the submission and never again: the resource must not run two jobs of one key."""
    job_id: int
    name: str
    account: SystemAccount
    working_directory: Path
    script: JobScript
    limits: Limits


class ResourceState(StrEnum):
    """What a resource says of a job."""

    ABSENT = "absent"
    """The resource was asked and does not know this job."""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """It ended with exit code 0."""
    FAILED = "failed"
    """It ended in any other way; see `Observation.ended_by`."""
    UNREACHABLE = "unreachable"
    """The resource could not be asked, or gave an answer that is not understood: nothing is known."""


class EndedBy(StrEnum):
    """Why a job on a resource is no more."""

    EXIT = "exit"
    """On its own; see `exit_code`."""
    SIGNAL = "signal"
    """By a signal that was not ours; see `signal`."""
    STOPPED = "stopped"
    """By `Resource.stop`."""
    TIME_LIMIT = "time limit"
    OUT_OF_MEMORY = "out of memory"
    LOST = "lost"
    """The machine was restarted, or nothing recorded how it ended."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a resource sees of one job at one moment."""

    state: ResourceState
    resource_job_id: int = -1
    reason: str = ""
    """For people: why it waits, or why the resource does not answer."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: EndedBy | None = None
    exit_code: int | None = None
    signal: int | None = None


class PreparationState(StrEnum):
    """How far the preparation of a job type is."""

    READY = "ready"
    IN_PROGRESS = "in progress"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Preparation:
    """Whether what a job type needs once per configuration (a Python environment) is there."""

    state: PreparationState
    message: str = ""
