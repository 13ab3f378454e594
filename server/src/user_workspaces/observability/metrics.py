"""Metrics of this process in Prometheus' format. No label ever names a user.

Metrics from the database are queried when they are read: see `config.metrics.JobMetrics`.
"""

import hmac
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from user_workspaces.errors import ConfigurationError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""

REQUESTS = Counter("uws_requests_total", "Requests by route, method and status.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("uws_request_seconds", "Time until the response.", ["route", "method"], buckets=FAST)
PASSES = Histogram("uws_controller_pass_seconds", "Time of passes that had due rows.", buckets=FAST)
PASSES_FAILED = Counter("uws_controller_passes_failed_total", "Passes that ended with an error.")
CONNECTIONS = Gauge("uws_connections_open", "Connections of browsers and programs that are open now.")
CONNECTIONS_LIMIT = Gauge("uws_connections_limit", "Connections of browsers and programs that may be open at once.")
CONNECTIONS_EVICTED = Counter(
    "uws_connections_evicted_total", "Idle connections that were closed because there were too many."
)
CONNECTIONS_REFUSED = Counter("uws_connections_refused_total", "New connections that were refused at the limit.")
RELAYS = Gauge("uws_proxy_relays_open", "Requests and WebSockets that are being relayed to sessions now.")

Environ = dict[str, object]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


def note_request(*, route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the pattern of its path, and never the path."""
    # Clients can invent methods, and each one would be a new time series.
    known = method if method in METHODS else "other"
    REQUESTS.labels(route, known, str(status)).inc()
    REQUEST_SECONDS.labels(route, known).observe(seconds)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


def is_the_token(given: str, wanted: str) -> bool:
    """Return whether `Authorization: Bearer <token>` has the token; compares in constant time."""
    scheme, _, token = given.partition(" ")
    # `wanted` may be empty, which means that the page is disabled: an empty token must not match then.
    same = hmac.compare_digest(token.strip().encode(errors="replace"), wanted.encode())
    return bool(wanted) and scheme.lower() == "bearer" and same


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in the standard library
        """Log nothing: Prometheus sends a request every few seconds."""


def serve(address: tuple[str, int], *, finish: Callable[[], object] = lambda: None) -> WSGIServer:
    """Serve the metrics without a token on this address, in a thread; `finish` is called after each response.

    Raises `ConfigurationError` for an address that cannot be listened on.
    """

    def application(_environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = exposition()
        finally:
            # Each request has a thread of its own, whose database connection would stay open.
            finish()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [body]

    try:
        kind = _Server6 if ":" in address[0] else _Server
        server = make_server(*address, application, server_class=kind, handler_class=_Quiet)
    except OSError as error:
        raise ConfigurationError(f"Metrics cannot be served on {address[0]}:{address[1]}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
