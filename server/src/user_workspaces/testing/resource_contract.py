"""The contract suite of resources: subclass it in a test module and provide the fixtures.

class TestMyResource(RunningResourceContract):      # `ResourceContract` if no script is really run
    @pytest.fixture
    def resource(self) -> Resource: ...              # new, without jobs
    @pytest.fixture
    def make_spec(self) -> MakeSpec: ...             # a job with a new key, of an account that can run jobs

The working directory of a spec must be new and empty; the account can write it, and the tests can read it.
"""

# ruff: noqa: PLR2004  numbers in tests are explained by their context
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from user_workspaces.errors import SubmissionRejected
from user_workspaces.interfaces.resource import Resource
from user_workspaces.interfaces.values import EndedBy, JobFile, JobSpec, Limits, Observation, ResourceState
from user_workspaces.testing.waiting import eventually

UNKNOWN = "0123456789abcdef" * 2
ALIVE = (ResourceState.QUEUED, ResourceState.RUNNING)
ENDED = (ResourceState.SUCCEEDED, ResourceState.FAILED)
CALLERS = 8


class MakeSpec(Protocol):
    """Creates a job with a new key."""

    def __call__(
        self,
        text: str = "sleep 600",
        *,
        files: Sequence[JobFile] = (),
        environment: Sequence[tuple[str, str]] = (),
        limits: Limits = Limits(),  # noqa: B008  it is immutable
    ) -> JobSpec:
        """Return a specification to submit."""
        ...


def seen(resource: Resource, spec: JobSpec) -> Observation:
    """Return the observation of one job."""
    return resource.observe([spec.key])[spec.key]


def end_of(resource: Resource, spec: JobSpec) -> Observation:
    """Wait for the end of a job, and return its last observation."""
    eventually(lambda: seen(resource, spec).state in ENDED)
    return seen(resource, spec)


