"""What an operator may say about a web application: `available_job_types.<id>` in `config.json`."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from user_workspaces.environment_store.options import Module, PythonVersion, Requirement
from user_workspaces.interfaces.job_type import JobParameters
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.plugins.job_type.web_application import placeholders

LARGEST_FILE = 256 * 1024
NOT_TO_BE_STRIPPED = ("connection", "content-length", "host", "origin", "transfer-encoding", "upgrade")


class Listen(StrEnum):
    """Where the application listens."""

    SOCKET = "socket"
    PORT = "port"
    ISOLATED = "isolated"


class Base(StrEnum):
    """What the application sees of the path that its session is served below."""

    NONE = "none"
    KEEP = "keep"
    STRIP = "strip"


def _text(text: str) -> str:
    if mistake := placeholders.mistake_in(text, placeholders.ALL):
        raise ValueError(mistake)
    return text


def _page(text: str) -> str:
    if mistake := placeholders.mistake_in(text, placeholders.OF_PAGES):
        raise ValueError(mistake)
    return text


def _ready_page(text: str) -> str:
    if mistake := placeholders.mistake_in(text, placeholders.OF_BASE):
        raise ValueError(mistake)
    return text


def _path(text: str) -> str:
    """Accept a path that stays below the folder it begins in."""
    parts = text.split("/")
    if text.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"{text!r} is no path below a folder, such as apps/first.py")
    return text


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("at least the program is needed")
    return words


def _header(text: str) -> str:
    name = text.lower()
    if name in NOT_TO_BE_STRIPPED or name.startswith("sec-websocket-"):
        raise ValueError(f"{text!r} is needed for the connection itself")
    return name


def _variable(text: str) -> str:
    if text.startswith("UWS_"):
        raise ValueError(f"{text!r}: names that begin with UWS_ are the server's")
    return text


NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=4000), AfterValidator(_text)]
Command = Annotated[tuple[Text, ...], AfterValidator(_command)]
Content = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=LARGEST_FILE), AfterValidator(_text)]
Address = Annotated[str, StringConstraints(pattern=r"^/([!-.0-~][!-~]*)?$", max_length=1000)]
Page = Annotated[Address, AfterValidator(_page)]
ReadyPage = Annotated[Address, AfterValidator(_ready_page)]
RelativePath = Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=1000), AfterValidator(_path)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_variable)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$"), AfterValidator(_header)]
# No leading "-": it would be read as an option of the installer.
NodePackage = Annotated[str, StringConstraints(pattern=r"^[@A-Za-z0-9][A-Za-z0-9@._/~^-]*$", max_length=200)]
SystemPackage = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$", max_length=100)]
Glob = Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=200)]


class Packages(PluginOptions):
    """What an application needs beside the files of its entry."""

    pip: tuple[Requirement, ...] = ()
    """Python packages: requirements, or paths of wheels (they hold a `/`)."""
    npm: tuple[NodePackage, ...] = ()
    """Node packages, installed into the folder `npm` of the environment."""
    apt: tuple[SystemPackage, ...] = ()
    """Packages of the system. They are looked for and named to the administrator, never installed."""


class Application(PluginOptions):
    """How one web application is started, and how the proxy leads to it."""

    command: Command
    listen: Listen = Listen.SOCKET
    base: Base = Base.NONE
    base_args: tuple[Text, ...] = ()
    command_tail: tuple[Text, ...] = ()
    env: dict[Variable, Text] = Field(default_factory=dict)
    files: dict[RelativePath, Content] = Field(default_factory=dict)
    packages: Packages = Packages()
    asks_file: Glob = ""
    ready: ReadyPage = "/"
    ready_s: int = Field(default=60, ge=1, le=3600)
    open: Page = "/"
    strip_headers: tuple[Header, ...] = ()

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        for text in self._texts():
            for name in placeholders.named_in(text):
                if reason := self._objection(name):
                    raise ValueError(f"{{{name}}} {reason}")
        return self

    def _texts(self) -> Iterator[str]:
        yield from (*self.command, *self.base_args, *self.command_tail, self.ready, self.open)
        yield from (*self.env.values(), *self.files.values())

    def _objection(self, name: str) -> str:
        if name in placeholders.OF_FILES and not self.asks_file:
            return "needs asks_file: nothing else says which file it is"
        if name == "port" and self.listen is Listen.SOCKET:
            return "goes with listen 'port' and 'isolated', not with 'socket'"
        if name == "socket" and self.listen is not Listen.SOCKET:
            return f"goes with listen 'socket', not with {self.listen.value!r}: the server makes the socket itself"
        if name == "env" and not (self.packages.pip or self.packages.npm):
            return "needs packages.pip or packages.npm: without them there is no environment"
        return ""


class ResourceDetails(PluginOptions):
    """What is particular to one resource. The keys are those of `JupyterLabJob`, whose entries are read as well."""

    module_manager: Literal["virtualenv", "lmod", "tar"] = "virtualenv"
    python_version: PythonVersion | None = None
    """Of the application's environment; None: that of the server, where users can reach it, else a newer one."""
    modules: tuple[Module, ...] = ()
    """Loaded with `module load`, in this order, before the application starts."""
    python_packages: tuple[Requirement, ...] = ()
    """Beside `application.packages.pip`."""
    tar_file_path: Path | None = None
    """Not used."""
    environment_name: str = Field(default="", max_length=60)
    """What users read while it is prepared; empty: the id of the job type."""
    time_limit: int = Field(default=30, ge=1, le=24 * 60)
    """Minutes that the preparation may take."""
    message_limit_mb: int = Field(default=100, ge=10, le=2000)
    """Not used."""


class WebApplicationOptions(PluginOptions):
    """One application, and where it is offered."""

    environment_details: dict[str, ResourceDetails] = Field(default_factory=dict)
    """The resources that it is offered on; empty: all."""
    application: Application | None = None
    """None: nothing can be launched yet."""


class WebApplicationParameters(JobParameters):
    """What a launch may say."""

    file: Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=1000)] = ""
    """A file of the workspace, relative to it; empty: none."""

    @model_validator(mode="after")
    def _stay_in_the_workspace(self) -> Self:
        if self.file:
            _path(self.file)
        return self
