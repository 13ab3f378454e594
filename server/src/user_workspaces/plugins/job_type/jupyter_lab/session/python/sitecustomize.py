"""Run by each Python of a session whose network is shared with other accounts: keeps Jupyter's channels private.

Programs that start kernels themselves (nbconvert, papermill, a console) then use Unix sockets, and so does the one
port that a Python kernel opens for the output of its children. Modules are imported only when they are needed.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).absolute().parent
NAME = "sitecustomize"


def use_sockets(module: ModuleType) -> None:
    """Make Unix sockets the default transport of kernels."""
    module.ConnectionFileMixin.transport.default_value = "ipc"


def use_private_pipe(module: ModuleType) -> None:
    """Use a Unix socket in place of a port for the output of child processes."""
    zmq, thread = module.zmq, module.IOPubThread

    def setup_pipe_in(self: Any) -> None:  # noqa: ANN401  ipykernel has no types here
        folder = os.environ.get("JUPYTER_RUNTIME_DIR") or HERE
        self._pipe_uuid = os.urandom(16)
        pipe = self.socket.context.socket(zmq.PULL)
        pipe.linger = 0
        self._pipe_address = f"ipc://{folder}/p{os.getpid()}"
        pipe.bind(self._pipe_address)
        self._pipe_in = module.ZMQStream(pipe, self.io_loop)
        self._pipe_in.on_recv(self._handle_pipe_msg)

    def setup_pipe_out(self: Any) -> tuple[Any, Any]:  # noqa: ANN401  ipykernel has no types here
        context = zmq.Context()
        pipe = context.socket(zmq.PUSH)
        pipe.linger = 3000  # ms, as in the original
        pipe.connect(self._pipe_address)
        return context, pipe

    if hasattr(thread, "_setup_pipe_in") and hasattr(thread, "_setup_pipe_out"):
        thread._setup_pipe_in, thread._setup_pipe_out = setup_pipe_in, setup_pipe_out


CHANGES: dict[str, Callable[[ModuleType], None]] = {
    "jupyter_client.connect": use_sockets,
    "ipykernel.iostream": use_private_pipe,
}


class Finder(importlib.abc.MetaPathFinder):
    """Changes two modules right after their import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the usual spec with a loader that then changes the module."""
        change = CHANGES.get(fullname)
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target) if change else None
        if change is None or found is None or found.loader is None:
            return None
        run = found.loader.exec_module

        def run_and_change(module: ModuleType) -> None:
            run(module)
            with suppress(AttributeError):  # another release without these names: unchanged
                change(module)

        found.loader.exec_module = run_and_change  # type: ignore[method-assign]  # for this loader only
        return found


def run_hidden_one() -> None:
    """Run the `sitecustomize` of the machine or the user, which this module shadows."""
    others = [path for path in sys.path if Path(path or ".").absolute() != HERE]
    found = importlib.machinery.PathFinder.find_spec(NAME, others)
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


sys.meta_path.insert(0, Finder())
run_hidden_one()
