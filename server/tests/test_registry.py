"""Building plug-ins from declarations, and the errors of invalid ones."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from user_workspaces import registry
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.plugin import Plugin, PluginOptions
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.registry import Declaration, PluginKind, Registry, Surroundings, build, installed
from user_workspaces.testing.fake_job_type import FakeJobType, FakeSession
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.testing.fake_user_authentication import SharedAccount
from user_workspaces.testing.fake_workflow_engine import EngineOfOneStep

HERE = Surroundings(Path("/srv/uws"), Path("/srv/uws/run"), lambda _: None)


class TypeThatNeedsSurroundings(FakeJobType):
    """A plug-in whose constructor reports a missing dependency."""

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        raise ConfigurationError("module is not installed on this machine")


class NoPlugin:
    """A class that is not a plug-in."""


class TypeOfNoKind(Plugin):
    """A plug-in of an unknown kind."""


@pytest.fixture(autouse=True)
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register some types under the names of this module."""
    names = ("FakeSession", "FakeResource", "TypeThatNeedsSurroundings", "NoPlugin", "TypeOfNoKind", "Missing")
    points = {name: EntryPoint(name, f"{__name__}:{name}", "x") for name in names}
    points["Broken"] = EntryPoint("Broken", "user_workspaces.there_is_no_such_module:X", "x")
    monkeypatch.setattr(EntryPoint, "load", loaded)
    monkeypatch.setattr(registry, "installed", lambda _: points)


def loaded(point: EntryPoint) -> object:
    if point.name == "Broken":
        raise ModuleNotFoundError("No module named 'user_workspaces.there_is_no_such_module'")
    return globals()[point.name] if point.name in globals() else getattr(NoPlugin, point.name)


def job_type(type_name: str, options: dict[str, object] | None = None, name: str = "x") -> Declaration:
    return Declaration(PluginKind.JOB_TYPE, name, type_name, options or {}, f"available_job_types.{name}")


def mistakes(*declarations: Declaration) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        build(declarations, HERE)
    return str(caught.value).splitlines()


def test_plugin_gets_its_context() -> None:
    built = build([job_type("FakeSession", name="jupyter")], HERE)
    context = built.job_types.get("jupyter").context
    assert (context.name, context.base_dir, context.runtime_dir) == ("jupyter", HERE.data_dir, HERE.runtime_dir)
    assert context.data_dir == Path("/srv/uws/job_type/jupyter")
    assert built.find(PluginKind.JOB_TYPE, "jupyter") is built.job_types.get("jupyter")
    assert [name for name, _ in built.job_types.items()] == ["jupyter"]
    assert "jupyter" in built.job_types


def test_missing_type_is_reported_with_installed_ones() -> None:
    (told,) = mistakes(job_type("Rocket"))
    assert told == (
        "available_job_types.x: 'Rocket' is not installed; installed are Broken, FakeResource, FakeSession, Missing, "
        "NoPlugin, TypeOfNoKind, TypeThatNeedsSurroundings"
    )


@pytest.mark.parametrize("type_name", ["FakeResource", "NoPlugin", "TypeOfNoKind"])
def test_a_type_of_another_kind_is_refused(type_name: str) -> None:
    assert mistakes(job_type(type_name)) == [f"available_job_types.x: {__name__}:{type_name} is not a JobType"]


@pytest.mark.parametrize("type_name", ["Broken", "Missing"])
def test_type_that_cannot_be_loaded_is_reported(type_name: str) -> None:
    (told,) = mistakes(job_type(type_name))
    assert told.startswith("available_job_types.x: ")
    assert " cannot be loaded: " in told


def test_unknown_options_are_reported_with_their_key() -> None:
    assert mistakes(job_type("FakeSession", {"colour": 1, "size": 10**40})) == [
        "available_job_types.x.colour: Extra inputs are not permitted",
        "available_job_types.x.size: Extra inputs are not permitted",
    ]


def test_missing_dependency_is_reported_with_its_key() -> None:
    assert mistakes(job_type("TypeThatNeedsSurroundings"), job_type("Rocket", name="y"))[0] == (
        "available_job_types.x: module is not installed on this machine"
    )


def test_unconfigured_plugin_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^moon is not configured on this server\.$"):
        Registry().resources.get("moon")


def test_every_kind_is_registered() -> None:
    built = Registry()
    built.add(Declaration(PluginKind.RESOURCE, "r", "T", {}, "r"), FakeResource.build("r"))
    built.add(Declaration(PluginKind.JOB_TYPE, "j", "T", {}, "j"), FakeSession.build("j"))
    built.add(Declaration(PluginKind.USER_AUTHENTICATION, "u", "T", {}, "u"), SharedAccount.build("u"))
    built.add(Declaration(PluginKind.WORKFLOW_ENGINE, "w", "T", {}, "w"), EngineOfOneStep.build("w"))
    found: dict[PluginKind, Any] = {one.kind: built.find(one.kind, one.name) for one in built.declarations}
    assert [found[kind].context.name for kind in found] == ["r", "j", "u", "w"]


def test_the_built_in_types_are_installed() -> None:
    assert "LocalUserAuthentication" in installed(PluginKind.USER_AUTHENTICATION)
    assert "LocalFileSystemStorage" in installed(PluginKind.STORAGE)
    assert "LocalResource" in installed(PluginKind.RESOURCE)
    assert {"JupyterLabJob", "LocalTestJob"} <= set(installed(PluginKind.JOB_TYPE))
    assert "serial" in installed(PluginKind.WORKFLOW_ENGINE)


def test_access_before_configuration_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_process", registry._Process())
    for question in (registry.current, registry.site):
        with pytest.raises(ConfigurationError, match="is not loaded or is invalid"):
            question()
