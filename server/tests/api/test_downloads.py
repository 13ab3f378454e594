"""Complete, partial and conditional downloads, which browsers never display."""

import pytest

from api.conftest import Caller
from api.contents import write
from api.raw import send
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def at(workspace: Workspace) -> str:
    """The files route of Ada's workspace."""
    return f"/workspaces/{workspace.pk}/files/"


def test_complete_download(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "d/é &.csv", CONTENT)
    response = send(ada, "GET", f"{at}d/%C3%A9%20%26.csv")
    assert (response.status, response.content) == (200, CONTENT)
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Type"] == "text/csv"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    said = response.headers["Content-Disposition"]
    assert said == "attachment; filename*=UTF-8''%C3%A9%20%26.csv"
    head = send(ada, "HEAD", f"{at}d/%C3%A9%20%26.csv")
    assert (head.status, head.content, head.headers["Content-Length"]) == (200, b"", str(len(CONTENT)))
    assert (head.headers["ETag"], head.headers["Last-Modified"]) == (
        response.headers["ETag"],
        response.headers["Last-Modified"],
    )


def test_archive_has_no_content_length(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "d/e", CONTENT)
    head = send(ada, "HEAD", f"{at}d")
    assert (head.status, head.content, head.headers["Content-Type"]) == (200, b"", "application/zip")
    assert "Content-Length" not in head.headers


@pytest.mark.parametrize("name", ["page.html", "image.svg", "x.xhtml", "script.js", "data.csv.gz", "none"])
def test_downloads_are_attachments(ada: Caller, workspace: Workspace, at: str, name: str) -> None:
    write(workspace, name, b"<script>alert(1)</script>")
    response = send(ada, "GET", at + name)
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "Content-Encoding" not in response.headers


RANGES: list[tuple[str, int, bytes, str]] = [
    ("bytes=0-", 206, CONTENT, "bytes 0-1023/1024"),
    ("bytes=0-0", 206, CONTENT[:1], "bytes 0-0/1024"),
    ("bytes=1000-", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
    ("bytes=10-5000", 206, CONTENT[10:], "bytes 10-1023/1024"),
    ("bytes=-24", 206, CONTENT[-24:], "bytes 1000-1023/1024"),
    ("bytes=-5000", 206, CONTENT, "bytes 0-1023/1024"),
    ("bytes=1024-", 416, b"", "bytes */1024"),
    ("bytes=-0", 416, b"", "bytes */1024"),
    ("bytes=5-4", 200, CONTENT, ""),
    ("bytes=0-1,3-4", 200, CONTENT, ""),
    ("bytes=-", 200, CONTENT, ""),
    ("lines=0-1", 200, CONTENT, ""),
    ("bytes=" + "9" * 500 + "-", 200, CONTENT, ""),
    ("bytes=\u0661-", 200, CONTENT, ""),
]


@pytest.mark.parametrize(("header", "status", "content", "said"), RANGES)
def test_range(ada: Caller, workspace: Workspace, at: str, header: str, status: int, content: bytes, said: str) -> None:
    write(workspace, "f", CONTENT)
    response = send(ada, "GET", f"{at}f", Range=header)
    assert (response.status, response.headers.get("Content-Range", "")) == (status, said)
    if status == 416:
        assert "1024 bytes" in response.json["message"]
    else:
        assert response.content == content
        assert response.headers["Content-Length"] == str(len(content))


def test_range_of_an_empty_file(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "f", b"")
    assert send(ada, "GET", f"{at}f", Range="bytes=0-").status == 416
    assert send(ada, "GET", f"{at}f").content == b""


def test_conditional_download(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "f", CONTENT)
    first = send(ada, "GET", f"{at}f")
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for headers, status in (
        ({"If_None_Match": etag}, 304),
        ({"If_None_Match": f'"x", W/{etag}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_Modified_Since": modified}, 304),
        ({"If_Match": etag}, 200),
        ({"If_Match": '"x"'}, 412),
        ({"Range": "bytes=1-2", "If_Range": etag}, 206),
        ({"Range": "bytes=1-2", "If_Range": '"x"'}, 200),
        ({"Range": "bytes=1-2", "If_Range": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
        ({"Range": "bytes=1-2", "If_Range": "nonsense"}, 200),
    ):
        response = send(ada, "GET", f"{at}f", **headers)
        assert response.status == status, headers
        if status == 304:
            assert (response.content, response.headers["ETag"]) == (b"", etag)
    write(workspace, "f", CONTENT[::-1])
    assert send(ada, "GET", f"{at}f").headers["ETag"] != etag
