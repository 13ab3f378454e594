"""Ports for test servers; the workspaces server has the same code, as neither imports the other."""

import random
import socket

PORTS = range(10_000, 32_000)
"""Below the system's ephemeral ports, so that no connection takes one while a server starts."""


def free_port() -> int:
    """Return a free port that no other test gets before this process has ended."""
    for port in random.SystemRandom().sample(PORTS, 100):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0uws-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        mark.detach()  # it ends with the process
        return port
    raise AssertionError("A hundred ports are taken.")
