"""Ports for the servers of tests; those of the workspaces server have the same, for neither knows the other's code."""

import random
import socket

PORTS = range(10_000, 32_000)
"""Below those that the system gives to connections: none of them takes it while the server still starts."""


def free_port() -> int:
    """Return a port that nobody listens on, and that no other test gets before this process has ended."""
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
