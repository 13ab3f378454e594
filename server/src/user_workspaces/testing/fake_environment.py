"""A named environment for tests, offered on `resources`; it builds nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.environment_plugin import Environment
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext, Preparation, PreparationState


class FakeEnvironment(Environment):
    """The test sets `preparation` and `resources`."""

    Options = PluginOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self.preparation = Preparation(PreparationState.READY)
        self.resources: Sequence[str] = ("local",)

    @classmethod
    def build(cls, name: str) -> Self:
        """Build one without a configuration."""
        nowhere = Path("/nonexistent")
        context = PluginContext(
            name=name, base_dir=nowhere, data_dir=nowhere, runtime_dir=nowhere, find_client=lambda _: None
        )
        return cls(context, PluginOptions())

    def is_on(self, resource: str) -> bool:
        """Return True for a resource set by the test."""
        return resource in self.resources

    def prepare(self, resource: str) -> Preparation:
        """Return the value set by the test."""
        return self.preparation

    def base(self, resource: str) -> Base:
        """Return a folder that does not exist."""
        return Base(Path(f"/{self.context.name}/{resource}"))

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)
