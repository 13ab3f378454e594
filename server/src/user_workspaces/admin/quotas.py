"""Quotas of people and groups in one table."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from user_workspaces.admin.base import AnsweredFilter, Table
from user_workspaces.admin.site import administration
from user_workspaces.admin.users import FIGURES
from user_workspaces.quotas.models import Quota


class OfGroups(AnsweredFilter):
    """Those of groups, or those of people."""

    asked = "of a group"


@admin.register(Quota, site=administration)
class Quotas(Table):
    """Whatever differs from the site's own limits."""

    list_display = ("of", "disk", "hours", "sessions")
    list_filter = (("group", OfGroups),)
    search_fields = ("user__username", "user__email", "group__name")
    list_select_related = ("user", "group")
    autocomplete_fields = ("user", "group")
    fields = ("user", "group", *FIGURES)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Quota]":
        """In a lasting order."""
        return Quota.objects.order_by("id")

    @admin.display(description="of")
    def of(self, quota: Quota) -> str:
        """Whose it is."""
        return f"group {quota.group}" if quota.group else str(quota.user)

    @admin.display(description="disk (GiB)")
    def disk(self, quota: Quota) -> str:
        """The limit as it holds."""
        return _describe(quota.disk_gb, is_unlimited=quota.unlimited_disk)

    @admin.display(description="core hours")
    def hours(self, quota: Quota) -> str:
        """The limit as it holds."""
        return _describe(quota.core_hours, is_unlimited=quota.unlimited_core_hours)

    @admin.display(description="sessions at once")
    def sessions(self, quota: Quota) -> str:
        """The limit as it holds."""
        return _describe(quota.running_sessions, is_unlimited=quota.unlimited_sessions)


def _describe(figure: object, *, is_unlimited: bool) -> str:
    return "no limit" if is_unlimited else "-" if figure is None else str(figure)
