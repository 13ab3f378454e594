"""Open homes are found and reported to operators, quickly, and for recorded accounts only."""

import os
import pwd
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cpu_limit import cpu_limit
from support.machine_accounts import add_account, remove_account
from user_workspaces.interfaces import homes
from user_workspaces.interfaces.homes import Homes, open_homes_of
from user_workspaces.interfaces.values import Health

NAMES = tuple(f"uwshome{os.getpid()}{letter}" for letter in "abc")
WELL = Health(connected=True, message="All is well.")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[dict[str, tuple[int, Path]]]:
    """Three accounts with homes that are open to others, as some systems create them."""
    for name in NAMES:
        add_account(name, "--create-home", "--home-dir", str(tmp_path / name), "-K", "HOME_MODE=0755")
    yield {name: (pwd.getpwnam(name).pw_uid, tmp_path / name) for name in NAMES}
    for name in NAMES:
        remove_account(name)


@pytest.mark.root
def test_open_homes_of_accounts_on_record_are_named_with_the_command(accounts: dict[str, tuple[int, Path]]) -> None:
    ada, bob, _stranger = NAMES
    record = [(name, accounts[name][0]) for name in (ada, bob)]
    paths = [accounts[name][1] for name in (ada, bob)]
    found = Homes(lambda: record, patience=10).add_to(WELL)
    assert found.connected
    assert (
        found.message
        == "All is well. 2 homes are open to other accounts. Run `manage.py plugins` to see how to close them."
    )
    assert found.advice == (
        f"Other accounts can enter home directories of users. Close them: chmod 700 {paths[0]} {paths[1]}"
    )
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o755, 0o755]  # reported, never changed
    for path, mode in zip(paths, (0o700, 0o750), strict=True):
        path.chmod(mode)
    assert Homes(lambda: record, patience=10).add_to(WELL) == WELL


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o701, 0o711, 0o704, 0o702, 0o777])
def test_any_right_of_others_makes_a_home_open(accounts: dict[str, tuple[int, Path]], mode: int) -> None:
    uid, path = accounts[NAMES[0]]
    path.chmod(mode)
    assert open_homes_of([(NAMES[0], uid)]) == (str(path),)


@pytest.mark.root
def test_name_with_another_uid_belongs_to_another_user(accounts: dict[str, tuple[int, Path]]) -> None:
    assert open_homes_of([(NAMES[0], accounts[NAMES[0]][0] + 1), ("nobody-has-this-name", 1)]) == ()


@pytest.mark.root
def test_missing_home_is_passed_over(accounts: dict[str, tuple[int, Path]]) -> None:
    uid, path = accounts[NAMES[0]]
    path.rename(path.with_name("moved"))
    assert open_homes_of([(NAMES[0], uid)]) == ()


def test_many_are_counted_and_the_first_are_named() -> None:
    found = homes._advice_on(tuple(f"/home/a b{number:04d}" for number in range(2_500)))
    assert found.endswith("'/home/a b0009' (and 2490 more)")
    assert len(found) < 500
    assert homes._summary_of(("/home/ada",)).startswith("1 home is open to other accounts")


def test_thousands_of_accounts_take_no_time() -> None:
    """Unknown names cost most: each needs a lookup of its own."""
    with cpu_limit():
        open_homes_of([(f"uws-unknown-{number}", 3_000_000 + number) for number in range(3_000)])


def test_result_is_kept_and_asked_for_again_later() -> None:
    asked, now = [], [0.0]
    found = Homes(lambda: asked.append(1) or (), patience=10, clock=lambda: now[0])  # type: ignore[func-returns-value]  # append's None
    for now[0] in (0.0, 5.0, homes.CHECK_INTERVAL - 1):
        assert found.open_homes() == ()
    assert len(asked) == 1
    now[0] = homes.CHECK_INTERVAL
    found.open_homes()
    assert len(asked) == 2


def test_hanging_file_system_delays_a_check_for_a_moment_only() -> None:
    let_go = threading.Event()

    def hang() -> tuple[()]:
        let_go.wait(30)
        return ()

    found = Homes(hang, patience=0.05)
    responses = [found.add_to(WELL) for _ in range(3)]
    assert not let_go.is_set()
    assert responses == [Health(connected=True, message="All is well.", advice=homes.NOT_YET)] * 3
    assert len([thread for thread in threading.enumerate() if thread.name == "homes"]) == 1
    let_go.set()
    found.open_homes()
