"""The options of a web application: `available_job_types.<id>` in `config.json`."""

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
    """The kind of address that the application listens on."""

    SOCKET = "socket"
    PORT = "port"
    ISOLATED = "isolated"


class Base(StrEnum):
    """The part of the session's base path that the application gets."""

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
    """Accept a relative path that does not leave its folder."""
    parts = text.split("/")
    if text.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"{text!r} is not a relative path such as apps/first.py")
    return text


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("the command must name a program")
    return words


def _header(text: str) -> str:
    name = text.lower()
    if name in NOT_TO_BE_STRIPPED or name.startswith("sec-websocket-"):
        raise ValueError(f"{text!r} is required for the connection and cannot be stripped")
    return name


def _variable(text: str) -> str:
    if text.startswith("UWS_"):
        raise ValueError(f"{text!r}: names that begin with UWS_ are reserved for the server")
    return text


NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=4000), AfterValidator(_text)]
Command = Annotated[tuple[Text, ...], AfterValidator(_command)]
Content = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=LARGEST_FILE), AfterValidator(_text)]
# No second slash at the start: browsers read "//name" as another host.
Address = Annotated[str, StringConstraints(pattern=r"^/([!-.0-~][!-~]*)?$", max_length=1000)]
Page = Annotated[Address, AfterValidator(_page)]
ReadyPage = Annotated[Address, AfterValidator(_ready_page)]
RelativePath = Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=1000), AfterValidator(_path)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_variable)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$"), AfterValidator(_header)]
# No leading "-": the installer would read it as an option.
NodePackage = Annotated[str, StringConstraints(pattern=r"^[@A-Za-z0-9][A-Za-z0-9@._/~^-]*$", max_length=200)]
SystemPackage = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$", max_length=100)]
Glob = Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=200)]


class Packages(PluginOptions):
    """The packages of an application."""

    pip: tuple[Requirement, ...] = ()
    """Python packages: requirements, or paths of wheels (which contain a `/`)."""
    npm: tuple[NodePackage, ...] = ()
    """Node packages, installed into the folder `npm` of the environment."""
    apt: tuple[SystemPackage, ...] = ()
    """System packages. The server checks for them and reports missing ones; it never installs them."""


class Application(PluginOptions):
    """The start of a web application, and how the proxy serves it."""

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
            return "requires asks_file, which selects the file"
        if name == "port" and self.listen is Listen.SOCKET:
            return "requires listen 'port' or 'isolated', not 'socket'"
        if name == "socket" and self.listen is not Listen.SOCKET:
            return f"requires listen 'socket', not {self.listen.value!r}, for which the server creates the socket"
        if name == "env" and not (self.packages.pip or self.packages.npm):
            return "requires packages.pip or packages.npm, without which there is no environment"
        return ""


class ResourceDetails(PluginOptions):
    """The details of one resource. The keys are those of `JupyterLabJob`, so that its entries can be reused."""

    module_manager: Literal["virtualenv", "lmod", "tar"] = "virtualenv"
    python_version: PythonVersion | None = None
    """The application's Python; None: the server's version if users can execute it, else a newer one."""
    modules: tuple[Module, ...] = ()
    """Loaded with `module load`, in this order, before the application starts."""
    python_packages: tuple[Requirement, ...] = ()
    """Installed in addition to `application.packages.pip`."""
    tar_file_path: Path | None = None
    """Accepted and ignored."""
    environment_name: str = Field(default="", max_length=60)
    """The name that users see during the preparation; empty: the ID of the job type."""
    time_limit: int = Field(default=30, ge=1, le=24 * 60)
    """Time limit of the preparation, in minutes."""
    message_limit_mb: int = Field(default=100, ge=10, le=2000)
    """Accepted and ignored."""


class WebApplicationOptions(PluginOptions):
    """An application, and the resources that offer it."""

    environment_details: dict[str, ResourceDetails] = Field(default_factory=dict)
    """The resources that offer it; empty: all."""
    application: Application | None = None
    """None: not configured, so it cannot be launched."""


class WebApplicationParameters(JobParameters):
    """The parameters of a launch."""

    file: Annotated[str, StringConstraints(pattern=NO_CONTROL, max_length=1000)] = ""
    """A file of the workspace, relative to it; empty: none."""

    @model_validator(mode="after")
    def _stay_in_the_workspace(self) -> Self:
        if self.file:
            _path(self.file)
        return self
