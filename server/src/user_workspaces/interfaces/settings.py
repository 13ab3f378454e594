"""The server's settings as frozen values: the configuration without the options of plug-ins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

JOB_TYPE_OF_RUNS = "reana_workflow"
"""The job type of workflow runs; users cannot launch it."""

JOB_TYPE_OF_BUILDS = "environment_build"
"""The job type that builds conda environments and R libraries; users cannot launch it."""


class UserSearch(StrEnum):
    """The users that a search for someone to share with finds."""

    ALL = "all"
    GROUPS = "groups"
    EXACT = "exact"
    """Only the user with exactly this user name or e-mail address."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A launch parameter; `raw` is its configuration, which `GET /parameters/` returns unchanged."""

    variable_name: str
    type_name: str
    """`int`, `float`, `str` or `bool`."""
    minimum: float | None
    maximum: float | None
    required: bool
    default: object
    aliases: tuple[str, ...]
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The settings of a storage."""

    name: str
    user_authentication: str


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """The settings of a resource."""

    name: str
    storage: str
    user_authentication: str
    passthrough_domain: str
    """Sessions get the origin `s<job id>.<passthrough domain>`; empty: they are served by path."""
    parameter_mapping: Mapping[str, str]
    """Maps a parameter's `variable_name` to `num_cpus`, `memory_mb` or `time_limit_min`."""
    container_runtime: str = "none"
    """The container runtime for the steps of workflows on this resource."""


@dataclass(frozen=True, slots=True)
class JobTypeSettings:
    """The settings of a job type."""

    name: str
    offered: bool | None = None
    """True if the portal offers it; None: if it is interactive."""
    icon: str = "app"
    description: str = ""
    opens: tuple[str, ...] | None = None
    """Name patterns of the files that it opens; None: all files, if its sessions have pages for files."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server and the sender's address."""

    host: str
    port: int
    from_address: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"
    """`none`, `starttls`, or `tls` (from the first byte on)."""


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """The default quotas of users; None: unlimited."""

    disk_gb: Decimal | None = None
    """In units of 2**30 bytes."""
    core_hours: Decimal | None = None
    core_hours_period: timedelta = timedelta(days=30)
    """Core hours count for this long after the end of their job."""
    running_sessions: int | None = None
    contact: str = ""
    """Contact for a larger quota."""


@dataclass(frozen=True, slots=True)
class WorkflowSettings:
    """Settings of workflow runs."""

    resource: str = ""
    """The default resource of runs; empty: the main resource."""
    runs_at_once: int | None = 4
    """Maximum of concurrent runs of all users, the others are queued; None: unlimited."""
    queued_per_user: int | None = 100
    """Maximum of queued runs per user, and of created runs that were not started; None: unlimited."""
    requests_per_second: int | None = 20
    """Rate limit of the REANA API per user (without a token: per address); None: unlimited."""
    reana_elsewhere: tuple[str, ...] = ("https://*",)
    """Patterns of the addresses of external REANA servers that users may connect; empty: none."""


@dataclass(frozen=True, slots=True)
class Branding:
    """The server's identity on pages, in mails and in the API description; each field may be empty."""

    name: str = ""
    logo_url: str = ""
    logo: bytes = field(default=b"", repr=False)
    """The logo's file content, served by the portal."""
    logo_type: str = ""
    """Its media type."""
    contact: str = ""
    """A mail address or a URL."""
    terms_url: str = ""
    terms: str = field(default="", repr=False)
    """The terms of use as plain text, shown by the portal."""

    @property
    def contact_url(self) -> str:
        """The URL of a link to the contact."""
        return f"mailto:{self.contact}" if "://" not in self.contact and self.contact else self.contact


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A maximum of attempts in a window, which starts with the first one."""

    attempts: int
    window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Limits for failed authentications, see `accounts.login`; successful ones are not counted."""

    tokens_per_address: RateLimit = RateLimit(20)
    tokens_per_client: RateLimit = RateLimit(100)
    """For rejected requests of a client with a valid client token, whose addresses are not counted."""
    log_ins_per_address: RateLimit = RateLimit(20)
    log_ins_per_account: RateLimit = RateLimit(10)
    """Per address, and for all addresses together that the account never logged in from."""
    redirects_per_address: RateLimit = RateLimit(600)
    """Pending logins at an external provider; each occupies a row for ten minutes."""


@dataclass(frozen=True, slots=True)
class SessionPorts:
    """The ports on which sessions can have origins of their own."""

    numbers: range = range(0)
    """Empty: no session gets a port."""
    are_required: bool = False
    """True if configured by the operator: sessions without their own host get a port, and are never served by path."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """All settings of the server."""

    api_user_authentication: str
    main_storage: str
    main_resource: str
    storages: Mapping[str, StorageSettings]
    resources: Mapping[str, ResourceSettings]
    job_types: Mapping[str, JobTypeSettings]
    parameters: tuple[Parameter, ...]
    base_url: str
    """The URL at which browsers reach this server, without a trailing slash."""
    public_url: str = ""
    """`base_url` if the operator set it; empty if it was guessed."""
    token_lifetime: timedelta = timedelta(days=90)
    session_startup: timedelta = timedelta(minutes=3)
    """A session that is not ready this long after its start has failed."""
    session_ports: SessionPorts = SessionPorts()
    any_ip_address: bool = False
    """True if the portal accepts every IP address as host: it listens on the network and has no configured address."""
    allow_administrators_beside_sessions: bool = False
    """True if administrators may log in although sessions share the portal's origin."""
    cors_allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies whose `X-Forwarded-For` and `-Proto` are trusted."""
    connections_per_address: int | None = 1000
    """Maximum of concurrent connections per address; None: limited by the total only."""
    mail: MailSettings | None = None
    """None: the server sends no mail."""
    branding: Branding = Branding()
    quotas: QuotaSettings = QuotaSettings()
    workflows: WorkflowSettings = WorkflowSettings()
    rate_limits: RateLimits = RateLimits()
    user_search: UserSearch = UserSearch.ALL
    environments: Mapping[str, str] = field(default_factory=dict)
    """Display names of the environments that launches can choose, by ID."""
    user_authentications: Mapping[str, str] = field(default_factory=dict)
    """Display names of the login methods, by ID."""
    source: str = field(default="")
    """The configuration's source, for messages."""

    @property
    def path_mode_resources(self) -> tuple[str, ...]:
        """The resources whose sessions are served by path and share the portal's origin."""
        if self.session_ports.are_required:
            return ()
        return tuple(name for name, resource in self.resources.items() if not resource.passthrough_domain)
