"""Runs this project's own workflow service for the browser tests; prints its URL and a token, and ends at EOF.

It runs in the server's virtual environment, which has no JupyterLab.
"""

import json
import sys
from typing import Any

from integration.reana.conftest import token_of
from support.live_server import live_server_process


def unhurried(config: dict[str, Any]) -> None:
    """Disable the rate limit of requests."""
    config["workflows"] = {"requests_per_second": None}


if __name__ == "__main__":
    with live_server_process(change=unhurried) as server:
        json.dump({"url": server.url, "token": token_of(server, server.username)}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
        sys.stdin.read()
