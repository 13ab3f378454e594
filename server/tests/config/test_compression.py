"""Which responses are compressed, and which never are."""

import gzip
from collections.abc import Callable
from io import BytesIO

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client, RequestFactory

from user_workspaces.accounts.models import User
from user_workspaces.config.compression import Compression

LONG = b"a" * 5000
asks = RequestFactory(headers={"Accept-Encoding": "gzip, deflate, br"})


def is_compressed(response: HttpResponseBase, request: HttpRequest | None = None) -> bool:
    given = Compression(lambda _: response).process_response(request or asks.get("/"), response)
    return given.headers.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_pages_and_json_are_compressed(kind: str) -> None:
    assert is_compressed(HttpResponse(LONG, content_type=kind))


@pytest.mark.parametrize("kind", ["application/zip", "image/png", "application/octet-stream", "text/plain", ""])
def test_other_types_are_not_compressed(kind: str) -> None:
    assert not is_compressed(HttpResponse(LONG, content_type=kind))


def test_responses_to_changes_are_not_compressed() -> None:
    """The form that creates an API token shows it once, in its response."""
    for method in ("post", "put", "delete"):
        assert not is_compressed(HttpResponse(LONG), getattr(asks, method)("/"))


def test_responses_to_other_origins_are_not_compressed() -> None:
    """Sessions are same-site with the portal: a malicious one could make the browser load the user's pages."""
    said = {"same-origin": True, "none": True, "same-site": False, "cross-site": False}
    asked = {site: is_compressed(HttpResponse(LONG), asks.get("/", headers={"Sec-Fetch-Site": site})) for site in said}
    assert asked == said


def test_streams_files_and_responses_with_an_etag_are_not_compressed() -> None:
    assert not is_compressed(StreamingHttpResponse(iter([LONG])))
    assert not is_compressed(FileResponse(BytesIO(LONG)))
    assert not is_compressed(HttpResponse(LONG, headers={"ETag": '"a"'}))


def test_client_without_gzip_gets_the_plain_response() -> None:
    response = HttpResponse(LONG)
    assert not is_compressed(response, asks.get("/", headers={"Accept-Encoding": "br"}))
    assert response["Vary"] == "Accept-Encoding"


def test_compressed_length_of_a_page_varies() -> None:
    lengths = set()
    for _ in range(20):
        response = HttpResponse(LONG)
        assert is_compressed(response)
        lengths.add(response["Content-Length"])
    assert len(lengths) > 1


@pytest.mark.django_db
def test_schema_of_the_api_is_compressed() -> None:
    plain, packed = (Client().get("/schema/?format=json", headers={"Accept-Encoding": kind}) for kind in ("", "gzip"))
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < 20_000


def test_page_with_a_new_token_is_not_compressed(make_user: Callable[[str], User]) -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    client.force_login(make_user("ada"))
    page = client.get("/profile/")
    assert page["Content-Encoding"] == "gzip"
    form = {"token-name": "mine", "token-days": "30", "token-scopes": ["read"]}
    shown = client.post("/profile/tokens/", form)
    assert 'value="uws_' in shown.content.decode()
    assert "Content-Encoding" not in shown
