"""Where a session is opened, for each kind of visitor, and what `to` cannot do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces.portal.destinations import (
    START_PAGE,
    Page,
    address_for_visitor,
    has_own_origin,
    is_loopback,
    page_in_session,
)

ON_OWN_ORIGIN = "http://s12.localhost:8000/passthrough/local/12/lab?ticket=t"


@pytest.mark.parametrize(
    ("asked", "path", "query"),
    [
        ("lab", "lab", ""),
        ("lab/tree/my file.ipynb", "lab/tree/my%20file.ipynb", ""),
        ("lab/tree/100%.txt", "lab/tree/100%25.txt", ""),
        ("lab/tree/RTC:a.ipynb", "lab/tree/RTC:a.ipynb", ""),
        ("lab?reset&factory=Editor", "lab", "reset=&factory=Editor"),
        ("lab?ticket=stolen&a=1", "lab", "a=1"),
        ("lab/tree/\N{GREEK SMALL LETTER ALPHA}", "lab/tree/%CE%B1", ""),
        ("doc/tree/a#b", "doc/tree/a%23b", ""),
    ],
)
def test_page_in_session_keeps_what_stays_below(asked: str, path: str, query: str) -> None:
    assert page_in_session(asked) == Page(path, query)


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "/etc/passwd",
        "//evil.example/x",
        "lab//evil.example",
        "lab/../../../w/1/delete/",
        "..",
        "lab/..",
        "./lab",
        "%2e%2e/x",
        "lab/%2E%2E/x",
        "%2fetc",
        "\\\\evil.example",
        "lab\\..\\x",
        "lab%5c..%5cx",
        "http://evil.example/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "lab\r\nSet-Cookie: a=b",
        "lab\0",
        "lab/\t",
        "a" * 5000,
    ],
)
def test_page_in_session_refuses_what_could_leave(asked: str) -> None:
    assert page_in_session(asked) == Page(START_PAGE)


@given(st.text(max_size=60))
def test_page_in_session_never_leaves(asked: str) -> None:
    try:
        asked.encode()
    except UnicodeEncodeError:
        return
    path = page_in_session(asked).path
    assert path.isascii()
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert not set(path) & set("\\\r\n \0?#")


@pytest.mark.parametrize(
    ("domain", "host", "own"),
    [
        ("", "hub.example.org", False),
        ("sessions.example.org", "hub.example.org", True),
        ("sessions.example.org", "127.0.0.1:8000", True),
        ("localhost", "localhost:8000", True),
        ("localhost", "127.0.0.1:8000", True),
        ("localhost", "127.8.0.1", True),
        ("localhost", "[::1]:8000", True),
        ("localhost", "hub.localhost:80", True),
        ("localhost", "LOCALHOST", True),
        ("localhost", "workstation:8000", False),
        ("localhost", "192.168.1.5:8000", False),
        ("localhost", "localhost.evil.example", False),
        ("uws.localhost", "192.168.1.5:8000", False),
        ("uws.localhost", "localhost", True),
        ("notlocalhost", "192.168.1.5", True),
    ],
)
def test_has_own_origin(domain: str, host: str, own: bool) -> None:  # noqa: FBT001  a row of the table
    assert has_own_origin(passthrough_domain=domain, host=host) is own


def test_address_for_visitor_by_path_stays_on_the_host_of_the_request() -> None:
    address = address_for_visitor(
        url="http://localhost:8000/passthrough/local/12/lab?ticket=t",
        own_origin=False,
        scheme="http",
        host="192.168.1.5:8000",
    )
    assert address == "/passthrough/local/12/lab?ticket=t"


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "localhost:8000", "http://s12.localhost:8000"),
        ("http", "localhost:9999", "http://s12.localhost:9999"),
        ("http", "[::1]:9999", "http://s12.localhost:9999"),
        ("https", "localhost", "https://s12.localhost"),
    ],
)
def test_address_for_visitor_on_localhost_keeps_the_port_of_the_request(scheme: str, host: str, origin: str) -> None:
    address = address_for_visitor(url=ON_OWN_ORIGIN, own_origin=True, scheme=scheme, host=host)
    assert address == f"{origin}/passthrough/local/12/lab?ticket=t"


def test_address_for_visitor_on_a_real_domain_is_the_site_s() -> None:
    url = "https://s12.sessions.example.org/passthrough/local/12/lab?ticket=t"
    assert address_for_visitor(url=url, own_origin=True, scheme="http", host="hub.example.org") == url


@pytest.mark.parametrize("host", ["", "example.org", "10.0.0.1", "[2001:db8::1]:80", "[", "999.1.1.1"])
def test_is_loopback_is_false_elsewhere(host: str) -> None:
    assert not is_loopback(host)
