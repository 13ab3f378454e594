"""A Python with the packages that the user installed in the workspace, and those of the application."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "UWS_WORKSPACE_PYTHON"
"""The variable with the interpreter of the workspace's environment, if there is one."""
SECONDS = 20
ASK = (
    "import json, sys, sysconfig;"
    "own = [sysconfig.get_path(name) for name in ('stdlib', 'platstdlib')];"
    "own += [f'{one}/lib-dynload' for one in own];"
    "folders = [one for one in sys.path if one.startswith('/') and one not in own and not one.endswith('.zip')];"
    "print(json.dumps([list(sys.version_info[:2]), getattr(sys, '_base_executable', sys.executable), folders]))"
)


@dataclass(frozen=True)
class Known:
    """The properties of an interpreter, as it reports them."""

    version: tuple[int, int]
    base: str
    """The interpreter that its virtual environment was created from."""
    folders: tuple[str, ...]
    """The folders with packages, in search order."""


def make_interpreter(view: Path, *, application: str) -> None:
    """Create `view/bin/python`: packages of the workspace first, then those of the application, then of the base.

    `application` is the folder of the application's environment; empty if it has none.
    """
    own = _query(f"{application}/bin/python") if application else None
    named = os.environ.get(VARIABLE)
    workspace = _query(named) if named else None
    if named and workspace is None:
        print(  # noqa: T201  the log of the job
            f"The Python of the workspace's environment, {named}, does not work: "
            "the application cannot use the packages of the workspace.",
            file=sys.stderr,
        )
    if own and workspace and own.version != workspace.version:
        wanted, installed = (".".join(map(str, one.version)) for one in (workspace, own))
        print(  # noqa: T201  the log of the job
            f"The workspace's environment has Python {wanted}, the application was installed for Python {installed}: "
            "it cannot use the packages of the workspace.",
            file=sys.stderr,
        )
        workspace = None
    base = workspace or own or _query(sys.executable)
    if base is None:
        sys.exit("No Python of this job works, so the application cannot be started.")
    _write(view, base, folders_in_order(workspace, own, overlay=os.environ.get("VIRTUAL_ENV", "")))


def folders_in_order(workspace: Known | None, own: Known | None, *, overlay: str) -> list[str]:
    """Return the folders with packages, in the order of precedence."""
    theirs = workspace.folders if workspace else ()
    first = [folder for folder in theirs if overlay and Path(folder).is_relative_to(overlay)]
    return list(dict.fromkeys([*first, *(own.folders if own else ()), *theirs]))


def _query(python: str) -> Known | None:
    """Return the properties of an interpreter; None if it does not work."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", ASK],
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd="/",
        )
        *_, result = done.stdout.splitlines()  # packages may print when Python starts
        version, base, folders = json.loads(result)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Known((version[0], version[1]), base, tuple(folders))


def _write(view: Path, base: Known, folders: list[str]) -> None:
    """Write a virtual environment without packages of its own."""
    python = Path(base.base).resolve()
    packages = view / "lib" / f"python{base.version[0]}.{base.version[1]}" / "site-packages"
    packages.mkdir(parents=True, exist_ok=True)
    (view / "bin").mkdir(exist_ok=True)
    settings = {"home": python.parent, "include-system-site-packages": "false"}
    (view / "pyvenv.cfg").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    # Links: Python searches `pyvenv.cfg` beside the path that it was called by, before it resolves links.
    for name in ("python", "python3"):
        link = view / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(python)
    # All paths first, since they decide the order; then their `.pth` files, which editable packages need.
    more = [f"import site; site.addsitedir({folder!r})" for folder in folders]
    (packages / "folders.pth").write_text("\n".join([*folders, *more, ""]))
