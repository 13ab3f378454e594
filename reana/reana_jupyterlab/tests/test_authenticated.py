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


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize("is_open_by_default", [True, False])
async def test_unauthenticated_request_is_rejected(
    lab: Lab, reana: FakeReana, method: str, path: str, is_open_by_default: bool
) -> None:
    lab.app.web_app.settings["allow_unauthenticated_access"] = is_open_by_default
    answer = await lab.ask(method, path, {} if method != "GET" else None, headers={"Authorization": ""})
    assert (answer.status, answer.json["status"], reana.requests) == (403, "error", [])


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


@pytest.mark.parametrize(("method", "path"), [one for one in EVERY if is_written(*one)])
async def test_write_by_cookie_needs_the_xsrf_header(
    by_cookie: httpx.AsyncClient, reana: FakeReana, method: str, path: str
) -> None:
    answer = await by_cookie.request(method, path, content=b"{}")
    assert (answer.status_code, reana.requests) == (403, [])
    token = by_cookie.cookies["_xsrf"]
    answer = await by_cookie.request(method, path, content=b"{}", headers={"X-XSRFToken": token})
    assert answer.status_code != 403


@pytest.mark.parametrize(("method", "path"), [one for one in EVERY if not is_written(*one)])
async def test_read_by_cookie_needs_no_header(by_cookie: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await by_cookie.request(method, path)).status_code != 403


def test_readme_lists_every_route() -> None:
    lines = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = " ".join(line.split(" | ")[0] for line in lines)
    words = {re.sub(r"\{[^}]*\}", "*", word) for word in re.findall(r"`([^`]+)`", told)}
    wanted = {
        route.replace(ONE, "*").replace(REST, "*") for route, _ in ROUTES if route not in {"drive/?", rf"drive/{REST}"}
    }
    assert wanted - words == set()
