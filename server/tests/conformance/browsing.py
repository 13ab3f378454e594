"""Browsers at the portal: cookies, forms with their anti-forgery tokens, and parts that pages ask for by themselves."""

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from conformance.patterns import differences, filled
from conformance.rows import NOTHING, Visit

PATIENCE = 60.0
FORGERY_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
INSIDE = (
    "Traceback (most recent call last)",
    "DisallowedHost",
    "{% ",
    "{{ ",
    "OperationalError",
    "TemplateSyntaxError",
)
"""What shows that a page broke, or shows of what it is made."""


@dataclass
class _Browser:
    http: httpx.Client
    forgery_token: str = ""


class Browsers:
    """One for each name that is asked for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stack = ExitStack()
        self._opened: dict[str, _Browser] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def visit(self, row: Visit, memory: dict[str, Any]) -> list[str]:
        """Ask as a browser does, keep what the row wants to be kept, and return what is wrong with the page."""
        browser = self._of(row.who)
        method, _, path = filled(row.ask, memory).partition(" ")
        answer = browser.http.request(method, path, **self._sent(row, browser, memory))
        found = FORGERY_TOKEN.search(answer.text) if _is_page(answer) else None
        browser.forgery_token = found[1] if found else browser.forgery_token
        problems = [*_checked(row, answer, memory)]
        if not problems:
            problems = [*_kept(row, answer, memory)]
        text = answer.text if _is_page(answer) else repr(answer.content[:500])
        return [f"{row.ask} {problem}\n{answer.status_code} {answer.headers}\n{text}" for problem in problems]

    def _of(self, who: str) -> _Browser:
        if who not in self._opened:
            headers = {"Accept": "text/html,*/*;q=0.8", "Origin": self._url}
            client = httpx.Client(base_url=self._url, headers=headers, timeout=PATIENCE)
            self._opened[who] = _Browser(self._stack.enter_context(client))
        return self._opened[who]

    def _sent(self, row: Visit, browser: _Browser, memory: dict[str, Any]) -> dict[str, Any]:
        headers = dict(filled(row.headers, memory))
        if row.part is not None:
            headers |= {"HX-Request": "true", "HX-Target": row.part, "HX-Current-URL": f"{self._url}/"}
        if not row.ask.startswith("GET ") and row.form is None and not row.forged:
            headers["X-CSRFToken"] = browser.forgery_token
        sent: dict[str, Any] = {"headers": headers}
        if row.form is not None:
            token = {} if row.forged else {"csrfmiddlewaretoken": browser.forgery_token}
            sent["data"] = {**token, **filled(row.form, memory)}
        if row.files:
            sent["files"] = [(field, (name, content)) for field, name, content in row.files]
        if row.content is not None:
            sent["content"] = row.content
        return sent


def _is_page(answer: httpx.Response) -> bool:
    content_type: str = answer.headers.get("content-type", "")
    return content_type.startswith("text/html")


def _checked(row: Visit, answer: httpx.Response, memory: dict[str, Any]) -> Iterator[str]:
    if answer.status_code != row.status:
        yield f"status: expected {row.status}"
    for name, pattern in row.answers.items():
        yield from differences(pattern, answer.headers.get(name), memory, name)
    if row.raw is not NOTHING:
        yield from differences(row.raw, answer.content, memory, "content")
    elif answer.content and "content-type" not in row.answers and not _is_page(answer):
        yield f"is no page but {answer.headers.get('content-type')}"
    text = " ".join(html.unescape(answer.text).split()) if _is_page(answer) else ""
    yield from (f"does not show {one!r}" for one in filled(row.shows, memory) if one not in text)
    yield from (f"shows {one!r}" for one in (*filled(row.hides, memory), *INSIDE) if one in text)


def _kept(row: Visit, answer: httpx.Response, memory: dict[str, Any]) -> Iterator[str]:
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    for name, expression in row.keep.items():
        found = re.search(expression, f"{headers}\n{html.unescape(answer.text)}")
        if found is None:
            yield f"has nothing to keep as {name}: {expression}"
        else:
            memory[name] = int(found[1]) if found[1].isdigit() else found[1]
