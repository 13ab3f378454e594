"""What `config.json` may say of a `LocalResource`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from user_workspaces.interfaces.plugin import PluginOptions

LoopbackService = Annotated[str, StringConstraints(pattern=r"^(127(\.\d{1,3}){3}|\[::1\]):[1-9]\d{0,4}$")]


class ConnectionDetails(PluginOptions):
    """How jobs are kept on this machine."""

    stop_grace_seconds: int = Field(default=10, ge=0)
    """How long a job may take to end when it is asked to, before it is killed."""
    max_log_bytes: int = Field(default=16 * 1024 * 1024, ge=4096)
    """How large the log of a job may grow; then only its end is kept."""
    umask: str = Field(default="077", pattern=r"^0[0-7]7$")
    """What is taken off the mode of files that jobs make, in octal: all of it for others, nothing for the owner."""
    network: Literal["auto", "isolated", "shared"] = "auto"
    """Whether a job gets a network of its own: where that is possible, always (else it is not run), or never."""
    loopback_services: tuple[LoopbackService, ...] = Field(default=(), strict=False)
    """What jobs in a network of their own may reach of the machine's loopback, beside this server: `127.0.0.1:5432`."""


class LocalResourceOptions(PluginOptions):
    """All has a default: `{}` will do."""

    connection_details: ConnectionDetails = ConnectionDetails()
