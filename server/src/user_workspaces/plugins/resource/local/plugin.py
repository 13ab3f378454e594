"""`LocalResource`: runs jobs as processes of this machine, each as the account of its user."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from user_workspaces.errors import ConfigurationError, ResourceUnavailable
from user_workspaces.interfaces import log_text
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.resource import Resource
from user_workspaces.interfaces.values import Health, JobSpec, Observation, PluginContext, ResourceState
from user_workspaces.plugins.resource.local import records, state, termination
from user_workspaces.plugins.resource.local.capacity import capacity_of_machine
from user_workspaces.plugins.resource.local.isolation import STANDARD_PATH, Isolation
from user_workspaces.plugins.resource.local.job_directory import LONGEST_PATH, JobDirectories
from user_workspaces.plugins.resource.local.options import LocalResourceOptions
from user_workspaces.plugins.resource.local.submission import (
    Launcher,
    check_can_run,
    files_of,
    instructions,
    wait_for_start,
)

KEY = re.compile(r"[0-9a-f]{8,64}")
NEVER_SUBMITTED = Observation(ResourceState.ABSENT, reason="This key is invalid.")


class LocalResource(Resource):
    """Runs each job below its own supervisor process, so that jobs survive the end of the server."""

    Options: ClassVar[type[PluginOptions]] = LocalResourceOptions

    def __init__(self, context: PluginContext, options: LocalResourceOptions) -> None:
        super().__init__(context, options)
        self._options = options.connection_details
        self._directories = JobDirectories(context.runtime_dir)
        self._launcher = Launcher()
        self._isolation = Isolation(self._options, context.server_url, context.data_dir)
        if len(os.fsencode(self.job_directory("f" * 64) / "s")) > LONGEST_PATH:
            raise ConfigurationError("The path of the runtime directory is too long for sockets below it.")

    def check(self) -> Health:
        """Return whether jobs can be started now, and what their network isolation lacks."""
        if shutil.which("bash", path=STANDARD_PATH) is None:
            return Health(connected=False, message="bash is not installed.")
        if problem := self._directories.problem():
            return Health(connected=False, message=problem)
        try:
            self.context.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return Health(connected=False, message="The data directory cannot be created.")
        if not os.access(self.context.data_dir, os.W_OK | os.X_OK):
            return Health(connected=False, message="The data directory is not writable.")
        problem = self._isolation.problem()
        return Health(connected=not (problem and self._isolation.must_isolate), message=problem)

    def job_directory(self, key: str) -> Path:
        """Return the path of the directory of the job's files; raises `ValueError` for an invalid key."""
        return self._directories.path(_checked(key))

    def submit(self, spec: JobSpec) -> int:
        """Start the job below its supervisor and return its pid (-1: it was stopped before its start)."""
        job = self._job(spec.key)
        check_can_run(spec)
        with _readable_errors("The job could not be started on this machine"), job.exclusively():
            if not job.was_started():
                # A crash before the supervisor starts is harmless: the next call repeats all of these steps.
                instructed = instructions(
                    spec, directory=self.job_directory(spec.key), options=self._options, isolation=self._isolation
                )
                self._directories.make(spec.key, files_of(spec), spec.account)
                records.record(job.folder, records.SPEC, instructed)
                self._launcher.start(job.folder)
            return wait_for_start(job)

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        """Return the states of jobs from their state folders and processes."""
        self._launcher.collect()
        return {key: state.observe(self._job(key)) if KEY.fullmatch(key) else NEVER_SUBMITTED for key in keys}

    def stop(self, key: str) -> None:
        """Signal the supervisor; if it is dead, end the job's processes directly, and by force when called again."""
        job = self._job(key)
        is_over = state.observe(job).state in (ResourceState.SUCCEEDED, ResourceState.FAILED)
        if is_over or not job.exists():
            return
        with _readable_errors("The job could not be stopped"):
            termination.stop(job, grace_seconds=self._options.stop_grace_seconds)

    def log_tail(self, key: str, *, lines: int) -> str:
        """Return the last lines of the job's output."""
        return log_text.tail(self._job(key).folder / records.LOG, lines=lines)

    def forget(self, key: str) -> None:
        """Delete all files of a job that does not run; a job that cannot be deleted yet stays known."""
        job = self._job(key)
        if job.exists():
            with _readable_errors("The job's files could not be removed"):
                termination.forget(job, self._directories)

    def known_keys(self) -> frozenset[str]:
        """Return the keys of all state folders."""
        try:
            names = {path.name for path in self.context.data_dir.iterdir()}
        except FileNotFoundError:
            return frozenset()
        return frozenset(name for name in names if KEY.fullmatch(name))

    def capacity(self) -> Capacity:
        """Return what the server itself may use: jobs get no more."""
        return capacity_of_machine()

    def _job(self, key: str) -> state.JobState:
        return state.JobState(self.context.data_dir / _checked(key))


def _checked(key: str) -> str:
    """Return the key; raises `ValueError` for any other text, which could be a path."""
    if KEY.fullmatch(key) is None:
        raise ValueError(f"Invalid job key: {key!r}")
    return key


@contextmanager
def _readable_errors(what: str) -> Iterator[None]:
    """Raise `ResourceUnavailable`, with a message for users and without a path, in place of `OSError`."""
    try:
        yield
    except OSError as error:
        raise ResourceUnavailable(f"{what}: {error.strerror}.") from error
    except ValueError as error:
        raise ResourceUnavailable(f"{what}: its records are invalid.") from error
