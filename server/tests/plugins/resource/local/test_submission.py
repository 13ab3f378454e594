"""Submitting: once, whatever dies; as the owner; with nothing of the server's."""

import grp
import json
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from plugins.resource.local.deaths import (
    FORKS,
    NEVER,
    in_another_process,
    prepare,
    submit_and_die,
    submit_together,
    supervise_and_die,
)
from plugins.resource.local.worlds import World, is_dead, make_user
from user_workspaces.errors import ConfigurationError, ResourceUnavailable, SubmissionRejected
from user_workspaces.interfaces.values import (
    EndedBy,
    JobFile,
    JobSpec,
    PluginContext,
    ResourceState,
    SystemAccount,
)
from user_workspaces.plugins.resource.local import LocalResource, records, submission
from user_workspaces.plugins.resource.local.options import LocalResourceOptions
from user_workspaces.testing.resource_contract import end_of, seen
from user_workspaces.testing.waiting import eventually

ONCE = "echo ran >> runs.txt"
ROUNDS = 30


def runs(spec: JobSpec) -> str:
    path = spec.working_directory / "runs.txt"
    return path.read_text() if path.exists() else ""


def count_lines(world: World, spec: JobSpec) -> int:
    process = in_another_process(submit_and_die, world, spec, NEVER)
    process.join()
    assert process.exitcode == 0
    return int((world.base / "lines").read_text())


def submit_until_it_is_taken(resource: LocalResource, spec: JobSpec) -> None:
    """Do what the controller does: what is unavailable is asked again."""

    def is_taken() -> bool:
        with suppress(ResourceUnavailable):
            return resource.submit(spec) != 0
        return False

    eventually(is_taken)


