"""A prepared environment, and real sessions in it, for one user."""

import os
import pwd
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.driver import Session, make_job_type
from user_workspaces.interfaces.values import PreparationState, SystemAccount
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.testing.waiting import eventually

REPOSITORY = Path(__file__).parents[5]


@pytest.fixture(scope="session")
def prepared() -> JupyterLabJob:
    """JupyterLab, installed once for all test runs: below UWS_TEST_ENVIRONMENTS, or in the repository's cache."""
    base_dir = Path(os.environ.get("UWS_TEST_ENVIRONMENTS") or REPOSITORY / ".cache" / "test-environments")
    job_type = make_job_type(base_dir)
    eventually(lambda: job_type.prepare("local").state is not PreparationState.IN_PROGRESS, limit_seconds=900)
    preparation = job_type.prepare("local")
    assert preparation.state is PreparationState.READY, preparation.message
    return job_type


@pytest.fixture(scope="session")
def account() -> SystemAccount:
    """The account of the sessions: that of the tests, or `nobody` if that is root."""
    entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return SystemAccount(entry.pw_name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))


@pytest.fixture(scope="module")
def new_session(prepared: JupyterLabJob, account: SystemAccount) -> Iterator[Callable[[], Session]]:
    """Create sessions, not started, in a short folder that the user can enter."""
    sessions = list[Session]()

    def make() -> Session:
        session = Session(prepared, account, Path(tempfile.mkdtemp(prefix="uws-", dir="/tmp")))
        for folder in (session.home, session.workspace, session.directory):
            folder.mkdir(mode=0o700)
        session.give_away()
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        session.end()
