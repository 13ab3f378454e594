"""The engine against servers that do wrong: each wrong has to be seen, and nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from conformance.browsing import Browsers
from conformance.calling import Callers
from conformance.engine import Walker
from conformance.rows import Call, Row, Visit, scenario
from conformance.target import Target

MEMORY = {"ada_token": "a", "grace_token": "g", "mallory_token": "m"}
JSON = {"Content-Type": "application/json"}
GOOD = {"success": True, "message": "", "data": {"jobs": [{"id": 7}]}}
TRACEBACK = "Traceback (most recent call last)"
Said = tuple[int, dict[str, str], bytes]


class Fake(BaseHTTPRequestHandler):
    """Answers everything with the same, or with what a function says about the path."""

    def __init__(self, says: Callable[[str, str], Said], *args: Any) -> None:
        self._says = says
        super().__init__(*args)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = self._says(self.command, self.path)
        self.send_response(status)
        for field, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(says: Callable[[str, str], Said]) -> Iterator[Walker]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Fake, says))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with Callers(url, MEMORY) as callers, Browsers(url) as browsers:
            yield Walker(Target(url, "", ("ada", "grace", "mallory")), callers, browsers, dict(MEMORY))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def always(status: int, body: object, **headers: str) -> Callable[[str, str], Said]:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: (status, {**JSON, **given}, raw)


def problems_of(says: Callable[[str, str], Said], row: Row) -> str:
    """Return what the engine says about a row, as one text."""
    with served(says) as walker:
        return "\n".join(walker.outcome(scenario("one", row), row).problems)


ASKED = Call("jobs", "GET /jobs/", data={"jobs": [{"id": int}]})


def test_a_good_answer_has_no_problem() -> None:
    assert problems_of(always(200, GOOD), ASKED) == ""


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        (always(200, "<html></html>", Content_Type="text/html"), "is not JSON"),
        (always(200, GOOD, Content_Type="text/html"), "type: expected 'application/json'"),
        (always(200, [GOOD]), "expected an object"),
        (always(200, {**GOOD, "success": 1}), "answer.success: expected True"),
        (always(200, {"success": True, "data": GOOD["data"]}), "has no 'message'"),
        (always(200, {**GOOD, "message": None}), "answer.message: expected str"),
        (always(200, {**GOOD, "message": TRACEBACK}), "shows a traceback"),
        (always(200, {**GOOD, "data": None}), "data: expected an object"),
        (always(500, {"success": False, "message": ""}), "status: expected 200"),
        (always(301, "", Location="/jobs"), "status: expected 200"),
    ],
)
def test_a_wrong_answer_has_one(says: Callable[[str, str], Said], problem: str) -> None:
    assert problem in problems_of(says, ASKED)


def test_a_401_says_how_to_authenticate() -> None:
    refused, row = {"success": False, "message": "No."}, Call("jobs", "GET /jobs/", who="nobody", status=401)
    assert "without WWW-Authenticate" in problems_of(always(401, refused), row)
    assert problems_of(always(401, refused, WWW_Authenticate="Token"), row) == ""


def test_what_must_be_hidden_is_seen() -> None:
    shown = {**GOOD, "message": "the token is a"}
    assert "shows the token is a" in problems_of(
        always(200, shown), Call("x", "GET /", hides=("the token is {ada_token}",))
    )


def test_rows_remember_for_the_next_ones() -> None:
    rows = (
        Call("first", "GET /jobs/", keep={"job": "data.jobs.0.id"}),
        Call("second", "GET /jobs/{job}/"),
        Call("third", "GET /jobs/{other}/"),
        Call("fourth", "GET /jobs/{dataset}/", keep={"of_the_fourth": "data.jobs.0.id"}),
        Call("fifth", "GET /jobs/{of_the_fourth}/"),
    )
    asked = list[str]()

    def says(method: str, path: str) -> Said:
        asked.append(path)
        return 200, JSON, json.dumps(GOOD).encode()

    walked = scenario("walk", *rows)
    with served(says) as walker:
        outcomes = {row.name: walker.outcome(walked, row) for row in reversed(walked.rows)}
    assert asked == ["/jobs/", "/jobs", "/jobs/7/", "/jobs/7"]
    assert outcomes["second"].problems == ()
    assert outcomes["third"].problems == ("no row before this one has kept 'other'",)
    assert "UWS_CONFORMANCE_DATASET" in outcomes["fourth"].skipped
    assert outcomes["fifth"] == outcomes["fourth"]


def test_what_is_not_there_to_be_kept_is_a_problem() -> None:
    row = Call("first", "POST /jobs/", keep={"job": "data.jobs.3.id"})
    assert "has nothing at data.jobs.3.id to keep as job" in problems_of(always(200, GOOD), row)


def test_a_row_is_asked_again_until_it_is_so() -> None:
    answers = iter(["pending", "pending", "running"])
    row = Call("runs", "GET /jobs/7/", data={"status": "running"}, until=True)

    def says(method: str, path: str) -> Said:
        return 200, JSON, json.dumps({**GOOD, "data": {"status": next(answers)}}).encode()

    assert problems_of(says, row) == ""
    assert list(answers) == []


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        (always(200, f"<pre>{TRACEBACK}</pre>", Content_Type="text/html"), "shows 'Traceback"),
        (always(200, "{{ name }}", Content_Type="text/html"), "shows '{{ '"),
        (always(200, GOOD), "is no page but application/json"),
        (always(500, "", Content_Type="text/html"), "status: expected 200"),
        (always(200, "<p>Ada &amp; Bob</p>", Content_Type="text/html"), ""),
    ],
)
def test_a_wrong_page_is_seen(says: Callable[[str, str], Said], problem: str) -> None:
    row = Visit("page", "GET /", shows=("Ada & Bob",) if not problem else ())
    found = problems_of(says, row)
    assert problem in found
    assert bool(found) is bool(problem)


def test_no_answer_at_all_is_a_problem() -> None:
    with served(always(200, GOOD)) as walker:
        silent = walker.target.url
    with Callers(silent, MEMORY) as callers, Browsers(silent) as browsers:
        left = Walker(Target(silent, "", ("ada", "grace", "mallory")), callers, browsers, dict(MEMORY))
        for row in (ASKED, Visit("page", "GET /"), Call("live", "WS /jobs/", status=101)):
            assert "no answer" in "\n".join(left.outcome(scenario(row.name, row), row).problems)
