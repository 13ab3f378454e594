"""What a plug-in must offer so that launches can choose it as their environment."""

from abc import abstractmethod

from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Preparation


class Environment(Plugin):
    """One of the named environments of a site."""

    @abstractmethod
    def is_on(self, resource: str) -> bool:
        """Say whether it is offered on a resource; takes no time."""

    @abstractmethod
    def prepare(self, resource: str) -> Preparation:
        """Say whether the environment is ready, and start building it if not; see `JobType.prepare`."""

    @abstractmethod
    def base(self, resource: str) -> Base:
        """Return where it is, or will be; raises `InvalidRequest` and `ConfigurationError`."""
