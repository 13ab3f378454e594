"""`qcluster`: the name under which operators have always started what is now the controller."""

from user_workspaces.controller.management.commands.controller import Command

__all__ = ["Command"]
