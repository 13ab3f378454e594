"""The state folders of all jobs, as the server sees them, and what they say of a job."""

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
UNRECORDED = "Nothing recorded how it ended."


@dataclass(frozen=True, slots=True)
class JobState:
    """One job's state folder. Reading raises OSError or ValueError where it holds what cannot be read."""

    folder: Path

    def exists(self) -> bool:
        """Whether anything is known of the job."""
        return self.folder.is_dir()

    def running(self) -> Running | None:
        """Return who runs it; None: it was never started."""
        content = self._read(records.RUNNING)
        return None if content is None else _RUNNING.validate_json(content, strict=True)

    def ended(self) -> Ended | None:
        """Return how it ended, where that is on record."""
        content = self._read(records.ENDED)
        return None if content is None else _ENDED.validate_json(content, strict=True)

    def request_stop(self) -> float:
        """Leave the mark that the end is wanted; return when it was wanted first, in seconds since 1970."""
        with suppress(FileExistsError):
            os.close(os.open(self.folder / records.STOP, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return (self.folder / records.STOP).stat().st_mtime

    def is_stop_requested(self) -> bool:
        """Whether the end is wanted."""
        return (self.folder / records.STOP).exists()

    def was_started(self) -> bool:
        """Whether a supervisor has taken it over: from then on it must not be started again."""
        names = (records.RUNNING, records.ENDED)
        return is_locked(self.folder) or any((self.folder / name).exists() for name in names)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Submit or forget: one at a time, of all the processes of the server. Makes the folder."""
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
                continue  # forgotten between the two lines
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)  # forgotten while we waited: what we hold is no longer the folder's

    def left_over(self, running: Running) -> list[Process]:
        """Return what lives of a job whose supervisor is dead; it takes a walk over all processes."""
        if running.child.boot_id != boot_id():
            return []
        return strays(running.child, mark=f"{records.MARK}={self.folder.name}".encode(), uid=running.uid)

    def remove(self) -> None:
        """Remove all that is known of the job."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None


def observe(state: JobState) -> Observation:
    """Say what the state folder and the processes named in it tell of a job; never raises."""
    try:
        return _observe(state)
    except (OSError, ValueError, OverflowError):
        return Observation(ResourceState.UNREACHABLE, reason="What is recorded of this job cannot be read.")


def _observe(state: JobState) -> Observation:
    running = None
    for _ in range(2):  # once more, because a supervisor may have started and ended between two of these lines
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
    """The supervisor and the main process are dead, and no end is on record."""
    asked_to_stop = state.is_stop_requested()
    if asked_to_stop and state.left_over(running):
        return _describe_run(running)  # its end was asked for and has not come yet
    reason = RESTARTED if running.child.boot_id != boot_id() else UNRECORDED
    return Observation(
        ResourceState.FAILED,
        resource_job_id=running.child.pid,
        reason="" if asked_to_stop else reason,
        started_at=datetime.fromtimestamp(running.started_at, UTC),
        ended_by=EndedBy.STOPPED if asked_to_stop else EndedBy.LOST,
    )
