"""Accounts of this machine that tests create and remove; several tests may do so at the same time."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.server_process import ADA, GRACE, wait_for


@contextmanager
def removed_accounts() -> Iterator[None]:
    """At the end of the block, remove the accounts that a server run by root creates for the users of tests."""
    try:
        yield
    finally:
        if os.geteuid() == 0:
            for name in (ADA, GRACE):
                remove_account(name, "--remove")


def change_accounts(*command: str) -> None:
    """Run a command, and retry it while another process has locked the accounts of this machine."""

    def has_run() -> bool:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0 or "cannot lock" in done.stderr, done.stderr
        return done.returncode == 0

    wait_for(has_run, within=120, what=f"the turn of {command[0]}")


def add_account(name: str, *options: str) -> None:
    """Create an account."""
    change_accounts("useradd", *options, name)


def remove_account(name: str, *options: str) -> None:
    """Remove an account if it exists."""
    if subprocess.run(["getent", "passwd", name], check=False, capture_output=True).returncode == 0:
        change_accounts("userdel", "--force", *options, name)
