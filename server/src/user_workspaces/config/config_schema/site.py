"""Mail and rate limits in `config.json`."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from user_workspaces.interfaces.settings import RateLimit, RateLimits

MailAddress = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:]+@[^@\s<>,;:]+$", max_length=254)]
Attempts = Annotated[int, Field(ge=1, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MailEntry(_Strict):
    """The mail server; its password is in `UWS_MAIL_PASSWORD`."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65_535)
    from_address: MailAddress
    user: str = ""
    tls: Literal["none", "starttls", "tls"] = "starttls"


class RateLimitsEntry(_Strict):
    """Allowed login attempts in one time window."""

    window_seconds: int = Field(default=60, ge=1, le=86_400)
    tokens_per_address: Attempts = 20
    tokens_per_client: Attempts = 100
    log_ins_per_address: Attempts = 20
    log_ins_per_account: Attempts = 10
    redirects_per_address: Attempts = 600

    def value(self) -> RateLimits:
        """Return the value object for the rest of the server."""
        window = timedelta(seconds=self.window_seconds)
        return RateLimits(
            tokens_per_address=RateLimit(self.tokens_per_address, window),
            tokens_per_client=RateLimit(self.tokens_per_client, window),
            log_ins_per_address=RateLimit(self.log_ins_per_address, window),
            log_ins_per_account=RateLimit(self.log_ins_per_account, window),
            redirects_per_address=RateLimit(self.redirects_per_address, window),
        )
