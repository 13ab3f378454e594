"""Sizes and numbers of CPUs, as Kubernetes writes them."""

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.plugins.workflow_engine.serial.quantities import bytes_of, cpus_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("1024", 1024),
        ("1K", 1000),
        ("1Ki", 1024),
        ("256Mi", 256 * 1024**2),
        ("1.5G", 1_500_000_000),
        ("0.5Gi", 512 * 1024**2),
        ("0.1Ki", 102),
        ("2T", 2 * 10**12),
        ("1Pi", 2**50),
        ("7Ei", 7 * 2**60),
    ],
)
def test_size_in_bytes(text: str, expected: int | None) -> None:
    assert bytes_of(text) == expected


@pytest.mark.parametrize("text", ["Mi", "-1", "1 Gi", "1gi", "1MB", "1e3", ".5G", "1.G", "٣", "1\n", "9" * 99, "0x1"])
def test_invalid_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a size"):
        bytes_of(text)


@pytest.mark.parametrize("text", ["0", "0Gi", "0.0001K", "9Ei", "999999999999P"])
def test_size_that_no_machine_gives_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is out of range"):
        bytes_of(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("", None), ("2", 2.0), ("0.5", 0.5), (".25", 0.25), ("500m", 0.5), ("1500m", 1.5)]
)
def test_number_of_cpus(text: str, expected: float | None) -> None:
    assert cpus_of(text) == expected


@pytest.mark.parametrize("text", ["m", "-1", "1 ", "two", "1e3", "1.", "٣", "1\n", "9" * 99])
def test_invalid_number_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a number of CPUs"):
        cpus_of(text)


@pytest.mark.parametrize("text", ["0", "0m", "0.0", "999999999999"])
def test_number_of_cpus_that_no_machine_gives_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is out of range"):
        cpus_of(text)
