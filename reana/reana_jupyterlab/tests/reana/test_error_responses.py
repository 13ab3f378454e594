"""REANA's messages are kept, except internal errors."""

import json

import pytest

from reana_jupyterlab.reana.error_responses import error_for
from reana_jupyterlab.reana.errors import Conflict, InvalidResponse, Unreachable
from reana_jupyterlab.reana.responses import number
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_faults import SQL_ERROR
from reana_jupyterlab.tests.fake_reana import FakeReana, error

INNER = (
    "The REANA server had an internal error (HTTP 500). Try again. "
    "If the problem persists, contact the server's administrator."
)


@pytest.mark.parametrize(
    "message",
    [
        SQL_ERROR,
        "(psycopg2.OperationalError) server closed the connection unexpectedly",
        "This Session's transaction has been rolled back; see sqlalchemy.exc.PendingRollbackError",
        'Traceback (most recent call last):\n  File "/code/reana_server/rest/workflows.py", line 12',
        "duplicate key value violates unique constraint",
        "insert into workflow (id) values (1)",
        "deadlock detected\nUPDATE __reana.user_resource SET quota_used=5 WHERE id = 1",
        "'no' is not one of ['start', 'stop']\n\nFailed validating 'enum' in schema:\n    {'type': 'string'}",
        "HTTPConnectionPool(host='reana-workflow-controller', port=80): Max retries exceeded with url: /api",
        "<Fault 1: 'KeyError'> at 0x7f33ac4e1d30",
    ],
)
def test_internal_error_is_hidden(message: str) -> None:
    found = error_for(500, f'{{"message": {json_text(message)}}}'.encode())
    assert (type(found), found.message) == (Unreachable, INNER)


def json_text(message: str) -> str:
    return '"' + message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_internal_error_keeps_its_status() -> None:
    found = error_for(409, b'{"message": "(psycopg2.errors.LockNotAvailable) x"}')
    assert (type(found), "(HTTP 409)" in found.message) == (Conflict, True)


@pytest.mark.parametrize(
    "message",
    [
        "The disk is full.",
        "Select another name: update or delete the old run first.",
        "Workflow select.1 is already running and cannot be started again.",
        "Please insert into the form what is missing, or set the values anew.",
        'File "data.csv" does not exist.',
    ],
)
def test_messages_for_users_are_kept(message: str) -> None:
    assert error_for(500, f'{{"message": {json_text(message)}}}'.encode()).message == message


async def test_no_response_contains_sql(lab: Lab, reana: FakeReana) -> None:
    reana.fail(".*", error(500, SQL_ERROR))
    answers = [
        await lab.get("workflows"),
        await lab.get("workflows/a.1"),
        await lab.get("connection"),
        await lab.post("workflows/a.1/stop"),
    ]
    assert [answer.json["message"] for answer in answers] == [INNER] * 4


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "true", '"1"', "[]"])
def test_number_that_is_none_is_an_invalid_response(value: str) -> None:
    with pytest.raises(InvalidResponse, match="'total' is not a number"):
        number(json.loads(f'{{"total": {value}}}'), "total")
