"""The selection of an interpreter that all accounts can run."""

import os
from pathlib import Path

import pytest

from user_workspaces.environment_store.interpreter import (
    Interpreter,
    barrier,
    find_interpreter,
    own_interpreter,
    search_path,
)
from user_workspaces.errors import ConfigurationError


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name in ("own", "first", "second"):
        (tmp_path / name).mkdir()
    return tmp_path


def put(folder: Path, version: str, content: bytes = b"\x7fELF") -> Interpreter:
    path = folder / f"python{version}"
    path.write_bytes(content)
    path.chmod(0o755)
    return Interpreter(path, version)


def find(machine: Path, version: str | None = None, *, for_all_accounts: bool = False) -> Interpreter:
    return find_interpreter(
        version=version,
        for_all_accounts=for_all_accounts,
        own=Interpreter(machine / "own" / "python3.11", "3.11"),
        folders=[machine / "missing", machine / "first", machine / "second"],
    )


def test_own_interpreter_comes_first(machine: Path) -> None:
    put(machine / "first", "3.13")
    expected = put(machine / "own", "3.11")
    assert find(machine) == expected


def test_newest_is_used_without_an_own_one(machine: Path) -> None:
    put(machine / "first", "3.11")
    expected = put(machine / "second", "3.13")
    assert find(machine) == expected


def test_too_old_interpreters_are_ignored(machine: Path) -> None:
    put(machine / "first", "3.10")
    with pytest.raises(ConfigurationError, match=r"No Python 3\.11 or newer was found"):
        find(machine)


def test_requested_version_is_used(machine: Path) -> None:
    put(machine / "own", "3.11")
    put(machine / "first", "3.13")
    expected = put(machine / "second", "3.12")
    assert find(machine, "3.12") == expected


def test_missing_version_is_named_in_the_error(machine: Path) -> None:
    put(machine / "own", "3.11")
    with pytest.raises(ConfigurationError, match=r"No Python 3\.14 was found"):
        find(machine, "3.14")


def test_script_is_no_interpreter(machine: Path) -> None:
    put(machine / "first", "3.13", b"#!/bin/sh\n")
    expected = put(machine / "second", "3.12")
    assert find(machine) == expected


def test_file_that_is_not_executable_is_ignored(machine: Path) -> None:
    put(machine / "first", "3.13").path.chmod(0o644)
    expected = put(machine / "second", "3.12")
    assert find(machine) == expected


def test_interpreter_in_a_closed_folder_is_not_for_all_accounts(machine: Path) -> None:
    put(machine / "own", "3.11")
    with pytest.raises(ConfigurationError, match="only its owner can enter"):
        find(machine, for_all_accounts=True)  # the folder of the test itself is closed


def test_barrier_of_a_system_program_is_none() -> None:
    assert barrier(Path("/bin/sh")) is None


def test_barrier_of_a_link_into_a_closed_folder_is_that_folder(machine: Path) -> None:
    put(machine / "own", "3.11")
    (machine / "link").symlink_to(machine / "own" / "python3.11")
    closed = barrier(machine / "link")
    assert closed is not None
    assert (machine / "own" / "python3.11").is_relative_to(closed)


def test_barrier_of_a_missing_path_is_its_first_missing_part() -> None:
    assert barrier(Path("/bin/sh/deeper")) == Path("/bin/sh/deeper").resolve()


def test_own_interpreter_is_outside_of_any_virtual_environment() -> None:
    own = own_interpreter()
    assert os.access(own.path, os.X_OK)
    assert not any((parent / "pyvenv.cfg").exists() for parent in own.path.parents)


def test_search_path_has_no_relative_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", ":.:bin:/opt/tools:/opt/tools")
    assert search_path()[:3] == (Path("/opt/tools"), Path("/usr/local/bin"), Path("/usr/bin"))
