"""Origins of sessions for each kind of browser, and safe values of `to`."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces import registry
from user_workspaces.config.wsgi import Request
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.jobs import session_ports
from user_workspaces.jobs.models import Job
from user_workspaces.portal.sessions.targets import START_PAGE, Page, page_in_session, portal_origin, session_origin
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace


@pytest.mark.parametrize(
    ("asked", "path", "query"),
    [
        ("lab", "lab", ""),
        ("lab/tree/my file.ipynb", "lab/tree/my%20file.ipynb", ""),
        ("lab/tree/100%.txt", "lab/tree/100%25.txt", ""),
        ("lab/tree/RTC:a.ipynb", "lab/tree/RTC:a.ipynb", ""),
        ("lab/tree/a%2541%23%3f.txt", "lab/tree/a%2541%23%3f.txt", ""),
        ("lab/tree/a%2Fb", "lab/tree/a%2Fb", ""),
        ("lab?reset&factory=Editor", "lab", "reset&factory=Editor"),
        ("lab?a=b+c%26d&%74icket=1&ticket=2", "lab", "a=b+c%26d"),
        ("lab?ticket=stolen&a=1", "lab", "a=1"),
        ("lab/tree/\N{GREEK SMALL LETTER ALPHA}", "lab/tree/%CE%B1", ""),
        ("doc/tree/a#b", "doc/tree/a%23b", ""),
    ],
)
def test_page_in_session_keeps_safe_paths(asked: str, path: str, query: str) -> None:
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
def test_page_in_session_rejects_unsafe_paths(asked: str) -> None:
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


SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
HOST, PORT, PATH, NOWHERE = "host", "port", "path", "nowhere"
DERIVED, NAMED, NONE = (
    SessionPorts(range(8100, 8102)),
    SessionPorts(range(8100, 8102), are_required=True),
    SessionPorts(),
)


@pytest.fixture
def job(workspace: Workspace, job_in: Callable[..., Job]) -> Iterator[Job]:
    """A ready session, in a process that may open every port."""
    session_ports.install(lambda _port: True)
    yield job_in(workspace, ready=True)
    session_ports.install(None)


def configure(*, domain: str, ports: SessionPorts = DERIVED, base_url: str = "http://localhost:8000") -> None:
    site = registry.site()
    local = {"local": replace(site.resources["local"], passthrough_domain=domain)}
    changed = replace(site, resources=local, session_ports=ports, base_url=base_url, any_ip_address=True)
    registry.install(registry.current(), changed)


def visitor(host: str, browser: str = CHROME) -> HttpRequest:
    return Request({**RequestFactory().get("/").environ, "HTTP_HOST": host, "HTTP_USER_AGENT": browser})


@pytest.mark.parametrize(
    ("domain", "ports", "host", "browser", "served"),
    [
        ("localhost", DERIVED, "localhost:8000", CHROME, HOST),
        ("localhost", DERIVED, "localhost:8000", FIREFOX, HOST),
        ("localhost", DERIVED, "localhost:8000", SAFARI, PORT),
        ("localhost", DERIVED, "127.0.0.1:8000", CHROME, HOST),
        ("localhost", DERIVED, "[::1]:8000", CHROME, HOST),
        ("localhost", DERIVED, "192.168.1.5:8000", CHROME, PORT),
        ("localhost", DERIVED, "[2001:db8::1]:8000", CHROME, PORT),
        ("localhost", DERIVED, "testserver", CHROME, PORT),
        ("localhost", NONE, "testserver", CHROME, NOWHERE),
        ("localhost", NONE, "localhost", SAFARI, NOWHERE),
        ("uws.localhost", NAMED, "testserver", CHROME, PORT),
        ("sessions.example.org", NAMED, "testserver", CHROME, HOST),
        ("sessions.example.org", NONE, "192.168.1.5", SAFARI, HOST),
        ("", NAMED, "localhost:8000", CHROME, PORT),
        ("", NAMED, "testserver", CHROME, PORT),
        ("", DERIVED, "localhost:8000", CHROME, PATH),
        ("", NONE, "testserver", SAFARI, PATH),
    ],
)
def test_session_origin_is_reachable_for_the_browser(
    job: Job, domain: str, ports: SessionPorts, host: str, browser: str, served: str
) -> None:
    configure(domain=domain, ports=ports)
    if served == NOWHERE:
        with pytest.raises(ResourceUnavailable, match="UWS_SESSION_PORTS"):
            session_origin(visitor(host, browser), job)
        return
    origin = session_origin(visitor(host, browser), job)
    name = f"[{host[1:].partition(']')[0]}]" if host.startswith("[") else host.partition(":")[0]
    port = f"http://{name}:{8100 + job.pk % 2}"
    below = f"http://s{job.pk}.{domain}" + (":8000" if served == HOST else "")
    assert origin == {HOST: below, PORT: port, PATH: ""}[served]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:9999", "http://s{}.localhost:9999"),
        ("[::1]:9999", "http://s{}.localhost:9999"),
        ("localhost", "http://s{}.localhost"),
    ],
)
def test_session_origin_below_localhost_keeps_the_port_of_the_tunnel(job: Job, host: str, origin: str) -> None:
    configure(domain="localhost")
    assert session_origin(visitor(host), job) == origin.format(job.pk)


def test_session_origin_below_a_domain_has_the_scheme_and_port_of_the_site(job: Job) -> None:
    configure(domain="sessions.example.org", base_url="https://hub.example.org:8443")
    assert session_origin(visitor("testserver:1"), job) == f"https://s{job.pk}.sessions.example.org:8443"


@pytest.mark.parametrize("host", ["testserver", "localhost:9999", "192.168.1.5:8000"])
def test_portal_origin_is_the_host_of_the_request(host: str, site: Registry) -> None:
    configure(domain="localhost")
    assert portal_origin(visitor(host)) == f"http://{host}"
