"""Stops jobs, with or without their supervisor, and deletes ended ones."""

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
"""Rounds of one call without a supervisor, since new processes may appear; a later call continues."""


def stop(state: JobState, *, grace_seconds: int) -> None:
    """Request the end of a job; called again after the grace period, kill it. Returns at once."""
    # The file first: a supervisor that is starting checks for it before it lets the job run.
    asked_at = state.request_stop()
    with _locked(state) as is_ours:
        if not is_ours:
            _signal_supervisor(state)
        elif state.ended() is None:
            _stop_without_supervisor(state, is_over_grace=time.time() - asked_at >= grace_seconds)


def forget(state: JobState, directories: JobDirectories) -> None:
    """Delete the job's directory, then its state folder; a job that cannot be deleted yet stays known."""
    with state.exclusively(), _locked(state) as is_ours:
        if state.ended() is None and not (is_ours and _is_over(state)):
            return
        # The state folder last: if the process dies in between, `known_keys` still has the job.
        if directories.remove(state.folder.name):
            state.remove()


def _is_over(state: JobState) -> bool:
    """Return True if a job without supervisor and without recorded end is over; kills its remaining processes."""
    running = state.running()
    if running is not None and is_alive(running.child):
        return False
    if running is not None:
        _kill_left_over(state, running)
    return True


@contextmanager
def _locked(state: JobState) -> Iterator[bool]:
    """Hold the supervisor's lock, so that none starts; yields False if one is running."""
    handle = take_lock(state.folder)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _signal_supervisor(state: JobState) -> None:
    running = state.running()
    if running is not None:  # else it checks for the stop request before it starts the job
        send(running.runner, signal.SIGTERM)


def _stop_without_supervisor(state: JobState, *, is_over_grace: bool) -> None:
    running = state.running()
    if running is None:
        # The job never ran; a recorded end keeps a later `submit` from starting it.
        record(state.folder, records.ENDED, Ended(EndedBy.STOPPED, None, None, time.time(), ""))
    elif is_over_grace:
        _kill_left_over(state, running)
    else:
        terminate(state.left_over(running))


def _kill_left_over(state: JobState, running: Running) -> None:
    for _ in range(KILL_ROUNDS):
        if not kill(state.left_over(running)):
            return
