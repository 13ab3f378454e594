"""Run a command with UWS_TEST_DATABASE set to a fresh private PostgreSQL that ends with it.

    python scripts/with_postgres.py COMMAND [ARGUMENT ...]

The server's programs are found on PATH or where Debian keeps them (/usr/lib/postgresql/*/bin). PostgreSQL refuses
to run as root, so root runs it as `postgres` or `nobody`. It listens on loopback and on a socket in its own
folder, lets in nobody without the password made for this run, and writes nothing safely to disk: it lives for
one run of tests. The exit code is the command's own, or 3 when there is no PostgreSQL to run.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

NONE_TO_RUN = 3
USAGE = 2
SECONDS_TO_START, SECONDS_TO_END = 60, 30
PR_SET_PDEATHSIG = 1  # prctl(2)
DEBIAN = Path("/usr/lib/postgresql")
ACCOUNTS = ("postgres", "nobody")
FOR_SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=64MB")
FOR_CROWDS = ("max_connections=300",)


class NoPostgresError(Exception):
    """PostgreSQL cannot run here; the message gives the reason."""


def main(command: Sequence[str]) -> int:
    """Run the command with its own database; return its exit code."""
    if not command:
        print(__doc__, file=sys.stderr)
        return USAGE
    signal.signal(signal.SIGTERM, _end)
    try:
        with database() as url:
            return subprocess.run(command, check=False, env={**os.environ, "UWS_TEST_DATABASE": url}).returncode
    except NoPostgresError as error:
        print(f"with_postgres: {error}", file=sys.stderr)
        return NONE_TO_RUN


@contextmanager
def database() -> Iterator[str]:
    """Start a server and yield the URL of its database; all data is deleted afterwards."""
    programs, account = _programs(), _account()
    folder = Path(tempfile.mkdtemp(prefix="uws-pg-", dir="/tmp"))
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield from _served(programs, folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(programs: Path, folder: Path, account: pwd.struct_passwd | None) -> Iterator[str]:
    password, port, data = secrets.token_urlsafe(24), _free_port(), str(folder / "data")
    password_file = folder / "password"
    password_file.write_text(password)
    if account:
        os.chown(password_file, account.pw_uid, account.pw_gid)
    initialise = ["-D", data, "-U", "uws", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]
    _run([programs / "initdb", *initialise, f"--pwfile={password_file}"], account)
    settings = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={folder}",
        *FOR_SPEED,
        *FOR_CROWDS,
    ]
    server = _start([programs / "postgres", "-D", data, *(f"--{setting}" for setting in settings)], folder, account)
    try:
        _wait_until_ready(server, folder)
        yield f"postgresql://uws:{password}@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGQUIT)  # immediate shutdown: its data is not needed
        server.wait(timeout=SECONDS_TO_END)


def _start(command: Sequence[str | Path], folder: Path, account: pwd.struct_passwd | None) -> "subprocess.Popen[bytes]":
    """Start the server as a child that the kernel terminates when this process is killed."""
    libc = ctypes.CDLL(None, use_errno=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl+C is for the command only
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT),  # noqa: PLW1509  there are no threads here
            **_as(account),
        )


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait for the line that PostgreSQL adds to its PID file once it accepts connections."""
    deadline = time.monotonic() + SECONDS_TO_START
    pid_file = folder / "data" / "postmaster.pid"
    while not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoPostgresError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace').strip()}")
        time.sleep(0.05)


def _programs() -> Path:
    """Return the folder of the newest installed server."""
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        return Path(on_path).parent
    versions = [path.parent for path in DEBIAN.glob("*/bin/initdb")]
    if not versions:
        raise NoPostgresError("PostgreSQL is not installed (no initdb on PATH or below /usr/lib/postgresql).")
    return max(versions, key=lambda path: float(path.parent.name))


def _account() -> pwd.struct_passwd | None:
    """Return the account to run it as; None: the current one."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresError("PostgreSQL does not run as root, and there is neither an account postgres nor nobody.")


def _run(command: Sequence[str | Path], account: pwd.struct_passwd | None) -> None:
    """Run one of its programs; its output is shown on failure."""
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, **_as(account))
    if done.returncode:
        raise NoPostgresError(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the options to start a process as that account, in a folder that it can enter."""
    shared = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}}
    if account is None:
        return shared
    return {**shared, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(number: int, _frame: FrameType | None) -> None:
    """Let `finally` stop the server."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
