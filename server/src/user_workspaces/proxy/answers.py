"""What the proxy itself says, where neither the hub nor a session can."""

from http import HTTPStatus


def answer(status: int, text: str, *, with_body: bool = True) -> bytes:
    """Return a whole response in plain text, the last one on its connection."""
    body = f"{text}\n".encode()
    return b"".join(
        (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii"),
            b"content-type: text/plain; charset=utf-8\r\n",
            b"content-length: %d\r\n" % len(body),
            b"cache-control: no-store\r\n",
            b"x-content-type-options: nosniff\r\n",
            b"connection: close\r\n\r\n",
            body if with_body else b"",
        )
    )
