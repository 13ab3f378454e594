"""What `config.json` may say of a `LocalResource`."""

from pydantic import Field

from user_workspaces.interfaces.plugin import PluginOptions


class ConnectionDetails(PluginOptions):
    """How jobs are kept on this machine."""

    stop_grace_seconds: int = Field(default=10, ge=0)
    """How long a job may take to end when it is asked to, before it is killed."""
    max_log_bytes: int = Field(default=16 * 1024 * 1024, ge=4096)
    """How large the log of a job may grow; then only its end is kept."""
    umask: str = Field(default="077", pattern=r"^0[0-7]7$")
    """What is taken off the mode of files that jobs make, in octal: all of it for others, nothing for the owner."""


class LocalResourceOptions(PluginOptions):
    """All has a default: `{}` will do."""

    connection_details: ConnectionDetails = ConnectionDetails()
