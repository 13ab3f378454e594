"""The interface of environment plug-ins, which launches can choose."""

from abc import abstractmethod

from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Preparation


class Environment(Plugin):
    """A named environment of the site."""

    @abstractmethod
    def is_on(self, resource: str) -> bool:
        """Return True if it is offered on a resource; without I/O."""

    @abstractmethod
    def prepare(self, resource: str) -> Preparation:
        """Return whether the environment is ready, and start building it if not; see `JobType.prepare`."""

    @abstractmethod
    def base(self, resource: str) -> Base:
        """Return its base, also before it is built; raises `InvalidRequest` and `ConfigurationError`."""
