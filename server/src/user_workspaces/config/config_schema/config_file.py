"""The schema of `config.json`."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from user_workspaces.client_address import read_network
from user_workspaces.config.config_schema.branding import SiteEntry
from user_workspaces.config.config_schema.quotas import QuotasEntry
from user_workspaces.config.config_schema.site import MailEntry, RateLimitsEntry
from user_workspaces.config.config_schema.workflows import WorkflowsEntry
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.environment import BASE, OF_CONDA, OF_R, REMOVED
from user_workspaces.interfaces.settings import JobTypeSettings, Parameter

NUMBERS = ("int", "float")
HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def _address(text: str) -> str:
    """Accept `http(s)://host[:port]` with an optional trailing slash; paths are not supported."""
    try:
        parts = urlsplit(text)
        whole = parts.port != 0 and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        whole = False
    # `urlsplit` does not show an empty query.
    if not whole or parts.path.strip("/") or parts.query or parts.fragment or parts.username or text.endswith("?"):
        raise ValueError(f"{text!r} is not an address like https://workspaces.example.org or http://10.0.0.1:8000")
    return text.rstrip("/")


def _domain(text: str) -> str:
    found = text.strip(".").lower()
    if not HOST_NAME.fullmatch(found):
        raise ValueError(f"{text!r} is not a host name: sessions are reached as s<number>.<this name>")
    return found


def _proxy(text: str) -> str:
    """Accept networks that `client_address` can parse, so that a typing error does not change what is trusted."""
    read_network(text)
    return text


def _environment(text: str) -> str:
    if text in (BASE, OF_R) or text.startswith((OF_CONDA, REMOVED)):
        raise ValueError(f"{text!r} is reserved: the server uses this folder in each workspace. Choose another name")
    return text


# An id is a part of file paths and of addresses.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=100)]
# Also the name of a folder in each workspace.
EnvironmentId = Annotated[Id, AfterValidator(_environment)]
Address = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Proxy = Annotated[str, AfterValidator(_proxy)]
# Matches the file name alone, in any folder.
FilePattern = Annotated[str, StringConstraints(pattern=r"^[^/\x00-\x1f\x7f]+$", max_length=200)]
Icon = Literal[
    "app", "notebook", "code", "chart", "terminal", "desktop", "r", "table", "dashboard", "flask", "people"
]  # fmt: skip
Details = Annotated[dict[str, Any], Field(default_factory=dict)]


class _Strict(BaseModel):
    # A misspelled key must not be ignored silently.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class UserAuthenticationEntry(_Strict):
    """A user authentication."""

    name: str
    user_authentication_type: str
    connection_details: Details


class StorageEntry(_Strict):
    """A storage of workspaces."""

    name: str
    storage_type: str
    user_authentication: str
    root_dir: str
    connection_details: Details


class ResourceEntry(_Strict):
    """A resource that runs jobs."""

    name: str
    resource_type: str
    storage: str
    user_authentication: str
    passthrough_domain: Domain | Literal[""] = ""
    connection_details: Details
    parameter_mapping: dict[str, str] = Field(default_factory=dict)
    container_runtime: str = ""


class JobTypeEntry(_Strict):
    """A job type."""

    name: str
    job_type: str
    offered: bool | None = None
    icon: Icon = "app"
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    opens: tuple[FilePattern, ...] | None = Field(default=None, max_length=50)
    environment_details: dict[str, dict[str, Any]] = Field(default_factory=dict)
    application: dict[str, Any] | None = None

    def value(self) -> JobTypeSettings:
        """Return the value object for the rest of the server."""
        return JobTypeSettings(
            name=self.name, offered=self.offered, icon=self.icon, description=self.description, opens=self.opens
        )


class EnvironmentEntry(_Strict):
    """An environment that can be chosen at a launch."""

    name: str
    environment_type: str = "PythonEnvironment"
    environment_details: dict[str, dict[str, Any]] = Field(default_factory=dict)


class ContainerRuntimeEntry(_Strict):
    """A container runtime for workflow steps."""

    name: str
    container_runtime_type: str
    options: Details


NO_CONTAINERS = ContainerRuntimeEntry(name="No containers", container_runtime_type="NoContainerRuntime", options={})


class ValidationEntry(_Strict):
    """The bounds of a parameter."""

    type: Literal["int", "float", "str", "bool"]
    min: float | None = None
    max: float | None = None
    required: bool = False

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.type not in NUMBERS and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max are for numbers, not for {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class ParameterEntry(_Strict):
    """One parameter of launches."""

    display_name: str
    description: str = ""
    variable_name: str
    default_value: str | bool | int | float | None = None
    validation: ValidationEntry
    aliases: tuple[str, ...] = ()

    def value(self, as_written: dict[str, Any]) -> Parameter:
        """Return the value object for the rest of the server."""
        return Parameter(
            variable_name=self.variable_name,
            type_name=self.validation.type,
            minimum=self.validation.min,
            maximum=self.validation.max,
            required=self.validation.required,
            default=self.default_value,
            aliases=self.aliases,
            raw=as_written,
        )


def _serial_alone() -> dict[str, dict[str, Any]]:
    return {"serial": {}}


class ConfigFile(_Strict):
    """The whole file."""

    api_user_authentication: str
    main_storage: str
    main_resource: str
    available_user_authentication: dict[Id, UserAuthenticationEntry]
    available_storage: dict[Id, StorageEntry]
    available_resources: dict[Id, ResourceEntry]
    available_job_types: dict[Id, JobTypeEntry]
    environments: dict[EnvironmentId, EnvironmentEntry] = Field(default_factory=dict)
    workflow_engines: dict[Id, dict[str, Any]] = Field(default_factory=_serial_alone)
    container_runtimes: dict[Id, ContainerRuntimeEntry] = Field(
        default_factory=lambda: {"none": NO_CONTAINERS}, min_length=1
    )
    parameters: tuple[ParameterEntry, ...] = ()
    base_url: Address | Literal[""] = ""
    allowed_hosts: tuple[str, ...] = ()
    allow_administrators_beside_sessions: bool = False
    cors_allowed_origins: tuple[Address, ...] = ()
    trusted_proxies: tuple[Proxy, ...] = ()
    connections_per_address: int | None = Field(default=1000, ge=16, le=1_000_000)
    mail: MailEntry | None = None
    rate_limits: RateLimitsEntry = Field(default_factory=RateLimitsEntry)
    user_search: Literal["all", "groups", "exact"] | None = None
    token_lifetime_days: int = Field(default=90, ge=1, le=3650)
    session_startup_seconds: int = Field(default=180, ge=1, le=86_400)
    site: SiteEntry = SiteEntry()
    quotas: QuotasEntry = QuotasEntry()
    workflows: WorkflowsEntry = WorkflowsEntry()


def parse(source: Path) -> tuple[ConfigFile, dict[str, Any]]:
    """Return the file's content, parsed and as written; raises `ConfigurationError` with a line per error.

    `config_checks` checks that its parts fit together.
    """
    try:
        text = source.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{source}: cannot be read: {error.strerror}") from None
    try:
        # It is parsed twice: pydantic accepts repeated keys, and only its JSON mode accepts arrays as strict tuples.
        written = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
        config = ConfigFile.model_validate_json(text)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(source, error))) from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{source}: not JSON: {error}") from None
    return config, written


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Reject a repeated key, of which JSON parsers silently keep only the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is repeated in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    # Python's parser accepts NaN and Infinity, which JSON does not have.
    raise ValueError(f"{name} is not a number in JSON")


def _explain(source: Path, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        # The parts that name a branch of a union (`function-after[...]`) are no keys of the file.
        keys = [str(part) for part in problem["loc"] if "[" not in str(part).removesuffix("[key]")]
        lines.append(f"{source}: {'.'.join(keys) + ': ' if keys else ''}{problem['msg']}")
    return lines
