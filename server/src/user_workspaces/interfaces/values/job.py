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
    """The limits of a job. None: unlimited."""

    cpus: int = 1
    memory_mb: int | None = None
    """In units of 2**20 bytes."""
    time_limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file for the job, besides its script. `path` is relative to the job's directory; the mode is always 0600."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class JobScript:
    """The bash script of a job and the files that it reads."""

    text: str
    """Run by bash, in the workspace, as the user's account. It may be world-readable: it must hold no secret."""
    files: tuple[JobFile, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Readable by all of the user's processes: the secret of a session does not belong here either."""
    modules: tuple[str, ...] = ()
    """Environment modules of the site, loaded before those of the environment, which precede them on `PATH`."""


@dataclass(frozen=True, slots=True)
class ReanaAccess:
    """Access to a REANA server in the user's name. It may be written to `JobScript.files` only."""

    server: str
    access_token: str = field(repr=False)
    takes_header: bool = False
    """True if the token can be sent in a header, and need not be part of URLs."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """The job that a job type writes a script for."""

    job_id: int
    key: str
    secret: str = field(repr=False)
    """The job's secret (32 random bytes, URL-safe base64). It stays in the server: sessions get a `derive`d one."""
    account: SystemAccount
    workspace: Path
    """The path of the workspace on the resource: the working directory of the script."""
    job_directory: Path
    """The job's own directory, mode 0700, owned by the user; holds `JobScript.files`."""
    resource: str
    base_path: str
    """The path prefix of the session, with a slash at both ends: `/passthrough/local/12/`."""
    limits: Limits
    origin: str = ""
    """The usual origin of the session (`http://s12.localhost:8000`); a browser may use another name."""
    reana: ReanaAccess | None = None
    environment: WorkspaceEnvironment | None = None
    """The environment on the script's `PATH` (see `environments.activation`); None: no environment."""

    def derive(self, purpose: str) -> str:
        """Return a secret for one purpose; it reveals neither the job's secret nor those of other purposes."""
        made = hmac.digest(self.secret.encode(), f"job:{purpose}".encode(), "sha256")
        return urlsafe_b64encode(made).decode().rstrip("=")


class PreparationState(StrEnum):
    """The state of a job type's preparation."""

    READY = "ready"
    IN_PROGRESS = "in progress"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Preparation:
    """The state of what a job type builds once per configuration (a Python environment), and a message for users."""

    state: PreparationState
    message: str = ""
