"""The options of `LocalFileSystemStorage` in `config.json`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from user_workspaces.interfaces.plugin import PluginOptions


def _without_steps_up(path: Path) -> Path:
    if ".." in path.parts or "\0" in str(path):
        raise ValueError("the path must not contain '..'")
    return path


def _dataset_root(path: Path) -> Path:
    if not path.is_absolute() or path == Path("/"):
        raise ValueError("a dataset root must be an absolute path other than /")
    return path


PlainPath = Annotated[Path, AfterValidator(_without_steps_up)]
DatasetRoot = Annotated[PlainPath, AfterValidator(_dataset_root)]


class ConnectionDetails(PluginOptions):
    """`connection_details` in `config.json`; may be empty."""

    dataset_roots: list[DatasetRoot] = []
    """The directories that links may point into. Empty: no links."""


class LocalFileSystemOptions(PluginOptions):
    """The options of `LocalFileSystemStorage`."""

    root_dir: Annotated[PlainPath, Field(description="absolute, or relative to the server's data folder")]
    """The directory of all workspaces: absolute, or relative to the server's data folder."""
    connection_details: ConnectionDetails = ConnectionDetails()
