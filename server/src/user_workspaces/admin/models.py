"""What is a table of its own for operators only."""

from user_workspaces.accounts.models import ApiToken


class ClientToken(ApiToken):
    """A token of a program that vouches for people."""

    class Meta:
        proxy = True
