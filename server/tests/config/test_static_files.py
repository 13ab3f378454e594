"""Static files of the pages: their names, their caching, and their compression."""

import gzip
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponseBase
from django.templatetags.static import static
from django.test import Client

pytestmark = pytest.mark.django_db
PLAIN = "/static/uws/portal.js"
BUNDLE = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


def ask(url: str, *, method: str = "get", **headers: str) -> HttpResponseBase:
    response: HttpResponseBase = getattr(Client(), method)(url, headers={"Accept-Encoding": "gzip, br", **headers})
    return response


def body_of(response: HttpResponseBase) -> bytes:
    return b"".join(response)


def content(name: str) -> bytes:
    path = finders.find(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()


def test_names_in_pages_contain_a_hash_of_the_content() -> None:
    assert re.fullmatch(r"/static/uws/portal\.[0-9a-f]{12}\.js", static("uws/portal.js"))
    assert static("uws/portal.js") != static("uws/live.js").replace("live", "portal")
    assert static("nowhere.js") == "/static/nowhere.js"


def test_file_with_a_hash_in_its_name_is_immutable() -> None:
    assert ask(static("uws/portal.js"))["Cache-Control"] == "max-age=315360000, public, immutable"
    assert ask(PLAIN)["Cache-Control"] == "max-age=60, public"


def test_hash_of_another_release_returns_the_current_file() -> None:
    response = ask("/static/uws/portal.0123456789ab.js")
    assert (response.status_code, response["Cache-Control"]) == (HTTPStatus.OK, "max-age=60, public")
    assert ask("/static/uws/nowhere.0123456789ab.js").status_code == HTTPStatus.NOT_FOUND
    assert ask("/static/uws/portal.0123456789ab.js.js").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", ["uws/portal.js", "uws/base.css", "uws/icons.svg", BUNDLE])
def test_files_are_sent_compressed(name: str) -> None:
    response = ask(static(name))
    packed = body_of(response)
    assert (response["Content-Encoding"], response["Content-Length"]) == ("gzip", str(len(packed)))
    assert gzip.decompress(packed) == content(name)
    assert len(packed) < len(content(name)) * 0.6
    assert response["Vary"] == "Accept-Encoding"


def test_compressed_file_is_sent_in_parts() -> None:
    """A stalled client occupies one part of the file, and no thread: see test_stalled_clients.py."""
    response = ask(static(BUNDLE))
    assert response.streaming
    assert max(len(part) for part in response) <= 4096


@pytest.mark.parametrize("accepted", ["", "identity", "br"])
def test_client_without_gzip_gets_the_plain_file(accepted: str) -> None:
    response = ask(PLAIN, **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response
    assert response["Vary"] == "Accept-Encoding"
    assert body_of(response) == content("uws/portal.js")


def test_images_are_not_compressed() -> None:
    response = ask(static("rest_framework/img/glyphicons-halflings.png"))
    assert "Content-Encoding" not in response
    assert "Vary" not in response
    assert response["Cache-Control"].endswith("immutable")
    response.close()


def test_head_returns_the_headers_of_get() -> None:
    got, head = ask(PLAIN), ask(PLAIN, method="head")
    names = ("Content-Encoding", "Content-Length", "Content-Type", "ETag", "Last-Modified", "Vary")
    assert [head[name] for name in names] == [got[name] for name in names]
    assert body_of(head) == b""


def test_compressed_and_plain_file_share_a_weak_etag() -> None:
    packed, plain = ask(PLAIN), ask(PLAIN, **{"Accept-Encoding": ""})
    assert packed["ETag"] == plain["ETag"]
    assert packed["ETag"].startswith('W/"')
    again = ask(PLAIN, **{"If-None-Match": packed["ETag"]})
    assert (again.status_code, again["Vary"]) == (HTTPStatus.NOT_MODIFIED, "Accept-Encoding")
    for response in (packed, plain):
        response.close()


def test_range_refers_to_the_plain_file() -> None:
    response = ask(PLAIN, Range="bytes=10-19")
    assert (response.status_code, body_of(response)) == (HTTPStatus.PARTIAL_CONTENT, content("uws/portal.js")[10:20])
    assert "Content-Encoding" not in response