@pytest.mark.slow
def test_submitter_that_dies_at_any_line_leaves_one_job(world: World) -> None:
    resource, total = world.resource(), count_lines(world, world.spec(ONCE))
    for line in range(1, total + 1, max(1, total // ROUNDS)):
        spec = world.spec(ONCE)
        process = in_another_process(submit_and_die, world, spec, line)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        resource.submit(spec)
        assert end_of(resource, spec).state == ResourceState.SUCCEEDED, line
        assert runs(spec) == "ran\n", line


@pytest.mark.soak
@pytest.mark.slow
def test_supervisor_that_dies_at_any_line_leaves_one_job_at_most(world: World) -> None:
    resource = world.resource()
    for line in range(1, 200, 6):
        spec = world.spec(ONCE)
        in_another_process(supervise_and_die, prepare(world, spec), line).join()
        submit_until_it_is_taken(resource, spec)
        end = end_of(resource, spec)
        assert (end.state, runs(spec)) in [
            (ResourceState.SUCCEEDED, "ran\n"),
            (ResourceState.FAILED, "ran\n"),
            (ResourceState.FAILED, ""),
        ], line
        assert end.ended_by in (EndedBy.EXIT, EndedBy.LOST), line
        eventually(partial(is_dead, world.running(spec.key).child))


def test_ten_submitters_at_once_start_one_job(world: World) -> None:
    spec, barrier = world.spec(ONCE), FORKS.Barrier(10)
    submitters = [in_another_process(submit_together, world, spec, barrier) for _ in range(10)]
    for submitter in submitters:
        submitter.join()
    assert [submitter.exitcode for submitter in submitters] == [0] * 10
    end_of(world.resource(), spec)
    assert runs(spec) == "ran\n"


def test_two_supervisors_run_one_job(world: World) -> None:
    spec = world.spec(ONCE)
    folder = prepare(world, spec)
    supervisors = [in_another_process(supervise_and_die, folder, NEVER) for _ in range(2)]
    for process in supervisors:
        process.join()
    assert runs(spec) == "ran\n"


def test_job_outlives_its_submitter(world: World) -> None:
    spec, barrier = world.spec(), FORKS.Barrier(1)
    in_another_process(submit_together, world, spec, barrier).join()
    assert seen(world.resource(), spec).state == ResourceState.RUNNING


def test_prepared_job_is_absent_until_a_supervisor_runs_it(world: World) -> None:
    spec = world.spec(ONCE)
    prepare(world, spec)
    assert seen(world.resource(), spec).state == ResourceState.ABSENT
    assert world.resource().known_keys() == {spec.key}
    world.resource().submit(spec)
    assert end_of(world.resource(), spec).state == ResourceState.SUCCEEDED


def test_supervisor_that_cannot_start_leaves_the_job_for_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = world.spec(ONCE)
    with monkeypatch.context() as patch:
        patch.setattr(submission, "RUNNER", Path("/nonexistent/runner.py"))
        with pytest.raises(ResourceUnavailable):
            world.resource().submit(spec)
    assert seen(world.resource(), spec).state == ResourceState.ABSENT
    world.resource().submit(spec)
    assert end_of(world.resource(), spec).state == ResourceState.SUCCEEDED


def test_missing_working_directory_is_reported(world: World, resource: LocalResource) -> None:
    spec = world.spec(ONCE)
    spec.working_directory.rmdir()
    resource.submit(spec)
    end = end_of(resource, spec)
    assert (end.state, end.ended_by, end.exit_code) == (ResourceState.FAILED, EndedBy.EXIT, 126)
    assert end.reason == "Cannot enter the working directory: No such file or directory."


def test_missing_shell_is_reported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "STANDARD_PATH", "/nonexistent")
    monkeypatch.setattr(submission, "FALLBACK_SHELL", "/nonexistent/bash")
    spec = world.spec(ONCE)
    world.resource().submit(spec)
    end = end_of(world.resource(), spec)
    assert (end.ended_by, end.exit_code) == (EndedBy.EXIT, 127)
    assert end.reason == "Cannot start the shell (bash): No such file or directory."


@pytest.mark.parametrize("variable", [("", "x"), ("A=B", "x"), ("A", "x\0y"), ("A\0", "x")])
def test_variable_that_no_environment_can_hold_is_refused(
    world: World, resource: LocalResource, variable: tuple[str, str]
) -> None:
    with pytest.raises(SubmissionRejected):
        resource.submit(world.spec(environment=[variable]))
    assert resource.known_keys() == frozenset()


@pytest.mark.parametrize("name", ["script.sh", "a"])
def test_two_files_of_one_name_are_refused(world: World, resource: LocalResource, name: str) -> None:
    with pytest.raises(SubmissionRejected):
        resource.submit(world.spec(files=[JobFile("a", b""), JobFile(name, b"")]))


def test_job_cannot_pretend_to_be_another(world: World, resource: LocalResource) -> None:
    spec = world.spec("env", environment=[("UWS_JOB_KEY", "0" * 32), ("UWS_JOB_ID", "8")])
    resource.submit(spec)
    end_of(resource, spec)
    assert {f"UWS_JOB_KEY={spec.key}", "UWS_JOB_ID=7"} <= set(resource.log_tail(spec.key, lines=99).splitlines())


def test_job_gets_no_descriptor_of_the_server(world: World, resource: LocalResource) -> None:
    secret = os.open(world.base / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(secret, True)
    spec = world.spec('for fd in /proc/$BASHPID/fd/*; do readlink "$fd"; done; readlink /proc/$PPID/fd/*')
    resource.submit(spec)
    end_of(resource, spec)
    os.close(secret)
    found = resource.log_tail(spec.key, lines=99).splitlines()
    assert "/dev/null" in found
    assert str(world.base / "secret") not in found


def test_job_starts_with_default_signals_and_a_session_of_its_own(world: World, resource: LocalResource) -> None:
    spec = world.spec("grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d ' ' -f 5,6 /proc/$$/stat; umask")
    pid = resource.submit(spec)
    end_of(resource, spec)
    blocked, ignored, group_and_session, mask = resource.log_tail(spec.key, lines=9).splitlines()
    standard_signals = (1 << 31) - 1
    assert [int(line.split()[1], 16) & standard_signals for line in (blocked, ignored)] == [0, 0]
    assert (group_and_session, mask) == (f"{pid} {pid}", "0077")


def test_no_secret_is_on_a_command_line(world: World, resource: LocalResource) -> None:
    spec = world.spec("sleep 600 # a-secret", environment=[("PASSWORD", "a-secret")])
    resource.submit(spec)
    who = world.running(spec.key)
    lines = [Path(f"/proc/{process.pid}/cmdline").read_bytes() for process in (who.runner, who.child)]
    assert [b"a-secret" in line for line in lines] == [False, False]


def test_output_can_be_opened_again_by_the_job(world: World, resource: LocalResource) -> None:
    spec = world.spec("echo again > /dev/stderr")
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 0
    assert resource.log_tail(spec.key, lines=1) == "again"


@pytest.mark.parametrize("key", ["", "../../etc", "ABCDEF0123", "0123", "0" * 65, "0123456789abcdef\n", "0123/../4567"])
def test_invalid_key_never_becomes_a_path(world: World, resource: LocalResource, key: str) -> None:
    for call in (resource.job_directory, resource.stop, resource.forget, partial(resource.log_tail, lines=1)):
        with pytest.raises(ValueError, match="Invalid job key"):
            call(key)
    assert resource.observe([key])[key].state == ResourceState.ABSENT


def test_socket_below_the_job_directory_fits(resource: LocalResource) -> None:
    assert len(os.fsencode(resource.job_directory("f" * 64) / "s")) <= 100


def test_runtime_directory_that_is_too_long_stops_the_start(world: World) -> None:
    context = PluginContext("local", world.base, world.base / "data", Path("/" + "r" * 82), lambda _token: None)
    with pytest.raises(ConfigurationError, match="too long"):
        LocalResource(context, LocalResourceOptions())


def test_nothing_in_the_state_folder_is_for_others(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    resource.submit(spec)
    folder = world.state(spec.key).folder
    assert [path.stat().st_mode & 0o777 for path in (world.base / "data", folder)] == [0o700, 0o700]
    assert {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir() if path.stat().st_mode & 0o077} == {}
    assert json.loads((folder / records.SPEC).read_text())["uid"] == make_user().uid


@pytest.mark.skipif(os.geteuid() == 0, reason="root may act for others")
def test_job_of_another_account_without_root_is_refused(world: World, resource: LocalResource) -> None:
    other = SystemAccount("other", os.getuid() + 1, os.getgid(), Path("/"))
    spec = world.spec()
    with pytest.raises(SubmissionRejected):
        resource.submit(JobSpec(spec.key, 1, "", other, spec.working_directory, spec.script, spec.limits))


def test_job_of_root_is_refused(world: World, resource: LocalResource) -> None:
    root = SystemAccount("root", 0, 0, Path("/root"))
    spec = world.spec()
    with pytest.raises(SubmissionRejected):
        resource.submit(JobSpec(spec.key, 1, "", root, spec.working_directory, spec.script, spec.limits))


@pytest.mark.root
def test_job_has_the_ids_and_groups_of_its_owner(
    world: World, resource: LocalResource, newcomer: SystemAccount
) -> None:
    spec = world.spec('id -u; id -g; id -G; grep -E "^(Uid|CapEff)" /proc/self/status', account=newcomer)
    resource.submit(spec)
    end_of(resource, spec)
    uid, gid, second = newcomer.uid, newcomer.gid, grp.getgrnam(f"{newcomer.name}-g").gr_gid
    lines = [line.split() for line in resource.log_tail(spec.key, lines=9).splitlines()]
    assert lines == [
        [str(uid)],
        [str(gid)],
        [str(gid), str(second)],
        ["Uid:", *[str(uid)] * 4],
        ["CapEff:", "0" * 16],
    ]


@pytest.mark.root
def test_job_can_neither_read_nor_forge_what_is_recorded(world: World, resource: LocalResource) -> None:
    folder = world.base / "data"
    spec = world.spec(
        f"ls {folder} && echo OPEN; cd {folder}/$UWS_JOB_KEY && echo OPEN;"
        f" echo x > {folder}/$UWS_JOB_KEY/ended.json && echo OPEN; kill -9 $PPID && echo OPEN;"
        f" ls {world.base}/run && echo OPEN; touch {world.base}/run/x && echo OPEN; exit 5"
    )
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 5
    assert "OPEN" not in resource.log_tail(spec.key, lines=99).splitlines()


@pytest.mark.root
def test_working_directory_is_entered_with_the_rights_of_the_owner(world: World, resource: LocalResource) -> None:
    private = world.base / "private"
    private.mkdir(mode=0o700)
    (private / "inner").mkdir()
    spec = world.spec("pwd")
    spec.working_directory.rmdir()
    spec.working_directory.symlink_to(private / "inner")
    resource.submit(spec)
    assert end_of(resource, spec).reason == "Cannot enter the working directory: Permission denied."
