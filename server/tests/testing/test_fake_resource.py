"""The fake resource fulfils the contract; its subclasses fail as their names say."""

import secrets
from pathlib import Path

import pytest

from user_workspaces.errors import ResourceUnavailable, SubmissionRejected
from user_workspaces.interfaces.values import (
    EndedBy,
    JobScript,
    JobSpec,
    Limits,
    Observation,
    ResourceState,
    SystemAccount,
)
from user_workspaces.testing.fake_resource import (
    FakeResource,
    ResourceThatDiesAfterSubmitting,
    ResourceThatForgets,
    ResourceThatIsSilent,
    ResourceThatRefuses,
)
from user_workspaces.testing.resource_contract import MakeSpec, ResourceContract, seen

ADA = SystemAccount("ada", 2001, 2001, Path("/nonexistent"))


def new_spec(text: str = "true", **_: object) -> JobSpec:
    return JobSpec(secrets.token_hex(16), 7, "a job", ADA, Path("/nonexistent"), JobScript(text), Limits())


@pytest.fixture
def spec() -> JobSpec:
    return new_spec()


class TestFakeResource(ResourceContract):
    @pytest.fixture
    def resource(self) -> FakeResource:
        return FakeResource.build()

    @pytest.fixture
    def make_spec(self) -> MakeSpec:
        return new_spec


def test_state_of_a_job_is_set_by_the_test(spec: JobSpec) -> None:
    resource = FakeResource.build()
    number = resource.submit(spec)
    resource.queue(spec.key, "Waiting for a node.")
    assert seen(resource, spec) == Observation(ResourceState.QUEUED, number, "Waiting for a node.")
    resource.run(spec.key)
    assert seen(resource, spec) == Observation(ResourceState.RUNNING, number)
    resource.silence(spec.key, "No answer.")
    assert seen(resource, spec) == Observation(ResourceState.UNREACHABLE, number, "No answer.")
    resource.succeed(spec.key)
    assert seen(resource, spec) == Observation(ResourceState.SUCCEEDED, number, ended_by=EndedBy.EXIT, exit_code=0)


def test_job_can_fail_in_each_way(spec: JobSpec) -> None:
    resource = FakeResource.build(first_state=ResourceState.RUNNING)
    number = resource.submit(spec)
    resource.fail(spec.key)
    assert seen(resource, spec) == Observation(ResourceState.FAILED, number, ended_by=EndedBy.EXIT, exit_code=1)
    resource.fail(spec.key, EndedBy.SIGNAL, signal=9)
    assert seen(resource, spec) == Observation(ResourceState.FAILED, number, ended_by=EndedBy.SIGNAL, signal=9)
    resource.fail(spec.key, EndedBy.OUT_OF_MEMORY)
    assert seen(resource, spec).ended_by == EndedBy.OUT_OF_MEMORY


def test_lost_job_is_absent(spec: JobSpec) -> None:
    resource = FakeResource.build()
    resource.submit(spec)
    resource.lose(spec.key)
    assert seen(resource, spec).state == ResourceState.ABSENT


def test_first_state_is_set_by_the_test(spec: JobSpec) -> None:
    resource = FakeResource.build(first_state=ResourceState.RUNNING)
    resource.submit(spec)
    assert seen(resource, spec).state == ResourceState.RUNNING


def test_calls_and_submissions_are_counted(spec: JobSpec) -> None:
    resource = FakeResource.build()
    resource.submit(spec)
    resource.submit(spec)
    resource.observe([spec.key])
    assert resource.calls == {"submit": 2, "observe": 1}
    assert resource.submissions == [spec]


def test_output_can_be_read(spec: JobSpec) -> None:
    resource = FakeResource.build()
    resource.submit(spec)
    resource.print(spec.key, "one\ntwo\n")
    resource.print(spec.key, "three\n")
    assert resource.log_tail(spec.key, lines=2) == "two\nthree"
    assert resource.log_tail(spec.key, lines=0) == ""


def test_silent_resource_accepts_jobs_and_is_unreachable(spec: JobSpec) -> None:
    resource = ResourceThatIsSilent.build()
    resource.submit(spec)
    assert seen(resource, spec).state == ResourceState.UNREACHABLE
    assert not resource.check().connected


def test_refusing_resource_starts_nothing(spec: JobSpec) -> None:
    resource = ResourceThatRefuses.build()
    with pytest.raises(SubmissionRejected):
        resource.submit(spec)
    assert resource.submissions == []


def test_resource_that_dies_after_submitting_has_the_job(spec: JobSpec) -> None:
    resource = ResourceThatDiesAfterSubmitting.build()
    with pytest.raises(ResourceUnavailable):
        resource.submit(spec)
    assert seen(resource, spec).state == ResourceState.QUEUED
    assert resource.submit(spec) == seen(resource, spec).resource_job_id
    assert resource.submissions == [spec]


def test_forgetful_resource_does_not_know_submitted_jobs(spec: JobSpec) -> None:
    resource = ResourceThatForgets.build()
    assert resource.submit(spec) > 0
    assert seen(resource, spec).state == ResourceState.ABSENT
    assert resource.known_keys() == frozenset()