class ResourceContract:
    """Tests for all resources."""

    def test_check_of_a_new_resource_is_well(self, resource: Resource) -> None:
        assert resource.check().connected

    def test_capacity_is_positive_or_unknown(self, resource: Resource) -> None:
        found = resource.capacity()
        assert [number for number in (found.cpus, found.memory_mb) if number is not None and number < 1] == []

    def test_unknown_job_is_absent(self, resource: Resource) -> None:
        assert resource.observe([UNKNOWN]) == {UNKNOWN: Observation(ResourceState.ABSENT)}

    def test_unknown_job_can_be_stopped_and_forgotten_and_has_no_log(self, resource: Resource) -> None:
        resource.stop(UNKNOWN)
        resource.forget(UNKNOWN)
        assert resource.log_tail(UNKNOWN, lines=5) == ""
        assert resource.known_keys() == frozenset()

    def test_observing_no_job_is_empty(self, resource: Resource) -> None:
        assert resource.observe([]) == {}

    def test_job_directory_is_absolute_and_a_job_s_own(self, resource: Resource, make_spec: MakeSpec) -> None:
        first, second = make_spec().key, make_spec().key
        assert resource.job_directory(first).is_absolute()
        assert resource.job_directory(first) == resource.job_directory(first)
        assert resource.job_directory(first) != resource.job_directory(second)

    def test_submitted_job_is_alive_and_known(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        number = resource.submit(spec)
        assert seen(resource, spec).state in ALIVE
        assert seen(resource, spec).resource_job_id == number
        assert resource.known_keys() == {spec.key}
        resource.stop(spec.key)

    def test_every_key_is_in_the_response(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        assert set(resource.observe([UNKNOWN, spec.key])) == {UNKNOWN, spec.key}
        resource.stop(spec.key)

    def test_submitting_twice_is_one_job(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        assert resource.submit(spec) == resource.submit(spec)
        resource.stop(spec.key)

    def test_submitting_from_many_threads_is_one_job(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        with ThreadPoolExecutor(CALLERS) as pool:
            numbers = list(pool.map(resource.submit, [spec] * CALLERS))
        assert numbers == [numbers[0]] * CALLERS
        resource.stop(spec.key)

    def test_stopped_job_ends_as_stopped(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        resource.stop(spec.key)
        assert end_of(resource, spec).state == ResourceState.FAILED
        assert end_of(resource, spec).ended_by == EndedBy.STOPPED

    def test_stopping_twice_changes_nothing(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        resource.stop(spec.key)
        resource.stop(spec.key)
        before = end_of(resource, spec)
        resource.stop(spec.key)
        assert seen(resource, spec) == before

    def test_stopping_one_job_leaves_the_other(self, resource: Resource, make_spec: MakeSpec) -> None:
        stopped, other = make_spec(), make_spec()
        resource.submit(stopped)
        resource.submit(other)
        resource.stop(stopped.key)
        end_of(resource, stopped)
        assert seen(resource, other).state in ALIVE
        resource.stop(other.key)

    def test_submitting_an_ended_job_does_not_run_it_again(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        resource.stop(spec.key)
        before = end_of(resource, spec)
        resource.submit(spec)
        assert seen(resource, spec) == before

    def test_forgetting_a_running_job_does_nothing(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        resource.forget(spec.key)
        assert seen(resource, spec).state in ALIVE
        assert resource.known_keys() == {spec.key}
        resource.stop(spec.key)

    def test_forgotten_job_is_absent_without_log_and_directory(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec()
        resource.submit(spec)
        resource.stop(spec.key)
        end_of(resource, spec)
        eventually(lambda: self._is_forgotten(resource, spec))
        assert seen(resource, spec) == Observation(ResourceState.ABSENT)
        assert resource.log_tail(spec.key, lines=5) == ""
        assert not resource.job_directory(spec.key).exists()

    def _is_forgotten(self, resource: Resource, spec: JobSpec) -> bool:
        resource.forget(spec.key)
        return spec.key not in resource.known_keys()


class RunningResourceContract(ResourceContract):
    """Additional tests for resources that really run scripts."""

    def run(self, resource: Resource, spec: JobSpec) -> Observation:
        """Submit a job and wait for its end."""
        resource.submit(spec)
        return end_of(resource, spec)

    def test_job_that_ends_well_succeeded(self, resource: Resource, make_spec: MakeSpec) -> None:
        end = self.run(resource, make_spec("true"))
        assert (end.state, end.ended_by, end.exit_code) == (ResourceState.SUCCEEDED, EndedBy.EXIT, 0)

    def test_failed_job_has_its_exit_code(self, resource: Resource, make_spec: MakeSpec) -> None:
        end = self.run(resource, make_spec("exit 3"))
        assert (end.state, end.ended_by, end.exit_code) == (ResourceState.FAILED, EndedBy.EXIT, 3)

    def test_killed_job_has_its_signal(self, resource: Resource, make_spec: MakeSpec) -> None:
        end = self.run(resource, make_spec("kill -KILL $$"))
        assert (end.state, end.ended_by, end.signal) == (ResourceState.FAILED, EndedBy.SIGNAL, signal.SIGKILL)

    def test_job_over_its_time_limit_is_ended(self, resource: Resource, make_spec: MakeSpec) -> None:
        end = self.run(resource, make_spec(limits=Limits(time_limit_seconds=1)))
        assert (end.state, end.ended_by) == (ResourceState.FAILED, EndedBy.TIME_LIMIT)

    def test_times_have_a_time_zone(self, resource: Resource, make_spec: MakeSpec) -> None:
        before = datetime.now(UTC) - timedelta(seconds=2)
        end = self.run(resource, make_spec("true"))
        assert end.started_at is not None
        assert end.ended_at is not None
        assert before <= end.started_at <= end.ended_at <= datetime.now(UTC) + timedelta(seconds=2)

    def test_script_is_run_in_the_working_directory(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec("echo here > found.txt")
        self.run(resource, spec)
        assert (spec.working_directory / "found.txt").read_text() == "here\n"

    def test_script_with_unusual_characters_is_run_by_bash(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec("""words=("it's" 'a "name"' é😀); [[ ${#words[@]} == 3 ]] && echo "${words[@]}" """)
        assert self.run(resource, spec).exit_code == 0
        assert resource.log_tail(spec.key, lines=5) == """it's a "name" é😀"""

    def test_files_are_there_and_private(self, resource: Resource, make_spec: MakeSpec) -> None:
        files = [JobFile("config.py", b"secret\x00\xff"), JobFile("deep/er/key", b"k")]
        spec = make_spec("true", files=files)
        directory = resource.job_directory(spec.key)
        self.run(resource, spec)
        assert {file.path: (directory / file.path).read_bytes() for file in files} == {
            file.path: file.content for file in files
        }
        assert [(directory / file.path).stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
        assert directory.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("path", ["../x", "/x", "", "a/../../x", "."])
    def test_file_outside_of_the_job_s_directory_is_refused(
        self, resource: Resource, make_spec: MakeSpec, path: str
    ) -> None:
        spec = make_spec(files=[JobFile(path, b"")])
        with pytest.raises(SubmissionRejected):
            resource.submit(spec)
        assert seen(resource, spec).state == ResourceState.ABSENT

    def test_environment_reaches_the_script(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec('printf %s "$WORD" > word.txt', environment=[("WORD", "it's $HOME\n`x`")])
        self.run(resource, spec)
        assert (spec.working_directory / "word.txt").read_text() == "it's $HOME\n`x`"

    def test_environment_of_the_server_does_not_reach_the_script(
        self, resource: Resource, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UWS_CANARY", "a secret of the server")
        spec = make_spec("env")
        self.run(resource, spec)
        assert "CANARY" not in resource.log_tail(spec.key, lines=1000)

    def test_log_holds_both_outputs_and_gives_the_last_lines(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec("for i in 1 2 3; do echo out $i; echo err $i >&2; done")
        self.run(resource, spec)
        assert resource.log_tail(spec.key, lines=3) == "err 2\nout 3\nerr 3"
        assert resource.log_tail(spec.key, lines=0) == ""

    def test_log_is_plain_text(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec(r"""printf '\033[31mred\033[0m\a \033]0;title\007\tok \xff\r\nnext\0\n' """)
        self.run(resource, spec)
        assert resource.log_tail(spec.key, lines=5) == "red \tok \N{REPLACEMENT CHARACTER}\nnext"

    def test_job_is_run_once_however_often_it_is_submitted(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec("echo ran >> runs.txt")
        for _ in range(3):
            resource.submit(spec)
        end_of(resource, spec)
        resource.submit(spec)
        assert (spec.working_directory / "runs.txt").read_text() == "ran\n"

    def test_job_that_ignores_sigterm_is_killed(self, resource: Resource, make_spec: MakeSpec) -> None:
        spec = make_spec("trap '' TERM; touch deaf; while true; do sleep 0.1; done")
        resource.submit(spec)
        eventually((spec.working_directory / "deaf").exists)
        resource.stop(spec.key)
        assert end_of(resource, spec).ended_by == EndedBy.STOPPED
