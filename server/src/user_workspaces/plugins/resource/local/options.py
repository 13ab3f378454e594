"""What `config.json` may say of a `LocalResource`."""

from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from user_workspaces.interfaces.plugin import PluginOptions


def _loopback_service(text: str) -> str:
    """Accept an IP address of loopback and a port."""
    parts = urlsplit(f"//{text}")
    if not (parts.port and parts.netloc == text and ip_address(parts.hostname or "").is_loopback):
        raise ValueError(f"{text!r} is not an address on loopback like 127.0.0.1:5432 or [::1]:3128")
    return text


LoopbackService = Annotated[str, AfterValidator(_loopback_service)]


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
