"""Fixtures of the controller's tests: a driver of its passes, with a clock that the test advances."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from controller.copying_scenarios import FILES, built
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.interfaces.resource import Resource
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.testing.fake_storage import InMemoryStorage
from user_workspaces.workspaces.actions import create_workspace, measure
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace

MOST_PASSES = 40
UseStorage = Callable[[type[InMemoryStorage]], InMemoryStorage]


@dataclass
class Driver:
    """Runs the controller's passes at the times that the test sets."""

    owner: User
    workspace: Workspace
    now: datetime = field(default_factory=timezone.now)

    def launch(self, job_type: str = "jupyter_lab", **fields: Any) -> Job:
        given = {"workspace_id": self.workspace.pk, "owner": self.owner}
        return start_job(LaunchRequest(job_type=job_type, **{**given, **fields}), now=self.now)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def run(self, *, passes: int = 1, each: float = 2.0) -> None:
        """Let `each` seconds pass before each pass."""
        for _ in range(passes):
            self.later(each)
            reconcile_jobs(now=self.now)

    def until(self, job: Job, condition: Callable[[Job], bool]) -> Job:
        """Run passes until the job meets the condition."""
        for _ in range(MOST_PASSES):
            job.refresh_from_db()
            if condition(job):
                return job
            self.run()
        raise AssertionError(f"never so: {job} {job.message}")

    def running(self, job_type: str = "jupyter_lab") -> Job:
        """Launch a job and let it run; a session becomes ready."""
        job = self.until(self.launch(job_type), lambda job: job.submitted)
        self.resource.run(job.key)
        return self.until(job, lambda job: job.status == "running" and (job.endpoint != "" or not job.serves))

    def settled(self, job: Job) -> Job:
        """Run passes until the job is settled: no next check is due."""
        return self.until(job, lambda job: job.next_check_at is None)

    @property
    def resource(self) -> FakeResource:
        """The fake resource of the site."""
        found = registry.current().resources.get("local")
        assert isinstance(found, FakeResource)
        return found


def session_type(site: Registry) -> FakeJobType:
    found = site.job_types.get("jupyter_lab")
    assert isinstance(found, FakeJobType)
    return found


@pytest.fixture
def driver(site: Registry, make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> Driver:
    """A driver for a user with a workspace."""
    owner = make_user()
    return Driver(owner, workspace_of(owner))


@pytest.fixture
def use(site: Registry) -> Callable[..., Any]:
    """Return a function that replaces the resource `local`."""

    def put(kind: type[Resource], **options: Any) -> Any:
        made = kind.build("local", **options)  # type: ignore[attr-defined]  # fakes have it
        site.resources.add("local", made)
        return made

    return put


@pytest.fixture
def grace(make_user: Callable[..., User]) -> User:
    """A user to share with."""
    return make_user("grace")


@pytest.fixture
def original(make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> Workspace:
    """A workspace with a few hundred files, some of them large."""
    small = [NewFile(f"d{number % 7}/f{number}", b"x" * number) for number in range(300)]
    large = [NewFile(f"large{number}", bytes([number]) * 3_000_000) for number in range(5)]
    return workspace_of(make_user("ada"), "cell-atlas", Details(files=(*small, *large, NewFile(".hidden", b"h"))))


@pytest.fixture
def use_storage(site: Registry) -> UseStorage:
    """Return a function that replaces the storage `local`."""

    def put(kind: type[InMemoryStorage]) -> InMemoryStorage:
        storage = built(kind)
        site.storages.add("local", storage)
        return storage

    return put


@pytest.fixture
def ours(make_user: Callable[[str], User], site: object) -> Callable[[], Workspace]:
    """Return a function that creates and measures the workspace to share; no quota is set yet."""

    def make() -> Workspace:
        made = create_workspace(
            owner=make_user("ada"), name="w", description="", default_job_type="", details=FILES, now=timezone.now()
        )
        measure(Workspace.objects.get(pk=made.pk))
        return Workspace.objects.get(pk=made.pk)

    return make
