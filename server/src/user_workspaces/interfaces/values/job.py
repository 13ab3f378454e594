"""The script of a job, and what a job type knows when it writes the script."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from user_workspaces.interfaces.environment import WorkspaceEnvironment
from user_workspaces.interfaces.values.identity import SystemAccount


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
