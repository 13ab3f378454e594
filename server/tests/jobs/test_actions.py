"""Starting, stopping and deleting, and changes of a job's status."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidOptions, InvalidRequest, NotFound
from user_workspaces.jobs.actions import LaunchRequest, change_status, delete_workspace, start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import TRANSITIONS, JobStatus
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
Person = Callable[..., User]
Make = Callable[..., Workspace]


@pytest.fixture
def workspace(make_user: Person, workspace_of: Make) -> Workspace:
    return workspace_of(make_user())


def launch(workspace: Workspace, **fields: Any) -> Job:
    given: dict[str, Any] = {"owner": workspace.owner, "workspace_id": workspace.pk, "job_type": "local_test"}
    now = fields.pop("now", NOW)
    return start_job(LaunchRequest(**{**given, **fields}), now=now)


def test_launch_creates_due_job(workspace: Workspace) -> None:
    options = {"num_cpus": 2, "time_limit_minutes": 30, "color": "blue"}
    job = launch(workspace, options=options, job_details={"notebook": "a.ipynb"})
    job.refresh_from_db()
    workspace.refresh_from_db()
    assert (job.status, job.next_check_at, job.cpus, job.memory_mb) == ("pending", NOW, 2, 4096)
    assert job.time_limit_seconds == 1800
    assert job.requested == {"notebook": "a.ipynb", "resource_options": options}
    assert (workspace.status, workspace.datetime_last_job_launch) == ("active", NOW)


def test_jobs_have_unique_keys_and_secrets(workspace: Workspace) -> None:
    first, second = launch(workspace), launch(workspace)
    assert len({first.key, second.key, first.secret, second.secret}) == 4


def test_default_job_type_is_used(workspace: Workspace) -> None:
    with pytest.raises(InvalidRequest, match=r"^Missing job_type and no default job type set on workspace\.$"):
        launch(workspace, job_type="")
    Workspace.objects.update(default_job_type="jupyter_lab")
    assert launch(workspace, job_type="").job_type == "jupyter_lab"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"job_type": "rocket"}, "rocket is not in the list of available job types."),
        ({"resource": "moon"}, "moon is not in the list of available resources."),
        ({"options": {"resource": "moon"}}, "moon is not in the list of available resources."),
        ({"options": {"resource": 5}}, "5 is not in the list of available resources."),
        ({"job_details": {"a": "\0"}}, "Job details cannot contain a NUL character."),
        ({"options": {"a": "\0"}}, "Resource options cannot contain a NUL character."),
    ],
)
def test_rejected_launch_leaves_no_row(workspace: Workspace, fields: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        launch(workspace, **fields)
    assert caught.value.message == message
    assert not Job.objects.exists()
    assert Workspace.objects.get().status == "idle"


def test_launch_with_invalid_options_leaves_no_row(workspace: Workspace) -> None:
    with pytest.raises(InvalidOptions):
        launch(workspace, options={"num_cpus": 99})
    assert not Job.objects.exists()


def test_launch_can_name_resource(workspace: Workspace, site: Registry) -> None:
    site.resources.add("big", FakeResource.build("big"))
    known = registry.site()
    resources = {**known.resources, "big": known.resources["local"]}
    registry.install(site, replace(known, resources=resources))
    assert launch(workspace).resource == "local"
    assert launch(workspace, resource="big").resource == "big"
    assert launch(workspace, options={"resource": "big"}).resource == "big"


def test_launch_in_deleting_workspace_is_rejected(workspace: Workspace) -> None:
    Workspace.objects.update(status="deleting")
    with pytest.raises(InvalidRequest, match="is deleting; nothing can be launched in it now"):
        launch(workspace)


def test_launch_in_workspace_of_another_user_is_rejected(workspace: Workspace, make_user: Person) -> None:
    with pytest.raises(NotFound, match="not found for user"):
        launch(workspace, owner=make_user("mallory"))


def test_concurrent_launch_and_deletion_leave_no_live_job(make_user: Person, workspace_of: Make) -> None:
    for _ in range(8):
        workspace = workspace_of(make_user())
        work: list[Callable[[], object]] = [
            lambda w=workspace: outcome(lambda: launch(w)),  # type: ignore[misc]  # bound early
            lambda w=workspace: outcome(  # type: ignore[misc]  # bound early
                lambda: delete_workspace(owner=w.owner, workspace_id=w.pk, force=False, now=NOW)
            ),
        ]
        results = at_once(2, lambda left=work: left.pop()())  # type: ignore[misc]  # bound early
        assert results.count("refused") == 1
        workspace.refresh_from_db()
        assert (workspace.status == "deleting") is not workspace.jobs.exists()


def outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except InvalidRequest:
        return "refused"
    return "done"


def test_stopping_unsubmitted_job_completes_it(workspace: Workspace) -> None:
    job = launch(workspace)
    assert stop_job(job=job, now=NOW) is JobStatus.COMPLETE
    job.refresh_from_db()
    workspace.refresh_from_db()
    assert (job.status, job.message, job.datetime_end) == ("complete", "Stopped before it started.", NOW)
    assert workspace.status == "idle"


def test_stopping_job_submitted_meanwhile(workspace: Workspace) -> None:
    """The request read the job before the controller changed it."""
    stale = launch(workspace)
    Job.objects.update(submitted=True, resource_job_id=7)
    assert stop_job(job=stale, now=NOW) is JobStatus.STOPPING


@pytest.mark.parametrize("status", ["stopping", "complete", "failed"])
def test_ended_job_cannot_be_stopped(workspace: Workspace, status: str) -> None:
    job = launch(workspace)
    Job.objects.update(status=status)
    with pytest.raises(InvalidRequest, match=r"^This job is not running or pending\.$"):
        stop_job(job=Job.objects.get(pk=job.pk), now=NOW)
    with pytest.raises(InvalidRequest):
        stop_job(job=job, now=NOW)


def test_one_of_many_concurrent_status_changes_succeeds(workspace: Workspace) -> None:
    job = launch(workspace)
    copies = [Job.objects.get(pk=job.pk) for _ in range(6)]
    changed = at_once(6, lambda: change_status(job=copies.pop(), new=JobStatus.RUNNING, now=NOW))
    assert sorted(changed) == [False] * 5 + [True]


@pytest.mark.parametrize("old", list(JobStatus))
@pytest.mark.parametrize("new", list(JobStatus))
def test_only_allowed_transitions_are_made(workspace: Workspace, old: JobStatus, new: JobStatus) -> None:
    job = launch(workspace)
    Job.objects.update(status=old)
    job.status = old
    if new is old or new in TRANSITIONS[old]:
        assert change_status(job=job, new=new, now=NOW, message="so")
        assert Job.objects.get().status == new
    else:
        with pytest.raises(ValueError, match="a job cannot go from"):
            change_status(job=job, new=new, now=NOW)


def test_new_status_makes_job_due_unless_time_is_given(workspace: Workspace) -> None:
    job, later = launch(workspace), NOW + timedelta(hours=1)
    Job.objects.update(next_check_at=later)
    change_status(job=job, new=JobStatus.RUNNING, now=NOW)
    assert Job.objects.get().next_check_at == NOW
    change_status(job=job, new=JobStatus.STOPPING, now=NOW, next_check_at=later)
    assert Job.objects.get().next_check_at == later


def test_end_of_session_clears_endpoint(workspace: Workspace) -> None:
    job = launch(workspace)
    Job.objects.update(endpoint="{}", status="running")
    change_status(job=Job.objects.get(), new=JobStatus.FAILED, now=NOW)
    assert (Job.objects.get().endpoint, job.key) == ("", Job.objects.get().key)


def test_deletion_with_live_jobs_requires_force(workspace: Workspace) -> None:
    launch(workspace)
    taken = launch(workspace)
    Job.objects.filter(pk=taken.pk).update(submitted=True)
    with pytest.raises(InvalidRequest, match=r"^Cannot delete workspace, jobs are running for this workspace\.$"):
        delete_workspace(owner=workspace.owner, workspace_id=workspace.pk, force=False, now=NOW)
    delete_workspace(owner=workspace.owner, workspace_id=workspace.pk, force=True, now=NOW)
    assert sorted(Job.objects.values_list("status", flat=True)) == ["complete", "stopping"]
    assert Workspace.objects.get().status == "deleting"
