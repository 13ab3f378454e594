"""People and groups: who they are, what they may have, and how to send them away."""

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
from user_workspaces.admin.base import AnsweredFilter, Table, confirm_action, note
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

FIGURES = (("disk_gb", "unlimited_disk"), ("core_hours", "unlimited_core_hours"),
           ("running_sessions", "unlimited_sessions"))  # fmt: skip
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class UserQuotaInline(QuotaRows):
    """The limits of one person; an empty figure says nothing."""

    model = Quota
    fk_name = "user"
    fields = FIGURES


class LimitsOfGroup(UserQuotaInline):
    """The limits of everybody in a group who has none of their own."""

    fk_name = "group"


class OverQuota(AnsweredFilter):
    """Who uses more disk than they may."""

    asked = "over quota"


@admin.register(User, site=administration)
class UserAdmin(Table):
    """Everybody; rights are given by superusers only."""

    list_display = ("username", "email", "is_active", "is_staff", "running", "disk", "over_quota", "last_login")
    list_filter = ("is_active", "is_staff", "is_service", "groups",
                   ("quota_account__over_disk_since", OverQuota))  # fmt: skip
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "is_active", "is_service")}),
        ("Sign-ins", {"fields": ("sign_ins",)}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    filter_horizontal = ("groups", "user_permissions")
    inlines = (UserQuotaInline,)
    actions = ("deactivate", "activate", "log_out_everywhere")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        """Count what each has, in the same query."""
        own = Workspace.objects.filter(owner=OuterRef("pk"), awaits_acceptance=False)
        disk = own.order_by().values("owner")
        live = Job.objects.filter(owner=OuterRef("pk"), status__in=LIVE).order_by().values("owner")
        user_count = User.objects.select_related("quota_account").order_by("username")
        return user_count.annotate(
            disk_bytes=Coalesce(Subquery(disk.annotate(total=Sum("disk_space")).values("total")), 0),
            live_jobs=Coalesce(Subquery(live.annotate(total=Count("id")).values("total")), 0),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Whoever could give rights could give themselves all of them."""
        fixed = ("username", "is_active", "is_service", "sign_ins", "date_joined", "last_login")
        return fixed if _is_superuser(request) else (*fixed, *RIGHTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People come by logging in, or by `manage.py login_link`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """What people have must not lose its owner: they are deactivated."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators are changed by superusers."""
        is_above = obj is not None and (obj.is_superuser or obj.is_staff) and not _is_superuser(request)
        return super().has_change_permission(request, obj) and not is_above

    @admin.display(description="signs in at")
    def sign_ins(self, user: User) -> str:
        """The provider and the person's name there; `manage.py link_identity` adds one."""
        known = user.identities.order_by("issuer", "subject").values_list("issuer", "subject")
        return format_html_join(mark_safe("<br>"), "{}: {}", known) or "nowhere yet"

    @admin.display(description="running", ordering="live_jobs")
    def running(self, user: User) -> int:
        """How many jobs have not ended."""
        return int(getattr(user, "live_jobs", 0))

    @admin.display(description="disk", ordering="disk_bytes")
    def disk(self, user: User) -> str:
        """What all workspaces take."""
        return size_text(getattr(user, "disk_bytes", 0))

    @admin.display(description="over quota since")
    def over_quota(self, user: User) -> datetime | None:
        """Since when more is on disk than may be; empty: all is well."""
        account = getattr(user, "quota_account", None)
        return account.over_disk_since if account is not None else None

    @admin.action(description="Deactivate: end log-ins, tokens and sessions", permissions=["change"])
    def deactivate(self, request: HttpRequest, user_count: "QuerySet[User]") -> HttpResponse | None:
        """Send people away, after asking."""
        chosen = self._touchable(request, user_count)
        warning = "They can no longer log in, their tokens are revoked, and whatever runs for them is stopped."
        question = "Deactivate these people?"
        asked = confirm_action(self, request, chosen, action="deactivate", question=question, warning=warning)
        if asked is None:
            for user in chosen:
                actions.deactivate(user=user, now=timezone.now())
                stop_all(owner=user, now=timezone.now())
            note(self, request, chosen, "Deactivated.")
            self.message_user(request, f"{len(chosen)} deactivated.", messages.SUCCESS)
        return asked

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, user_count: "QuerySet[User]") -> None:
        """Let people in again."""
        chosen = self._touchable(request, user_count)
        for user in chosen:
            actions.activate(user=user)
        note(self, request, chosen, "Activated.")
        self.message_user(request, f"{len(chosen)} activated.", messages.SUCCESS)

    @admin.action(description="Log out everywhere", permissions=["change"])
    def log_out_everywhere(self, request: HttpRequest, user_count: "QuerySet[User]") -> None:
        """End log-ins; what runs goes on, and tokens stay."""
        chosen = self._touchable(request, user_count)
        for user in chosen:
            actions.log_out_everywhere(user=user, now=timezone.now())
        note(self, request, chosen, "Logged out everywhere.")
        self.message_user(request, f"{len(chosen)} logged out.", messages.SUCCESS)

    def _touchable(self, request: HttpRequest, user_count: "QuerySet[User]") -> list[User]:
        """Never oneself; administrators by superusers only."""
        others = user_count.exclude(username=request.user.get_username())
        return list(others if _is_superuser(request) else others.exclude(Q(is_superuser=True) | Q(is_staff=True)))


@admin.register(Group, site=administration)
class Groups(Table):
    """Groups carry rights, so only superusers touch them."""

    list_display = ("name", "user_count")
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)
    inlines = (LimitsOfGroup,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Group]":
        """Count the people in the same query."""
        return Group.objects.annotate(count=Count("user")).order_by("name")

    @admin.display(ordering="count")
    def user_count(self, group: Group) -> int:
        """How many are in it."""
        return int(getattr(group, "count", 0))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Superusers."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Superusers."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
