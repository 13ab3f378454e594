"""This resource keeps what every resource has to keep."""

from user_workspaces.testing.resource_contract import RunningResourceContract


class TestLocalResource(RunningResourceContract):
    pass
