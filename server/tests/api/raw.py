"""Requests whose responses are files or empty, which the JSON caller rejects."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client

from api.conftest import Caller


@dataclass
class Raw:
    """A response with its complete body."""

    status: int
    content: bytes
    headers: Any

    @property
    def json(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/json", self.headers
        body: dict[str, Any] = orjson.loads(self.content)
        assert isinstance(body["message"], str)
        assert body["success"] is (self.status < 400)
        return body


def send(caller: Caller, method: str, path: str, body: bytes = b"", **headers: str) -> Raw:
    """Send bytes; header names are written with underscores. Fails for status 500 and above, and for HTML."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if caller.token:
        given["UWS-Authorization"] = f"Token {caller.token}"
    kind = given.pop("Content-Type", "application/octet-stream")
    client = Client(raise_request_exception=False)
    response: HttpResponseBase = client.generic(method, path, body, headers=given, CONTENT_TYPE=kind)
    content = response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content  # type: ignore[attr-defined]  # every answer that does not stream has its content
    assert response.status_code < 500 or response.status_code == 507, content
    assert (
        "html" not in response.headers.get("Content-Type", "")
        or "attachment" in response.headers["Content-Disposition"]
    )
    return Raw(response.status_code, content, response.headers)
