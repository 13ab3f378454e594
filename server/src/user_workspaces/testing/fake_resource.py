"""Fake resources, whose jobs change as the test sets them; subclasses are named for their fault."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import ClassVar, Self

from user_workspaces.errors import ResourceUnavailable, SubmissionRejected
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.resource import Resource
from user_workspaces.interfaces.values import (
    EndedBy,
    Health,
    JobSpec,
    Observation,
    PluginContext,
    ResourceState,
)

ENDED = (ResourceState.SUCCEEDED, ResourceState.FAILED)
FIRST_NUMBER = 1000


class FakeResourceOptions(PluginOptions):
    """The first state of a submitted job."""

    first_state: ResourceState = ResourceState.QUEUED


class FakeResource(Resource):
    """Keeps jobs in memory; `queue`, `run`, `succeed`, `fail`, `lose` and `silence` change them."""

    Options: ClassVar[type[PluginOptions]] = FakeResourceOptions

    def __init__(self, context: PluginContext, options: FakeResourceOptions) -> None:
        super().__init__(context, options)
        self._first_state = options.first_state
        self._lock = RLock()
        self._jobs: dict[str, Observation] = {}
        self._logs: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        """Calls of each method, by its name."""
        self.submissions: list[JobSpec] = []
        """The started jobs, each key once."""
        self.has = Capacity()
        """The result of `capacity`."""

    @classmethod
    def build(cls, name: str = "fake", *, first_state: ResourceState = ResourceState.QUEUED) -> Self:
        """Build one without a configuration."""
        folder = Path("/nonexistent") / name
        context = PluginContext(
            name=name, base_dir=folder, data_dir=folder, runtime_dir=folder, find_client=lambda _token: None
        )
        return cls(context, FakeResourceOptions(first_state=first_state))

    def queue(self, key: str, reason: str = "") -> None:
        """Set a job to queued."""
        self._change(key, state=ResourceState.QUEUED, reason=reason)

    def run(self, key: str) -> None:
        """Set a job to running."""
        self._change(key, state=ResourceState.RUNNING)

    def succeed(self, key: str) -> None:
        """Let a job succeed."""
        self._change(key, state=ResourceState.SUCCEEDED, ended_by=EndedBy.EXIT, exit_code=0)

    def fail(
        self,
        key: str,
        ended_by: EndedBy = EndedBy.EXIT,
        *,
        exit_code: int | None = None,
        signal: int | None = None,
        reason: str = "",
    ) -> None:
        """Let a job fail, by default with exit code 1."""
        if ended_by is EndedBy.EXIT and exit_code is None:
            exit_code = 1
        self._change(
            key, state=ResourceState.FAILED, ended_by=ended_by, exit_code=exit_code, signal=signal, reason=reason
        )

    def lose(self, key: str) -> None:
        """Let a job become unknown."""
        with self._lock:
            self._jobs.pop(key, None)

    def silence(self, key: str, reason: str = "The resource is not responding.") -> None:
        """Let a job become unreachable."""
        self._change(key, state=ResourceState.UNREACHABLE, reason=reason)

    def print(self, key: str, text: str) -> None:
        """Append to a job's log."""
        with self._lock:
            self._logs[key] = self._logs.get(key, "") + text

    def check(self) -> Health:
        """Always healthy."""
        self.calls["check"] += 1
        return Health(connected=True)

    def capacity(self) -> Capacity:
        """Return the value set by the test."""
        return self.has

    def job_directory(self, key: str) -> Path:
        """Return a path that does not exist."""
        return self.context.runtime_dir / key

    def submit(self, spec: JobSpec) -> int:
        """Store the job; the same key returns the same number."""
        self.calls["submit"] += 1
        with self._lock:
            if spec.key not in self._jobs:
                self.submissions.append(spec)
                number = FIRST_NUMBER + len(self.submissions)
                self._jobs[spec.key] = Observation(self._first_state, resource_job_id=number)
            return self._jobs[spec.key].resource_job_id

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        """Return the value set by the test."""
        self.calls["observe"] += 1
        with self._lock:
            return {key: self._jobs.get(key, Observation(ResourceState.ABSENT)) for key in keys}

    def stop(self, key: str) -> None:
        """End the job at once."""
        self.calls["stop"] += 1
        with self._lock:
            if key in self._jobs and self._jobs[key].state not in ENDED:
                self.fail(key, EndedBy.STOPPED)

    def log_tail(self, key: str, *, lines: int) -> str:
        """Return the end of the log."""
        self.calls["log_tail"] += 1
        printed = self._logs.get(key, "").splitlines()
        return "\n".join(printed[max(0, len(printed) - lines) :])

    def forget(self, key: str) -> None:
        """Delete an ended job."""
        self.calls["forget"] += 1
        with self._lock:
            if key in self._jobs and self._jobs[key].state in ENDED:
                del self._jobs[key]
                self._logs.pop(key, None)

    def known_keys(self) -> frozenset[str]:
        """Return the keys that were submitted and not deleted."""
        self.calls["known_keys"] += 1
        with self._lock:
            return frozenset(self._jobs)

    def _change(
        self,
        key: str,
        *,
        state: ResourceState,
        reason: str = "",
        ended_by: EndedBy | None = None,
        exit_code: int | None = None,
        signal: int | None = None,
    ) -> None:
        with self._lock:
            self._jobs[key] = dataclasses.replace(
                self._jobs[key], state=state, reason=reason, ended_by=ended_by, exit_code=exit_code, signal=signal
            )


class ResourceThatIsSilent(FakeResource):
    """Accepts jobs, and then reports none of them."""

    def check(self) -> Health:
        """Unhealthy."""
        self.calls["check"] += 1
        return Health(connected=False, message="The resource is not responding.")

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        """Return UNREACHABLE for all jobs."""
        self.calls["observe"] += 1
        silence = Observation(ResourceState.UNREACHABLE, reason="The resource is not responding.")
        return dict.fromkeys(keys, silence)


class ResourceThatRefuses(FakeResource):
    """Rejects every submission."""

    def submit(self, spec: JobSpec) -> int:
        """Raise `SubmissionRejected`."""
        self.calls["submit"] += 1
        raise SubmissionRejected(f"The resource does not accept job {spec.job_id}.")


class ResourceThatDiesAfterSubmitting(FakeResource):
    """Starts each job, but raises an error at the first submission."""

    def submit(self, spec: JobSpec) -> int:
        """Start the job; raise for a new one."""
        is_new = spec.key not in self._jobs
        number = super().submit(spec)
        if is_new:
            raise ResourceUnavailable("The resource stopped responding.")
        return number


class ResourceThatForgets(FakeResource):
    """Accepts jobs, and then does not know them."""

    def submit(self, spec: JobSpec) -> int:
        """Store the job and delete it."""
        number = super().submit(spec)
        self.lose(spec.key)
        return number
