"""Fake resources and a job type; each class is named for the event or fault that it simulates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from user_workspaces.interfaces.job_type import JobParameters
from user_workspaces.interfaces.values import JobContext, JobScript, JobSpec, Observation
from user_workspaces.interfaces.values import ResourceState as Seen
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.testing.fake_resource import FakeResource


class ResourceWithStopInMidSubmit(FakeResource):
    """The user stops the job while it is being submitted."""

    settle_too = False

    def submit(self, spec: JobSpec) -> int:
        job = Job.objects.get(key=spec.key)
        stop_job(job=job, now=job.datetime_created)
        if self.settle_too:
            Job.objects.filter(pk=job.pk).update(next_check_at=None)
        return super().submit(spec)


class ResourceWithStopInMidObserve(FakeResource):
    """The user stops the job while the resource is being observed."""

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        seen = super().observe(keys)
        for job in Job.objects.filter(key__in=keys, status="running"):
            stop_job(job=job, now=job.datetime_created + timedelta(microseconds=1))
        return seen


class JobTypeWithParameters(FakeJobType):
    """A job type with the parameter `notebook`."""

    class Parameters(JobParameters):
        notebook: str = ""

    is_interactive: ClassVar[bool] = False

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        assert isinstance(parameters, self.Parameters)
        return JobScript(text=f"run {parameters.notebook}\n")


class ResourceThatBreaksItsPromise(FakeResource):
    """A resource whose `observe` raises or, if `raises` is False, returns no observations."""

    raises = True

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        if self.raises:
            raise OSError("disk full")
        return {}


class ResourceWithAClock(FakeResource):
    """A resource that reports when jobs started and ended."""

    started_at: datetime | None = None
    ended_at: datetime | None = None

    def observe(self, keys: Sequence[str]) -> Mapping[str, Observation]:
        seen = super().observe(keys)
        return {key: one if one.state is Seen.ABSENT else self._with_times(one) for key, one in seen.items()}

    def _with_times(self, one: Observation) -> Observation:
        return replace(one, started_at=self.started_at, ended_at=self.ended_at)


class ResourceThatRaises(FakeResource):
    """A resource on which the submission with the number `only`, or each one if that is 0, raises `error`."""

    error: Exception | None = None
    only = 0

    def submit(self, spec: JobSpec) -> int:
        self.calls["submit"] += 1
        if self.error and self.only in {0, self.calls["submit"]}:
            raise self.error
        return super().submit(spec)


class PowerCut(BaseException):
    """The controller dies here."""


class ResourceWithPowerCut(FakeResource):
    """The controller dies right before or right after a call of the named method, once."""

    method, after = "", True

    def _die(self, method: str, *, after: bool) -> None:
        if (self.method, self.after) == (method, after):
            self.method = ""
            raise PowerCut

    def submit(self, spec: JobSpec) -> int:
        self._die("submit", after=False)
        number = super().submit(spec)
        self._die("submit", after=True)
        return number

    def stop(self, key: str) -> None:
        self._die("stop", after=False)
        super().stop(key)
        self._die("stop", after=True)

    def forget(self, key: str) -> None:
        self._die("forget", after=False)
        super().forget(key)
        self._die("forget", after=True)

    def log_tail(self, key: str, *, lines: int) -> str:
        self._die("log_tail", after=False)
        return super().log_tail(key, lines=lines)
