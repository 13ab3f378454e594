"""The figures of a process: counted by route, behind a token or on an address of their own."""

import urllib.request

import pytest
from prometheus_client import REGISTRY

from support.server_process import free_port
from user_workspaces.errors import ConfigurationError
from user_workspaces.observability.metrics import is_the_token, note_request, serve

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_requests_are_counted_by_route() -> None:
    labels = {"route": "/test/<number:x>", "method": "GET"}
    for status in (200, 200, 404):
        note_request(route="/test/<number:x>", method="GET", status=status, seconds=0.003)
    assert count("uws_requests_total", **labels, status="200") == 2
    assert count("uws_requests_total", **labels, status="404") == 1
    assert count("uws_request_seconds_count", **labels) == 3
    assert count("uws_request_seconds_bucket", **labels, le="0.0025") == 0
    assert count("uws_request_seconds_bucket", **labels, le="0.005") == 3


def test_made_up_methods_make_no_new_rows() -> None:
    for number in range(50):
        note_request(route="/test", method=f"BREW{number}", status=405, seconds=0.1)
    assert count("uws_requests_total", route="/test", method="other", status="405") == 50
    assert count("uws_requests_total", route="/test", method="BREW1", status="405") == 0


@pytest.mark.parametrize(
    ("given", "is_it"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (TOKEN, False),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN}x", False),
        ("Bearer ", False),
        ("", False),
        ("Bearer \udcff\u00e9", False),
    ],
)
def test_the_token(given: str, *, is_it: bool) -> None:
    assert is_the_token(given, TOKEN) is is_it


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer x"])
def test_without_a_token_nothing_is_good(given: str) -> None:
    assert not is_the_token(given, "")


@pytest.fixture
def address() -> tuple[str, int]:
    return "127.0.0.1", free_port()


def test_an_address_of_their_own(address: tuple[str, int]) -> None:
    finished = list[bool]()
    server = serve(address, finish=lambda: finished.append(True))
    try:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=60) as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=")
            assert b"process_cpu_seconds_total" in response.read()
        with pytest.raises(ConfigurationError, match="Metrics cannot be served on"):
            serve(address)
    finally:
        server.shutdown()
        server.server_close()
    assert finished == [True]
