"""Which engine a site has is said when a run is created."""

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.specification import require_engine


def test_an_engine_that_is_there_is_taken() -> None:
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
def test_an_engine_that_is_not_there_is_refused(workflow_type: str, available: list[str], message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        require_engine(workflow_type, available=available)
    assert caught.value.message.startswith(message)
