"""The selection of a job's environment."""

from dataclasses import replace
from pathlib import Path

import pytest

from user_workspaces import registry
from user_workspaces.environments.selection import check_choice, environment_for, environments_on, prepare
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base, WorkspaceEnvironment
from user_workspaces.interfaces.values import Preparation, PreparationState
from user_workspaces.testing.fake_environment import FakeEnvironment
from user_workspaces.testing.fake_job_type import FakeSession


class Lab(FakeSession):
    """A job type with a base."""

    def base(self, resource: str) -> Base | None:
        if resource != "local":
            raise InvalidRequest("not set up there")
        return Base(Path("/lab"))


@pytest.fixture
def lab(site: registry.Registry) -> Lab:
    lab = Lab.build("lab")
    site.job_types.add("lab", lab)
    return lab


@pytest.fixture
def science(site: registry.Registry, lab: Lab) -> FakeEnvironment:
    environment = FakeEnvironment.build("science")
    site.environments.add("science", environment)
    registry.install(site, replace(registry.site(), environments={"science": "Science 2026"}))
    return environment


def test_job_type_uses_its_own_base_or_the_first_one(lab: Lab, tmp_path: Path) -> None:
    for job_type in ("lab", "session", "no such type"):
        found = environment_for(job_type=job_type, resource="local", workspace=tmp_path)
        assert found == WorkspaceEnvironment(Base(Path("/lab")), tmp_path / ".environment" / "base")


def test_resource_without_a_base_has_no_environment(lab: Lab, tmp_path: Path) -> None:
    assert environment_for(job_type="lab", resource="cluster", workspace=tmp_path) is None
    assert prepare(job_type="lab", resource="cluster").state is PreparationState.READY


def test_job_without_a_workspace_has_no_overlay(lab: Lab) -> None:
    assert environment_for(job_type="lab", resource="local", workspace=None) == WorkspaceEnvironment(
        Base(Path("/lab")), None
    )


def test_named_environment_has_its_own_base_and_overlay(science: FakeEnvironment, tmp_path: Path) -> None:
    found = environment_for(job_type="lab", resource="local", workspace=tmp_path, name="science")
    assert found == WorkspaceEnvironment(Base(Path("/science/local")), tmp_path / ".environment" / "science")
    science.preparation = Preparation(PreparationState.IN_PROGRESS, "building")
    assert prepare(job_type="lab", resource="local", name="science").message == "building"


@pytest.mark.usefixtures("science")
def test_environments_are_offered_on_configured_resources() -> None:
    assert environments_on("local") == {"science": "Science 2026"}
    assert environments_on("cluster") == {}


@pytest.mark.usefixtures("science")
@pytest.mark.parametrize("name", ["", None, "science"])
def test_offered_environment_is_accepted(name: object) -> None:
    check_choice(name, resource="local")


@pytest.mark.usefixtures("science")
@pytest.mark.parametrize(
    ("name", "resource"),
    [("science", "cluster"), ("base", "local"), ("../x", "local"), (["science"], "local"), (1, "local")],
)
def test_other_environment_is_refused(name: object, resource: str) -> None:
    with pytest.raises(InvalidRequest, match="is not in the list of available environments"):
        check_choice(name, resource=resource)
