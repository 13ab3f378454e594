"""A row of the tables: one request and what its answer has to be; rows that build on each other are a scenario."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

NOTHING = object()
OPEN = 101
"""A WebSocket that was opened."""
SAFE = {"GET", "WS"}
REFUSED = tuple(range(400, 500))
"""For requests that are nonsense: which refusal fits best is not fixed, that it is one is."""


@dataclass(frozen=True)
class Call:
    """A call of the API (or a WebSocket, whose first message is the answer).

    `ask` is method and path; `{name}` in any text stands for something that an earlier row has kept.
    """

    name: str
    ask: str
    who: str = field(default="ada", kw_only=True)
    """`ada`, `grace`, `mallory`, or `nobody` for a request without a token."""
    json: object = field(default=NOTHING, kw_only=True)
    content: bytes | str | None = field(default=None, kw_only=True)
    files: tuple[tuple[str, str, bytes], ...] = field(default=(), kw_only=True)
    """Field, name and content of each file of a multipart upload."""
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    status: int | tuple[int, ...] = field(default=200, kw_only=True)
    says: object = field(default=str, kw_only=True)
    """What `message` is."""
    data: object = field(default=NOTHING, kw_only=True)
    body: object = field(default=NOTHING, kw_only=True)
    """What else is in the answer, beside `success`, `message` and `data`; for a WebSocket the message itself."""
    answers: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    """Headers of the answer."""
    raw: object = field(default=NOTHING, kw_only=True)
    """The content of an answer that is no JSON."""
    hides: tuple[str, ...] = field(default=(), kw_only=True)
    """What must be nowhere in the answer."""
    keep: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """Names to remember, each with its place in the answer: `data.workspaces.0.id`, or `headers.location`."""
    until: bool = field(default=False, kw_only=True)
    """Whether it is asked again until the answer is so."""
    both: bool | None = field(default=None, kw_only=True)
    """Whether the other spelling of the path is tried, too; by default where it changes nothing."""

    @property
    def changes_nothing(self) -> bool:
        """Whether it can be asked twice."""
        lowest = min(self.status) if isinstance(self.status, tuple) else self.status
        return self.ask.split(" ")[0] in SAFE or lowest >= 400


@dataclass(frozen=True)
class Visit:
    """A request of a page of the portal, as a browser or the page's own script sends it."""

    name: str
    ask: str
    who: str = field(default="ada", kw_only=True)
    """Whose browser; each keeps its cookies and the anti-forgery token of the page that it has seen last."""
    form: Mapping[str, object] | None = field(default=None, kw_only=True)
    files: tuple[tuple[str, str, bytes], ...] = field(default=(), kw_only=True)
    content: bytes | None = field(default=None, kw_only=True)
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    part: str | None = field(default=None, kw_only=True)
    """The id of the part of the page that asks by itself; None: the browser asks for a whole page."""
    forged: bool = field(default=False, kw_only=True)
    """Whether the anti-forgery token is left out."""
    status: int = field(default=200, kw_only=True)
    answers: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    shows: tuple[str, ...] = field(default=(), kw_only=True)
    hides: tuple[str, ...] = field(default=(), kw_only=True)
    raw: object = field(default=NOTHING, kw_only=True)
    """The content of an answer that is no page."""
    keep: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """Names to remember, each with a regular expression whose first group is looked for in headers and page."""
    until: bool = field(default=False, kw_only=True)
    both: bool | None = field(default=None, kw_only=True)

    @property
    def changes_nothing(self) -> bool:
        """Whether it can be asked twice."""
        return self.ask.startswith("GET ")


Row = Call | Visit


@dataclass(frozen=True)
class Scenario:
    """Rows in their order."""

    name: str
    rows: tuple[Row, ...]
    paused: bool = False
    """Whether the controller stands still meanwhile: for our own server only."""
    browsers: tuple[str, ...] = ()
    """Who gets a link to log in with beforehand: for our own server only."""
    slow: bool = False
    """Whether it waits for long: it is begun first, and walked through beside the others."""


def scenario(
    name: str, *rows: Row, paused: bool = False, browsers: tuple[str, ...] = (), slow: bool = False
) -> Scenario:
    """Return the rows, each that changes nothing followed by the same in the other spelling of its path."""
    return Scenario(name, tuple(spelled for row in rows for spelled in _spellings(row)), paused, browsers, slow)


def _spellings(row: Row) -> Iterator[Row]:
    yield row
    wanted = row.changes_nothing and not row.until if row.both is None else row.both
    if wanted and path_of(row) != "/":
        yield _respelled(row)


def _respelled(row: Row) -> Row:
    path, mark, query = row.ask.partition("?")
    other, name = (path[:-1], "without its slash") if path.endswith("/") else (f"{path}/", "with a slash")
    return replace(row, name=f"{row.name}, {name}", ask=f"{other}{mark}{query}", keep={})


def method_of(row: Row) -> str:
    """Return the method, or `WS`."""
    return row.ask.split(" ")[0]


def path_of(row: Row) -> str:
    """Return the path without its query."""
    return row.ask.partition(" ")[2].partition("?")[0]


def parameters(scenarios: Iterable[Scenario]) -> list[object]:
    """Return what pytest runs: a test a row."""
    return [pytest.param(one, row, id=f"{one.name}: {row.name}") for one in scenarios for row in one.rows]
