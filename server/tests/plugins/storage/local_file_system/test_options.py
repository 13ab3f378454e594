"""The options: what an operator may write, and what stops the start."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from user_workspaces.plugins.storage.local_file_system.options import LocalFileSystemOptions


def parse(**options: object) -> LocalFileSystemOptions:
    return LocalFileSystemOptions.model_validate_json(json.dumps(options))


def test_options_least() -> None:
    options = parse(root_dir="workspaces", connection_details={})
    assert options.root_dir == Path("workspaces")
    assert options.connection_details.dataset_roots == []
    assert parse(root_dir="workspaces") == options


def test_options_dataset_roots() -> None:
    options = parse(root_dir="/w", connection_details={"dataset_roots": ["/data", "/more/data"]})
    assert options.connection_details.dataset_roots == [Path("/data"), Path("/more/data")]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, ("root_dir",)),
        ({"root_dir": 1}, ("root_dir",)),
        ({"root_dir": "a/../../b"}, ("root_dir",)),
        ({"root_dir": "/w", "typo": 1}, ("typo",)),
        ({"root_dir": "/w", "connection_details": {"typo": 1}}, ("connection_details", "typo")),
        (
            {"root_dir": "/w", "connection_details": {"dataset_roots": "/data"}},
            ("connection_details", "dataset_roots"),
        ),
        (
            {"root_dir": "/w", "connection_details": {"dataset_roots": ["/ok", "relative"]}},
            ("connection_details", "dataset_roots", 1),
        ),
        (
            {"root_dir": "/w", "connection_details": {"dataset_roots": ["/"]}},
            ("connection_details", "dataset_roots", 0),
        ),
        (
            {"root_dir": "/w", "connection_details": {"dataset_roots": ["/data/../etc"]}},
            ("connection_details", "dataset_roots", 0),
        ),
    ],
)
def test_options_mistake_names_its_place(options: dict[str, object], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        parse(**options)
    assert [error["loc"] for error in caught.value.errors()] == [where]
