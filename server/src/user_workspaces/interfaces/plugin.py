"""What all kinds of plug-in have in common: options, a name, and a cheap health check."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from user_workspaces.interfaces.values import Health, PluginContext


class PluginOptions(BaseModel):
    """The base of every plug-in's options: unknown keys and wrong types stop the start with the key's path."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Plugin(ABC):
    """One configured instance of a plug-in; built once a process, used from several threads."""

    Options: ClassVar[type[PluginOptions]]
    """The model of this plug-in's own options (`connection_details` or `environment_details` in `config.json`)."""

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        self.context = context

    @abstractmethod
    def check(self) -> Health:
        """Say how it is doing: cheap, never raises, no secret and no internal address in the message."""
