"""Asking the provider: JSON objects only, bounded in time and size, never to where a redirect points."""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests

from user_workspaces.errors import ResourceUnavailable

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
TOTAL_SECONDS = 8.0
MOST_BYTES = 1024 * 1024
CHUNK = 16 * 1024
SILENT = "The log-in service does not answer. Try again later."
ODD = "The log-in service gives answers that cannot be understood. Try again later."


def fetch_object(url: str, *, token: str = "") -> Mapping[str, Any]:
    """Return the JSON object at an address; raises `ResourceUnavailable`."""
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    until = time.monotonic() + TOTAL_SECONDS
    try:
        with requests.get(
            url, headers=headers, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
        ) as response:
            if response.status_code != requests.codes.ok:
                raise ResourceUnavailable(ODD)
            found = json.loads(_body(response, until=until))
    except requests.RequestException:
        raise ResourceUnavailable(SILENT) from None
    except (ValueError, RecursionError):
        raise ResourceUnavailable(ODD) from None
    if not isinstance(found, dict):
        raise ResourceUnavailable(ODD)
    return found


def _body(response: requests.Response, *, until: float) -> bytes:
    """Read it all: one byte every few seconds is no answer either."""
    body = b""
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise ResourceUnavailable(ODD)
        if time.monotonic() > until:
            raise ResourceUnavailable(SILENT)
    return body
