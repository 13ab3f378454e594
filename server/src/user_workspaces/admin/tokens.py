"""Tokens: whose they are and when they were used; neither their text nor their digest."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from user_workspaces.accounts.models import ApiToken
from user_workspaces.admin.base import ReadOnlyTable, confirm_action, note
from user_workspaces.admin.models import ClientToken
from user_workspaces.admin.site import administration

FIELDS = ("name", "user", "prefix", "scopes", "created_at", "expires_at", "last_used_at")


class TokenTable(ReadOnlyTable):
    """What can be seen of a token, and its end."""

    list_display = FIELDS
    fields = FIELDS
    list_select_related = ("user",)
    search_fields = ("name", "=prefix", "user__username", "user__email")
    date_hierarchy = None
    ordering = ("-id",)
    actions = ("revoke",)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: "QuerySet[ApiToken]") -> HttpResponse | None:
        """Take tokens away, after asking."""
        chosen = list(tokens.select_related("user"))
        warning = "Whatever uses them is refused from now on. They cannot be brought back."
        asked = confirm_action(
            self, request, chosen, action="revoke", question=f"Revoke {len(chosen)} tokens?", warning=warning
        )
        if asked is None:
            note(self, request, chosen, "Revoked.")
            revoked, _ = ApiToken.objects.filter(pk__in=[token.pk for token in chosen]).delete()
            self.message_user(request, f"{revoked} revoked.", messages.SUCCESS)
        return asked


@admin.register(ApiToken, site=administration)
class UserTokenAdmin(TokenTable):
    """Tokens of people."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApiToken]":
        """Leave those of clients to their own table."""
        return ApiToken.objects.filter(may_mint=False).order_by("-id")


@admin.register(ClientToken, site=administration)
class ClientTokens(TokenTable):
    """Tokens of programs that vouch for people."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ClientToken]":
        """Only those."""
        return ClientToken.objects.filter(may_mint=True).order_by("-id")
