"""Keeps up a job's way out of its network namespace, in a process of its own. Standard library only.

It is the supervisor's parent, and so none of the processes that belong to the job. The job cannot signal it, and it
lives on when the supervisor is killed, for as long as the job's main process does. slirp4netns ends with it, because
it holds the other end of its `--exit-fd`.
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

# The range of a machine's own loopback stays closed: without this option its gateway leads there.
OPTIONS = ("--configure", "--mtu=65520", "--disable-host-loopback", f"--cidr={RANGE}", "--netns-type=path")
SHELTERS = (("--enable-sandbox", "--enable-seccomp"), ())
"""What slirp4netns gives up of its rights, and the same without where the machine does not allow that."""
START_SECONDS = 4.0
SECONDS_BETWEEN_STARTS = 1.0
FIRST_OTHER_DESCRIPTOR = 3
INTERFACE = "tap0"


class Uplink:
    """One job's slirp4netns and relay, for as long as the job needs them."""

    def __init__(self, program: str, network: Network, folder: Path) -> None:
        self.program, self.network, self.folder = program, network, folder
        self.selector = selectors.DefaultSelector()
        self.slirp = self.exit = -1
        self.is_over = False

    def run(self, *, supervisor: int) -> None:
        """Start it, say so, and keep it up until the job is over; `supervisor` is a descriptor of that process."""
        if self._start():
            self._report("")
            with suppress(BrokenPipeError):  # the job was ended before it began
                os.write(self.network.ready, b"1")
        else:
            self._report("slirp4netns did not start: see supervisor.log of the newest job.")
        os.close(self.network.ready)
        for service in self.network.services:
            service.register(self.selector)
        self._watch(supervisor, lambda: self._hear_of(supervisor))
        while not self.is_over:
            for key, mask in self.selector.select():
                key.data(mask)
        self._collect()

    def _watch(self, handle: int, act: Callable[[], None]) -> None:
        self.selector.register(handle, selectors.EVENT_READ, lambda _mask: act())

    def _hear_of(self, supervisor: int) -> None:
        """Take the supervisor's end for the job's, unless it was killed or failed: then wait for the main process."""
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
        """Start slirp4netns and wait until it is ready."""
        for shelter in SHELTERS:
            ready, its_ready = os.pipe()
            its_exit, self.exit = os.pipe()
            pid = self._spawn(shelter, ready=its_ready, exit_=its_exit)
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

    def _spawn(self, shelter: tuple[str, ...], *, ready: int, exit_: int) -> int:
        handles = (self.network.namespace, ready, exit_)
        for handle in handles:
            os.set_inheritable(handle, True)
        numbers = (f"--ready-fd={ready}", f"--exit-fd={exit_}")
        namespace = f"/proc/self/fd/{self.network.namespace}"
        try:
            return os.posix_spawn(
                self.program,
                [self.program, *OPTIONS, *shelter, *numbers, namespace, INTERFACE],
                {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")},
                setsigmask=(),
                setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
            )
        finally:
            for handle in handles:
                os.set_inheritable(handle, False)

    def _start_again(self) -> None:
        """Somebody killed it: connections are lost, new ones shall work."""
        self.selector.unregister(self.slirp)
        self._collect()
        time.sleep(SECONDS_BETWEEN_STARTS)
        if not self._start():
            self._report("slirp4netns ended, and did not start again.")

    def _collect(self) -> None:
        """End slirp4netns, if it is there, and leave no zombie."""
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
    """Leave word for the resource's health; empty: all is well."""
    with suppress(OSError):
        if problem:
            (data_dir / PROBLEM).write_text(problem)
        else:
            (data_dir / PROBLEM).unlink(missing_ok=True)


def _main_process(folder: Path) -> int:
    """Return the pid of a job's main process; raises OSError when it never ran, or is gone."""
    running = Running(**json.loads((folder / RUNNING).read_bytes()))
    child = Process(*running.child)
    if not is_alive(child):
        raise ProcessLookupError(child.pid)
    return child.pid


def keep_up(program: str, network: Network, *, supervisor: int, folder: Path) -> NoReturn:
    """Let go of the supervisor's lock and notice, and keep up its job's way out as long as needed."""
    try:
        leave_mounts()  # the sandbox of slirp4netns unmounts what is below a shared mount on the whole machine
        uplink, handle = Uplink(program, network, folder), os.pidfd_open(supervisor)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        listeners = [service.listener.fileno() for service in network.services]
        kept = {handle, network.namespace, network.ready, uplink.selector.fileno(), *listeners}
        for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            with suppress(OSError):  # the listing's own is closed already
                if number >= FIRST_OTHER_DESCRIPTOR and number not in kept:
                    os.close(number)
        uplink.run(supervisor=handle)
    except Exception as error:  # noqa: BLE001  the last line of a process: only its log can take it
        sys.stderr.write(f"The way out ended: {error!r}\n")
        sys.stderr.flush()
    finally:
        os._exit(0)
