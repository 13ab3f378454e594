"""Static files of the pages: their names, how long they are kept, and in which form they are sent."""

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


def test_names_in_pages_follow_the_content() -> None:
    assert re.fullmatch(r"/static/uws/portal\.[0-9a-f]{12}\.js", static("uws/portal.js"))
    assert static("uws/portal.js") != static("uws/live.js").replace("live", "portal")
    assert static("nowhere.js") == "/static/nowhere.js"


def test_a_file_is_kept_for_good_under_the_name_of_its_content() -> None:
    assert ask(static("uws/portal.js"))["Cache-Control"] == "max-age=315360000, public, immutable"
    assert ask(PLAIN)["Cache-Control"] == "max-age=60, public"


def test_a_page_of_another_release_gets_the_file_of_this_one() -> None:
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


def test_a_compressed_file_is_sent_in_parts() -> None:
    """Somebody who takes no more of it holds a part, and no thread: see test_standing_still.py."""
    response = ask(static(BUNDLE))
    assert response.streaming
    assert max(len(part) for part in response) <= 4096


@pytest.mark.parametrize("accepted", ["", "identity", "br"])
def test_who_does_not_take_that_gets_the_file_itself(accepted: str) -> None:
    response = ask(PLAIN, **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response
    assert response["Vary"] == "Accept-Encoding"
    assert body_of(response) == content("uws/portal.js")


def test_images_are_sent_as_they_are() -> None:
    response = ask(static("rest_framework/img/glyphicons-halflings.png"))
    assert "Content-Encoding" not in response
    assert "Vary" not in response
    assert response["Cache-Control"].endswith("immutable")
    response.close()


def test_head_says_what_get_says() -> None:
    got, head = ask(PLAIN), ask(PLAIN, method="head")
    names = ("Content-Encoding", "Content-Length", "Content-Type", "ETag", "Last-Modified", "Vary")
    assert [head[name] for name in names] == [got[name] for name in names]
    assert body_of(head) == b""


def test_both_forms_have_one_weak_tag() -> None:
    packed, plain = ask(PLAIN), ask(PLAIN, **{"Accept-Encoding": ""})
    assert packed["ETag"] == plain["ETag"]
    assert packed["ETag"].startswith('W/"')
    again = ask(PLAIN, **{"If-None-Match": packed["ETag"]})
    assert (again.status_code, again["Vary"]) == (HTTPStatus.NOT_MODIFIED, "Accept-Encoding")
    for response in (packed, plain):
        response.close()


def test_a_part_is_one_of_the_file_itself() -> None:
    response = ask(PLAIN, Range="bytes=10-19")
    assert (response.status_code, body_of(response)) == (HTTPStatus.PARTIAL_CONTENT, content("uws/portal.js")[10:20])
    assert "Content-Encoding" not in response
