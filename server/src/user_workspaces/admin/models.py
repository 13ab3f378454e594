"""Proxy models that give operators tables of their own."""

from user_workspaces.accounts.models import ApiToken


class ClientToken(ApiToken):
    """A token of a program that authenticates its own users."""

    class Meta:
        proxy = True
