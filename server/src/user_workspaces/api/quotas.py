"""`/quotas/`: the quotas of the caller and their usage."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.openapi import describe
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import success
from user_workspaces.api.serializers import QuotasSerializer
from user_workspaces.jobs.quota_check import overview_of
from user_workspaces.quotas.messages import disk_is_over
from user_workspaces.quotas.queries import allowance_of, rules
from user_workspaces.quotas.values import Usage

HOUR_STEP = Decimal("0.00001")


def _serialize(usage: Usage[int] | Usage[Decimal]) -> dict[str, int | str | datetime | None]:
    fields = {**asdict(usage), "left": usage.left}
    del fields["in_progress"]  # an internal part of `reserved`
    return {name: _format_hours(value) if isinstance(value, Decimal) else value for name, value in fields.items()}


def _format_hours(hours: Decimal) -> str:
    """Return core hours with the precision of jobs: the sum in the database has more digits."""
    # `normalize` drops trailing zeros but turns 100 into 1E+2; the format `f` writes it out.
    return f"{hours.quantize(HOUR_STEP).normalize():f}"


class Quotas(APIView):
    """The quotas of the caller."""

    scope = Scope.READ

    @describe(data={"quotas": QuotasSerializer(), "contact": serializers.CharField(allow_blank=True)})
    def get(self, request: Request) -> Response:
        """Return each quota with its usage; a limit of `null` means unlimited."""
        user, site = caller(request), rules()
        overview = overview_of(user.pk, allowance=allowance_of(user.pk), now=timezone.now())
        shown = {
            "disk": _serialize(overview.disk),
            "core_hours": {**_serialize(overview.core_hours), "period_days": site.core_hours_period.days},
            "running_sessions": _serialize(overview.running_sessions),
        }
        message = disk_is_over(overview.disk, contact=site.contact).message if overview.disk.is_over else ""
        return success(message, data={"quotas": shown, "contact": site.contact})
