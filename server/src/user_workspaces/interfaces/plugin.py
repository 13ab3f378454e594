"""The base class of all plug-ins: options, a context, and a cheap health check."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from user_workspaces.interfaces.values import Health, PluginContext


class PluginOptions(BaseModel):
    """The base of every plug-in's options: an unknown key or a wrong type stops the start, naming the key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Plugin(ABC):
    """One configured instance of a plug-in.

    Each web process and the controller builds an instance of its own and uses it from several threads: methods must
    be thread-safe, and state that other processes need must be on disk or in the external system, not in memory.
    """

    Options: ClassVar[type[PluginOptions]]
    """The model of this plug-in's options (`connection_details` or `environment_details` in `config.json`)."""

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        self.context = context

    @abstractmethod
    def check(self) -> Health:
        """Return the health. Cheap, since `/status/` is polled every few seconds; never raises."""
