"""Supervises one job in a process of its own that outlives the server. Standard library only.

Standard output is a pipe to the server, which waits for the start: it is closed after the start or the end is recorded.
"""

import ctypes
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from . import records
from .child import become_the_job
from .network import Network, make_network, write_resolvers
from .processes import descendants, identify, is_alive, kill, terminate
from .records import Ended, Running, Spec, record, take_lock
from .uplink import keep_up, report_problem

# A stop request without a signal, and a log that is too long, are noticed within this time.
POLL_SECONDS = 1.0
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans below this process become its children."""
FIRST_OTHER_DESCRIPTOR = 3


class Supervisor:
    """Starts one job, waits for it, ends it, and records how it ended."""

    def __init__(self, folder: Path, spec: Spec, network: Network | None) -> None:
        self.folder, self.spec = folder, spec
        self.status: int | None = None
        """The status of the main process from wait(2); None while it runs."""
        self.pid, self.go, self.complaint = self._fork(network)
        if network is not None:
            network.close()

    def run(self) -> None:
        """Run the job from its start to its end."""
        self._record_start()
        # Checked after the record: a stop request from before it could not signal this process yet.
        ended_by = "stopped" if self._is_stop_requested() else ""
        if not ended_by:
            os.write(self.go, b"!")
        os.close(self.go)
        _close_notification()
        self._end(ended_by := ended_by or self._watch())
        self._trim_log()
        # The last step: until it, the held lock makes the job count as running.
        record(self.folder, records.ENDED, self._verdict(ended_by))

    def _fork(self, network: Network | None) -> tuple[int, int, int]:
        """Fork the child that becomes the job. It waits for `go`, which is sent after its pid is recorded."""
        # If this process dies before `go` is written, the child reads the end of the pipe and exits without running.
        go_reader, go_writer = os.pipe()
        complaint_reader, complaint_writer = os.pipe()
        log = os.open(self.folder / records.LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.geteuid() == 0:
            os.fchown(log, self.spec.uid, self.spec.gid)  # so that the job can open /dev/stderr
        pid = os.fork()
        if pid == 0:
            os.close(go_writer)
            resolvers = self.folder / records.RESOLVERS
            become_the_job(
                self.spec, go=go_reader, log=log, complaint=complaint_writer, network=network, resolvers=resolvers
            )
        for handle in (go_reader, complaint_writer, log):
            os.close(handle)
        return pid, go_writer, complaint_reader

    def _record_start(self) -> None:
        runner, child = identify(os.getpid()), identify(self.pid)
        if runner is None or child is None:
            raise ProcessLookupError("/proc does not show this process or its child")
        record(self.folder, records.RUNNING, Running(runner, child, self.spec.uid, time.time()))

    def _watch(self) -> str:
        """Wait until the main process ended ("") or must be ended (the reason)."""
        limit = self.spec.time_limit_seconds
        deadline = float("inf") if limit is None else time.monotonic() + limit
        while True:
            self._reap()
            if self.status is not None:
                return ""
            left = deadline - time.monotonic()
            if left <= 0:
                return "time limit"
            if self._is_stop_requested(wait=min(POLL_SECONDS, left)):
                return "stopped"
            self._trim_log()

    def _is_stop_requested(self, *, wait: float = 0.0) -> bool:
        """Return True after a stop request, by signal or by file; returns early when a process ended."""
        received = signal.sigtimedwait({signal.SIGTERM, signal.SIGCHLD}, wait)
        return (received is not None and received.si_signo == signal.SIGTERM) or (self.folder / records.STOP).exists()

    def _end(self, ended_by: str) -> None:
        """End all processes of the job: with SIGTERM first if it is stopped, then by force."""
        if ended_by:
            terminate(descendants(os.getpid()))
            deadline = time.monotonic() + self.spec.stop_grace_seconds
            while self._reap() and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)
        # Repeated, because processes may fork between the reading of /proc and the signals.
        while self._reap():  # as a subreaper, this process gets all orphans: no child means no descendant
            family = descendants(os.getpid())
            if not kill(family) and any(is_alive(process) for process in family):
                return  # the rest runs as another account (a setuid program): only root could end it
            signal.sigtimedwait({signal.SIGCHLD}, 0.005)

    def _reap(self) -> bool:
        """Collect ended children; False if no child is left."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.pid:
                    self.status = status
        return False

    def _trim_log(self) -> None:
        """Keep only the end of a log that is too long; output that is written meanwhile may be lost."""
        path, keep = self.folder / records.LOG, self.spec.max_log_bytes // 4
        with suppress(OSError):  # the job must be supervised also if its log cannot be trimmed
            size = path.stat().st_size
            if size > self.spec.max_log_bytes:
                # The job has the log open with O_APPEND: its next output follows the tail, not a hole of the old size.
                with path.open("ab+") as log:
                    tail = os.pread(log.fileno(), keep, size - keep)
                    log.truncate(0)
                    log.write(tail)

    def _verdict(self, ended_by: str) -> Ended:
        complaint = os.read(self.complaint, 1000).decode(errors="replace")
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        if code is None or code >= 0:
            return Ended(ended_by or "exit", code, None, time.time(), complaint)
        return Ended(ended_by or "signal", None, -code, time.time(), complaint)


def _close_notification() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def _detach() -> None:
    """Drop what was inherited from the server; signals are blocked and handled by sigtimedwait(2)."""
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGCHLD})
    for signum in (signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):  # the descriptor of the listing itself is closed already
            if number >= FIRST_OTHER_DESCRIPTOR:
                os.close(number)
    os.chdir("/")
    os.umask(0o077)


def _make_network(folder: Path, spec: Spec) -> Network | None:
    """Create a network for the job; None if it shares the machine's."""
    if not spec.uplink:
        return None
    write_resolvers(folder / records.RESOLVERS)
    try:
        return make_network(spec.services, uid=spec.uid)
    except OSError as error:
        report_problem(folder.parent, f"No network namespace could be created: {error.strerror}.")
        return None


def main(folder: Path) -> int:
    """Supervise the job of a state folder; return at once if another supervisor does or did."""
    _detach()
    # The returned descriptor stays open on purpose: it holds the lock until this process ends.
    if take_lock(folder) is None or any((folder / name).exists() for name in (records.RUNNING, records.ENDED)):
        return 0
    spec = Spec(**json.loads((folder / records.SPEC).read_bytes()))
    network = _make_network(folder, spec)
    if network is not None:
        # The uplink is the parent, not a child: it must not count as a descendant of the job.
        if supervisor := os.fork():
            keep_up(spec.uplink, network, supervisor=supervisor, folder=folder)
        os.setsid()
    # After the fork, since children do not inherit this setting.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    Supervisor(folder, spec, network).run()
    return 0
