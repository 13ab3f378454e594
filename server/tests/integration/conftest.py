"""A real server, and accounts that are taken away again."""

import os
from collections.abc import Iterator

import pytest

from machine_accounts import remove_account
from running import ADA, GRACE, Caller, RunningServer, running_server, sign_in


@pytest.fixture(scope="session")
def accounts() -> Iterator[None]:
    """As root, the server makes accounts of this machine: take them away in the end."""
    yield
    if os.geteuid() == 0:
        for name in (ADA, GRACE):
            remove_account(name, "--remove")


@pytest.fixture(scope="session")
def server(accounts: None) -> Iterator[RunningServer]:
    """A server with JupyterLab."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def ada(server: RunningServer) -> Iterator[Caller]:
    """A person of it."""
    caller = sign_in(server, ADA)
    with caller.http:
        yield caller


@pytest.fixture(scope="session")
def grace(server: RunningServer) -> Iterator[Caller]:
    """Another one."""
    caller = sign_in(server, GRACE)
    with caller.http:
        yield caller
