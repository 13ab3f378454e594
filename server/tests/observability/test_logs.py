"""A log line: one JSON object, with what it is about, and never with a secret."""

import logging
import sys
from datetime import datetime

import orjson
import pytest

from user_workspaces.observability.correlation import bind_context
from user_workspaces.observability.logs import JsonFormatter, PlainFormatter, WithoutTraceback, scrubbed

TOKEN = "uws_" + "Ab1-_" * 10


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    found = sys.exc_info() if error else None
    return logging.LogRecord("a.logger", logging.WARNING, __file__, 1, message, arguments, found)


def test_a_line_is_an_object_with_the_usual_keys() -> None:
    line = orjson.loads(JsonFormatter().format(record("two %s", "words\nand a line")))
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {"level": "warning", "logger": "a.logger", "message": "two words\nand a line"}


def test_a_line_says_what_it_is_about() -> None:
    with bind_context(request="this-request", user=3, job=7):
        text = JsonFormatter().format(record("x"))
    line = orjson.loads(text)
    assert (line["request"], line["user"], line["job"]) == ("this-request", 3, 7)
    assert "\n" not in text


def test_what_strangers_cause_is_one_line_and_no_error_of_ours() -> None:
    try:
        int("x")
    except ValueError:
        refused = record("Invalid HTTP_HOST header", error=True)
    refused.levelno, refused.levelname = logging.ERROR, "ERROR"
    assert WithoutTraceback().filter(refused)
    line = orjson.loads(JsonFormatter().format(refused))
    assert (line["level"], line.get("error")) == ("warning", None)


def test_an_error_is_one_line_with_its_traceback() -> None:
    try:
        int(f"with {TOKEN}\nin two lines")
    except ValueError:
        text = JsonFormatter().format(record("failed", error=True))
    line = orjson.loads(text)
    assert "\n" not in text
    assert line["error"].startswith("Traceback")
    assert "uws_***" in line["error"]
    assert TOKEN not in text


def test_eyes_get_text() -> None:
    with bind_context(request="this-request"):
        text = PlainFormatter().format(record("hello %s", TOKEN))
    assert text.endswith("WARNING a.logger: hello uws_*** [this-request]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Internal Server Error: /login/{TOKEN}/", "Internal Server Error: /login/uws_***/"),
        (f"UWS-Authorization: Token {TOKEN}", "UWS-Authorization: Token uws_***"),
        ("GET /jobs/?workspace_id=7&x=secret HTTP/1.1", "GET /jobs/?*** HTTP/1.1"),
        ("/passthrough/local/1/lab?ticket=1.2.3.4.abc", "/passthrough/local/1/lab?***"),
        ("ticket=1.2.3.4.abc&b", "ticket=***&b"),
        ("Authorization: Bearer abcdefghijklmnop.qrst", "Authorization: Bearer ***"),
        ("Authorization: token 0123456789abcdef0123", "Authorization: token ***"),
        ("is this a token? yes: 5=5", "is this a token? yes: 5=5"),
        ("job 12: this pass failed", "job 12: this pass failed"),
    ],
)
def test_secrets_are_taken_out(text: str, expected: str) -> None:
    assert scrubbed(text) == expected


@pytest.mark.parametrize("message", ["\udcff", "\0", "é😀", "x" * 100_000])
def test_nothing_that_is_logged_breaks_a_line(message: str) -> None:
    text = JsonFormatter().format(record("%s", message))
    assert orjson.loads(text)["level"] == "warning"
