"""Builds in real processes: once for simultaneous requests, and after killed processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from support.lock_holders import holders_of
from user_workspaces.environment_store.builder import Status, Step, read_status, write_status
from user_workspaces.environment_store.store import MAX_STARTS, EnvironmentStore, Recipe
from user_workspaces.interfaces.values import Preparation, PreparationState

pytestmark = pytest.mark.slow

READY = Preparation(PreparationState.READY)


@pytest.fixture
def environments(tmp_path: Path) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "environments", for_all_accounts=False)


def recipe(folder: EnvironmentStore, command: str, *, last: str = "true", seconds: float = 60) -> Recipe:
    stage = folder.stage("f")
    first = Step("baking", ("sh", "-c", f"cd {stage} && mkdir -p bin && {command}"))
    return Recipe(
        "Cake", "f", (first,), (Step("tasting", ("sh", "-c", f"cd {folder.path_of('f')} && {last}")),), seconds
    )


def wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, "the condition was not met within 30 seconds"
        time.sleep(0.01)


def prepare_to_the_end(environments: EnvironmentStore, made: Recipe) -> Preparation:
    preparations = list[Preparation]()

    def is_over() -> bool:
        preparations.append(environments.prepare(made))
        return preparations[-1].state is not PreparationState.IN_PROGRESS

    wait_for(is_over)
    return preparations[-1]


def is_locked(environments: EnvironmentStore) -> bool:
    return subprocess.run(["flock", "-n", environments.folder / "f.lock", "true"], check=False).returncode != 0


def builder_pids(environments: EnvironmentStore) -> list[int]:
    return holders_of(environments.folder / "f.lock")


def kill_builder(environments: EnvironmentStore) -> None:
    """Kill the builder and its commands, including one that is just starting."""
    wait_for(lambda: len(builder_pids(environments)) > 0)

    def is_gone() -> bool:
        for pid in builder_pids(environments):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not is_locked(environments)

    wait_for(is_gone)


def test_prepare_returns_the_state_at_once(environments: EnvironmentStore) -> None:
    made = recipe(environments, "echo cake > bin/cake")
    first = environments.prepare(made)
    assert (first.state, first.message[:33]) == (PreparationState.IN_PROGRESS, "Preparing Cake (first time only):")
    assert prepare_to_the_end(environments, made) == READY
    assert (environments.path_of("f") / "bin" / "cake").read_text() == "cake\n"
    assert not environments.stage("f").exists()


@pytest.mark.parametrize("bring", ["touch .complete", "mkdir .complete"])
def test_marker_in_a_package_is_removed(environments: EnvironmentStore, bring: str) -> None:
    gate = environments.folder.parent / "gate"
    made = recipe(environments, bring, last=f"until [ -e {gate} ]; do sleep 0.02; done")
    tasting = Preparation(PreparationState.IN_PROGRESS, "Preparing Cake (first time only): tasting")
    wait_for(lambda: environments.prepare(made) == tasting)
    assert not environments.is_ready("f")
    gate.touch()
    assert prepare_to_the_end(environments, made) == READY


def test_prepare_shows_the_step(environments: EnvironmentStore) -> None:
    gate = environments.folder.parent / "gate"
    made = recipe(environments, f"until [ -e {gate} ]; do sleep 0.02; done")
    expected = Preparation(PreparationState.IN_PROGRESS, "Preparing Cake (first time only): baking")
    wait_for(lambda: environments.prepare(made) == expected)
    gate.touch()
    assert prepare_to_the_end(environments, made) == READY


def test_simultaneous_prepares_build_once(environments: EnvironmentStore) -> None:
    count = environments.folder.parent / "count"
    made = recipe(environments, f"echo once >> {count}; sleep 0.3")
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: environments.prepare(made), range(64)))
    assert prepare_to_the_end(environments, made) == READY
    assert count.read_text() == "once\n"


def test_prepare_by_another_server_joins_the_build(environments: EnvironmentStore) -> None:
    count = environments.folder.parent / "count"
    made = recipe(environments, f"echo once >> {count}; sleep 0.3")
    environments.prepare(made)
    other = EnvironmentStore(environments.folder, for_all_accounts=False)
    assert prepare_to_the_end(other, made) == READY
    assert count.read_text() == "once\n"


def test_build_outlives_the_server(environments: EnvironmentStore) -> None:
    gate = environments.folder.parent / "gate"
    made = recipe(environments, f"until [ -e {gate} ]; do sleep 0.02; done")
    code = f"""
