"""The default quotas in `config.json`."""

from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from user_workspaces.interfaces.settings import QuotaSettings


class QuotasEntry(BaseModel):
    """Default quotas of each user; `null` means unlimited."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    disk_gb: float | None = Field(default=None, ge=0, le=10**9, allow_inf_nan=False)
    core_hours: float | None = Field(default=None, ge=0, le=10**9, allow_inf_nan=False)
    core_hours_period_days: int = Field(default=30, ge=1, le=3650)
    running_sessions: int | None = Field(default=None, ge=0, le=10**6)
    contact: str = Field(default="", max_length=200)

    def value(self, *, contact: str = "") -> QuotaSettings:
        """Return the value object for the rest of the server; `contact` of the site is the default."""
        return QuotaSettings(
            # A `Decimal` of the float itself would have the float's binary error.
            disk_gb=None if self.disk_gb is None else Decimal(str(self.disk_gb)),
            core_hours=None if self.core_hours is None else Decimal(str(self.core_hours)),
            core_hours_period=timedelta(days=self.core_hours_period_days),
            running_sessions=self.running_sessions,
            contact=self.contact or contact,
        )
