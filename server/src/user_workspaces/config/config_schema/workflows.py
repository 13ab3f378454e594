"""Workflow settings in `config.json`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from user_workspaces.interfaces.settings import WorkflowSettings


class WorkflowsEntry(BaseModel):
    """Limits of runs, and the rate limit of the REANA API."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    resource: str = ""
    runs_at_once: int | None = Field(default=4, ge=1, le=1_000_000)
    queued_per_user: int | None = Field(default=100, ge=1, le=1_000_000)
    requests_per_second: int | None = Field(default=20, ge=1, le=1_000_000)
    reana_elsewhere: tuple[str, ...] = Field(default=("https://*",), strict=False)
    environment_details: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def value(self, *, main_resource: str) -> WorkflowSettings:
        """Return the value object for the rest of the server."""
        return WorkflowSettings(
            resource=self.resource or main_resource,
            runs_at_once=self.runs_at_once,
            queued_per_user=self.queued_per_user,
            requests_per_second=self.requests_per_second,
            reana_elsewhere=self.reana_elsewhere,
        )
