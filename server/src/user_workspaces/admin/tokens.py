"""API tokens, without their text and digest."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from user_workspaces.accounts.models import ApiToken
from user_workspaces.admin.base import ReadOnlyAdmin, confirm_action, log_action
from user_workspaces.admin.models import ClientToken
from user_workspaces.admin.site import administration

FIELDS = ("name", "user", "prefix", "scopes", "created_at", "expires_at", "last_used_at")


class TokenAdmin(ReadOnlyAdmin):
    """A table of tokens, which can be revoked."""

    list_display = FIELDS
    fields = FIELDS
    list_select_related = ("user",)
    search_fields = ("name", "=prefix", "user__username", "user__email")
    date_hierarchy = None
    ordering = ("-id",)
    actions = ("revoke",)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: "QuerySet[ApiToken]") -> HttpResponse | None:
        """Revoke tokens after confirmation."""
        chosen = list(tokens.select_related("user"))
        warning = "Programs that use these tokens lose their access. Revoking cannot be undone."
        asked = confirm_action(
            self, request, chosen, action="revoke", question=f"Revoke {len(chosen)} tokens?", warning=warning
        )
        if asked is None:
            log_action(self, request, chosen, "Revoked.")
            revoked, _ = ApiToken.objects.filter(pk__in=[token.pk for token in chosen]).delete()
            self.message_user(request, f"{revoked} revoked.", messages.SUCCESS)
        return asked


@admin.register(ApiToken, site=administration)
class UserTokenAdmin(TokenAdmin):
    """Tokens of users."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApiToken]":
        """Return the tokens without those of clients."""
        return ApiToken.objects.filter(may_mint=False).order_by("-id")


@admin.register(ClientToken, site=administration)
class ClientTokenAdmin(TokenAdmin):
    """Tokens of programs that authenticate their own users."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ClientToken]":
        """Return the tokens of clients."""
        return ClientToken.objects.filter(may_mint=True).order_by("-id")
