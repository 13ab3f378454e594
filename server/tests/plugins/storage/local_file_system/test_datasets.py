"""Dataset roots are browsed with the user's rights, and nothing outside of them."""

import pytest

from plugins.storage.local_file_system.worlds import MakeStorage, World
from user_workspaces.errors import PathNotFound
from user_workspaces.interfaces.storage import Dataset
from user_workspaces.interfaces.values import SystemAccount
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


def test_roots_and_what_is_below_them(storage: LocalFileSystemStorage, world: World, ada: SystemAccount) -> None:
    root = str(world.datasets)
    (world.datasets / "atlas.txt").write_text("x")
    (world.datasets / ".hidden").write_text("x")
    (world.datasets / "zoo").symlink_to("sky")
    assert storage.has_datasets
    assert storage.datasets(ada, limit=10) == (Dataset(root, is_directory=True),)
    assert storage.datasets(ada, root, limit=10) == (
        Dataset(f"{root}/sky", is_directory=True),
        Dataset(f"{root}/zoo", is_directory=True),
        Dataset(f"{root}/atlas.txt", is_directory=False),
    )
    assert storage.datasets(ada, root, limit=1) == (Dataset(f"{root}/sky", is_directory=True),)
    assert storage.datasets(ada, f"{root}/sky/", limit=10) == (Dataset(str(world.dataset), is_directory=False),)


def test_without_dataset_roots_nothing_is_listed(make_storage: MakeStorage, ada: SystemAccount) -> None:
    storage = make_storage(roots=[])
    assert not storage.has_datasets
    assert storage.datasets(ada, limit=10) == ()


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/etc", "relative", "{root}/..", "{root}/../outside.txt", "{root}/sky/survey.csv", "{root}/escape"),
        *("{root}/no", "{root}/a\0b", "{root}-of-others"),
    ],
)
def test_nothing_else_is_listed(storage: LocalFileSystemStorage, world: World, ada: SystemAccount, path: str) -> None:
    (world.datasets / "escape").symlink_to(world.base)
    (world.base / "datasets-of-others").mkdir()
    with pytest.raises(PathNotFound, match="There is no such directory of datasets"):
        storage.datasets(ada, path.format(root=world.datasets), limit=10)


@pytest.mark.root
def test_directory_that_the_user_may_not_enter_is_not_listed(
    storage: LocalFileSystemStorage, world: World, ada: SystemAccount
) -> None:
    (world.datasets / "sky").chmod(0o700)
    with pytest.raises(PathNotFound):
        storage.datasets(ada, str(world.datasets / "sky"), limit=10)
