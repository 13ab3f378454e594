"""Job types for tests: a session that answers (or does not, as the test says), and a job that just runs."""

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

ANSWERS = Endpoint(host="127.0.0.1", port=9, authorization="token test")


class FakeJobType(JobType):
    """Starts nothing: the test sets `preparation`, `answers_at`, and the base that it `brings`."""

    Options = PluginOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self.preparation = Preparation(PreparationState.READY)
        self.answers_at: Endpoint | None = ANSWERS
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
        """Return what the test set."""
        return self.preparation

    def base(self, resource: str) -> Base | None:
        """Return what the test set."""
        return self.brings

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return a script that does nothing."""
        return JobScript(text="true\n")

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return what the test set."""
        return self.answers_at if self.is_interactive else None

    def check(self) -> Health:
        """Be well."""
        return Health(connected=True)


class FakeSession(FakeJobType):
    """A session that can be led to a file."""

    def page_of_file(self, path: str) -> str | None:
        """Return a page as JupyterLab's."""
        return f"lab/tree/{quote(path)}"

    def start_page(self, parameters: JobParameters, base_path: str) -> str:
        """Return a page that is not the root."""
        return "lab"


class SessionOfAFileParameters(JobParameters):
    """What a launch says."""

    file: str = Field(min_length=1)


class SessionOfAFile(FakeJobType):
    """A session that runs the file that its launch names."""

    Parameters = SessionOfAFileParameters
    asks_file = True


class FakeJob(FakeJobType):
    """A job without a page."""

    is_interactive: ClassVar[bool] = False
