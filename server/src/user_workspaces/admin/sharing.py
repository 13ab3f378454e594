"""Shares of workspaces, and the outbox with mails about them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from user_workspaces.admin.base import ReadOnlyAdmin, YesNoFilter, apply_action, confirm_action, log_action
from user_workspaces.admin.site import administration
from user_workspaces.sharing import outbox
from user_workspaces.sharing.actions import retry, withdraw
from user_workspaces.sharing.models import Mail, Share, ShareState

DEFERRED = ("offer__requested", "offer__current", "offer__description", "offer__last_resource_options")


@admin.register(Share, site=administration)
class ShareAdmin(ReadOnlyAdmin):
    """Shares of all users, until they are withdrawn."""

    list_display = ("number", "workspace_name", "sender", "receiver", "state", "percent", "is_accepted", "created")
    list_filter = ("state", "is_accepted")
    search_fields = ("=copy__id", "offer__name", "sender__username", "receiver__username")
    ordering = ("-copy",)
    fields = ("workspace_name", "sender", "receiver", "state", "percent", "is_accepted", "message", "created",
              "next_check_at")  # fmt: skip
    actions = ("try_again", "withdraw")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Share]":
        """Return all shares, without columns that hold users' content."""
        return Share.objects.select_related("sender", "receiver", "offer").defer(*DEFERRED).order_by("-copy")

    @admin.display(description="copy", ordering="copy")
    def number(self, share: Share) -> int:
        """Return the ID of the copy, which is that of the share."""
        return share.copy_id

    @admin.display(description="workspace", ordering="offer__name")
    def workspace_name(self, share: Share) -> str:
        """Return the name at the time of the offer."""
        return share.offer.name

    @admin.display(description="offered", ordering="offer__datetime_created")
    def created(self, share: Share) -> str:
        """Return the time of the offer."""
        return date_format(share.offer.datetime_created, "DATETIME_FORMAT")

    @admin.action(description="Retry failed copies", permissions=["change"])
    def try_again(self, request: HttpRequest, shares: "QuerySet[Share]") -> None:
        """Retry failed copies, as sender and receiver can."""
        apply_action(self, request, shares.filter(state=ShareState.FAILED), _retry, label="copied again")

    @admin.action(description="Withdraw", permissions=["change"])
    def withdraw(self, request: HttpRequest, shares: "QuerySet[Share]") -> HttpResponse | None:
        """Withdraw offers that are not accepted, after confirmation."""
        chosen = list(shares.filter(is_accepted=False))
        warning = "The copies are deleted; the original workspaces stay unchanged."
        question = f"Withdraw {len(chosen)} offers?"
        asked = confirm_action(self, request, chosen, action="withdraw", question=question, warning=warning)
        if asked is None:
            apply_action(self, request, chosen, _withdraw, label="withdrawn")
        return asked


def _retry(share: Share) -> None:
    retry(user=share.sender, share_id=share.copy_id, now=timezone.now())


def _withdraw(share: Share) -> None:
    # The action requires one of the two sides; the sender is always there.
    withdraw(user=share.sender, share_id=share.copy_id, now=timezone.now())


class SentFilter(YesNoFilter):
    """Mails that are sent, or not: pending and failed ones."""

    label = "sent"


@admin.register(Mail, site=administration)
class OutboxAdmin(ReadOnlyAdmin):
    """The outbox; a mail is deleted with its share."""

    list_display = ("id", "to", "subject", "attempts", "datetime_created", "sent_at", "next_try_at")
    list_filter = (("sent_at", SentFilter),)
    search_fields = ("to",)
    ordering = ("-id",)
    fields = ("to", "subject", "attempts", "datetime_created", "sent_at", "next_try_at")
    actions = ("try_now",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Mail]":
        """Return all mails, without their text."""
        return Mail.objects.defer("body").order_by("-id")

    @admin.action(description="Try to send now", permissions=["change"])
    def try_now(self, request: HttpRequest, mails: "QuerySet[Mail]") -> None:
        """Send mails now, including failed ones; sent mails stay unchanged."""
        again = [mail for mail in mails if outbox.try_now(mail, now=timezone.now())]
        log_action(self, request, again, "Tried again.")
        self.message_user(request, f"{len(again)} will be sent again.", messages.SUCCESS)
