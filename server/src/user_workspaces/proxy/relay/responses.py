"""Error responses of the proxy itself."""

import json
from http import HTTPStatus

ALLOWED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
"""Methods that the proxy forwards; a view may allow fewer."""
EXTRA_HEADERS = {
    HTTPStatus.METHOD_NOT_ALLOWED: f"allow: {ALLOWED}\r\n".encode("ascii"),
    HTTPStatus.SERVICE_UNAVAILABLE: b"retry-after: 1\r\n",
}
"""Additional headers by status."""


def response(status: int, text: str, *, with_body: bool = True) -> bytes:
    """Return a complete response in the API's JSON format, the last one on its connection."""
    body = json.dumps({"success": False, "message": text}).encode()
    return b"".join(
        (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii"),
            EXTRA_HEADERS.get(HTTPStatus(status), b""),
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"cache-control: no-store\r\n",
            b"x-content-type-options: nosniff\r\n",
            b"connection: close\r\n\r\n",
            body if with_body else b"",
        )
    )
