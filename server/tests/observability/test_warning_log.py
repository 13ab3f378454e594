"""What people can cause is one line for each object and time, and never more than a line."""

import logging

import pytest

from user_workspaces.errors import StorageError
from user_workspaces.observability.warning_log import WarningLog

logger = logging.getLogger("somewhere")


def test_first_is_reported_and_the_rest_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = WarningLog(quiet=60, clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 59.9, 60.0, 61.0):
        refusals.warn(logger, "workspace 7", StorageError("it is a link"))
    refusals.warn(logger, "workspace 8", StorageError("it is a link"))
    assert [record.getMessage() for record in caplog.records] == [
        "workspace 7: it is a link",
        "workspace 7: it is a link (and 2 times more since the last line)",
        "workspace 8: it is a link",
    ]
    assert {(record.levelname, record.exc_info) for record in caplog.records} == {("WARNING", None)}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StorageError("a\nb\r\x1b[31m\u2028c: gone"), "a b  [31m c: gone"),
        (StorageError("x" * 5_000), "x" * 500),
        (FileNotFoundError(2, "No such file or directory", "/secret/path"), "No such file or directory"),
        (OSError(), "OSError"),
        ("uses more disk", "uses more disk"),
    ],
)
def test_a_line_is_one_line_without_paths_of_the_system(
    caplog: pytest.LogCaptureFixture, error: Exception | str, told: str
) -> None:
    WarningLog().warn(logger, "run 1", error)
    assert [record.getMessage() for record in caplog.records] == [f"run 1: {told}"]


def test_what_is_remembered_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    refusals = WarningLog(most=3)
    for number in (1, 2, 3, 4, 2, 3, 4, 1):
        refusals.warn(logger, f"job {number}", "no")
    assert len(refusals._logged) == 3
    assert [record.getMessage() for record in caplog.records] == [f"job {number}: no" for number in (1, 2, 3, 4, 1)]
