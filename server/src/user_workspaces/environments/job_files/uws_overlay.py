"""Creates or updates a workspace's overlay: a virtual environment above this interpreter's packages. Each job runs it.

`python -I uws_overlay.py <folder> [<prepared environment> ...]`, as the user, with the interpreter of the base. Prints
the path of the overlay, of which the folder has one for each version of Python. Imports only the standard library. It
can be killed at any line: `_base.pth` is written last, and an overlay without it is created again.
"""

import fcntl
import json
import os
import shutil
import sys
import sysconfig
import time
import venv
from pathlib import Path

PACKAGES = "_base.pth"
SECONDS = 10.0
PROGRAMS = {
    "pip": "pip",
    "pip3": "pip",
    "ipython": "IPython",
    "ipython3": "IPython",
    "jupyter": "jupyter",
    "jupyter-console": "jupyter_console",
    "jupyter-execute": "nbclient",
    "jupyter-kernelspec": "jupyter_client.kernelspecapp",
    "jupyter-nbconvert": "nbconvert",
    "jupyter-run": "jupyter_client.runapp",
}
"""Programs of the base that need the packages of the overlay, with the modules that they run."""

PROGRAM = '#!/bin/sh\nexec "{python}" -m {module} "$@"\n'
"""The first line does not name the interpreter, since its path can exceed the 127 bytes that fit there."""


def make(overlay: Path, layers: list[str]) -> None:
    """Create the overlay, or update an existing one to this base; raises `OSError`."""
    packages = site_packages(overlay) / PACKAGES
    # Python adds the lines to `sys.path` in this order: layers come before the base.
    wanted = "".join(f"{path}\n" for path in (*map(packages_of, layers), sysconfig.get_path("purelib")))
    if packages.is_file() and works(overlay):
        if packages.read_bytes() != os.fsencode(wanted):  # bytes: the file may be undecodable
            write(packages, wanted)
        return
    if overlay.exists() and not works(overlay):
        shutil.rmtree(overlay / "bin", ignore_errors=True)  # its programs contain another path
    # Without pip, whose installation takes seconds: `add_programs` provides that of the base.
    venv.EnvBuilder(symlinks=True, with_pip=False).create(overlay)
    # Git ignores the whole folder, also in a repository of the user around it.
    write(overlay / ".gitignore", "*\n")
    add_programs(overlay / "bin")
    add_kernels(overlay)
    write(packages, wanted)


def add_programs(folder: Path) -> None:
    """Write programs of the base that run the overlay's Python."""
    for name, module in PROGRAMS.items():
        if not (folder / name).exists():  # the user may have installed another
            write(folder / name, PROGRAM.format(python=folder / "python", module=module), mode=0o755)


def add_kernels(overlay: Path) -> None:
    """Write two kernel specifications: with the packages of the overlay, and without them."""
    for name, title, program in (
        ("python3", "Python 3 (ipykernel)", str(overlay / "bin" / "python")),
        ("python3-base", "Python 3 (without your packages)", sys.executable),
    ):
        folder = overlay / "share" / "jupyter" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        written = {"argv": argv, "display_name": title, "language": "python", "metadata": {"debugger": True}}
        write(folder / "kernel.json", json.dumps(written))
        for logo in Path(sys.prefix, "share", "jupyter", "kernels", "python3").glob("logo-*"):
            shutil.copyfile(logo, folder / logo.name)


def site_packages(environment: Path) -> Path:
    """Return the package folder of an environment, for this version of Python."""
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def packages_of(layer: str) -> str:
    """Return the package folder of a prepared environment, as a line of a `.pth` file."""
    return str(site_packages(Path(layer)))


def works(overlay: Path) -> bool:
    """Return True unless the workspace or its Python was moved since the overlay was created."""
    python, pip = overlay / "bin" / "python", overlay / "bin" / "pip"
    was_moved = pip.is_file() and str(python) not in pip.read_text(errors="replace")
    return python.exists() and python.resolve() == Path(sys.executable).resolve() and not was_moved


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file atomically."""
    partial = path.with_name(f"{path.name}.new")
    partial.write_text(text)
    partial.chmod(mode)
    partial.replace(path)


def lock(folder: Path) -> int:
    """Wait for the lock of the overlays below a folder; raises `OSError` if another process holds it for too long."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            # A blocking call has no timeout: one hanging process would stop every launch.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return handle


def main() -> int:
    """Create the overlay; exit code 0 if it can be used."""
    folder, layers = Path(sys.argv[1]), sys.argv[2:]
    overlay = folder / f"python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The descriptor stays open, so that the lock is held until this process ends.
        lock(folder)
        make(overlay, layers)
    except OSError as error:
        complain(f"The environment of this workspace cannot be used ({error.strerror}): {error.filename}")
        complain("The site's packages are available; installing packages works again after this problem is solved.")
        return 1
    sys.stdout.write(f"{overlay}\n")
    return 0


def complain(text: str) -> None:
    """Write a line to the job's log."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
