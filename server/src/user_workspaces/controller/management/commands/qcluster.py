"""`qcluster`: the earlier name of `controller`, which service files of operators still use."""

from user_workspaces.controller.management.commands import controller


class Command(controller.Command):
    """The controller under its other name."""

    name = "qcluster"
