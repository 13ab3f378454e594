"""The Django app of the administration."""

from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    """The administration; its label is stored in content types and migrations, and so never changes."""

    name = "user_workspaces.admin"
    label = "administration"
