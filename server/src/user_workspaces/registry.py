"""Builds the configured plug-ins from entry points, once per process."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.interfaces.environment_plugin import Environment
from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.resource import Resource
from user_workspaces.interfaces.settings import ServerSettings
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.user_authentication import UserAuthentication
from user_workspaces.interfaces.values import Client, PluginContext
from user_workspaces.interfaces.workflow_engine import WorkflowEngine

Kind = TypeVar("Kind", bound=Plugin)


class PluginKind(StrEnum):
    """The kinds of plug-ins; the value is the last part of the entry point group's name."""

    USER_AUTHENTICATION = "user_authentication"
    STORAGE = "storage"
    RESOURCE = "resource"
    JOB_TYPE = "job_type"
    WORKFLOW_ENGINE = "workflow_engine"
    CONTAINER_RUNTIME = "container_runtime"
    ENVIRONMENT = "environment"


BASES: dict[PluginKind, type] = {
    PluginKind.USER_AUTHENTICATION: UserAuthentication,
    PluginKind.STORAGE: Storage,
    PluginKind.RESOURCE: Resource,
    PluginKind.JOB_TYPE: JobType,
    PluginKind.WORKFLOW_ENGINE: WorkflowEngine,
    PluginKind.CONTAINER_RUNTIME: ContainerRuntime,
    PluginKind.ENVIRONMENT: Environment,
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A plug-in of the configuration; `key_path` is its location there."""

    kind: PluginKind
    name: str
    type_name: str
    options: dict[str, object] = field(repr=False)
    key_path: str


def callback_url(base_url: str, authentication: str) -> str:
    """Return the URL of the portal to which an identity provider redirects after a login."""
    return f"{base_url}/login/with/{authentication}/done/"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The services and folders that all plug-ins get from the composition root."""

    data_dir: Path
    runtime_dir: Path
    find_client: Callable[[str], Client | None]
    remember: Callable[[str, str, int], None] | None = None
    recall: Callable[[str], str | None] | None = None
    base_url: str = ""
    """The address of the portal; empty without a portal."""
    accounts: Callable[[str], Iterable[tuple[str, int]]] | None = None
    """Returns names and uids of the system accounts of an authentication."""

    def context_of(self, declaration: "Declaration") -> PluginContext:
        """Return the context of a plug-in, which stores and reads only its own values."""
        context = PluginContext(
            name=declaration.name,
            base_dir=self.data_dir,
            data_dir=self.data_dir / declaration.kind.value / declaration.name,
            runtime_dir=self.runtime_dir,
            find_client=self.find_client,
        )
        remember, recall, own = self.remember, self.recall, f"{declaration.kind.value}.{declaration.name}:"
        if remember and recall:
            context = replace(
                context,
                remember=lambda key, value, seconds: remember(own + key, value, seconds),
                recall=lambda key: recall(own + key),
            )
        if self.accounts and declaration.kind is PluginKind.USER_AUTHENTICATION:
            context = replace(context, accounts=partial(self.accounts, declaration.name))
        if self.base_url and declaration.kind is PluginKind.USER_AUTHENTICATION:
            context = replace(context, callback_url=callback_url(self.base_url, declaration.name))
        if declaration.kind is PluginKind.RESOURCE:
            context = replace(context, server_url=self.base_url)
        return context


class Instances(Generic[Kind]):
    """The configured plug-ins of one kind, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Kind] = {}

    def add(self, name: str, plugin: Kind) -> None:
        """Add a plug-in."""
        self._by_name[name] = plugin

    def get(self, name: str) -> Kind:
        """Return a plug-in; raises `InvalidRequest` for a name that is not configured."""
        try:
            return self._by_name[name]
        except KeyError:
            raise InvalidRequest(f"{name} is not configured on this server.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def items(self) -> list[tuple[str, Kind]]:
        """Return all names and plug-ins, in the order of the configuration."""
        return list(self._by_name.items())


class Registry:
    """All configured plug-ins."""

    def __init__(self) -> None:
        self.user_authentications: Instances[UserAuthentication] = Instances()
        self.storages: Instances[Storage] = Instances()
        self.resources: Instances[Resource] = Instances()
        self.job_types: Instances[JobType] = Instances()
        self.workflow_engines: Instances[WorkflowEngine] = Instances()
        self.container_runtimes: Instances[ContainerRuntime] = Instances()
        self.environments: Instances[Environment] = Instances()
        self.declarations: list[Declaration] = []

    def add(self, declaration: Declaration, plugin: Plugin) -> None:
        """Add a plug-in under its configured name."""
        match plugin:
            case UserAuthentication():
                self.user_authentications.add(declaration.name, plugin)
            case Storage():
                self.storages.add(declaration.name, plugin)
            case Resource():
                self.resources.add(declaration.name, plugin)
            case JobType():
                self.job_types.add(declaration.name, plugin)
            case WorkflowEngine():
                self.workflow_engines.add(declaration.name, plugin)
            case ContainerRuntime():
                self.container_runtimes.add(declaration.name, plugin)
            case Environment():
                self.environments.add(declaration.name, plugin)
            case _:
                raise ConfigurationError(f"{declaration.key_path}: {declaration.type_name} is of no known kind")
        self.declarations.append(declaration)

    def find(self, kind: PluginKind, name: str) -> Plugin:
        """Return a configured plug-in of any kind."""
        instances: dict[PluginKind, Callable[[str], Plugin]] = {
            PluginKind.USER_AUTHENTICATION: self.user_authentications.get,
            PluginKind.STORAGE: self.storages.get,
            PluginKind.RESOURCE: self.resources.get,
            PluginKind.JOB_TYPE: self.job_types.get,
            PluginKind.WORKFLOW_ENGINE: self.workflow_engines.get,
            PluginKind.CONTAINER_RUNTIME: self.container_runtimes.get,
            PluginKind.ENVIRONMENT: self.environments.get,
        }
        return instances[kind](name)


@cache
def installed(kind: PluginKind) -> dict[str, EntryPoint]:
    """Return the installed types of a kind by the name that the configuration uses."""
    return {point.name: point for point in entry_points(group=f"user_workspaces.{kind.value}")}


def build(declarations: Iterable[Declaration], surroundings: Surroundings) -> Registry:
    """Build all configured plug-ins; raises `ConfigurationError` with one line for each mistake."""
    registry, mistakes = Registry(), list[str]()
    for declaration in declarations:
        try:
            registry.add(declaration, _build_one(declaration, surroundings))
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return registry


def _build_one(declaration: Declaration, surroundings: Surroundings) -> Plugin:
    plugin_type = _load(declaration)
    try:
        options = plugin_type.Options.model_validate_json(json.dumps(declaration.options))
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(declaration.key_path, error))) from None
    try:
        return plugin_type(surroundings.context_of(declaration), options)
    except ConfigurationError as error:
        raise ConfigurationError(f"{declaration.key_path}: {error}") from None


def _load(declaration: Declaration) -> type[Plugin]:
    points = installed(declaration.kind)
    if declaration.type_name not in points:
        raise ConfigurationError(
            f"{declaration.key_path}: {declaration.type_name!r} is not installed; "
            f"installed are {', '.join(sorted(points))}"
        )
    point = points[declaration.type_name]
    try:
        loaded: object = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{declaration.key_path}: {point.value} cannot be loaded: {error}") from None
    if isinstance(loaded, type) and issubclass(loaded, Plugin) and issubclass(loaded, BASES[declaration.kind]):
        return loaded
    raise ConfigurationError(f"{declaration.key_path}: {point.value} is not a {BASES[declaration.kind].__name__}")


def _explain(key_path: str, error: ValidationError) -> list[str]:
    return [
        f"{'.'.join([key_path, *(str(part) for part in problem['loc'])])}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False)
    ]


@dataclass(slots=True)
class _Process:
    """The configuration of this process."""

    registry: Registry | None = None
    site: ServerSettings | None = None


_process = _Process()


def install(registry: Registry, site: ServerSettings) -> None:
    """Set the plug-ins and the settings of the process; called by the composition root and by tests."""
    _process.registry, _process.site = registry, site


def current() -> Registry:
    """Return the plug-ins of the process; raises `ConfigurationError` before they are built."""
    if _process.registry is None:
        raise ConfigurationError("The configuration is not loaded or is invalid. See the messages at startup.")
    return _process.registry


def advice() -> list[str]:
    """Return advice for operators on accounts and sessions, for the start of a process; one line each."""
    health = (plugin.check() for _, plugin in current().user_authentications.items())
    return [*(one.advice for one in health if one.advice), *session_advice()]


def session_advice() -> list[str]:
    """Return missing parts of sessions and how to install them; sends no requests, so it never hangs."""
    health = ((name, plugin.check()) for name, plugin in current().job_types.items())
    return [f"{name}: {one.advice}" for name, one in health if one.advice]


def site() -> ServerSettings:
    """Return the settings of the server; raises `ConfigurationError` before they are loaded."""
    if _process.site is None:
        raise ConfigurationError("The configuration is not loaded or is invalid. See the messages at startup.")
    return _process.site
