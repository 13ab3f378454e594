"""Immutable values of the client's API; sizes are bytes, times are UTC (ISO 8601, `Z`)."""

from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"

ENDED = frozenset({"finished", "failed", "stopped", "deleted"})
STATUSES = frozenset({"created", "queued", "pending", "running"}) | ENDED


@dataclass(frozen=True)
class Credentials:
    """Server and token; `ca_file` has additional CA certificates to trust ('': none).

    `takes_header`: the server accepts the token in a header, which keeps it out of URLs.
    """

    server: str
    access_token: str = field(repr=False)  # logs and tracebacks may show the repr
    ca_file: str = ""
    takes_header: bool = False


@dataclass(frozen=True)
class Capabilities:
    """Features beyond REANA 0.9: specifications as bundles, sharing of runs."""

    bundles: bool = False
    sharing: bool = False


@dataclass(frozen=True)
class RunName:
    """`hello.1.1` is run `1.1` of workflow `hello`: names contain no dots."""

    name: str
    run: str

    @classmethod
    def parse(cls, text: str) -> "RunName":
        """Split at the first dot; without a dot the run is ''."""
        name, _, run = text.partition(".")
        return cls(name, run)

    def __str__(self) -> str:
        return f"{self.name}.{self.run}" if self.run else self.name


@dataclass(frozen=True)
class Workflow:
    """One run; `size` is -1 and `owner_email` is '' if REANA does not report them."""

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
    """A file of a run's workspace; `name` is its path."""

    name: str
    last_modified: str | None
    size: int


@dataclass(frozen=True)
class FilePage:
    """A page of a workspace's files, in REANA's order."""

    items: tuple[WorkspaceFile, ...]
    total: int
    page: int
    has_next: bool
    has_prev: bool


@dataclass(frozen=True)
class Quota:
    """A quota: CPU time in milliseconds or disk in bytes; `limit` 0 is unlimited."""

    usage: int
    limit: int
    usage_text: str
    limit_text: str
    health: str


@dataclass(frozen=True)
class User:
    """The user of the token; the token that REANA's response repeats is omitted."""

    email: str
    full_name: str
    version: str
    quota: dict[str, Quota]


@dataclass(frozen=True)
class Created:
    """A created run; `warnings` are the server's about its specification."""

    id: str
    name: RunName
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Progress of a transfer; `bytes_total` is -1 while unknown."""

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = -1
    current: str = ""
