"""Runs this project's own workflow service for the browser tests: says where it is, and ends with its input.

It runs in the server's environment, which knows nothing of JupyterLab.
"""

import json
import sys
from typing import Any

from integration.reana.conftest import token_of
from support.live_server import live_server_process


def unhurried(config: dict[str, Any]) -> None:
    """Let the tests ask as often as they like."""
    config["workflows"] = {"requests_per_second": None}


if __name__ == "__main__":
    with live_server_process(change=unhurried) as server:
        json.dump({"url": server.url, "token": token_of(server, server.username)}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
        sys.stdin.read()
