"""Quotas of users and groups."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from user_workspaces.admin.base import TypedAdmin, YesNoFilter
from user_workspaces.admin.site import administration
from user_workspaces.admin.users import LIMIT_FIELDS
from user_workspaces.quotas.models import Quota


class GroupFilter(YesNoFilter):
    """Quotas of groups, or of users."""

    label = "of a group"


@admin.register(Quota, site=administration)
class QuotaAdmin(TypedAdmin):
    """Quotas that differ from the server's defaults."""

    list_display = ("of", "disk", "hours", "sessions")
    list_filter = (("group", GroupFilter),)
    search_fields = ("user__username", "user__email", "group__name")
    list_select_related = ("user", "group")
    # Plain selects would contain every user of the server.
    autocomplete_fields = ("user", "group")
    fields = ("user", "group", *LIMIT_FIELDS)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Quota]":
        """Return all quotas in a fixed order."""
        return Quota.objects.order_by("id")

    @admin.display(description="of")
    def of(self, quota: Quota) -> str:
        """Return the user or the group."""
        return f"group {quota.group}" if quota.group else str(quota.user)

    @admin.display(description="disk (GiB)")
    def disk(self, quota: Quota) -> str:
        """Return the limit as text."""
        return _describe(quota.disk_gb, is_unlimited=quota.unlimited_disk)

    @admin.display(description="core hours")
    def hours(self, quota: Quota) -> str:
        """Return the limit as text."""
        return _describe(quota.core_hours, is_unlimited=quota.unlimited_core_hours)

    @admin.display(description="concurrent jobs")
    def sessions(self, quota: Quota) -> str:
        """Return the limit as text."""
        return _describe(quota.running_sessions, is_unlimited=quota.unlimited_sessions)


def _describe(limit: object, *, is_unlimited: bool) -> str:
    return "unlimited" if is_unlimited else "-" if limit is None else str(limit)
