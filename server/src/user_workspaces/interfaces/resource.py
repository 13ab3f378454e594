"""The interface of resource plug-ins, on which jobs run."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import JobSpec, Observation


class Resource(Plugin):
    """Runs jobs as the account of their user. Jobs must survive the end of the server's processes.

    Web processes and the controller each build an instance, so all state must be on disk or in the batch system. The
    controller calls `observe` about every 2 seconds per job, for all due jobs of a resource in one call. Each call
    must take less than the trust interval of a lease (30 seconds); after that, another worker may take the job over.
    """

    @abstractmethod
    def job_directory(self, key: str) -> Path:
        """Return the absolute path of the directory that `submit` creates for the job's files (mode 0700)."""

    @abstractmethod
    def submit(self, spec: JobSpec) -> int:
        """Start a job and return its number on the resource (a pid, a Slurm job ID).

        Idempotent by `spec.key`: one job runs, once, however often this is called and whenever the caller is killed.
        The job gets a clean environment, without the server's variables. Raises `SubmissionRejected` if the job can
        never run (it then fails), and `ResourceUnavailable` if the outcome is unknown (the server tries again).
        """

    @abstractmethod
    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        """Return the state of each of these jobs, with one request to the resource; never raises.

        The result has every key: UNREACHABLE if the resource does not respond, ABSENT if it does not know the job.
        """

    @abstractmethod
    def stop(self, key: str) -> None:
        """Request the end of a job, first with SIGTERM, then by force; returns at once.

        Called again until the job has ended; no-op for an ended or unknown job. Raises `ResourceUnavailable`.
        """

    @abstractmethod
    def log_tail(self, key: str, *, lines: int) -> str:
        """Return the last lines of the job's output (stdout and stderr) as plain text; empty if there is none.

        Escape sequences and control characters are removed (`interfaces.log_text` does it). Raises
        `ResourceUnavailable`.
        """

    @abstractmethod
    def forget(self, key: str) -> None:
        """Delete the state, the log and the directory of an ended job; no-op if it runs or is unknown.

        Raises `ResourceUnavailable`; a job that could not be deleted stays in `known_keys`.
        """

    @abstractmethod
    def known_keys(self) -> frozenset[str]:
        """Return the keys of all jobs that the resource knows; the server removes orphans among them."""

    def capacity(self) -> Capacity:
        """Return the most that one job can get, None for unknown values; cheap, since each launch form calls it."""
        return Capacity()
