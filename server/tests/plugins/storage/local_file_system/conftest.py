"""People with accounts, and a storage that they may pass through to."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, MakeStorage, World, account
from user_workspaces.interfaces.values import PluginContext, SystemAccount, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.options import ConnectionDetails, LocalFileSystemOptions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("root") and not IS_ROOT:
            item.add_marker(pytest.mark.skip(reason="needs root: it acts for several people"))


@pytest.fixture
def world() -> Iterator[World]:
    base = Path(tempfile.mkdtemp(prefix="uws-storage-")).resolve()
    base.chmod(0o755)
    datasets = base / "datasets"
    world = World(base, base / "root", datasets, datasets / "sky" / "survey.csv", base / "outside.txt")
    world.dataset.parent.mkdir(parents=True)
    world.dataset.write_text("stars")
    world.outside.write_text("not for links")
    yield world
    subprocess.run(["rm", "-rf", base], check=True)  # goes as deep as the tests dig


@pytest.fixture
def ada() -> SystemAccount:
    return account("uws-test-ada", 20_001)


@pytest.fixture
def bob() -> SystemAccount:
    return account("uws-test-bob", 20_002)


@pytest.fixture
def make_storage(world: World) -> MakeStorage:
    def make(root: Path = world.root, roots: list[Path] | None = None) -> LocalFileSystemStorage:
        details = ConnectionDetails(dataset_roots=[world.datasets] if roots is None else roots)
        return LocalFileSystemStorage(
            PluginContext("main", world.base, world.base / "data", world.base / "run", lambda _token: None),
            LocalFileSystemOptions(root_dir=root, connection_details=details),
        )

    return make


@pytest.fixture
def storage(make_storage: MakeStorage) -> LocalFileSystemStorage:
    return make_storage()


@pytest.fixture
def location(ada: SystemAccount) -> WorkspaceLocation:
    return WorkspaceLocation("ada/17", ada)


@pytest.fixture
def other_location(bob: SystemAccount) -> WorkspaceLocation:
    return WorkspaceLocation("bob/18", bob)


@pytest.fixture
def dataset(world: World) -> str:
    return str(world.dataset)


@pytest.fixture
def outside(world: World) -> str:
    return str(world.outside)


@pytest.fixture
def made(storage: LocalFileSystemStorage, location: WorkspaceLocation) -> Path:
    """Return the path of Ada's workspace, which has been created."""
    storage.create(location)
    return storage.locate(location)


@pytest.fixture
def victim(world: World) -> Path:
    """Return a directory of another account (root, if the server is root) with a file."""
    victim = world.base / "victim"
    (victim / "inner").mkdir(parents=True)
    (victim / "shadow").write_text("secret")
    (victim / "shadow").chmod(0o600)
    (victim / "inner" / "f").write_text("secret")
    return victim
