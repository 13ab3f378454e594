"""Options and health of the resource."""

import json
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.resource.local.worlds import World
from user_workspaces.plugins.resource.local import LocalResource, plugin
from user_workspaces.plugins.resource.local.isolation import STANDARD_PATH
from user_workspaces.plugins.resource.local.options import ConnectionDetails, LocalResourceOptions


def test_no_options_are_needed() -> None:
    options = LocalResourceOptions.model_validate_json("{}")
    assert options.connection_details == ConnectionDetails(stop_grace_seconds=10, max_log_bytes=16 * 1024 * 1024)


@pytest.mark.parametrize(
    "details", [{"stop_grace_seconds": -1}, {"stop_grace_seconds": "10"}, {"max_log_bytes": 0}, {"host": "elsewhere"}]
)
def test_invalid_option_is_refused(details: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LocalResourceOptions.model_validate_json(json.dumps({"connection_details": details}))


def test_check_without_bash_says_so(resource: LocalResource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "STANDARD_PATH", "/nonexistent")
    assert (resource.check().connected, resource.check().message) == (False, "bash is not installed.")


def test_check_without_a_data_directory_says_so_without_a_path(world: World, resource: LocalResource) -> None:
    (world.base / "data").write_text("a file")
    health = resource.check()
    assert not health.connected
    assert str(world.base) not in health.message
    (world.base / "data").unlink()


def test_check_starts_nothing(world: World, resource: LocalResource) -> None:
    assert resource.check().connected
    assert resource.known_keys() == frozenset()
    assert not (world.base / "run").exists()


def test_supervisor_does_not_need_the_server_s_libraries() -> None:
    folder = Path(plugin.__file__).parent
    names = ("runner", "supervisor", "child", "records", "processes", "network", "namespaces", "uplink", "relay")
    parts = [folder / f"{name}.py" for name in names]
    lines = [line for part in parts for line in part.read_text().splitlines()]
    assert [line for line in lines if line.startswith(("import user_", "from user_", "import pydantic"))] == []
    assert shutil.which("bash", path=STANDARD_PATH)
