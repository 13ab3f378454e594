"""What an operator may say about JupyterLab: `environment_details.<resource id>` of a job type in `config.json`."""

from pydantic import Field

from user_workspaces.environment_store.options import EnvironmentDetails, EnvironmentName
from user_workspaces.interfaces.plugin import PluginOptions


class JupyterLabDetails(EnvironmentDetails):
    """Where the Python environment of JupyterLab comes from, on one resource."""

    environment_name: EnvironmentName = "JupyterLab"
    """What people read while it is prepared."""
    message_limit_mb: int = Field(default=100, ge=10, le=2000)
    """The largest message between a page and a kernel, in units of 2**20 bytes."""


class JupyterLabOptions(PluginOptions):
    """One entry for each resource that JupyterLab is offered on."""

    environment_details: dict[str, JupyterLabDetails] = Field(default_factory=dict)
