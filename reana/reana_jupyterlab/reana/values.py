"""The nouns of REANA that cross the client's border, frozen; sizes are bytes, times are UTC (ISO 8601, `Z`)."""

from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"

ENDED = frozenset({"finished", "failed", "stopped", "deleted"})
STATUSES = frozenset({"created", "queued", "pending", "running"}) | ENDED


@dataclass(frozen=True)
class Credentials:
    """Where REANA is and who asks; `ca_file` holds the certificates to trust beside the usual ones ('' = none).

    `takes_header`: it is one that takes the token in a header, so that no address holds it.
    """

    server: str
    access_token: str = field(repr=False)
    ca_file: str = ""
    takes_header: bool = False


@dataclass(frozen=True)
class Capabilities:
    """What this REANA can do beyond 0.9: take specifications as bundles, share runs."""

    bundles: bool = False
    sharing: bool = False


@dataclass(frozen=True)
class RunName:
    """`hello.1.1` is the workflow `hello`, its run `1.1`: a name never holds a dot."""

    name: str
    run: str

    @classmethod
    def parse(cls, text: str) -> "RunName":
        """Split at the first dot; without one there is a name and no run."""
        name, _, run = text.partition(".")
        return cls(name, run)

    def __str__(self) -> str:
        return f"{self.name}.{self.run}" if self.run else self.name


@dataclass(frozen=True)
class Workflow:
    """One run as the list shows it; `size` is -1 and `owner_email` '' where REANA does not say."""

    id: str
    name: RunName
    status: str
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    stopped_at: str | None
    finished_jobs: int
    failed_jobs: int
    total_jobs: int
    current_step: str | None = None
    current_command: str | None = None
    size: int = -1
    launcher_url: str | None = None
    session_uri: str | None = None
    owner_email: str = ""
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkflowPage:
    """A page of runs; `total` counts all pages."""

    items: tuple[Workflow, ...]
    total: int
    page: int
    has_next: bool
    has_prev: bool


@dataclass(frozen=True)
class WorkspaceFile:
    """A file of a run's workspace; `name` is its path there."""

    name: str
    last_modified: str | None
    size: int


@dataclass(frozen=True)
class FilePage:
    """A page of a workspace's files, in the order of REANA's walk."""

    items: tuple[WorkspaceFile, ...]
    total: int
    page: int
    has_next: bool
    has_prev: bool


@dataclass(frozen=True)
class Allowance:
    """A quota: processor time in milliseconds or disk in bytes; `limit` 0 is without limit."""

    usage: int
    limit: int
    usage_text: str
    limit_text: str
    health: str


@dataclass(frozen=True)
class User:
    """Whose token it is; the token that REANA's answer repeats is left out."""

    email: str
    full_name: str
    version: str
    quota: dict[str, Allowance]


@dataclass(frozen=True)
class Created:
    """A run that exists and has not been started; `warnings` are the server's about its specification."""

    id: str
    name: RunName
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a transfer is; `bytes_total` is -1 while it is not known."""

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = -1
    current: str = ""
