"""Adding a key to `config.json`: nothing else changes, and a failure leaves the file unchanged."""

import json
import os
from pathlib import Path

import pytest

from user_workspaces.config.config_edit import add_key
from user_workspaces.config.load_config import EMBEDDED_DEFAULT, read
from user_workspaces.errors import ConfigurationError

VALUE = {"docker": {"name": "Docker", "container_runtime_type": "DockerRuntime"}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_bytes(EMBEDDED_DEFAULT.read_bytes())
    file.chmod(0o640)
    return file


def test_key_is_appended_to_the_text_of_the_operator(config: Path) -> None:
    before = config.read_text()
    add_key(config, "container_runtimes", VALUE)
    after = config.read_text()
    assert after.startswith(before.rstrip().removesuffix("}").rstrip() + ",\n  ")
    assert json.loads(after) == {**json.loads(before), "container_runtimes": VALUE}
    assert list(json.loads(after)) == [*json.loads(before), "container_runtimes"]
    assert config.stat().st_mode & 0o7777 == 0o640
    assert read(config)[0].resources["local"].container_runtime == "docker"
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]


def test_symbolic_link_is_kept(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(config)
    add_key(link, "container_runtimes", VALUE)
    assert link.is_symlink()
    assert "container_runtimes" in json.loads(config.read_text())


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the file belongs to another account")
def test_owner_is_kept(config: Path) -> None:
    os.chown(config, 1, 2)
    add_key(config, "container_runtimes", VALUE)
    assert (config.stat().st_uid, config.stat().st_gid) == (1, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "it must be an object without 'container_runtimes'"),
        (b'{"container_runtimes": 1}', "it must be an object without 'container_runtimes'"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_unsuitable_file_is_left_unchanged(config: Path, content: bytes, message: str) -> None:
    config.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        add_key(config, "container_runtimes", VALUE)
    assert config.read_bytes() == content
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]


def test_unwritable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: No such file or directory"):
        add_key(tmp_path / "nowhere" / "config.json", "container_runtimes", VALUE)


def test_empty_object_gets_its_first_key(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{ }")
    add_key(file, "a", 1)
    assert file.read_text() == '{\n  "a": 1\n}\n'
