"""`qcluster`: the name under which operators have always started what is now the controller."""

from user_workspaces.controller.management.commands import controller


class Command(controller.Command):
    """The controller under its other name."""

    name = "qcluster"
