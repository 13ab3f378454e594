"""Kernels of a session listen on Unix sockets in the session's directory, which only the user can enter.

All accounts of the machine could connect to ports; messages of kernels are signed, but not encrypted.
"""

import asyncio
import itertools
import os
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_core.paths import jupyter_path
from tornado.web import HTTPError
from traitlets import Bool, default

try:
    from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
except ImportError:  # a release before 2.1, provided by the server's modules
    from jupyter_client.ioloop import AsyncIOLoopKernelManager as ServerKernelManager

HERE = Path(__file__).absolute().parent
SOCKETS = "ipc"
LOOPBACK = "127.0.0.1"

ALLOWED_MESSAGES = [
    *("execute_request", "inspect_request", "complete_request", "history_request", "is_complete_request"),
    *("connect_request", "comm_info_request", "kernel_info_request", "shutdown_request", "interrupt_request"),
    *("create_subshell_request", "delete_subshell_request", "list_subshell_request", "usage_request"),
    *("comm_open", "comm_msg", "comm_close", "input_reply"),
]
"""All messages from pages except `debug_request`: Python's debugger listens on loopback without a password."""

OWN_PATH = "UWS_JUPYTER_PATH"
"""The variable with the JUPYTER_PATH of kernels and terminals, which includes the user's packages."""
WITHOUT_PACKAGES = "python3-base"
TRIAL, TRIAL_SECONDS = "import ipykernel.kernelapp", 20.0
LONGEST_REASON = 300
BROKEN = (
    "Python cannot start with the packages of this workspace ({why}). Choose the kernel \u201cPython 3 (without your "
    "packages)\u201d, or reset the environment on the workspace\u2019s page in the portal."
)

_numbers = itertools.count(1)
_tried = set[tuple[tuple[str, int], ...]]()
"""States of the overlay with which Python has started."""


class PackagesError(HTTPError):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """An error that the page shows unchanged: the base class doubles each "%" in the message."""

    log_message = ""


class SocketKernelManager(ServerKernelManager):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Starts kernels on sockets `k<number>-<1 to 5>`: short names, since socket paths are limited to 107 bytes."""

    @default("ip")  # type: ignore[untyped-decorator]  # the same
    def _ip_default(self) -> str:
        return str(HERE / f"k{next(_numbers)}") if self.transport == SOCKETS else LOOPBACK

    async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  Jupyter defines the arguments
        """Start it, on TCP if its kernel spec has `"metadata": {"transport": "tcp"}`: it cannot use Unix sockets."""
        specification = self.kernel_spec
        if specification is not None and specification.metadata.get("transport") == "tcp":
            self.transport, self.ip = "tcp", LOOPBACK
        environment = dict(kwargs.get("env") or os.environ)
        if OWN_PATH in environment:
            environment["JUPYTER_PATH"] = environment[OWN_PATH]
        kwargs["env"] = environment
        started = await super().start_kernel(*args, **kwargs)
        if specification is not None and is_of_overlay(specification.argv):
            await self._end_if_broken(specification.argv[0], environment)
        return started

    async def _end_if_broken(self, python: str, environment: dict[str, str]) -> None:
        """End a kernel that cannot start because of the user's packages; raises the error that the page shows."""
        state = state_of(os.environ["VIRTUAL_ENV"])
        if state in _tried:
            return
        try:
            trial = await asyncio.create_subprocess_exec(
                *(python, "-c", TRIAL),
                cwd="/",  # not the workspace: Python would import modules from it, which a kernel does not
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except FileNotFoundError:  # the overlay is being reset
            return
        try:
            _, complaint = await asyncio.wait_for(trial.communicate(), TRIAL_SECONDS)
        except TimeoutError:  # a machine under load: the kernel may still start
            trial.kill()
            return
        if trial.returncode:
            lines = complaint.decode(errors="replace").split("\n")
            why = next(filter(None, reversed(lines)), f"exit code {trial.returncode}")[:LONGEST_REASON]
            error = PackagesError(500, BROKEN.format(why=why))
            error.log_message = BROKEN.format(why=why)
            await self.shutdown_kernel(now=True)
            self._ready = asyncio.get_running_loop().create_future()  # awaited by the request for the kernel
            self._ready.set_exception(error)
            raise error
        _tried.add(state)


def is_of_overlay(argv: list[str]) -> bool:
    """Return True if a kernel runs in an overlay with packages."""
    overlay = os.environ.get("VIRTUAL_ENV", "")
    # With the separator: the name of another folder may begin with that of the overlay.
    return bool(overlay and argv and argv[0].startswith(f"{overlay}{os.sep}")) and has_packages(overlay)


def has_packages(overlay: str) -> bool:
    """Return True if packages are installed in an overlay, or prepared for it."""
    folders = list(Path(overlay).glob("lib/python*/site-packages"))
    named = [line for folder in folders for line in text_of(folder / "_base.pth").splitlines()]
    return len(named) > 1 or any(True for folder in folders for _ in folder.glob("[!_]*"))


def state_of(overlay: str) -> tuple[tuple[str, int], ...]:
    """Return a fingerprint of the overlay: the mtime of each site-packages folder and the text of its `_base.pth`."""
    folders = sorted(Path(overlay).glob("lib/python*/site-packages"))
    return tuple((text_of(folder / "_base.pth"), changed_ns(folder)) for folder in folders)


def changed_ns(folder: Path) -> int:
    """Return the modification time of a folder; 0 if it is missing, as during a reset."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def text_of(file: Path) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


class WorkspaceKernels(KernelSpecManager):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Finds kernels of the workspace's environment first."""

    has_debugger = Bool(True, config=True)
    """True if pages offer a debugger for kernels that have one."""

    @default("kernel_dirs")  # type: ignore[untyped-decorator]  # the same
    def _kernel_dirs_default(self) -> list[str]:
        own = [str(Path(folder, "kernels")) for folder in os.environ.get(OWN_PATH, "").split(os.pathsep) if folder]
        return list(dict.fromkeys([*own, *jupyter_path("kernels")]))

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the folder of each kernel spec, without `python3-base` if no packages are installed."""
        found: dict[str, str] = super().find_kernel_specs()
        overlay = os.environ.get("VIRTUAL_ENV", "")
        if not (overlay and has_packages(overlay)):
            found.pop(WITHOUT_PACKAGES, None)
        return found

    def get_kernel_spec(self, kernel_name: str) -> Any:  # noqa: ANN401  Jupyter has no types here
        """Return the kernel spec, without a debugger if `has_debugger` is off."""
        specification = super().get_kernel_spec(kernel_name)
        overlay = os.environ.get("VIRTUAL_ENV", "")
        if overlay and kernel_name == NATIVE_KERNEL_NAME:
            # Packages replace the overlay's kernel spec by one of "python", which would be this server's interpreter.
            specification.argv = [str(Path(overlay, "bin", "python")), *specification.argv[1:]]
        if not self.has_debugger:
            specification.metadata = {**specification.metadata, "debugger": False}
        return specification
