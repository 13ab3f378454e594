"""What the proxy itself says, where neither the hub nor a session can."""

import json
from http import HTTPStatus

ALLOWED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
"""Of the methods that there are; what a single path takes is for whoever serves it to say."""
FIELDS = {
    HTTPStatus.METHOD_NOT_ALLOWED: f"allow: {ALLOWED}\r\n".encode("ascii"),
    HTTPStatus.SERVICE_UNAVAILABLE: b"retry-after: 1\r\n",
}
"""What a status says beside its text."""


def response(status: int, text: str, *, with_body: bool = True) -> bytes:
    """Return a whole response in the form of the API's, the last one on its connection."""
    body = json.dumps({"success": False, "message": text}).encode()
    return b"".join(
        (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii"),
            FIELDS.get(HTTPStatus(status), b""),
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"cache-control: no-store\r\n",
            b"x-content-type-options: nosniff\r\n",
            b"connection: close\r\n\r\n",
            body if with_body else b"",
        )
    )
