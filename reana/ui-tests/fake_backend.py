"""What the back end answers, made up in the browser test: hanging, refusing and lying on demand."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Request, Route

Answer = tuple[int, Any]
Handler = Callable[["FakeBackend", Request, dict[str, list[str]], str], Answer]


def run(name: str, number: str, status: str, **more: Any) -> dict[str, Any]:
    """Return a run as the list shows it."""
    return {
        "id": f"id-{name}-{number}",
        "name": name,
        "run": number,
        "status": status,
        "createdAt": "2026-11-21T22:00:00Z",
        "startedAt": "2026-11-21T22:00:05Z" if status not in {"created", "queued", "pending"} else None,
        "finishedAt": "2026-11-21T22:03:17Z" if status in {"finished", "failed"} else None,
        "stoppedAt": "2026-11-21T22:01:00Z" if status == "stopped" else None,
        "finishedJobs": 2,
        "totalJobs": 3,
    } | more


@dataclass
class FakeBackend:
    """State that a test may change at any time, and what was asked."""

    connected: bool = True
    runs: list[dict[str, Any]] = field(
        default_factory=lambda: [
            run("cell-atlas", "3", "running"),
            run("cell-atlas", "2.1", "finished", finishedJobs=3),
            run("fit-scan", "7", "failed", finishedJobs=1),
            run("hello", "1", "stopped"),
            run("pilot", "12", "queued", finishedJobs=0, totalJobs=0),
        ]
    )
    trouble: Answer | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        """Answer one request of the page."""
        parts = urlsplit(route.request.url)
        path = parts.path.partition("/reana_jupyterlab/")[2]
        self.asked.append((route.request.method, path))
        status, body = self.trouble or self._find(route.request, path, parse_qs(parts.query))
        text = body if isinstance(body, str) else json.dumps(body)
        route.fulfill(status=status, content_type="application/json", body=text)

    def _find(self, request: Request, path: str, query: dict[str, list[str]]) -> Answer:
        for method, pattern, handler in HANDLERS:
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return handler(self, request, query, unquote(found.group(1)) if found.groups() else "")
        return 404, {"message": f"no such route: {path}"}

    def find(self, identity: str) -> dict[str, Any]:
        """Return the run of an id."""
        return next(one for one in self.runs if one["id"] == identity)


def _connection(fake: FakeBackend, *_: Any) -> Answer:
    quota = {
        "disk": {"usage": 12_300_000_000, "limit": 50_000_000_000},
        "cpu": {"usage": 111_600_000, "limit": 360_000_000},
    }
    if not fake.connected:
        return 200, {"connected": False, "server": "", "source": "", "reason": "unset", "status": 401, "message": "No."}
    return 200, {
        "connected": True,
        "server": "https://reana.example.org",
        "source": "environment",
        "user": {"email": "ada@example.org", "fullName": "Ada"},
        "version": "0.9.4",
        "quota": quota,
    }


def _env(fake: FakeBackend, request: Request, *_: Any) -> Answer:
    body = request.post_data_json or {}
    if body["REANA_ACCESS_TOKEN"] != "right":
        return 401, {"status": "error", "message": "REANA does not take this token."}
    fake.connected = True
    return 200, {"status": "success", "message": "Connected."}


def _list(fake: FakeBackend, _: Request, query: dict[str, list[str]], __: str) -> Answer:
    wanted = query.get("status")
    search = query.get("search", [""])[0]
    found = [one for one in fake.runs if search in one["name"] and (not wanted or one["status"] in wanted)]
    size, page = int(query["size"][0]), int(query["page"][0])
    items = found[(page - 1) * size : page * size]
    return 200, {
        "items": items,
        "total": len(found),
        "page": page,
        "has_next": page * size < len(found),
        "has_prev": page > 1,
    }


HANDLERS: list[tuple[str, str, Handler]] = [
    ("GET", "connection", _connection),
    ("GET", "profiles", lambda *_: (200, {"profiles": []})),
    ("POST", "env", _env),
    ("GET", "workflows", _list),
]
