"""Loads `config.json`. Each error names the path of its key, and nothing starts until it is fixed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from user_workspaces import registry
from user_workspaces.config import env
from user_workspaces.config.config_checks import STANDARD_OPTIONS, mistakes_in
from user_workspaces.config.config_schema import config_file
from user_workspaces.config.config_schema.config_file import ConfigFile, ResourceEntry
from user_workspaces.config.config_schema.site import MailEntry
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import (
    JOB_TYPE_OF_BUILDS,
    JOB_TYPE_OF_RUNS,
    MailSettings,
    ResourceSettings,
    ServerSettings,
    StorageSettings,
    UserSearch,
)
from user_workspaces.registry import Declaration, PluginKind

OF_THIS_MACHINE = "LocalUserAuthentication"
EMBEDDED_DEFAULT = Path(__file__).with_name("default_config.json")


def read(path: Path | None) -> tuple[ServerSettings, list[Declaration]]:
    """Return the settings and the plug-ins to build; None: the embedded default. Raises `ConfigurationError`."""
    source = path or EMBEDDED_DEFAULT
    config, written = config_file.parse(source)
    mistakes = mistakes_in(config)
    if mistakes:
        raise ConfigurationError("\n".join(f"{source}: {mistake}" for mistake in mistakes))
    return _site(config, source, written), _declarations(config)


def site_warnings() -> list[str]:
    """Return warnings about the configuration, which are printed at each start."""
    resources = registry.site().path_mode_resources
    if not resources:
        return []
    may_log_in = registry.site().allow_administrators_beside_sessions
    return [
        f"Sessions on {', '.join(resources)} are served by path: they share the portal's origin, so their pages "
        "can act as the user who opens them. Set passthrough_domain or UWS_SESSION_PORTS to separate them. "
        + ("Administrators can still log in." if may_log_in else "Administrators cannot log in until then.")
    ]


def _site(config: ConfigFile, source: Path, written: dict[str, Any]) -> ServerSettings:
    return ServerSettings(
        api_user_authentication=config.api_user_authentication,
        main_storage=config.main_storage,
        main_resource=config.main_resource,
        storages={
            name: StorageSettings(name=storage.name, user_authentication=storage.user_authentication)
            for name, storage in config.available_storage.items()
        },
        resources={name: _resource_site(resource, config) for name, resource in config.available_resources.items()},
        job_types={name: entry.value() for name, entry in config.available_job_types.items()},
        parameters=tuple(
            parameter.value(as_written)
            for parameter, as_written in zip(config.parameters, written.get("parameters", []), strict=True)
        ),
        base_url=config.base_url or env.base_url(),
        public_url=config.base_url,
        branding=config.site.value(source=source, base_url=config.base_url),
        token_lifetime=timedelta(days=config.token_lifetime_days),
        session_startup=timedelta(seconds=config.session_startup_seconds),
        session_ports=env.session_ports(),
        any_ip_address=not config.base_url and env.listens_on_network(),
        allow_administrators_beside_sessions=config.allow_administrators_beside_sessions,
        cors_allowed_origins=config.cors_allowed_origins,
        trusted_proxies=config.trusted_proxies,
        connections_per_address=config.connections_per_address,
        rate_limits=config.rate_limits.value(),
        user_search=UserSearch(config.user_search) if config.user_search else _usual_search(config),
        environments={name: entry.name for name, entry in config.environments.items()},
        user_authentications={name: entry.name for name, entry in config.available_user_authentication.items()},
        allowed_hosts=config.allowed_hosts,
        mail=_mail_site(config.mail, source) if config.mail else None,
        quotas=config.quotas.value(contact=config.site.contact),
        workflows=config.workflows.value(main_resource=config.main_resource),
        source=str(source),
    )


def _usual_search(config: ConfigFile) -> UserSearch:
    """Return `all` if the operators know all users, `exact` with an external login provider."""
    types = {entry.user_authentication_type for entry in config.available_user_authentication.values()}
    return UserSearch.ALL if types <= {OF_THIS_MACHINE} else UserSearch.EXACT


def _resource_site(resource: ResourceEntry, config: ConfigFile) -> ResourceSettings:
    return ResourceSettings(
        name=resource.name,
        storage=resource.storage,
        user_authentication=resource.user_authentication,
        passthrough_domain=resource.passthrough_domain,
        parameter_mapping=resource.parameter_mapping or {option: option for option in STANDARD_OPTIONS},
        container_runtime=resource.container_runtime or next(iter(config.container_runtimes)),
    )


def _mail_site(mail: MailEntry, source: Path) -> MailSettings:
    password = env.mail_password()
    if mail.user and not password:
        raise ConfigurationError(f"{source}: mail.user: set the password of {mail.user!r} in UWS_MAIL_PASSWORD")
    return MailSettings(
        host=mail.host, port=mail.port, from_address=mail.from_address, user=mail.user, password=password, tls=mail.tls
    )


def _declarations(config: ConfigFile) -> list[Declaration]:
    """Return the plug-ins to build in the order of the file; each gets only its own part of it."""
    authentication, storage, resource = PluginKind.USER_AUTHENTICATION, PluginKind.STORAGE, PluginKind.RESOURCE
    job_type, container_runtime = PluginKind.JOB_TYPE, PluginKind.CONTAINER_RUNTIME
    found: list[Declaration] = []
    for name, who in config.available_user_authentication.items():
        options: dict[str, object] = {"connection_details": who.connection_details}
        key = f"available_user_authentication.{name}"
        found.append(Declaration(authentication, name, who.user_authentication_type, options, key))
    for name, where in config.available_storage.items():
        options = {"root_dir": where.root_dir, "connection_details": where.connection_details}
        found.append(Declaration(storage, name, where.storage_type, options, f"available_storage.{name}"))
    for name, machine in config.available_resources.items():
        options = {"connection_details": machine.connection_details}
        found.append(Declaration(resource, name, machine.resource_type, options, f"available_resources.{name}"))
    for name, what in config.available_job_types.items():
        options = {"environment_details": what.environment_details}
        options |= {} if what.application is None else {"application": what.application}
        found.append(Declaration(job_type, name, what.job_type, options, f"available_job_types.{name}"))
    for name, environment in config.environments.items():
        options = {"environment_details": environment.environment_details}
        key = f"environments.{name}"
        found.append(Declaration(PluginKind.ENVIRONMENT, name, environment.environment_type, options, key))
    options = {"environment_details": config.workflows.environment_details}
    found.append(Declaration(job_type, JOB_TYPE_OF_RUNS, "ReanaWorkflowJob", options, "workflows"))
    found.append(Declaration(job_type, JOB_TYPE_OF_BUILDS, "EnvironmentBuildJob", {}, JOB_TYPE_OF_BUILDS))
    for name, engine in config.workflow_engines.items():
        found.append(Declaration(PluginKind.WORKFLOW_ENGINE, name, name, engine, f"workflow_engines.{name}"))
    for name, how in config.container_runtimes.items():
        key = f"container_runtimes.{name}"
        found.append(Declaration(container_runtime, name, how.container_runtime_type, how.options, f"{key}.options"))
    return found
