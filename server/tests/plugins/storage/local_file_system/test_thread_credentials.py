"""A user's credentials: assumed by one thread, always restored, and never more than the user has."""

import os
import threading
import time
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, World
from user_workspaces.errors import NotAllowed
from user_workspaces.interfaces.values import SystemAccount
from user_workspaces.plugins.storage.local_file_system.thread_credentials import (
    AccountCredentials,
    OwnRights,
    rights_of,
    serves_as_root,
)


def ids() -> tuple[tuple[int, int, int], tuple[int, int, int], list[int]]:
    return os.getresuid(), os.getresgid(), os.getgroups()


def make_user(uid: int) -> SystemAccount:
    return SystemAccount(name=f"uws-test-{uid}", uid=uid, gid=uid, home=Path("/nonexistent"))


def test_serves_as_root_as_it_is() -> None:
    assert serves_as_root() == IS_ROOT


def test_own_rights_change_nothing() -> None:
    before = ids()
    with OwnRights().assumed():
        assert ids() == before


def test_rights_of_ordinary_server_are_its_own(ada: SystemAccount) -> None:
    assert isinstance(rights_of(ada), AccountCredentials if IS_ROOT else OwnRights)


@pytest.mark.parametrize(("uid", "gid"), [(0, 0), (1, 1), (999, 999), (20_001, 0)])
def test_rights_of_system_account_refused(uid: int, gid: int) -> None:
    with pytest.raises(NotAllowed):
        AccountCredentials(SystemAccount(name="daemon", uid=uid, gid=gid, home=Path("/")))


@pytest.mark.root
def test_assumed_are_those_of_the_user_then_the_server() -> None:
    before = ids()
    with AccountCredentials(make_user(20_001)).assumed():
        assert ids() == ((0, 20_001, 0), (0, 20_001, 0), [20_001])
    assert ids() == before


@pytest.mark.root
def test_assumed_include_the_groups_of_the_account() -> None:
    nobody = SystemAccount(name="nobody", uid=65_534, gid=20_009, home=Path("/nonexistent"))
    with AccountCredentials(nobody).assumed():
        assert os.getgroups() == sorted(os.getgrouplist("nobody", 20_009))


def test_groups_are_asked_for_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    moments = iter(second for second in (-6001.0, -6000.5, -5999.0, -5940.5) for _ in range(2))  # nobody else's

    def groups_of(name: str, gid: int) -> list[int]:
        asked.append(name)
        return [gid]

    monkeypatch.setattr(os, "getgrouplist", groups_of)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    for uid in (20_011, 20_012) * 4:
        AccountCredentials(make_user(uid))
    assert asked == ["uws-test-20011", "uws-test-20012"] * 2


@pytest.mark.root
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_assumed_given_back_after_exception(error: type[BaseException]) -> None:
    before = ids()
    with pytest.raises(error), AccountCredentials(make_user(20_001)).assumed():
        raise error
    assert ids() == before


@pytest.mark.root
def test_assumed_twice_refused() -> None:
    before = ids()
    with AccountCredentials(make_user(20_001)).assumed():
        with pytest.raises(RuntimeError, match="already"), AccountCredentials(make_user(20_002)).assumed():
            pytest.fail("the block must not run")
        assert os.geteuid() == 20_001
    assert ids() == before


@pytest.mark.root
def test_assumed_have_no_capabilities(world: World) -> None:
    (world.base / "secret").mkdir(mode=0o700)
    victim = world.base / "victim"
    victim.touch(mode=0o644)
    with AccountCredentials(make_user(20_001)).assumed():
        assert not os.access(world.base / "secret", os.X_OK, effective_ids=True)
        with pytest.raises(PermissionError):
            os.chown(victim, 20_001, 20_001)
        with pytest.raises(PermissionError):
            victim.chmod(0o777)
        with pytest.raises(PermissionError):
            os.mknod(world.base / "device", 0o666 | 0o020000, os.makedev(1, 3))
        effective = next(line for line in _status_lines() if line.startswith("CapEff"))
    assert int(effective.split()[1], 16) == 0
    assert victim.stat().st_uid == 0


def _status_lines() -> list[str]:
    return Path("/proc/thread-self/status").read_text().splitlines()


@pytest.mark.root
def test_assumed_in_many_threads_do_not_mix() -> None:
    start, wrong = threading.Barrier(8), list[object]()

    def work(uid: int) -> None:
        rights = AccountCredentials(make_user(uid))
        start.wait(timeout=60)
        for _ in range(300):
            with rights.assumed():
                seen = ids()
            if seen != ((0, uid, 0), (0, uid, 0), [uid]) or os.geteuid() != 0:
                wrong.append((uid, seen))

    threads = [threading.Thread(target=work, args=(20_001 + number,)) for number in range(7)]
    for thread in threads:
        thread.start()
    start.wait(timeout=60)
    while any(thread.is_alive() for thread in threads):
        if ids()[0] != (0, 0, 0):
            wrong.append(ids())
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.root
def test_assumed_by_one_thread_files_of_each_are_theirs(world: World) -> None:
    world.base.chmod(0o777)

    def work(uid: int) -> None:
        for number in range(50):
            with AccountCredentials(make_user(uid)).assumed():
                (world.base / f"{uid}-{number}").touch()

    threads = [threading.Thread(target=work, args=(uid,)) for uid in (20_001, 20_002, 20_003)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = {path.name.split("-")[0] + ":" + str(path.stat().st_uid) for path in world.base.glob("200*")}
    assert owners == {"20001:20001", "20002:20002", "20003:20003"}
