"""The options of JupyterLab: `environment_details.<resource id>` of a job type in `config.json`."""

from pydantic import Field

from user_workspaces.environment_store.options import EnvironmentDetails, EnvironmentName
from user_workspaces.interfaces.plugin import PluginOptions


class JupyterLabDetails(EnvironmentDetails):
    """The Python environment of JupyterLab on one resource."""

    environment_name: EnvironmentName = "JupyterLab"
    """The name that users see during the preparation."""
    message_limit_mb: int = Field(default=100, ge=10, le=2000)
    """The largest message between a page and a kernel, in units of 2**20 bytes."""


class JupyterLabOptions(PluginOptions):
    """One entry per resource on which JupyterLab is offered."""

    environment_details: dict[str, JupyterLabDetails] = Field(default_factory=dict)
