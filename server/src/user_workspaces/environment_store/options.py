"""The options of a Python environment: `environment_details.<resource id>` in `config.json`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from user_workspaces.interfaces.plugin import PluginOptions

# No leading "-": `module load` would read an option.
Module = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+/-]*$", max_length=200)]
# No leading "-" (the installer would read an option), no control characters, no line breaks.
Requirement = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9./][^\x00-\x1f\x7f]*$", max_length=500)]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3\.(1[1-9]|[2-9]\d)$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[\w .+-]+$", min_length=1, max_length=60)]


class EnvironmentDetails(PluginOptions):
    """The source of a Python environment on one resource."""

    module_manager: Literal["virtualenv", "lmod", "tar"] = "virtualenv"
    """`virtualenv`: the server builds it; `lmod`: system modules provide it; `tar`: the server unpacks an archive."""
    python_version: PythonVersion | None = None
    """`virtualenv` only: as `3.12`. None: the server's own interpreter if users can run it, else the newest one."""
    modules: tuple[Module, ...] = Field(default=(), strict=False)
    """Loaded with `module load`, in this order, before the session starts."""
    python_packages: tuple[Requirement, ...] = Field(default=(), strict=False)
    """`virtualenv` only: further packages, as requirements or paths of wheels (with a `/`)."""
    tar_file_path: Path | None = None
    """`tar` only: an archive of a whole environment (conda-pack, or a virtual environment)."""
    environment_name: EnvironmentName = "the environment"
    """The name that users see during the preparation."""
    time_limit: int = Field(default=30, ge=1, le=24 * 60)
    """Of the preparation, in minutes."""

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        kind = self.module_manager
        if kind == "tar" and self.tar_file_path is None:
            raise ValueError("module_manager 'tar' needs tar_file_path")
        if kind == "lmod" and not self.modules:
            raise ValueError("module_manager 'lmod' needs modules: at least the one that brings Python")
        if kind != "tar" and self.tar_file_path is not None:
            raise ValueError(f"tar_file_path requires module_manager 'tar', not {kind!r}")
        if kind != "virtualenv" and self.python_version is not None:
            raise ValueError(f"python_version requires module_manager 'virtualenv', not {kind!r}")
        if kind != "virtualenv" and self.python_packages:
            raise ValueError(f"python_packages require module_manager 'virtualenv', not {kind!r}")
        return self
