"""Errors for engines that are not available."""

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.specification import require_engine


def test_available_engine_is_accepted() -> None:
    require_engine("serial", available=["serial"])
    require_engine("nextflow", available={"nextflow": 1, "serial": 2})


@pytest.mark.parametrize(
    ("workflow_type", "available", "message"),
    [
        ("snakemake", ["serial"], "snakemake workflows are not supported on this server. It runs serial."),
        (
            "cwl",
            ["serial", "snakemake"],
            "cwl workflows are not supported on this server. It runs serial and snakemake.",
        ),
        ("yadage", ["c", "b", "a"], "yadage workflows are not supported on this server. It runs a, b and c."),
        ("serial", [], "serial workflows are not supported on this server. It runs no workflows at all."),
        ("Serial", ["serial"], "The workflow type 'Serial' is not supported on this server. It runs serial."),
        (
            "x\n" * 99,
            ["serial"],
            f"The workflow type {('x' + chr(10)) * 30 + '...'!r} is not supported on this server. ",
        ),
    ],
)
def test_unavailable_engine_is_rejected(workflow_type: str, available: list[str], message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        require_engine(workflow_type, available=available)
    assert caught.value.message.startswith(message)
