"""Stopping jobs, with or without their supervisor, and forgetting those that ended."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from user_workspaces.interfaces.values import EndedBy
from user_workspaces.plugins.resource.local import records
from user_workspaces.plugins.resource.local.job_directory import JobDirectories
from user_workspaces.plugins.resource.local.processes import is_alive, kill, send, terminate
from user_workspaces.plugins.resource.local.records import Ended, Running, record, take_lock
from user_workspaces.plugins.resource.local.state import JobState

KILL_ROUNDS = 50
"""Without a supervisor we cannot know that nothing is left; a later call goes on."""


def stop(state: JobState, *, grace_seconds: int) -> None:
    """Ask a job to end; called again after the grace it is forced to. Returns at once."""
    asked_at = state.request_stop()
    with _locked(state) as is_ours:
        if not is_ours:
            _signal_supervisor(state)
        elif state.ended() is None:
            _stop_without_supervisor(state, is_over_grace=time.time() - asked_at >= grace_seconds)


def forget(state: JobState, directories: JobDirectories) -> None:
    """Remove the job's directory, then what is recorded of it; what cannot be removed yet stays known."""
    with state.exclusively(), _locked(state) as is_ours:
        if state.ended() is None and not (is_ours and _is_over(state)):
            return
        if directories.remove(state.folder.name):
            state.remove()


def _is_over(state: JobState) -> bool:
    """Whether a job without supervisor and without a recorded end is over; ends what it left behind."""
    running = state.running()
    if running is not None and is_alive(running.child):
        return False
    if running is not None:
        _kill_left_over(state, running)
    return True


@contextmanager
def _locked(state: JobState) -> Iterator[bool]:
    """Keep supervisors from starting; False where one is at work."""
    handle = take_lock(state.folder)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _signal_supervisor(state: JobState) -> None:
    running = state.running()
    if running is not None:  # else it will look for the mark before it lets the job begin
        send(running.runner, signal.SIGTERM)


def _stop_without_supervisor(state: JobState, *, is_over_grace: bool) -> None:
    running = state.running()
    if running is None:
        record(state.folder, records.ENDED, Ended(EndedBy.STOPPED, None, None, time.time(), ""))
    elif is_over_grace:
        _kill_left_over(state, running)
    else:
        terminate(state.left_over(running))


def _kill_left_over(state: JobState, running: Running) -> None:
    for _ in range(KILL_ROUNDS):
        if not kill(state.left_over(running)):
            return
