"""Job types for tests: a session that is ready or not, as the test sets it, and a job that just runs."""

from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote

from pydantic import Field

from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import (
    Endpoint,
    Health,
    JobContext,
    JobScript,
    PluginContext,
    Preparation,
    PreparationState,
)

READY_ENDPOINT = Endpoint(host="127.0.0.1", port=9, authorization="token test")


class FakeJobType(JobType):
    """Starts nothing: the test sets `preparation`, `answers_at`, and the base that it `brings`."""

    Options = PluginOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self.preparation = Preparation(PreparationState.READY)
        self.answers_at: Endpoint | None = READY_ENDPOINT
        self.brings: Base | None = None

    @classmethod
    def build(cls, name: str) -> Self:
        """Build one without a configuration."""
        nowhere = Path("/nonexistent")
        context = PluginContext(
            name=name, base_dir=nowhere, data_dir=nowhere, runtime_dir=nowhere, find_client=lambda _: None
        )
        return cls(context, PluginOptions())

    def prepare(self, resource: str) -> Preparation:
        """Return the value set by the test."""
        return self.preparation

    def base(self, resource: str) -> Base | None:
        """Return the value set by the test."""
        return self.brings

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return a script that does nothing."""
        return JobScript(text="true\n")

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the value set by the test."""
        return self.answers_at if self.is_interactive else None

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)


class FakeSession(FakeJobType):
    """A session with pages for files."""

    def page_of_file(self, path: str) -> str | None:
        """Return a page like JupyterLab's."""
        return f"lab/tree/{quote(path)}"

    def start_page(self, parameters: JobParameters, base_path: str) -> str:
        """Return a page that is not the root."""
        return "lab"


class SessionOfAFileParameters(JobParameters):
    """The launch parameters."""

    file: str = Field(min_length=1)


class SessionOfAFile(FakeJobType):
    """A session that runs the file that its launch names."""

    Parameters = SessionOfAFileParameters
    asks_file = True


class FakeJob(FakeJobType):
    """A job that is not interactive."""

    is_interactive: ClassVar[bool] = False
