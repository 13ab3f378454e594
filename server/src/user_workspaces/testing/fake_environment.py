"""A named environment for tests: it is offered on the resources that it is built for, and builds nothing."""

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
        """Say what the test set."""
        return resource in self.resources

    def prepare(self, resource: str) -> Preparation:
        """Return what the test set."""
        return self.preparation

    def base(self, resource: str) -> Base:
        """Return a folder that is not there."""
        return Base(Path(f"/{self.context.name}/{resource}"))

    def check(self) -> Health:
        """Be well."""
        return Health(connected=True)
