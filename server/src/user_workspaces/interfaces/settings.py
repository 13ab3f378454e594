"""What the operator decided, as frozen values: the part of the configuration that is not a plug-in's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

JOB_TYPE_OF_RUNS = "reana_workflow"
"""What the runs of workflows are, as jobs: no list offers it."""

JOB_TYPE_OF_BUILDS = "environment_build"
"""The job type that builds conda environments and R libraries; no list offers it."""


class UserSearch(StrEnum):
    """Whom people find when they search others to share with."""

    ALL = "all"
    GROUPS = "groups"
    EXACT = "exact"
    """Only who has the very user name or e-mail address that was typed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a launch may ask for; `raw` is what `GET /parameters/` answers, as it was written."""

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
    """A storage's place in the site."""

    name: str
    user_authentication: str


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """A resource's place in the site."""

    name: str
    storage: str
    user_authentication: str
    passthrough_domain: str
    """Sessions get the origin `s<job id>.<passthrough domain>`; empty: they are served by path."""
    parameter_mapping: Mapping[str, str]
    """From a parameter's `variable_name` to `num_cpus`, `memory_mb` or `time_limit_min`."""
    container_runtime: str = "none"
    """Which of the container runtimes takes the steps of workflows into their containers here."""


@dataclass(frozen=True, slots=True)
class JobTypeSettings:
    """A job type's place in the site."""

    name: str
    offered: bool | None = None
    """Whether the portal's pages offer it; None: where it is an application that people open."""
    icon: str = "app"
    description: str = ""
    opens: tuple[str, ...] | None = None
    """Patterns of the names of files that it opens; None: all, where its sessions have a page for a file."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, and who the mail comes from."""

    host: str
    port: int
    from_address: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"
    """`none`, `starttls`, or `tls` (from the first byte on)."""


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """What everybody may have for whom nothing else is said; None: as much as they like."""

    disk_gb: Decimal | None = None
    """Of 1024 x 1024 x 1024 bytes."""
    core_hours: Decimal | None = None
    core_hours_period: timedelta = timedelta(days=30)
    """Core hours count for so long after the end of their job."""
    running_sessions: int | None = None
    contact: str = ""
    """Whom to ask for more."""


@dataclass(frozen=True, slots=True)
class WorkflowSettings:
    """How workflows run."""

    resource: str = ""
    """Where they run, when nothing else is said; empty: on the main resource."""
    runs_at_once: int | None = 4
    """So many of all people run at a time, the others wait in their order; None: as many as come."""
    queued_per_user: int | None = 100
    """So many runs of one person wait in the queue, and so many are made and not started; None: as many as come."""
    requests_per_second: int | None = 20
    """So many requests of one person (without a token: of one address) their API answers; None: all."""
    reana_elsewhere: tuple[str, ...] = ("https://*",)
    """Patterns of the addresses of which people may store a REANA of their own; empty: of none."""


@dataclass(frozen=True, slots=True)
class Branding:
    """Whose server this is, as pages, mails and the description of the API say it; everything may be empty."""

    name: str = ""
    logo_url: str = ""
    logo: bytes = field(default=b"", repr=False)
    """The content of the logo's file, served by the portal."""
    logo_type: str = ""
    """Its media type."""
    contact: str = ""
    """A mail address or a URL."""
    terms_url: str = ""
    terms: str = field(default="", repr=False)
    """The terms of use as plain text, shown by the portal."""

    @property
    def contact_url(self) -> str:
        """Where a link to the contact leads."""
        return f"mailto:{self.contact}" if "://" not in self.contact and self.contact else self.contact


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many attempts in a window, which begins with the first of them."""

    attempts: int
    window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How often credentials may be tried, see `accounts.sign_in`. What turns out good is not counted."""

    tokens_per_address: RateLimit = RateLimit(20)
    tokens_per_client: RateLimit = RateLimit(100)
    """Refusals of a client that holds a good client token; its addresses are not counted."""
    log_ins_per_address: RateLimit = RateLimit(20)
    log_ins_per_account: RateLimit = RateLimit(10)
    """From one address, and from all together that the account never logged in from."""
    redirects_per_address: RateLimit = RateLimit(600)
    """Log-ins at another site begun and not finished; each is a row for ten minutes."""


@dataclass(frozen=True, slots=True)
class SessionPorts:
    """The ports on which sessions may have origins of their own."""

    numbers: range = range(0)
    """Empty: no session gets a port."""
    are_required: bool = False
    """The operator has named them: a session without a host of its own gets a port, and is never served by path."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """All of it."""

    api_user_authentication: str
    main_storage: str
    main_resource: str
    storages: Mapping[str, StorageSettings]
    resources: Mapping[str, ResourceSettings]
    job_types: Mapping[str, JobTypeSettings]
    parameters: tuple[Parameter, ...]
    base_url: str
    """Where browsers reach this server, without a slash at the end."""
    public_url: str = ""
    """`base_url` where the operator has set it; empty: it was guessed."""
    token_lifetime: timedelta = timedelta(days=90)
    session_startup: timedelta = timedelta(minutes=3)
    """A session that has not answered for this long after its start has failed."""
    session_ports: SessionPorts = SessionPorts()
    any_ip_address: bool = False
    """Whether the portal answers under every IP address: it listens on the network and has no address of its own."""
    allow_administrators_beside_sessions: bool = False
    """Whether administrators may log in although sessions share the portal's origin."""
    cors_allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of web servers in front of this one, whose `X-Forwarded-For` and `-Proto` are believed."""
    connections_per_address: int | None = 1000
    """So many connections of one address at once; None: as many as there may be of all."""
    mail: MailSettings | None = None
    """None: no mail is sent."""
    branding: Branding = Branding()
    quotas: QuotaSettings = QuotaSettings()
    workflows: WorkflowSettings = WorkflowSettings()
    rate_limits: RateLimits = RateLimits()
    user_search: UserSearch = UserSearch.ALL
    environments: Mapping[str, str] = field(default_factory=dict)
    """The name for people of each environment that launches can choose."""
    user_authentications: Mapping[str, str] = field(default_factory=dict)
    """The name for people of each way to sign in."""
    source: str = field(default="")
    """Where it was read from, for messages."""

    @property
    def path_mode_resources(self) -> tuple[str, ...]:
        """The resources whose sessions are served by path, and so share the portal's origin."""
        if self.session_ports.are_required:
            return ()
        return tuple(name for name, resource in self.resources.items() if not resource.passthrough_domain)
