"""How the kernels of one session are reached: over Unix sockets in the session's directory, which nobody else enters.

Ports of the machine would be open to all of its accounts; what is sent over those of a kernel is signed, not encrypted.
"""

import itertools
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default

try:
    from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
except ImportError:  # a release of a site's own, from before 2.1
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
"""All that pages send to kernels but `debug_request`: the debugger of Python listens on loopback without a password."""

_numbers = itertools.count(1)


class SocketKernelManager(ServerKernelManager):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Starts a kernel at sockets `k<number>-<1 to 5>`: short, for the path of a socket has at most 107 bytes."""

    @default("ip")  # type: ignore[untyped-decorator]  # the same
    def _ip_default(self) -> str:
        return str(HERE / f"k{next(_numbers)}") if self.transport == SOCKETS else LOOPBACK

    async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  Jupyter says what it is handed
        """Start it; one that knows no Unix sockets says so in its specification: `"metadata": {"transport": "tcp"}`."""
        specification = self.kernel_spec
        if specification is not None and specification.metadata.get("transport") == "tcp":
            self.transport, self.ip = "tcp", LOOPBACK
        return await super().start_kernel(*args, **kwargs)


class SpecsWithoutDebugger(KernelSpecManager):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Says of every kernel that it has no debugger, so that pages offer none."""

    def get_kernel_spec(self, kernel_name: str) -> Any:  # noqa: ANN401  it has no types here
        """Return what the usual manager returns, with that word."""
        specification = super().get_kernel_spec(kernel_name)
        specification.metadata = {**specification.metadata, "debugger": False}
        return specification
