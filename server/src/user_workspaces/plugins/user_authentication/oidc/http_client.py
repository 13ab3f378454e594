"""Requests to the provider: JSON objects only, bounded in time and size, and no redirect is followed."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import requests

from user_workspaces.errors import ResourceUnavailable

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
TOTAL_SECONDS = 8.0
MOST_BYTES = 1024 * 1024
CHUNK = 16 * 1024
UNREACHABLE = "The login service is not responding. Try again later."
INVALID_RESPONSE = "The login service sent an invalid response. Try again later."


def fetch_object(url: str, *, token: str = "") -> Mapping[str, Any]:
    """Return the JSON object at an address; raises `ResourceUnavailable`."""
    status, found = _request("GET", url, headers={"Authorization": f"Bearer {token}"} if token else {})
    if status != requests.codes.ok:
        raise ResourceUnavailable(INVALID_RESPONSE)
    return found


def post_form(url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None) -> tuple[int, Mapping[str, Any]]:
    """Return the status and the JSON object of the response; `basic` is the client's ID and secret for the header.

    Raises `ResourceUnavailable`.
    """
    headers = {}
    if basic:  # requests itself would encode them as Latin-1
        headers["Authorization"] = f"Basic {b64encode(':'.join(basic).encode()).decode()}"
    return _request("POST", url, data=dict(form), headers=headers)


def _request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> tuple[int, Mapping[str, Any]]:
    until = time.monotonic() + TOTAL_SECONDS
    try:
        with requests.request(
            method,
            url,
            headers={"Accept": "application/json", **(headers or {})},
            data=data,
            auth=_no_further_credentials,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            # A redirect could lead the code, the token or the client's secret to another host.
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code >= requests.codes.internal_server_error:
                raise ResourceUnavailable(UNREACHABLE)
            status, found = response.status_code, json.loads(_body(response, until=until))
    except requests.RequestException:
        raise ResourceUnavailable(UNREACHABLE) from None
    except (ValueError, RecursionError):  # deeply nested JSON exceeds the recursion limit
        raise ResourceUnavailable(INVALID_RESPONSE) from None
    if not isinstance(found, dict):
        raise ResourceUnavailable(INVALID_RESPONSE)
    return status, found


def _no_further_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding those of the account's `.netrc`."""
    return request


def _body(response: requests.Response, *, until: float) -> bytes:
    """Read the body: `READ_SECONDS` bounds one read, so a slow body needs a bound on the sum."""
    body = b""
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise ResourceUnavailable(INVALID_RESPONSE)
        if time.monotonic() > until:
            raise ResourceUnavailable(UNREACHABLE)
    return body
