"""Calls of the API over real sockets, and what holds for every answer whatever was asked."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from conformance.patterns import differences, filled
from conformance.rows import NOTHING, OPEN, Call, method_of

PATIENCE = 60.0
MOST_RETRIES, LONGEST_PAUSE = 5, 10
WITHOUT_BODY = {204, 304}
Problems = list[str]
Memory = dict[str, Any]


class Callers:
    """The three people with their tokens, and nobody."""

    def __init__(self, url: str, memory: Mapping[str, Any]) -> None:
        self._url = url
        self._tokens = {name: f"Token {memory[f'{name}_token']}" for name in ("ada", "grace", "mallory")}
        self._stack = ExitStack()
        self._http = self._stack.enter_context(httpx.Client(base_url=url, timeout=PATIENCE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def call(self, row: Call, memory: Memory) -> Problems:
        """Ask, keep what the row wants to be kept, and return what is wrong with the answer."""
        if method_of(row) == "WS":
            return self._listen(row, memory)
        self._http.cookies.clear()
        answer = self._answer(row, memory)
        problems = [*_checked(row, answer, memory)]
        if not problems:
            problems = [*_kept(row, answer, memory)]
        return _told(row, answer, problems)

    def _answer(self, row: Call, memory: Memory) -> httpx.Response:
        """Send the request, and again if the server asks for that: its database may be locked for a moment."""
        for _ in range(MOST_RETRIES):
            answer = self._http.request(*self._asked(row, memory), **self._sent(row, memory))
            seconds = answer.headers.get("retry-after", "")
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or not seconds.isdecimal():
                return answer
            time.sleep(min(int(seconds), LONGEST_PAUSE))
        return answer

    def _asked(self, row: Call, memory: Memory) -> tuple[str, str]:
        method, _, path = row.ask.partition(" ")
        return method, filled(path, memory)

    def _headers(self, row: Call, memory: Memory) -> dict[str, str]:
        own = {} if row.who == "nobody" else {"UWS-Authorization": self._tokens[row.who]}
        return {**own, **filled(row.headers, memory)}

    def _sent(self, row: Call, memory: Memory) -> dict[str, Any]:
        sent: dict[str, Any] = {"headers": self._headers(row, memory)}
        if row.json is not NOTHING:
            sent["content"] = json.dumps(filled(row.json, memory)).encode()
            sent["headers"].setdefault("Content-Type", "application/json")
        if row.content is not None:
            sent["content"] = row.content
        if row.files:
            sent["files"] = [(field, (filled(name, memory), content)) for field, name, content in row.files]
        return sent

    def _listen(self, row: Call, memory: Memory) -> Problems:
        """Open a WebSocket and hold its first message (or, with `until`, a later one) against the row."""
        uri = self._url.replace("http", "ws", 1) + self._asked(row, memory)[1]
        headers = self._headers(row, memory)
        offered = [Subprotocol(one) for one in headers.pop("Sec-WebSocket-Protocol", "").split(", ") if one]
        try:
            with connect(
                uri, additional_headers=headers, subprotocols=offered or None, open_timeout=PATIENCE, proxy=None
            ) as opened:
                return _heard(row, opened, memory)
        except InvalidStatus as refused:
            body = (refused.response.body or b"").decode()
            answer = httpx.Response(
                refused.response.status_code, headers=list(refused.response.headers.raw_items()), text=body
            )
            return _told(row, answer, _checked(row, answer, memory))
        except (WebSocketException, OSError) as error:
            return [f"{row.ask}: no answer: {error!r}"]


def _told(row: Call, answer: httpx.Response, problems: Iterable[str]) -> Problems:
    return [f"{row.ask} {problem}\n{answer.status_code} {answer.text[:2000]}" for problem in problems]


def _heard(row: Call, opened: ClientConnection, memory: Memory) -> Problems:
    problems = [] if row.status == OPEN else [f"was opened, expected {row.status}"]
    while not problems or row.until:
        try:
            message = json.loads(opened.recv(timeout=PATIENCE))
        except (TimeoutError, ConnectionClosed) as ended:
            return [f"{row.ask}: nothing (more) was said: {ended!r}; {problems}"]
        problems = [*differences(row.body, message, memory, "message")]
        if not problems or not row.until:
            break
    return [f"{row.ask} {problem}" for problem in problems]


def _checked(row: Call, answer: httpx.Response, memory: Memory) -> Iterator[str]:
    allowed = row.status if isinstance(row.status, tuple) else (row.status,)
    if answer.status_code not in allowed:
        yield f"status: expected {row.status}"
    for name, pattern in row.answers.items():
        yield from differences(pattern, answer.headers.get(name), memory, name)
    yield from (f"shows {one}" for one in filled(row.hides, memory) if one in answer.text)
    if row.raw is not NOTHING:
        yield from differences(row.raw, answer.content, memory, "content")
    elif not _has_no_body(row, answer):
        yield from _envelope(row, answer, memory)


def _has_no_body(row: Call, answer: httpx.Response) -> bool:
    return method_of(row) == "HEAD" or answer.status_code in WITHOUT_BODY


def _envelope(row: Call, answer: httpx.Response, memory: Memory) -> Iterator[str]:
    """Every answer is a JSON object with `success` and `message`, and tells nothing of the inside."""
    try:
        body = answer.json()
    except ValueError:
        yield "is not JSON"
        return
    success = answer.status_code < httpx.codes.BAD_REQUEST
    yield from differences({"success": success, "message": row.says}, body, memory)
    yield from differences("application/json", answer.headers.get("content-type", "").partition(";")[0], memory, "type")
    if answer.status_code == httpx.codes.UNAUTHORIZED and not answer.headers.get("www-authenticate"):
        yield "is 401 without WWW-Authenticate"
    if "Traceback" in answer.text:
        yield "shows a traceback"
    if row.data is not NOTHING and isinstance(body, dict):
        yield from differences(row.data, body.get("data"), memory, "data")
    if row.body is not NOTHING:
        yield from differences(row.body, body, memory)


def _kept(row: Call, answer: httpx.Response, memory: Memory) -> Iterator[str]:
    for name, place in row.keep.items():
        first, *rest = place.split(".")
        found: Any = dict(answer.headers) if first == "headers" else answer.json().get(first)
        try:
            for step in rest:
                found = found[int(step) if isinstance(found, list) else step]
        except (LookupError, TypeError, ValueError):
            yield f"has nothing at {place} to keep as {name}"
        else:
            memory[name] = found
