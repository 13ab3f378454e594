"""Every route requires Jupyter's authentication, and every write the XSRF token."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reana_jupyterlab.handlers.base import ReanaHandler
from reana_jupyterlab.handlers.handlers import ONE, REST, ROUTES
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana

METHODS = ("get", "head", "post", "put", "patch", "delete")
README = Path(__file__).parents[2] / "README.md"


def every_method() -> list[tuple[str, str]]:
    found = []
    for route, handler in ROUTES:
        path = route.replace(ONE, "some.1").replace(REST, "a/b.txt").replace("/?", "/")
        found += [(method.upper(), path) for method in METHODS if method in vars(handler)]
    return found


def is_written(method: str, path: str) -> bool:
    return method != "GET" or "/workspace/" in path or path.endswith("download")


EVERY = every_method()


def test_list_has_all_handlers() -> None:
    assert len(EVERY) >= len(ROUTES) > 30
    assert all(issubclass(handler, ReanaHandler) for _, handler in ROUTES)


@pytest.mark.parametrize("is_open_by_default", [True, False])
async def test_unauthenticated_requests_are_rejected(lab: Lab, reana: FakeReana, is_open_by_default: bool) -> None:
    lab.app.web_app.settings["allow_unauthenticated_access"] = is_open_by_default
    found = {}
    for method, path in EVERY:
        answer = await lab.ask(method, path, {} if method != "GET" else None, headers={"Authorization": ""})
        found[method, path] = answer.status, answer.json["status"]
    assert found == dict.fromkeys(EVERY, (403, "error"))
    assert reana.requests == []


@pytest.fixture
def by_cookie(lab: Lab, jp_asyncio_loop: Any) -> Iterator[httpx.AsyncClient]:
    """Return a browser that is signed in by its cookie, and was on Jupyter's own pages before."""
    browser = httpx.AsyncClient(base_url=lab.http.base_url, timeout=60)
    root = str(lab.http.base_url).replace("reana_jupyterlab/", "")
    browser.headers["Referer"] = f"{root}lab"
    jp_asyncio_loop.run_until_complete(browser.get(f"{root}login"))
    jp_asyncio_loop.run_until_complete(browser.get(f"{root}api/status?token={lab.app.identity_provider.token}"))
    yield browser
    jp_asyncio_loop.run_until_complete(browser.aclose())


async def test_writes_by_cookie_need_the_xsrf_header(by_cookie: httpx.AsyncClient, reana: FakeReana) -> None:
    writes = [one for one in EVERY if is_written(*one)]
    without = {one: (await by_cookie.request(*one, content=b"{}")).status_code for one in writes}
    assert (without, reana.requests) == (dict.fromkeys(writes, 403), [])
    headers = {"X-XSRFToken": by_cookie.cookies["_xsrf"]}
    allowed = {one: (await by_cookie.request(*one, content=b"{}", headers=headers)).status_code for one in writes}
    assert [one for one, status in allowed.items() if status == 403] == []


async def test_reads_by_cookie_need_no_header(by_cookie: httpx.AsyncClient) -> None:
    reads = [one for one in EVERY if not is_written(*one)]
    assert reads
    assert [one for one in reads if (await by_cookie.request(*one)).status_code == 403] == []


def test_readme_lists_every_route() -> None:
    lines = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = " ".join(line.split(" | ")[0] for line in lines)
    words = {re.sub(r"\{[^}]*\}", "*", word) for word in re.findall(r"`([^`]+)`", told)}
    wanted = {
        route.replace(ONE, "*").replace(REST, "*") for route, _ in ROUTES if route not in {"drive/?", rf"drive/{REST}"}
    }
    assert wanted - words == set()
