"""Static files of a session: compressed for clients that accept gzip, unchanged for others."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.driver import Session, SessionResponse
from user_workspaces.plugins.job_type.jupyter_lab.compression import compress

pytestmark = [pytest.mark.environment, pytest.mark.slow]
FAVICON = "static/favicons/favicon.ico"


@pytest.fixture(scope="module")
def running(new_session: Callable[[], Session]) -> Session:
    session = new_session()
    session.start()
    session.wait_until_ready()
    return session


@pytest.fixture(scope="module")
def scripts(running: Session) -> list[str]:
    """Return the paths of the largest script of JupyterLab, and of one of the extension that comes with it."""
    python = Path(running.job_type.script(running.context, running.job_type.Parameters()).text.split()[1])
    share = python.parents[1] / "share" / "jupyter"
    core = max((share / "lab" / "static").glob("*.js"), key=lambda path: path.stat().st_size)
    extensions = share / "labextensions"
    copies = extensions.glob("reana-jupyterlab/static/*.js.gz")
    return [
        f"static/lab/{core.name}",
        *(f"lab/extensions/{path.relative_to(extensions).with_suffix('')}" for path in copies),
        FAVICON,
    ]


def ask(session: Session, path: str, *, method: str = "GET", **headers: str) -> SessionResponse:
    return session.request(method, path, {name.replace("_", "-"): value for name, value in headers.items()})


def test_scripts_come_compressed(running: Session, scripts: list[str]) -> None:
    for path in scripts:
        plain, packed = ask(running, path), ask(running, path, Accept_Encoding="gzip, deflate, br")
        assert packed.status == plain.status == 200
        assert packed.headers["Content-Encoding"] == "gzip"
        assert plain.headers["Content-Encoding"] is None
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body)
        for name in ("Content-Type", "Cache-Control"):
            assert packed.headers[name] == plain.headers[name]
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_head_says_what_get_says(running: Session, scripts: list[str]) -> None:
    asked = ask(running, scripts[0], Accept_Encoding="gzip")
    head = ask(running, scripts[0], method="HEAD", Accept_Encoding="gzip")
    names = ("Content-Encoding", "Content-Length", "Content-Type", "Last-Modified", "Vary")
    assert [head.headers[name] for name in names] == [asked.headers[name] for name in names]
    assert head.body == b""


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_client_without_gzip_gets_the_plain_file(running: Session, scripts: list[str], accepted: str) -> None:
    response = ask(running, scripts[0], Accept_Encoding=accepted)
    assert response.headers["Content-Encoding"] is None


def test_range_is_of_the_uncompressed_file(running: Session, scripts: list[str]) -> None:
    part = ask(running, scripts[0], Range="bytes=10-19", Accept_Encoding="gzip")
    assert (part.status, part.body) == (206, ask(running, scripts[0]).body[10:20])
    assert part.headers["Content-Encoding"] is None
    assert ask(running, scripts[0], Accept_Encoding="gzip").headers["Accept-Ranges"] == "none"


def test_unchanged_file_is_not_sent_again(running: Session) -> None:
    response = ask(running, FAVICON, Accept_Encoding="gzip")
    again = ask(running, FAVICON, Accept_Encoding="gzip", If_Modified_Since=response.headers["Last-Modified"])
    assert (again.status, again.body) == (304, b"")


def test_pages_and_json_are_not_compressed(running: Session) -> None:
    """They hold the XSRF token and what the user keeps there."""
    for path in ("lab", "lab/api/settings", "api/contents"):
        assert ask(running, path, Accept_Encoding="gzip").headers["Content-Encoding"] is None


def test_copies_are_made_of_what_becomes_smaller(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "jupyter" / "lab" / "static"
    folder.mkdir(parents=True)
    (folder / "large.js").write_text("var a = 1;" * 1000)
    (folder / "small.js").write_text("var a = 1;")
    (folder / "random.js").write_bytes(os.urandom(5000))
    (folder / "font.woff2").write_text("x" * 5000)
    (tmp_path / "outside.js").write_text("var a = 1;" * 1000)
    (folder / "link.js").symlink_to(tmp_path / "outside.js")
    compress(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.gz")] == ["large.js.gz"]
    assert gzip.decompress((folder / "large.js.gz").read_bytes()) == (folder / "large.js").read_bytes()
