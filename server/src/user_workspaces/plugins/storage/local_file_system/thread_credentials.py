"""Credentials of a user, assumed by one thread while the other threads keep theirs.

In Linux, user and group IDs belong to a thread. The C library hides that: its `setresuid` changes every thread of
the process. So the system calls are made directly. The real and the saved user ID stay the server's: the thread can
switch back, and the user can neither signal nor trace it. A thread whose effective user ID is not 0 has no
capabilities: permissions, reserved blocks of the file system and disk quotas hold for it.

Code that runs with a user's credentials must not import anything: Python may be installed where only the server can
read.
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

_FIRST_USER_UID = 1000
_SECONDS_OF_GROUPS = 60.0
"""Cache lifetime of groups, whose lookup takes about a hundred system calls; so long a removed member keeps access."""
_UNCHANGED = ctypes.c_long(-1)


@dataclass(frozen=True, slots=True)
class _SystemCalls:
    """The numbers of the three system calls, from the kernel's table of each architecture."""

    setgroups: int
    setresuid: int
    setresgid: int


_GENERIC = _SystemCalls(setgroups=159, setresuid=147, setresgid=149)
_TABLES = {
    "x86_64": _SystemCalls(setgroups=116, setresuid=117, setresgid=119),
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
}
# A 32-bit process on a 64-bit kernel has other numbers, although `platform.machine` is the same.
_CALLS = _TABLES.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 2**32 else None
# PyDLL keeps the interpreter lock: these calls take less than a microsecond, releasing it would cost more.
_LIBC = ctypes.PyDLL(None, use_errno=True)


class Rights(Protocol):
    """The rights that file operations run with."""

    def assumed(self) -> AbstractContextManager[None]:
        """Run a block of this thread with these rights; it must not switch threads or import anything."""


class OwnRights:
    """The rights of a server that does not run as root: it has no others."""

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
    """The credentials of an account, for a server that runs as root."""

    def __init__(self, account: SystemAccount) -> None:
        """Raises `NotAllowed` for a system account."""
        if account.uid < _FIRST_USER_UID or account.gid == 0:
            raise NotAllowed(f"{account.name} is a system account and cannot own workspaces.")
        groups = _groups_of(account.name, account.gid, int(time.monotonic() // _SECONDS_OF_GROUPS))
        self._ids = _Ids(account.uid, account.gid, tuple(sorted({*groups, account.gid})))

    @contextmanager
    def assumed(self) -> Iterator[None]:
        """Run a block of this thread as the user.

        Raises `RuntimeError`, without running the block, if the IDs did not change.
        """
        own = _Ids.of_this_thread()
        # Nesting would restore the wrong IDs at the end of the inner block.
        if own.uid != 0:
            raise RuntimeError("This thread has already assumed a user's credentials.")
        try:
            _assume(self._ids)
            yield
        finally:
            _restore(own)


# The minute is a part of the key: entries of earlier minutes are not found any more.
@lru_cache(maxsize=10_000)
def _groups_of(name: str, gid: int, _minute: int) -> tuple[int, ...]:
    return tuple(os.getgrouplist(name, gid))


def serves_as_root() -> bool:
    """Return True if the server runs as root and can act for several users."""
    # The real ID: it stays the server's while a thread has assumed a user's credentials.
    return os.getuid() == 0


def rights_of(account: SystemAccount) -> Rights:
    """Return the rights for operations on an account's files; raises as `AccountCredentials` does."""
    return AccountCredentials(account) if serves_as_root() else OwnRights()


def require_thread_ids() -> None:
    """Raise `ConfigurationError` if the server runs as root and cannot assume a user's credentials."""
    if serves_as_root() and _CALLS is None:
        raise ConfigurationError(
            f"this storage cannot serve as root on {platform.machine()}: run the server as another user"
        )


def _assume(ids: _Ids) -> None:
    # The user ID last: after it, the thread has no capability for the other two calls.
    _set_groups(ids)
    _set_id(_calls().setresgid, ids.gid)
    _set_id(_calls().setresuid, ids.uid)
    _verify(ids)


def _restore(own: _Ids) -> None:
    # The user ID first: only then the thread has the capability for the other two calls again.
    _set_id(_calls().setresuid, own.uid)
    _set_id(_calls().setresgid, own.gid)
    _set_groups(own)
    _verify(own)


def _calls() -> _SystemCalls:
    if _CALLS is None:
        raise RuntimeError(f"The system call numbers of {platform.machine()} are unknown.")
    return _CALLS


def _set_id(number: int, effective: int) -> None:
    _call(number, _UNCHANGED, ctypes.c_long(effective), _UNCHANGED)


def _set_groups(ids: _Ids) -> None:
    _call(_calls().setgroups, ctypes.c_size_t(len(ids.groups)), (ctypes.c_uint32 * len(ids.groups))(*ids.groups))


def _call(number: int, *arguments: object) -> None:
    if _LIBC.syscall(ctypes.c_long(number), *arguments) != 0:
        raise RuntimeError(f"The credentials of this thread could not be changed: {os.strerror(ctypes.get_errno())}")


def _verify(ids: _Ids) -> None:
    # Read back from the kernel: a wrong system call must not run the user's block with the rights of root.
    if _Ids.of_this_thread() != ids:
        raise RuntimeError("The credentials of this thread are not the requested ones.")
