"""Fixtures: a real server with temporary accounts."""

from collections.abc import Iterator

import pytest

from support.machine_accounts import removed_accounts
from support.server_process import ADA, GRACE, Caller, RunningServer, running_server, sign_in


@pytest.fixture(scope="session")
def accounts() -> Iterator[None]:
    """Remove the accounts that the server creates, after the last test."""
    with removed_accounts():
        yield


@pytest.fixture(scope="session")
def server(accounts: None) -> Iterator[RunningServer]:
    """A server with JupyterLab."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def ada(server: RunningServer) -> Iterator[Caller]:
    """A user of it."""
    caller = sign_in(server, ADA)
    with caller.http:
        yield caller


@pytest.fixture(scope="session")
def grace(server: RunningServer) -> Iterator[Caller]:
    """Another user."""
    caller = sign_in(server, GRACE)
    with caller.http:
        yield caller
