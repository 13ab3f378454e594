"""References between the entries of `config.json`."""

import json
from pathlib import Path

import pytest

from user_workspaces.config import load_config
from user_workspaces.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[3] / "example_config.json"


def test_resource_names_its_container_runtime(tmp_path: Path) -> None:
    written = json.loads(EXAMPLE.read_text())
    runtimes = {name: {"name": name, "container_runtime_type": "DockerRuntime"} for name in ("first", "second")}
    written["container_runtimes"] = runtimes
    source = tmp_path / "config.json"
    source.write_text(json.dumps(written))
    assert load_config.read(source)[0].resources["local"].container_runtime == "first"
    written["available_resources"]["local"]["container_runtime"] = "second"
    source.write_text(json.dumps(written))
    assert load_config.read(source)[0].resources["local"].container_runtime == "second"
    written["available_resources"]["local"]["container_runtime"] = "none"
    source.write_text(json.dumps(written))
    with pytest.raises(ConfigurationError, match=r"container_runtime: 'none' is not configured; available: first, sec"):
        load_config.read(source)
