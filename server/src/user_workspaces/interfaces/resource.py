"""What a plug-in must offer so that jobs can run on it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import JobSpec, Observation


class Resource(Plugin):
    """Runs jobs as the person they belong to. Jobs live on when this process dies."""

    @abstractmethod
    def job_directory(self, key: str) -> Path:
        """Return the absolute path of the directory that `submit` will make for this job's files."""

    @abstractmethod
    def submit(self, spec: JobSpec) -> int:
        """Start a job and return its number on the resource (a pid, a Slurm job id).

        Idempotent by `spec.key`: however often it is called and whenever the caller dies, one job runs, once.
        Raises `SubmissionRejected` where the answer is a final no, `ResourceUnavailable` where it is unknown.
        """

    @abstractmethod
    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        """Return what is seen of each of these jobs, in one call to the resource; never raises.

        A resource that does not answer says UNREACHABLE, for each key; every key is in the answer.
        """

    @abstractmethod
    def stop(self, key: str) -> None:
        """Ask the job to end: politely first, then by force; returns at once. No-op when it is gone."""

    @abstractmethod
    def log_tail(self, key: str, *, lines: int) -> str:
        """Return the last lines of what the job printed; empty when there is nothing."""

    @abstractmethod
    def forget(self, key: str) -> None:
        """Remove what is kept about a job that ended; no-op when it runs or is unknown."""

    @abstractmethod
    def known_keys(self) -> frozenset[str]:
        """Return the keys of all the jobs that the resource knows, for the sweep of what nobody owns."""

    def capacity(self) -> Capacity:
        """Return the most that one job can get here; cheap, never raises, and leaves out what it does not know."""
        return Capacity()
