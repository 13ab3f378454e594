"""Runs the uplink of a job's network namespace in a process of its own. Standard library only.

The process is the supervisor's parent, and so not a descendant of the job. The job cannot signal it; if the supervisor
is killed, it runs as long as the job's main process. slirp4netns ends with it, because it holds the other end of its
`--exit-fd`.
"""

import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from .namespaces import leave_mounts
from .network import PROBLEM, RANGE, Network
from .processes import Process, is_alive
from .records import RUNNING, Running

# Without --disable-host-loopback, the gateway address would lead to the machine's loopback.
OPTIONS = ("--configure", "--mtu=65520", "--disable-host-loopback", f"--cidr={RANGE}", "--netns-type=path")
SANDBOXES = (("--enable-sandbox", "--enable-seccomp"), ())
"""Options to sandbox slirp4netns, and none as a fallback for machines that do not allow it."""
START_SECONDS = 4.0
SECONDS_BETWEEN_STARTS = 1.0
FIRST_OTHER_DESCRIPTOR = 3
INTERFACE = "tap0"


class Uplink:
    """The slirp4netns and the relay of one job."""

    def __init__(self, program: str, network: Network, folder: Path) -> None:
        self.program, self.network, self.folder = program, network, folder
        self.selector = selectors.DefaultSelector()
        self.slirp = self.exit = -1
        self.is_over = False

    def run(self, *, supervisor: int) -> None:
        """Start the uplink, report it, and run it until the job is over; `supervisor` is a pidfd."""
        if self._start():
            self._report("")
            with suppress(BrokenPipeError):  # the job ended before its start
                os.write(self.network.ready, b"1")
        else:
            self._report("slirp4netns did not start: see supervisor.log of the newest job.")
        os.close(self.network.ready)
        for service in self.network.services:
            service.register(self.selector)
        self._watch(supervisor, lambda: self._supervisor_ended(supervisor))
        while not self.is_over:
            for key, mask in self.selector.select():
                key.data(mask)
        self._collect()

    def _watch(self, handle: int, act: Callable[[], None]) -> None:
        self.selector.register(handle, selectors.EVENT_READ, lambda _mask: act())

    def _supervisor_ended(self, supervisor: int) -> None:
        """Treat a normal end of the supervisor as that of the job; if it was killed, wait for the main process."""
        self.selector.unregister(supervisor)
        end = os.waitid(os.P_PIDFD, supervisor, os.WEXITED)
        if end is None or (end.si_code, end.si_status) == (os.CLD_EXITED, 0):
            self._end()
            return
        try:
            self._watch(os.pidfd_open(_main_process(self.folder)), self._end)
        except OSError:
            self._end()

    def _end(self) -> None:
        self.is_over = True

    def _start(self) -> bool:
        """Start slirp4netns and wait until it is ready; False if it does not start."""
        for sandbox in SANDBOXES:
            ready, its_ready = os.pipe()
            its_exit, self.exit = os.pipe()
            pid = self._spawn(sandbox, ready=its_ready, exit_=its_exit)
            os.close(its_ready)
            os.close(its_exit)
            self.slirp = os.pidfd_open(pid)
            with selectors.DefaultSelector() as selector:
                selector.register(ready, selectors.EVENT_READ)
                is_ready = bool(selector.select(START_SECONDS)) and os.read(ready, 1) == b"1"
            os.close(ready)
            if is_ready:
                self._watch(self.slirp, self._start_again)
                return True
            self._collect()
        return False

    def _spawn(self, sandbox: tuple[str, ...], *, ready: int, exit_: int) -> int:
        handles = (self.network.namespace, ready, exit_)
        for handle in handles:
            os.set_inheritable(handle, True)
        numbers = (f"--ready-fd={ready}", f"--exit-fd={exit_}")
        # A path in the child's own /proc: it inherits the descriptor, and the namespace has no other name.
        namespace = f"/proc/self/fd/{self.network.namespace}"
        try:
            return os.posix_spawn(
                self.program,
                [self.program, *OPTIONS, *sandbox, *numbers, namespace, INTERFACE],
                {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")},
                setsigmask=(),
                setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
            )
        finally:
            for handle in handles:
                os.set_inheritable(handle, False)

    def _start_again(self) -> None:
        """Restart slirp4netns after it was killed: connections are lost, but new ones work."""
        self.selector.unregister(self.slirp)
        self._collect()
        # A pause, since a program that ends at once would be restarted in a tight loop.
        time.sleep(SECONDS_BETWEEN_STARTS)
        if not self._start():
            self._report("slirp4netns ended and could not be restarted.")

    def _collect(self) -> None:
        """Kill slirp4netns, if it runs, and collect it."""
        if self.slirp < 0:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.slirp, signal.SIGKILL)
        os.waitid(os.P_PIDFD, self.slirp, os.WEXITED)
        os.close(self.slirp)
        os.close(self.exit)
        self.slirp = -1

    def _report(self, problem: str) -> None:
        report_problem(self.folder.parent, problem)


def report_problem(data_dir: Path, problem: str) -> None:
    """Store a problem for the resource's health check; empty: none."""
    with suppress(OSError):
        if problem:
            (data_dir / PROBLEM).write_text(problem)
        else:
            (data_dir / PROBLEM).unlink(missing_ok=True)


def _main_process(folder: Path) -> int:
    """Return the pid of a job's main process; raises `OSError` if it never ran or has ended."""
    running = Running(**json.loads((folder / RUNNING).read_bytes()))
    child = Process(*running.child)
    if not is_alive(child):
        raise ProcessLookupError(child.pid)
    return child.pid


def keep_up(program: str, network: Network, *, supervisor: int, folder: Path) -> NoReturn:
    """Close the inherited lock and pipe of the supervisor, and run its job's uplink; does not return."""
    try:
        # The sandbox of slirp4netns unmounts directories: below a shared mount, that affects the whole machine.
        leave_mounts()
        uplink, handle = Uplink(program, network, folder), os.pidfd_open(supervisor)
        # Standard output is the supervisor's pipe to the server, which waits until all copies of it are closed.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        listeners = [service.listener.fileno() for service in network.services]
        kept = {handle, network.namespace, network.ready, uplink.selector.fileno(), *listeners}
        for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            with suppress(OSError):  # the descriptor of the listing itself is closed already
                if number >= FIRST_OTHER_DESCRIPTOR and number not in kept:
                    os.close(number)
        uplink.run(supervisor=handle)
    except Exception as error:  # noqa: BLE001  the end of this process: the error can only be logged
        sys.stderr.write(f"The uplink ended: {error!r}\n")
        sys.stderr.flush()
    finally:
        os._exit(0)
