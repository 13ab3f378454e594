"""Turns a fork of the supervisor into the job's shell, as the job's account. Standard library only."""

import errno
import os
import resource
import signal
from pathlib import Path
from typing import NoReturn

from .network import ISOLATED, SHARED, VARIABLE, Network, enter
from .records import Spec

CANNOT_RUN, CANNOT_FIND = 126, 127
"""The exit codes of shells for a program that cannot be run or does not exist."""


class NotIsolated(OSError):
    """The job requires a network of its own, which is not available."""


def become_the_job(
    spec: Spec, *, go: int, log: int, complaint: int, network: Network | None, resolvers: Path
) -> NoReturn:
    """Wait for a byte from `go`, drop all that belongs to the server, and execute the shell.

    Errors are written to the descriptor `complaint`; nothing is run if `go` is closed without a byte.
    """
    code, what = CANNOT_RUN, "The job could not be started as its owner"
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        # A session of its own: if the supervisor is dead, processes of the job are found by it.
        os.setsid()
        if not os.read(go, 1):
            os._exit(code)
        _reset_signals()
        _reset_limit(spec.open_files)
        # Before the change of account, since namespaces and mounts require root.
        environment = {**spec.environment, VARIABLE: _enter_network(spec, network, resolvers)}
        _take_identity(spec)
        what = "Cannot enter the working directory"
        os.chdir(spec.working_directory)  # after the change of account: with the rights of the owner
        code, what = CANNOT_FIND, "Cannot start the shell (bash)"
        os.execve(spec.shell, ["bash", spec.script], environment)  # noqa: S606  this is the shell
    except OSError as error:
        os.write(complaint, f"{what}: {error.strerror}.".encode())
    finally:
        # The fork must never return: the code after it belongs to the supervisor.
        os._exit(code)


def _enter_network(spec: Spec, network: Network | None, resolvers: Path) -> str:
    if network is not None and enter(network, resolvers=resolvers):
        return ISOLATED
    if spec.must_isolate:
        raise NotIsolated(errno.ENETDOWN, "it would share this machine's network")
    return SHARED


def _reset_signals() -> None:
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python and the supervisor ignore these, which a job would inherit
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _reset_limit(open_files: int | None) -> None:
    """Set the soft limit of open files that the server started with: a larger one breaks select(2)."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if open_files is not None:
        wanted = open_files if hard == resource.RLIM_INFINITY else min(open_files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _take_identity(spec: Spec) -> None:
    if os.geteuid() == 0:
        # The user ID last: after it, this process may not change its groups.
        os.initgroups(spec.account, spec.gid)
        os.setresgid(spec.gid, spec.gid, spec.gid)
        os.setresuid(spec.uid, spec.uid, spec.uid)
    os.umask(spec.umask)
