"""The app's label is the one under which the database knows it."""

from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    """The administration; content types and migrations are stored under its first label."""

    name = "user_workspaces.admin"
    label = "administration"
