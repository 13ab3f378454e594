"""The rights of one person, put on and taken off by one thread while the others keep theirs.

In Linux user and group ids belong to a thread. The C library hides that: its `setresuid` changes every thread of
the process. So the system calls are made directly. The real and saved user id stay the server's: the way back is
open, and the person can neither signal nor trace the thread. A thread whose effective user id is not 0 has no
capabilities: not past a permission, not into the reserve of the file system, not over a disk quota.

What runs with a person's rights must not import anything: Python may lie where only the server can read.
"""

import ctypes
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from user_workspaces.errors import ConfigurationError, NotAllowed
from user_workspaces.interfaces.values import SystemAccount

_FIRST_PERSON_UID = 1000
_SECONDS_OF_GROUPS = 60.0
"""Who leaves a group has its rights for that long at most: to ask for the groups takes the system a hundred calls."""
_UNCHANGED = ctypes.c_long(-1)


@dataclass(frozen=True, slots=True)
class _SystemCalls:
    """The numbers of the three calls, from the kernel's table of each architecture."""

    setgroups: int
    setresuid: int
    setresgid: int


_GENERIC = _SystemCalls(setgroups=159, setresuid=147, setresgid=149)
_TABLES = {
    "x86_64": _SystemCalls(setgroups=116, setresuid=117, setresgid=119),
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
}
_CALLS = _TABLES.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 2**32 else None
# PyDLL, as these calls take less than a microsecond: giving up the interpreter lock would cost more.
_LIBC = ctypes.PyDLL(None, use_errno=True)


class Rights(Protocol):
    """With whose rights file operations run."""

    def assumed(self) -> AbstractContextManager[None]:
        """Run a block of this thread with these rights; it must not leave the thread, nor import anything."""


class OwnRights:
    """Those of the server itself: it is an ordinary user, and can have no others."""

    def assumed(self) -> AbstractContextManager[None]:
        """Change nothing."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class _Ids:
    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def of_this_thread(cls) -> "_Ids":
        return cls(os.geteuid(), os.getegid(), tuple(sorted(os.getgroups())))


class AccountCredentials:
    """Those of an account, for a server that runs as root."""

    def __init__(self, account: SystemAccount) -> None:
        """Raises `NotAllowed` for an account of the system."""
        if account.uid < _FIRST_PERSON_UID or account.gid == 0:
            raise NotAllowed(f"{account.name} is an account of the system and owns no workspaces.")
        groups = _groups_of(account.name, account.gid, int(time.monotonic() // _SECONDS_OF_GROUPS))
        self._ids = _Ids(account.uid, account.gid, tuple(sorted({*groups, account.gid})))

    @contextmanager
    def assumed(self) -> Iterator[None]:
        """Run a block of this thread as the person.

        Raises `RuntimeError` when the ids did not change: the block has then not run.
        """
        own = _Ids.of_this_thread()
        if own.uid != 0:
            raise RuntimeError("This thread has a person's rights already.")
        try:
            _put_on(self._ids)
            yield
        finally:
            _take_off(own)


@lru_cache(maxsize=10_000)
def _groups_of(name: str, gid: int, _minute: int) -> tuple[int, ...]:
    return tuple(os.getgrouplist(name, gid))


def serves_as_root() -> bool:
    """Say whether the server can act for several people."""
    # The real id: it stays the server's while a thread has put on a person's rights.
    return os.getuid() == 0


def rights_of(account: SystemAccount) -> Rights:
    """Return the rights that operations in this account's files run with; see `AccountCredentials` for errors."""
    return AccountCredentials(account) if serves_as_root() else OwnRights()


def require_thread_ids() -> None:
    """Raise `ConfigurationError` where a server that is root could not put on a person's rights."""
    if serves_as_root() and _CALLS is None:
        raise ConfigurationError(
            f"on {platform.machine()} this storage cannot serve as root: run it as an ordinary user"
        )


def _put_on(ids: _Ids) -> None:
    _set_groups(ids)
    _set_id(_calls().setresgid, ids.gid)
    _set_id(_calls().setresuid, ids.uid)
    _verify(ids)


def _take_off(own: _Ids) -> None:
    # The user id first: it brings back the capability that the others need.
    _set_id(_calls().setresuid, own.uid)
    _set_id(_calls().setresgid, own.gid)
    _set_groups(own)
    _verify(own)


def _calls() -> _SystemCalls:
    if _CALLS is None:
        raise RuntimeError(f"The system calls of {platform.machine()} are not known.")
    return _CALLS


def _set_id(number: int, effective: int) -> None:
    _call(number, _UNCHANGED, ctypes.c_long(effective), _UNCHANGED)


def _set_groups(ids: _Ids) -> None:
    _call(_calls().setgroups, ctypes.c_size_t(len(ids.groups)), (ctypes.c_uint32 * len(ids.groups))(*ids.groups))


def _call(number: int, *arguments: object) -> None:
    if _LIBC.syscall(ctypes.c_long(number), *arguments) != 0:
        raise RuntimeError(f"The rights of this thread could not be changed: {os.strerror(ctypes.get_errno())}")


def _verify(ids: _Ids) -> None:
    if _Ids.of_this_thread() != ids:
        raise RuntimeError("The rights of this thread are not those that were asked for.")
