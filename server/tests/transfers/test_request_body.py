"""Request bodies: complete, incomplete, with and without a declared length."""

import io
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from user_workspaces.errors import InvalidRequest, WrongType
from user_workspaces.transfers.request_body import PIECE, declared_length, pieces_of


def request(body: Any, **headers: Any) -> HttpRequest:
    made: HttpRequest = RequestFactory().generic("PUT", "/", b"", **headers)
    made.META["wsgi.input"] = body
    made._stream = body  # where Django reads from
    return made


class Breaks(io.RawIOBase):
    """A connection that breaks after some data."""

    def read(self, size: int = -1) -> bytes:
        if self.seekable():
            return b""
        raise ConnectionResetError

    def seekable(self) -> bool:
        return False


def test_pieces_are_bounded() -> None:
    content = b"x" * (2 * PIECE + 1)
    pieces = list(pieces_of(request(io.BytesIO(content), CONTENT_LENGTH=str(len(content)))))
    assert [len(piece) for piece in pieces] == [PIECE, PIECE, 1]


def test_body_shorter_than_declared_is_an_error() -> None:
    with pytest.raises(InvalidRequest, match="after 3 of 10 bytes"):
        list(pieces_of(request(io.BytesIO(b"abc"), CONTENT_LENGTH="10")))


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": "10"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_broken_connection_is_an_error(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="broke off"):
        list(pieces_of(request(Breaks(), **headers)))


def test_chunked_body_is_read_to_its_end() -> None:
    made = request(io.BytesIO(b"abc"), HTTP_TRANSFER_ENCODING="chunked")
    assert declared_length(made) is None
    assert list(pieces_of(made)) == [b"abc"]


def test_empty_body_is_a_body() -> None:
    assert list(pieces_of(request(io.BytesIO(b"")))) == []


@pytest.mark.parametrize("length", ["-1", "x", "9" * 500, "\u0663"])
def test_length_that_is_no_number_is_an_error(length: str) -> None:
    with pytest.raises(InvalidRequest):
        declared_length(request(io.BytesIO(b""), CONTENT_LENGTH=length))


def test_compressed_body_is_rejected() -> None:
    with pytest.raises(WrongType):
        pieces_of(request(io.BytesIO(b""), HTTP_CONTENT_ENCODING="gzip"))
