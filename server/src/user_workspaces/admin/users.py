"""Users and groups, with their rights, quotas and actions on users."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from user_workspaces.accounts import actions
from user_workspaces.accounts.models import User
from user_workspaces.admin.base import TypedAdmin, YesNoFilter, confirm_action, log_action
from user_workspaces.admin.site import administration
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.jobs.actions import stop_all
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE
from user_workspaces.quotas.models import Quota
from user_workspaces.workspaces.models import Workspace

if TYPE_CHECKING:
    QuotaRows = admin.StackedInline[Quota, User]
else:
    QuotaRows = admin.StackedInline

LIMIT_FIELDS = (("disk_gb", "unlimited_disk"), ("core_hours", "unlimited_core_hours"),
           ("running_sessions", "unlimited_sessions"))  # fmt: skip
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class UserQuotaInline(QuotaRows):
    """The quota of a user; an empty field leaves the default."""

    model = Quota
    fk_name = "user"
    fields = LIMIT_FIELDS


class GroupQuotaInline(UserQuotaInline):
    """The quota of users in a group who have none of their own."""

    fk_name = "group"


class OverQuotaFilter(YesNoFilter):
    """Users who exceed their disk quota."""

    label = "over quota"


@admin.register(User, site=administration)
class UserAdmin(TypedAdmin):
    """All users; only superusers give rights."""

    list_display = ("username", "email", "is_active", "is_staff", "running", "disk", "over_quota", "last_login")
    list_filter = ("is_active", "is_staff", "is_service", "groups",
                   ("quota_account__over_disk_since", OverQuotaFilter))  # fmt: skip
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "is_active", "is_service")}),
        ("Identities", {"fields": ("sign_ins",)}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    filter_horizontal = ("groups", "user_permissions")
    inlines = (UserQuotaInline,)
    actions = ("deactivate", "activate", "log_out_everywhere")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        """Return all users, with disk usage and running jobs from the same query."""
        own = Workspace.objects.filter(owner=OuterRef("pk"), awaits_acceptance=False)
        # Subqueries, because two joins would multiply the rows. `order_by()` drops columns that would split the groups.
        disk = own.order_by().values("owner")
        live = Job.objects.filter(owner=OuterRef("pk"), status__in=LIVE).order_by().values("owner")
        users = User.objects.select_related("quota_account").order_by("username")
        return users.annotate(
            disk_bytes=Coalesce(Subquery(disk.annotate(total=Sum("disk_space")).values("total")), 0),
            live_jobs=Coalesce(Subquery(live.annotate(total=Count("id")).values("total")), 0),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return the read-only fields; only superusers edit rights, since they include one's own."""
        fixed = ("username", "is_active", "is_service", "sign_ins", "date_joined", "last_login")
        return fixed if _is_superuser(request) else (*fixed, *RIGHTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: users are created by logging in, or by `manage.py login_link`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return False: users are deactivated, so that their objects keep an owner."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return True if the request's user may change this one; only superusers change administrators."""
        is_above = obj is not None and (obj.is_superuser or obj.is_staff) and not _is_superuser(request)
        return super().has_change_permission(request, obj) and not is_above

    @admin.display(description="identities")
    def sign_ins(self, user: User) -> str:
        """Return the identities at providers; `manage.py link_identity` adds one."""
        known = user.identities.order_by("issuer", "subject").values_list("issuer", "subject")
        return format_html_join(mark_safe("<br>"), "{}: {}", known) or "none"

    @admin.display(description="running", ordering="live_jobs")
    def running(self, user: User) -> int:
        """Return the number of jobs that have not ended."""
        return int(getattr(user, "live_jobs", 0))

    @admin.display(description="disk", ordering="disk_bytes")
    def disk(self, user: User) -> str:
        """Return the disk usage of all workspaces."""
        return size_text(getattr(user, "disk_bytes", 0))

    @admin.display(description="over quota since")
    def over_quota(self, user: User) -> datetime | None:
        """Return since when the user exceeds the disk quota; None if not."""
        account = getattr(user, "quota_account", None)
        return account.over_disk_since if account is not None else None

    @admin.action(description="Deactivate: end logins, tokens and sessions", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: "QuerySet[User]") -> HttpResponse | None:
        """Deactivate users after confirmation."""
        chosen = self._touchable(request, users)
        warning = "These users can no longer log in; their tokens are revoked and their jobs stopped."
        question = "Deactivate these users?"
        asked = confirm_action(self, request, chosen, action="deactivate", question=question, warning=warning)
        if asked is None:
            for user in chosen:
                # The account first: an active user could launch another job after `stop_all`.
                actions.deactivate(user=user, now=timezone.now())
                stop_all(owner=user, now=timezone.now())
            log_action(self, request, chosen, "Deactivated.")
            self.message_user(request, f"{len(chosen)} deactivated.", messages.SUCCESS)
        return asked

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, users: "QuerySet[User]") -> None:
        """Activate users."""
        chosen = self._touchable(request, users)
        for user in chosen:
            actions.activate(user=user)
        log_action(self, request, chosen, "Activated.")
        self.message_user(request, f"{len(chosen)} activated.", messages.SUCCESS)

    @admin.action(description="Log out everywhere", permissions=["change"])
    def log_out_everywhere(self, request: HttpRequest, users: "QuerySet[User]") -> None:
        """End all logins; jobs keep running, and tokens stay valid."""
        chosen = self._touchable(request, users)
        for user in chosen:
            actions.log_out_everywhere(user=user, now=timezone.now())
        log_action(self, request, chosen, "Logged out everywhere.")
        self.message_user(request, f"{len(chosen)} logged out.", messages.SUCCESS)

    def _touchable(self, request: HttpRequest, users: "QuerySet[User]") -> list[User]:
        """Return the users that the request's user may change: never oneself, administrators only as a superuser."""
        # Django checks the permission for an action without an object, so `has_change_permission` sees no user.
        others = users.exclude(username=request.user.get_username())
        return list(others if _is_superuser(request) else others.exclude(Q(is_superuser=True) | Q(is_staff=True)))


@admin.register(Group, site=administration)
class GroupAdmin(TypedAdmin):
    """Groups; they have rights, so only superusers change them."""

    list_display = ("name", "user_count")
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)
    inlines = (GroupQuotaInline,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Group]":
        """Return all groups, with the number of users from the same query."""
        return Group.objects.annotate(count=Count("user")).order_by("name")

    @admin.display(ordering="count")
    def user_count(self, group: Group) -> int:
        """Return the number of users."""
        return int(getattr(group, "count", 0))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return True for superusers."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return True for superusers."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return True for superusers."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
