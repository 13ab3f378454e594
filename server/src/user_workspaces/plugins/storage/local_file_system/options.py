"""What an operator writes about this storage in `config.json`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from user_workspaces.interfaces.plugin import PluginOptions


def _without_steps_up(path: Path) -> Path:
    if ".." in path.parts or "\0" in str(path):
        raise ValueError("write the path without '..'")
    return path


def _dataset_root(path: Path) -> Path:
    if not path.is_absolute() or path == Path("/"):
        raise ValueError("a dataset root is an absolute path, and not / itself")
    return path


PlainPath = Annotated[Path, AfterValidator(_without_steps_up)]
DatasetRoot = Annotated[PlainPath, AfterValidator(_dataset_root)]


class ConnectionDetails(PluginOptions):
    """What is special to this type of storage; may be empty."""

    dataset_roots: list[DatasetRoot] = []
    """The directories below which the targets of links may lie. None: no links."""


class LocalFileSystemOptions(PluginOptions):
    """The options of `LocalFileSystemStorage`."""

    root_dir: Annotated[PlainPath, Field(description="absolute, or below the data directory of the server")]
    """The directory of all workspaces: absolute, or below the server's own data directory."""
    connection_details: ConnectionDetails = ConnectionDetails()
