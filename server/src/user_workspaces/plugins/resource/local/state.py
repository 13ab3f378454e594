"""The state folders of jobs as the server reads them, and the observations made from them."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from user_workspaces.interfaces.values import EndedBy, Observation, ResourceState
from user_workspaces.plugins.resource.local import records
from user_workspaces.plugins.resource.local.processes import Process, boot_id, is_alive, strays
from user_workspaces.plugins.resource.local.records import Ended, Running, is_locked

_RUNNING, _ENDED = TypeAdapter(Running), TypeAdapter(Ended)

RESTARTED = "The machine was restarted."
UNRECORDED = "The end of the job was not recorded."


@dataclass(frozen=True, slots=True)
class JobState:
    """The state folder of one job. Reading raises `OSError` or `ValueError` for invalid records."""

    folder: Path

    def exists(self) -> bool:
        """Return True if the job is known."""
        return self.folder.is_dir()

    def running(self) -> Running | None:
        """Return the processes of the job; None: it was never started."""
        content = self._read(records.RUNNING)
        return None if content is None else _RUNNING.validate_json(content, strict=True)

    def ended(self) -> Ended | None:
        """Return how the job ended; None: not recorded."""
        content = self._read(records.ENDED)
        return None if content is None else _ENDED.validate_json(content, strict=True)

    def request_stop(self) -> float:
        """Record a stop request; return the time of the first one, in seconds since 1970."""
        # Created once: the time of the first request decides when the grace period is over.
        with suppress(FileExistsError):
            os.close(os.open(self.folder / records.STOP, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return (self.folder / records.STOP).stat().st_mtime

    def is_stop_requested(self) -> bool:
        """Return True if a stop was requested."""
        return (self.folder / records.STOP).exists()

    def was_started(self) -> bool:
        """Return True if a supervisor has taken the job over: it must not be started again."""
        # The lock is tested first: a supervisor that ends between the two tests has left a record.
        names = (records.RUNNING, records.ENDED)
        return is_locked(self.folder) or any((self.folder / name).exists() for name in names)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the lock for submitting or forgetting, across all processes of the server. Creates the folder."""
        handle = self._lock()
        try:
            yield
        finally:
            os.close(handle)

    def _lock(self) -> int:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            try:
                handle = os.open(self.folder / records.SUBMIT_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                continue  # another process deleted the folder between the two calls
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)  # deleted while waiting: this lock file is not in the folder any more

    def left_over(self, running: Running) -> list[Process]:
        """Return the running processes of a job whose supervisor is dead; reads all of /proc."""
        if running.child.boot_id != boot_id():
            return []
        return strays(running.child, tag=f"{records.TAG}={self.folder.name}".encode(), uid=running.uid)

    def remove(self) -> None:
        """Delete the state folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None


def observe(state: JobState) -> Observation:
    """Return the state of a job from its folder and the processes named there; never raises."""
    try:
        return _observe(state)
    except (OSError, ValueError, OverflowError):
        return Observation(ResourceState.UNREACHABLE, reason="The records of this job are invalid.")


def _observe(state: JobState) -> Observation:
    running = None
    for _ in range(2):  # twice, because a supervisor may start and end between two of these reads
        locked, running, ended = is_locked(state.folder), state.running(), state.ended()
        if ended is not None:
            return _describe_end(ended, running)
        if locked or (running is not None and is_alive(running.child)):
            return _describe_run(running)
    if running is None:
        return Observation(ResourceState.ABSENT)
    return _describe_lost(state, running)


def _describe_run(running: Running | None) -> Observation:
    if running is None:
        return Observation(ResourceState.RUNNING)
    return Observation(
        ResourceState.RUNNING,
        resource_job_id=running.child.pid,
        started_at=datetime.fromtimestamp(running.started_at, UTC),
    )


def _describe_end(ended: Ended, running: Running | None) -> Observation:
    succeeded = ended.ended_by == EndedBy.EXIT and ended.exit_code == 0
    return Observation(
        ResourceState.SUCCEEDED if succeeded else ResourceState.FAILED,
        resource_job_id=-1 if running is None else running.child.pid,
        reason=ended.reason,
        started_at=None if running is None else datetime.fromtimestamp(running.started_at, UTC),
        ended_at=datetime.fromtimestamp(ended.ended_at, UTC),
        ended_by=EndedBy(ended.ended_by),
        exit_code=ended.exit_code,
        signal=ended.signal,
    )


def _describe_lost(state: JobState, running: Running) -> Observation:
    """Describe a job whose supervisor and main process are dead without a recorded end."""
    asked_to_stop = state.is_stop_requested()
    if asked_to_stop and state.left_over(running):
        return _describe_run(running)  # a stop was requested, and processes are left
    reason = RESTARTED if running.child.boot_id != boot_id() else UNRECORDED
    return Observation(
        ResourceState.FAILED,
        resource_job_id=running.child.pid,
        reason="" if asked_to_stop else reason,
        started_at=datetime.fromtimestamp(running.started_at, UTC),
        ended_by=EndedBy.STOPPED if asked_to_stop else EndedBy.LOST,
    )
