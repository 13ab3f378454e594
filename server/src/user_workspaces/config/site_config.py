"""From `config.json` to values: a mistake in it is told with its key's path, and nothing starts."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from user_workspaces.config import env
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.site import JobTypeSite, Parameter, ResourceSite, Site, StorageSite
from user_workspaces.registry import Declaration, PluginKind

EMBEDDED_DEFAULT = Path(__file__).with_name("default_config.json")
STANDARD_OPTIONS = ("num_cpus", "memory_mb", "time_limit_min")

Details = Annotated[dict[str, Any], Field(default_factory=dict)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _UserAuthentication(_Strict):
    name: str
    user_authentication_type: str
    connection_details: Details


class _Storage(_Strict):
    name: str
    storage_type: str
    user_authentication: str
    root_dir: str
    connection_details: Details


class _Resource(_Strict):
    name: str
    resource_type: str
    storage: str
    user_authentication: str
    passthrough_domain: str = ""
    connection_details: Details
    parameter_mapping: dict[str, str] = Field(default_factory=dict)


class _JobType(_Strict):
    name: str
    job_type: str
    environment_details: dict[str, dict[str, Any]] = Field(default_factory=dict)


class _Validation(_Strict):
    type: Literal["int", "float", "str", "bool"]
    min: float | None = None
    max: float | None = None
    required: bool = False


class _Parameter(_Strict):
    display_name: str
    description: str = ""
    variable_name: str
    default_value: str | bool | int | float | None = None
    validation: _Validation
    aliases: tuple[str, ...] = ()


class _Config(_Strict):
    api_user_authentication: str
    main_storage: str
    main_resource: str
    available_user_authentication: dict[str, _UserAuthentication]
    available_storage: dict[str, _Storage]
    available_resources: dict[str, _Resource]
    available_job_types: dict[str, _JobType]
    parameters: tuple[_Parameter, ...] = ()
    base_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    cors_allowed_origins: tuple[str, ...] = ()
    token_lifetime_days: int = Field(default=90, ge=1, le=3650)
    session_startup_seconds: int = Field(default=180, ge=1, le=86_400)


def read(path: Path | None) -> tuple[Site, list[Declaration]]:
    """Return the site and the plug-ins to build; None: the embedded default. Raises `ConfigurationError`."""
    source = path or EMBEDDED_DEFAULT
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{source}: cannot be read: {error.strerror}") from None
    try:
        config = _Config.model_validate_json(raw)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(source, error))) from None
    problems = [f"{source}: {problem}" for problem in _dangling_names(config)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return _site(config, source, orjson.loads(raw)), _declarations(config)


def _explain(source: Path, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        key_path = ".".join(str(part) for part in problem["loc"])
        lines.append(f"{source}: {key_path + ': ' if key_path else ''}{problem['msg']}")
    return lines


def _dangling_names(config: _Config) -> list[str]:
    """Say which names point nowhere."""
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        ("api_user_authentication", config.api_user_authentication, config.available_user_authentication),
        ("main_storage", config.main_storage, config.available_storage),
        ("main_resource", config.main_resource, config.available_resources),
    ]
    for name, storage in config.available_storage.items():
        key = f"available_storage.{name}.user_authentication"
        wanted.append((key, storage.user_authentication, config.available_user_authentication))
    for name, resource in config.available_resources.items():
        key = f"available_resources.{name}"
        wanted.append((f"{key}.storage", resource.storage, config.available_storage))
        wanted.append(
            (f"{key}.user_authentication", resource.user_authentication, config.available_user_authentication)
        )
    problems = [
        f"{key}: {value!r} is not configured; there is {', '.join(there) or 'nothing'}"
        for key, value, there in wanted
        if value not in there
    ]
    return [*problems, *_wrong_mappings(config), *_wrong_environments(config)]


def _wrong_mappings(config: _Config) -> list[str]:
    return [
        f"available_resources.{name}.parameter_mapping.{variable}: {option!r} is none of {', '.join(STANDARD_OPTIONS)}"
        for name, resource in config.available_resources.items()
        for variable, option in resource.parameter_mapping.items()
        if option not in STANDARD_OPTIONS
    ]


def _wrong_environments(config: _Config) -> list[str]:
    return [
        f"available_job_types.{name}.environment_details.{resource}: there is no such resource"
        for name, job_type in config.available_job_types.items()
        for resource in job_type.environment_details
        if resource not in config.available_resources
    ]


def _site(config: _Config, source: Path, raw: dict[str, Any]) -> Site:
    return Site(
        api_user_authentication=config.api_user_authentication,
        main_storage=config.main_storage,
        main_resource=config.main_resource,
        storages={
            name: StorageSite(name=storage.name, user_authentication=storage.user_authentication)
            for name, storage in config.available_storage.items()
        },
        resources={name: _resource_site(resource) for name, resource in config.available_resources.items()},
        job_types={name: JobTypeSite(name=job_type.name) for name, job_type in config.available_job_types.items()},
        parameters=tuple(
            _parameter(parameter, as_written)
            for parameter, as_written in zip(config.parameters, raw.get("parameters", []), strict=True)
        ),
        base_url=config.base_url.rstrip("/") or env.base_url(),
        token_lifetime=timedelta(days=config.token_lifetime_days),
        session_startup=timedelta(seconds=config.session_startup_seconds),
        cors_allowed_origins=config.cors_allowed_origins,
        allowed_hosts=config.allowed_hosts,
        source=str(source),
    )


def _resource_site(resource: _Resource) -> ResourceSite:
    return ResourceSite(
        name=resource.name,
        storage=resource.storage,
        user_authentication=resource.user_authentication,
        passthrough_domain=resource.passthrough_domain.strip(".").lower(),
        parameter_mapping=resource.parameter_mapping or {option: option for option in STANDARD_OPTIONS},
    )


def _parameter(parameter: _Parameter, as_written: dict[str, Any]) -> Parameter:
    return Parameter(
        variable_name=parameter.variable_name,
        type_name=parameter.validation.type,
        minimum=parameter.validation.min,
        maximum=parameter.validation.max,
        required=parameter.validation.required,
        default=parameter.default_value,
        aliases=parameter.aliases,
        raw=as_written,
    )


def _declarations(config: _Config) -> list[Declaration]:
    found = [
        Declaration(
            PluginKind.USER_AUTHENTICATION,
            name,
            item.user_authentication_type,
            {"connection_details": item.connection_details},
            f"available_user_authentication.{name}",
        )
        for name, item in config.available_user_authentication.items()
    ]
    found += [
        Declaration(
            PluginKind.STORAGE,
            name,
            storage.storage_type,
            {"root_dir": storage.root_dir, "connection_details": storage.connection_details},
            f"available_storage.{name}",
        )
        for name, storage in config.available_storage.items()
    ]
    found += [
        Declaration(
            PluginKind.RESOURCE,
            name,
            resource.resource_type,
            {"connection_details": resource.connection_details},
            f"available_resources.{name}",
        )
        for name, resource in config.available_resources.items()
    ]
    found += [
        Declaration(
            PluginKind.JOB_TYPE,
            name,
            job_type.job_type,
            {"environment_details": job_type.environment_details},
            f"available_job_types.{name}",
        )
        for name, job_type in config.available_job_types.items()
    ]
    return found
