"""What a session answers to a browser that the proxy has let in, sent there by a page that means ill.

Everything is run twice: with an empty home, and with one full of settings that would open the session.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.driver import AUTHORITY, BASE, KEY, SECRET, Session
from plugins.job_type.jupyter_lab.hostile import ENVIRONMENT, hostile_files

pytestmark = [pytest.mark.environment, pytest.mark.slow]

OWN = f"http://{AUTHORITY}"
EVIL = "http://evil.example"
NOTE = '{"type": "file", "format": "text", "content": "x"}'

READS = [
    ("api/status", {}, 200),
    ("api/contents", {}, 200),
    ("api/contents", {"Origin": OWN}, 200),
    ("api/contents", {"Origin": EVIL}, 404),
    ("api/contents", {"Origin": "null"}, 404),
    ("files/note.txt", {}, 403),
    ("files/note.txt", {"Referer": f"{EVIL}/page"}, 403),
    ("files/note.txt", {"Referer": f"{OWN}{BASE}lab"}, 200),
    ("lab", {"Authorization": ""}, 302),
    ("api/status", {"Authorization": ""}, 403),
    ("api/contents", {"Authorization": ""}, 403),
    ("api", {"Authorization": ""}, 200),  # the version, for any process that can connect
    ("api/status", {"Authorization": "token wrong"}, 403),
    ("api/status", {"Authorization": "token known"}, 403),
    ("api/status", {"Authorization": f"token {KEY}x"}, 403),
    ("api/status", {"Authorization": f"Bearer {KEY}"}, 403),
    ("api/status", {"Authorization": f"token {SECRET}"}, 403),
    ("api/status", {"Authorization": "token "}, 403),
    ("api/status", {"Authorization": "token \u00fc"}, 403),
    (f"api/status?token={KEY}", {"Authorization": ""}, 403),
    ("api/status?token=known", {"Authorization": ""}, 403),
    ("api/status?token=wrong", {}, 200),
    ("api/status", {"Authorization": "", "Cookie": "known=1; username-s7-localhost-8000=1"}, 403),
    ("api/status", {"Host": "s8.localhost:8000"}, 200),  # the proxy alone reaches the socket, and checks the host
    ("api/status", {"Host": "localhost:8000"}, 200),
]

TOKEN = "2|c0ffee|0123456789abcdef0123456789abcdef|1700000000"
WRITES = [
    ({}, 403),
    ({"Cookie": f"_xsrf={TOKEN}"}, 403),
    ({"X-XSRFToken": TOKEN}, 403),
    ({"Origin": OWN}, 403),
    ({"Origin": EVIL}, 404),
]

SOCKETS = ["api/kernels/{kernel}/channels", "terminals/websocket/{terminal}", "api/events/subscribe", "lsp/ws/pylsp"]
HANDSHAKES = [(OWN, 101), (EVIL, 403), (None, 101), (f"http://{AUTHORITY.partition(':')[0]}", 403), ("null", 403)]


@pytest.fixture(scope="module", params=["empty home", "hostile home"])
def session(request: pytest.FixtureRequest, new_session: Callable[[], Session]) -> Iterator[Session]:
    made = new_session()
    (made.folder / "traces").mkdir()
    if request.param == "hostile home":
        for path, content in hostile_files(str(made.folder), str(made.folder / "traces")).items():
            made.write(path, content)
        stray, elsewhere = str(made.folder / "stray"), str(made.folder / "elsewhere")
        made.environment = {**ENVIRONMENT, "PYTHONPATH": stray, "JUPYTER_CONFIG_PATH": elsewhere}
    made.write("workspace/note.txt", "a note")
    made.start()
    made.wait_until_ready()
    return made  # type: ignore[return-value]  # pytest wraps it


@pytest.fixture(scope="module")
def names(session: Session) -> dict[str, str]:
    """A kernel and a terminal to connect to."""
    kernel = session.request("POST", "api/kernels", session.write_headers(), "{}").json()
    terminal = session.request("POST", "api/terminals", session.write_headers(), "{}").json()
    return {"kernel": str(kernel["id"]), "terminal": str(terminal["name"])}


@pytest.mark.parametrize(("path", "headers", "status"), READS)
def test_read(session: Session, path: str, headers: dict[str, str], status: int) -> None:
    response = session.request("GET", path, headers)
    assert (response.status, response.headers.get("Access-Control-Allow-Origin")) == (status, None)


@pytest.mark.parametrize(("headers", "status"), WRITES)
def test_write_without_the_pair(session: Session, headers: dict[str, str], status: int) -> None:
    assert session.request("PUT", "api/contents/stolen.txt", headers, NOTE).status == status
    assert not (session.workspace / "stolen.txt").exists()


@pytest.mark.parametrize("path", ["api/shutdown", "api/kernels", "api/terminals", "api/sessions"])
@pytest.mark.parametrize(("headers", "status"), WRITES)
def test_start_or_stop_without_the_pair(session: Session, path: str, headers: dict[str, str], status: int) -> None:
    assert session.request("POST", path, headers, "{}").status == status
    assert session.request("GET", "api/status").status == 200


def test_write_with_the_cookie_alone(session: Session) -> None:
    response = session.request("PUT", "api/contents/stolen.txt", {"Cookie": f"_xsrf={session.xsrf()}"}, NOTE)
    assert (response.status, (session.workspace / "stolen.txt").exists()) == (403, False)


def test_write_of_an_own_page(session: Session) -> None:
    response = session.request("PUT", "api/contents/own.txt", session.write_headers(), NOTE)
    assert (response.status, (session.workspace / "own.txt").read_text()) == (201, "x")


def test_write_with_the_pair_from_another_origin(session: Session) -> None:
    response = session.request("PUT", "api/contents/stolen.txt", session.write_headers(Origin=EVIL), NOTE)
    assert (response.status, (session.workspace / "stolen.txt").exists()) == (404, False)


def test_write_without_the_secret(session: Session) -> None:
    response = session.request("PUT", "api/contents/stolen.txt", session.write_headers(Authorization=""), NOTE)
    assert (response.status, (session.workspace / "stolen.txt").exists()) == (403, False)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(("origin", "status"), HANDSHAKES)
def test_web_socket(session: Session, names: dict[str, str], path: str, origin: str | None, status: int) -> None:
    assert session.handshake(path.format(**names), origin=origin) == status


@pytest.mark.parametrize("path", SOCKETS)
def test_web_socket_without_the_secret(session: Session, names: dict[str, str], path: str) -> None:
    assert session.handshake(path.format(**names), origin=OWN, authorization="") in {302, 403}


def test_page_holds_no_token(session: Session) -> None:
    page = session.request("GET", "lab").body.decode()
    assert (re.findall(r'"token": "[^"]*"', page), KEY in page) == (['"token": ""'], False)


def test_page_requests_no_news(session: Session) -> None:
    page = session.request("GET", "lab").body.decode()
    assert "@jupyterlab/apputils-extension:announcements" in page


def test_cookies_are_the_one_against_forgery(session: Session) -> None:
    cookies = session.request("GET", "lab").headers.get_all("Set-Cookie") or []
    assert [cookie.partition("=")[0] for cookie in cookies] == ["_xsrf"]
    assert f"Path={BASE}" in cookies[0]
    assert "SameSite=Strict" in cookies[0]


def test_user_is_known_by_name(session: Session) -> None:
    identity = session.request("GET", "api/me").json()["identity"]
    assert isinstance(identity, dict)
    assert identity["username"] == session.account.name


def test_secret_is_in_no_place_that_others_read(session: Session, names: dict[str, str]) -> None:
    processes = [Path("/proc", str(pid)) for pid in (session.pid, *children(session.pid))]
    read = {
        str(file): file.read_bytes() for process in processes for file in (process / "cmdline", process / "environ")
    }
    read |= {str(file): file.read_bytes() for file in (session.directory / "runtime").iterdir() if file.is_file()}
    assert len([name for name in read if "jpserver-" in name]) >= 1
    assert len(processes) >= 3  # the server, a kernel, a terminal
    assert [name for name, content in read.items() if any(word.encode() in content for word in (SECRET, KEY))] == []
    assert KEY not in session.log()


def test_kernels_and_terminals_have_the_environment_of_the_user(session: Session, names: dict[str, str]) -> None:
    for pid in children(session.pid):
        words = Path("/proc", str(pid), "environ").read_bytes().decode().split("\0")
        environment = dict(word.split("=", 1) for word in words if "=" in word)
        kept = {key: environment.get(key) for key in session.environment}
        python = str(session.directory / "python")  # what keeps kernels private where accounts share a network
        if "PYTHONPATH" in kept and os.geteuid() == 0:
            kept["PYTHONPATH"] = (environment["PYTHONPATH"]).removeprefix(f"{python}{os.pathsep}")
        assert kept == session.environment
        assert environment.get("PYTHONPATH", "").startswith(python) == (os.geteuid() == 0)
        assert "USER_WORKSPACES_SETTINGS_DIR" not in environment


def test_socket_is_the_owners_alone(session: Session) -> None:
    status = (session.directory / "s").stat()
    assert (oct(status.st_mode & 0o777), status.st_uid) == ("0o600", session.account.uid)


def test_no_port_is_listened_at(session: Session) -> None:
    inodes = {link.readlink().name for link in Path("/proc", str(session.pid), "fd").iterdir() if link.is_symlink()}
    tables = [Path("/proc", str(session.pid), "net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    listening = [line.split() for table in tables for line in table if line.split()[3] == "0A"]
    assert [row for row in listening if f"socket:[{row[9]}]" in inodes] == []


def test_nothing_stray_was_run_or_imported(session: Session) -> None:
    assert [trace.name for trace in (session.folder / "traces").iterdir()] == []


def test_hostile_home_starts_a_session_without_isolation(session: Session) -> None:
    """The control: what lies about is found, and run, by a JupyterLab that is started the usual way."""
    python = Path(session.job_type.script(session.context, session.job_type.Parameters()).text.split()[1])
    load = "from jupyter_server.serverapp import ServerApp; app = ServerApp(); app.load_config_file()"
    code = f"{load}; print(app.config.ServerApp.get('allow_origin'))"
    environment = {"HOME": str(session.home), "PATH": "/usr/bin:/bin"}
    asked = subprocess.run([python, "-c", code], env=environment, cwd="/", capture_output=True, text=True, check=False)
    hostile = (session.home / ".jupyter").exists()
    assert asked.stdout.strip() == ("*" if hostile else "None"), asked.stderr
    (session.folder / "traces" / "configuration-was-run").unlink(missing_ok=not hostile)


def children(pid: int) -> list[int]:
    found = Path("/proc", str(pid), "task", str(pid), "children").read_text().split()
    return [int(child) for child in found]
