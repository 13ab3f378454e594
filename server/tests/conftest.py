"""Fixtures of all tests: users, workspaces, and a site with a storage on disk and a fake resource."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from scheduling import pytest_xdist_make_scheduler
from support import fast_flush, static_files
from support.template_database import copy_migrated_database
from user_workspaces import registry
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import find_client
from user_workspaces.config import load_config
from user_workspaces.quotas.values import BLOCK_BYTES, GIBIBYTE
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_job_type import FakeJob, FakeSession
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.testing.fake_user_authentication import SharedAccount
from user_workspaces.workspaces.actions import create_workspace
from user_workspaces.workspaces.details import Details
from user_workspaces.workspaces.models import Workspace

TESTS = Path(__file__).resolve().parent
__all__ = ["pytest_xdist_make_scheduler"]
"""pytest looks for the hook here."""

# Our resources run real jobs on machines that run many tests at once; contract suites of others wait 15 seconds.
os.environ["UWS_TEST_LIMIT"] = os.environ.get("UWS_TEST_LIMIT", "120")


DATA_LAYER = frozenset(
    {"accounts", "conformance", "controller", "db", "environments", "jobs"}
    | {"quotas", "sharing", "workflows", "workspaces", "config/postgresql"}
)
"""Folders whose tests differ by database (rows, queries, queues, leases, locks); `postgresql` marks further ones."""
REAL_PROCESSES = frozenset({"conformance", "websocket", "reana_workflow"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the database, those that `make test` runs on PostgreSQL too, and slow ones."""
    for item in items:
        fixtures, folders = getattr(item, "fixturenames", ()), item.path.relative_to(TESTS).parts
        uses_database = item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(fixtures)
        if uses_database and not item.get_closest_marker("once"):
            item.add_marker("data")
        if item.get_closest_marker("data") and DATA_LAYER & {folders[0], "/".join(folders[:2])}:
            item.add_marker("postgresql")
        if REAL_PROCESSES & set(folders):
            item.add_marker("slow")
        if item.get_closest_marker("soak"):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Begin with a copy of the migrated database on SQLite, so that no process runs all migrations."""
    if connection.vendor != "sqlite":
        return False
    copy_migrated_database(Path(connection.settings_dict["TEST"]["NAME"]))
    return True


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        fast_flush.install(patch)
        static_files.install(patch)
        yield


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Registry]:
    """The embedded configuration, with a fake resource and fake job types under the usual names."""
    before = registry.current(), registry.site()
    declared, declarations = load_config.read(None)
    surroundings = registry.Surroundings(settings.DATA_DIR / tmp_path.name, settings.RUNTIME_DIR, find_client)
    storages = (one for one in declarations if one.kind is PluginKind.STORAGE)
    built = registry.build(storages, surroundings)
    for kind, name, plugin in (
        (PluginKind.USER_AUTHENTICATION, "local", SharedAccount.build("local")),
        (PluginKind.RESOURCE, "local", FakeResource.build("local")),
        (PluginKind.JOB_TYPE, "jupyter_lab", FakeSession.build("jupyter_lab")),
        (PluginKind.JOB_TYPE, "local_test", FakeJob.build("local_test")),
    ):
        built.add(Declaration(kind, name, type(plugin).__name__, {}, f"test.{name}"), plugin)
    registry.install(built, replace(declared, base_url="http://localhost:8000"))
    yield built
    registry.install(*before)


@pytest.fixture
def resource(site: Registry) -> FakeResource:
    """The fake resource of the site, whose jobs the test controls."""
    found = site.resources.get("local")
    assert isinstance(found, FakeResource)
    return found


@pytest.fixture
def make_user(db: None) -> Callable[[str], User]:
    """Return a function that creates a user, or finds an existing one."""

    def make(username: str = "ada") -> User:
        return User.objects.get_or_create(username=username, defaults={"email": f"{username}@example.org"})[0]

    return make


@pytest.fixture
def limit(site: Registry) -> Callable[..., None]:
    """Return a function that changes the quotas of the site, with the fields of `QuotaSettings` as arguments."""

    def put(**rules: Any) -> None:
        known = registry.site()
        registry.install(site, replace(known, quotas=replace(known.quotas, **rules)))

    return put


@pytest.fixture
def blocks(limit: Callable[..., None]) -> Callable[[int], None]:
    """Return a function that sets the disk quota of all users, in blocks."""
    return lambda number: limit(disk_gb=Decimal(number * BLOCK_BYTES) / GIBIBYTE)


@pytest.fixture
def token_of(site: Registry) -> Callable[[User], str]:
    """Return a function that creates an API token for a user."""
    return lambda user: mint_token(user=user, name="test", now=timezone.now())


@pytest.fixture
def workspace_of(site: Registry) -> Callable[..., Workspace]:
    """Return a function that creates a workspace with real files for a user."""

    def make(owner: User, name: str = "cell-atlas", details: Details | None = None) -> Workspace:
        return create_workspace(
            owner=owner,
            name=name,
            description="",
            default_job_type="",
            details=details or Details(),
            now=timezone.now(),
        )

    return make
