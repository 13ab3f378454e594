"""Shares and the mail about them: what is offered to whom, how far the copy is, what waits to be sent."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from user_workspaces.admin.base import AnsweredFilter, ReadOnlyTable, confirm_action, note, report_errors
from user_workspaces.admin.site import administration
from user_workspaces.sharing import outbox
from user_workspaces.sharing.actions import retry, withdraw
from user_workspaces.sharing.models import Mail, Share, ShareState

UNREAD = ("offer__requested", "offer__current", "offer__description", "offer__last_resource_options")


@admin.register(Share, site=administration)
class Shares(ReadOnlyTable):
    """Everybody's, until they are withdrawn."""

    list_display = ("number", "workspace_name", "sender", "receiver", "state", "percent", "is_accepted", "created")
    list_filter = ("state", "is_accepted")
    search_fields = ("=copy__id", "offer__name", "sender__username", "receiver__username")
    ordering = ("-copy",)
    fields = ("workspace_name", "sender", "receiver", "state", "percent", "is_accepted", "message", "created",
              "next_check_at")  # fmt: skip
    actions = ("try_again", "withdraw")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Share]":
        """Leave out what people wrote, and the names of their files."""
        return Share.objects.select_related("sender", "receiver", "offer").defer(*UNREAD).order_by("-copy")

    @admin.display(description="copy", ordering="copy")
    def number(self, share: Share) -> int:
        """The number of the copy, which is the share's."""
        return share.copy_id

    @admin.display(description="workspace", ordering="offer__name")
    def workspace_name(self, share: Share) -> str:
        """What it was called when it was offered."""
        return share.offer.name

    @admin.display(description="offered", ordering="offer__datetime_created")
    def created(self, share: Share) -> str:
        """When it was offered."""
        return date_format(share.offer.datetime_created, "DATETIME_FORMAT")

    @admin.action(description="Make failed copies again", permissions=["change"])
    def try_again(self, request: HttpRequest, shares: "QuerySet[Share]") -> None:
        """As sender and receiver can."""
        again = [share for share in shares.filter(state=ShareState.FAILED) if self._retry(request, share)]
        note(self, request, again, "Copied again.")
        self.message_user(request, f"{len(again)} copied again.", messages.SUCCESS)

    def _retry(self, request: HttpRequest, share: Share) -> bool:
        with report_errors(self, request, share):
            retry(user=share.sender, share_id=share.copy_id, now=timezone.now())
            return True
        return False

    @admin.action(description="Withdraw", permissions=["change"])
    def withdraw(self, request: HttpRequest, shares: "QuerySet[Share]") -> HttpResponse | None:
        """Cancel offers that were not accepted, after asking."""
        chosen = list(shares.filter(is_accepted=False))
        warning = "The copies are removed; the workspaces that they were made from stay as they are."
        question = f"Withdraw {len(chosen)} offers?"
        asked = confirm_action(self, request, chosen, action="withdraw", question=question, warning=warning)
        if asked is None:
            gone = [share for share in chosen if self._withdraw(request, share)]
            note(self, request, gone, "Withdrawn.")
            self.message_user(request, f"{len(gone)} withdrawn.", messages.SUCCESS)
        return asked

    def _withdraw(self, request: HttpRequest, share: Share) -> bool:
        with report_errors(self, request, share):
            withdraw(user=share.sender, share_id=share.copy_id, now=timezone.now())
            return True
        return False


class Sent(AnsweredFilter):
    """What waits, or was given up, and what is on its way."""

    asked = "sent"


@admin.register(Mail, site=administration)
class OutboxAdmin(ReadOnlyTable):
    """The outbox; a mail goes when its share goes."""

    list_display = ("id", "to", "subject", "attempts", "datetime_created", "sent_at", "next_try_at")
    list_filter = (("sent_at", Sent),)
    search_fields = ("to",)
    ordering = ("-id",)
    fields = ("to", "subject", "attempts", "datetime_created", "sent_at", "next_try_at")
    actions = ("try_now",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Mail]":
        """Leave the text out."""
        return Mail.objects.defer("body").order_by("-id")

    @admin.action(description="Try to send now", permissions=["change"])
    def try_now(self, request: HttpRequest, mails: "QuerySet[Mail]") -> None:
        """Also those that were given up; one that is sent stays sent."""
        again = [mail for mail in mails if outbox.try_now(mail, now=timezone.now())]
        note(self, request, again, "Tried again.")
        self.message_user(request, f"{len(again)} are tried again.", messages.SUCCESS)