import os, signal
from pathlib import Path
from user_workspaces.environment_store.store import EnvironmentStore, Recipe, Step
EnvironmentStore(Path({str(environments.folder)!r}), for_all_accounts=False).prepare({made!r})
os.kill(os.getpid(), signal.SIGKILL)
"""
    server = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (server.returncode, server.stderr) == (-signal.SIGKILL, b"")
    assert is_locked(environments)
    gate.touch()
    wait_for(lambda: environments.is_ready("f"))


@pytest.mark.parametrize("where", ["in the stage", "in its location"])
def test_killed_builder_is_started_again(environments: EnvironmentStore, where: str) -> None:
    gate = environments.folder.parent / "gate"
    wait = f"touch half; until [ -e {gate} ]; do sleep 0.02; done"
    made = recipe(environments, wait) if where == "in the stage" else recipe(environments, "true", last=wait)
    half = environments.stage("f") if where == "in the stage" else environments.path_of("f")
    environments.prepare(made)
    wait_for((half / "half").exists)
    kill_builder(environments)
    assert not environments.is_ready("f")
    gate.touch()
    assert prepare_to_the_end(environments, made) == READY


def test_repeatedly_killed_builder_fails(environments: EnvironmentStore) -> None:
    made = recipe(environments, "touch half; sleep 60")
    for _ in range(MAX_STARTS):
        assert environments.prepare(made).state is PreparationState.IN_PROGRESS
        wait_for((environments.stage("f") / "half").exists)
        kill_builder(environments)
        (environments.stage("f") / "half").unlink()
    given_up = environments.prepare(made)
    assert (given_up.state, "killed 3 times" in given_up.message) == (PreparationState.FAILED, True)


def test_commands_of_a_killed_builder_keep_its_lock(environments: EnvironmentStore) -> None:
    made = recipe(environments, "touch half; sleep 60")
    environments.prepare(made)
    wait_for((environments.stage("f") / "half").exists)
    builder = min(builder_pids(environments))
    os.kill(builder, signal.SIGKILL)
    wait_for(lambda: builder not in builder_pids(environments))
    assert environments.prepare(made).state is PreparationState.IN_PROGRESS
    assert builder_pids(environments)  # the old command, and no new process
    kill_builder(environments)


def test_failure_shows_the_last_lines_without_passwords(environments: EnvironmentStore) -> None:
    failed = prepare_to_the_end(environments, recipe(environments, "echo 'no https://me:pw@index/x' >&2; exit 3"))
    assert failed == Preparation(
        PreparationState.FAILED, "Cake could not be prepared: baking failed: no https://index/x"
    )
    assert not environments.is_ready("f")


@pytest.mark.parametrize(("command", "last"), [("touch big; exit 3", "true"), ("touch big", "false")])
def test_failure_leaves_no_files(environments: EnvironmentStore, command: str, last: str) -> None:
    failed = prepare_to_the_end(environments, recipe(environments, command, last=last))
    assert failed.state is PreparationState.FAILED
    assert not environments.stage("f").exists()
    assert not environments.path_of("f").exists()


def test_failure_is_retried_after_five_minutes(environments: EnvironmentStore) -> None:
    failed = prepare_to_the_end(environments, recipe(environments, "exit 3"))
    better = recipe(environments, "true")
    soon = EnvironmentStore(environments.folder, for_all_accounts=False, clock=lambda: time.time() + 290)
    assert soon.prepare(better) == failed
    later = EnvironmentStore(environments.folder, for_all_accounts=False, clock=lambda: time.time() + 310)
    assert later.prepare(better).state is PreparationState.IN_PROGRESS
    assert prepare_to_the_end(later, better) == READY


def test_failed_trial_fails_the_build(environments: EnvironmentStore) -> None:
    failed = prepare_to_the_end(environments, recipe(environments, "true", last="echo not good; false"))
    assert failed.message == "Cake could not be prepared: tasting failed: not good"
    assert environments.failure(recipe(environments, "true")) == failed.message


def test_optional_steps_do_not_fail_the_build(environments: EnvironmentStore) -> None:
    steps = (Step("a", ("false",), may_fail=True), Step("b", ("false",), only_if="/no/such/file"))
    assert prepare_to_the_end(environments, Recipe("Cake", "f", steps, (), 60)) == READY


def test_missing_command_is_a_failure(environments: EnvironmentStore) -> None:
    made = Recipe("Cake", "f", (Step("a", ("/no/such/program",)),), (), 60)
    assert prepare_to_the_end(environments, made).state is PreparationState.FAILED


def test_time_limit_ends_the_work_and_its_children(environments: EnvironmentStore) -> None:
    failed = prepare_to_the_end(environments, recipe(environments, "sleep 60 & sleep 61", seconds=0.5))
    assert "longer than the 0 minutes of its time limit" in failed.message
    wait_for(lambda: builder_pids(environments) == [])


def test_single_top_level_folder_is_removed(environments: EnvironmentStore) -> None:
    made = recipe(environments, "rmdir bin && mkdir -p inner/bin && echo cake > inner/bin/cake")
    assert prepare_to_the_end(environments, made) == READY
    assert (environments.path_of("f") / "bin" / "cake").read_text() == "cake\n"


def test_all_accounts_may_read_and_run_but_not_write(environments: EnvironmentStore) -> None:
    folder = "umask 0; mkdir -m 700 deep; ln -s /nowhere deep/link"
    files = "touch deep/data; chmod 600 deep/data; cp -p /bin/true deep/run; chmod 6777 deep/run"
    assert prepare_to_the_end(environments, recipe(environments, f"{folder}; {files}")) == READY
    deep = environments.path_of("f") / "deep"
    modes = [oct(path.stat().st_mode & 0o7777) for path in (deep.parent, deep, deep / "data", deep / "run")]
    assert modes == ["0o755", "0o755", "0o644", "0o755"]


def test_secrets_of_the_server_do_not_reach_the_installer(
    environments: EnvironmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret")
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert prepare_to_the_end(environments, recipe(environments, "env > env")) == READY
    lines = (environments.path_of("f") / "env").read_text().splitlines()
    passed = sorted(line for line in lines if line.startswith(("DATABASE_URL", "UV_")))
    assert passed == ["UV_OFFLINE=1", "UV_SYSTEM_CERTS=1"]


def test_folder_that_users_cannot_enter_is_named(tmp_path: Path) -> None:
    closed = EnvironmentStore(tmp_path / "environments", for_all_accounts=True)
    failed = closed.prepare(recipe(closed, "true"))
    assert (failed.state, "chmod o+x" in failed.message) == (PreparationState.FAILED, True)


def test_folder_that_cannot_be_created_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = EnvironmentStore(tmp_path / "file" / "environments", for_all_accounts=False)
    assert broken.prepare(recipe(broken, "true")).state is PreparationState.FAILED


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"message": 1, "other": 2}'])
def test_incomplete_status_file_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.status").write_text(content)
    assert read_status(tmp_path / "f.status") is None


def test_status_file_round_trip(tmp_path: Path) -> None:
    status = Status("baking", 12.5, failed=True, starts=2)
    write_status(tmp_path / "f.status", status)
    assert read_status(tmp_path / "f.status") == status
