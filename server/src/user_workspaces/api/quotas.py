"""`/quotas/`: what the caller may have, has, and has left."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import answer
from user_workspaces.api.openapi import describe
from user_workspaces.api.shapes import QuotasShape
from user_workspaces.jobs.spending import overview_of
from user_workspaces.quotas.queries import allowance_of, rules
from user_workspaces.quotas.refusals import disk_is_over
from user_workspaces.quotas.values import Standing

HOUR_STEP = Decimal("0.00001")


def _shape(standing: Standing[int] | Standing[Decimal]) -> dict[str, int | str | datetime | None]:
    figures = {**asdict(standing), "left": standing.left}
    del figures["moving"]  # of no use to anybody but us
    return {name: _figure(value) if isinstance(value, Decimal) else value for name, value in figures.items()}


def _figure(hours: Decimal) -> str:
    """Write core hours as precisely as jobs count them, without the digits of the sum that say nothing."""
    return f"{hours.quantize(HOUR_STEP).normalize():f}"


class Quotas(APIView):
    """The caller's own."""

    scope = Scope.READ

    @describe(data={"quotas": QuotasShape(), "contact": serializers.CharField(allow_blank=True)})
    def get(self, request: Request) -> Response:
        """Return each limit with what is used, held and left; a limit of null is none."""
        user, site = caller(request), rules()
        overview = overview_of(user.pk, allowance=allowance_of(user.pk), now=timezone.now())
        shown = {
            "disk": _shape(overview.disk),
            "core_hours": {**_shape(overview.core_hours), "period_days": site.core_hours_period.days},
            "running_sessions": _shape(overview.running_sessions),
        }
        message = disk_is_over(overview.disk, contact=site.contact).message if overview.disk.is_over else ""
        return answer(message, data={"quotas": shown, "contact": site.contact})
