"""Which server is looked at: one that is started here on the database of the run, or one that the environment names."""

import os
import subprocess
import sys

import pytest

from conformance.engine import Walker
from support.server_process import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.data]


def test_the_database_is_that_of_the_run(walk: Walker) -> None:
    if walk.target.own is None:
        pytest.skip("UWS_CONFORMANCE_URL names another server: its database is not to be seen")
    has_own = (walk.target.own.data_dir / "database.sqlite3").exists()
    assert has_own is not os.environ.get("UWS_TEST_DATABASE", "").startswith("postgres")


def test_a_server_that_runs_already_is_looked_at_by_its_address(walk: Walker) -> None:
    """Ours plays the other server: the floor is tried, what needs to be known of it is named, the rest is left out."""
    if walk.target.own is None:
        pytest.skip("UWS_CONFORMANCE_URL names a server already")
    named = {
        "UWS_CONFORMANCE_URL": f"{walk.target.url}/",
        "UWS_CONFORMANCE_CLIENT_TOKEN": walk.target.client_token,
        "UWS_CONFORMANCE_PEOPLE": ",".join(walk.target.people),
    }
    asked = ["test_floor.py", "test_beyond.py", "-k", "site or origins or quotas or links"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *asked]
    folder = REPOSITORY / "server" / "tests" / "conformance"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **named}, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
    assert "say so in UWS_CONFORMANCE_ORIGIN" in done.stdout
    assert "say so in UWS_CONFORMANCE_DATASET" in done.stdout
    assert "this is tried on one that is started here" in done.stdout
