"""The options of `LocalResource` in `config.json`."""

from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from user_workspaces.interfaces.plugin import PluginOptions


def _loopback_service(text: str) -> str:
    """Accept a loopback IP address with a port."""
    parts = urlsplit(f"//{text}")
    if not (parts.port and parts.netloc == text and ip_address(parts.hostname or "").is_loopback):
        raise ValueError(f"{text!r} is not a loopback address with a port, such as 127.0.0.1:5432 or [::1]:3128")
    return text


LoopbackService = Annotated[str, AfterValidator(_loopback_service)]


class ConnectionDetails(PluginOptions):
    """`connection_details` in `config.json`."""

    stop_grace_seconds: int = Field(default=10, ge=0)
    """Seconds between SIGTERM and SIGKILL when a job is stopped."""
    max_log_bytes: int = Field(default=16 * 1024 * 1024, ge=4096)
    """Largest size of a job's log; above it, only the end is kept."""
    umask: str = Field(default="077", pattern=r"^0[0-7]7$")
    """The umask of jobs, in octal: it must remove all permissions for others, and none for the owner."""
    network: Literal["auto", "isolated", "shared"] = "auto"
    """Network namespace per job: `auto` if possible, `isolated` always (else no job runs), `shared` never."""
    loopback_services: tuple[LoopbackService, ...] = Field(default=(), strict=False)
    """Services on the machine's loopback that isolated jobs can reach, besides this server: `127.0.0.1:5432`."""


class LocalResourceOptions(PluginOptions):
    """The options of `LocalResource`; all have defaults."""

    connection_details: ConnectionDetails = ConnectionDetails()
