"""The application that the web process runs.

Django's views are synchronous and run on a small fixed pool of threads, each with its own lasting database
connection: several times faster than Django's own ASGI handler, which opens a connection for each request.
Transfers have a separate pool, so that slow clients do not delay others. So have logins.
"""

import re

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope, WebSocketScope

from user_workspaces import registry
from user_workspaces.client_address import client_scheme, trusted
from user_workspaces.config.disconnects import DisconnectWatcher
from user_workspaces.config.threaded_asgi import ThreadedASGI
from user_workspaces.config.transfer_paths import is_transfer_path
from user_workspaces.config.wsgi import application as django
from user_workspaces.proxy.http1.parser import without_default_port
from user_workspaces.proxy.relay.app_bridge import FROM_PROXY
from user_workspaces.websocket.application import LiveApplication

THREADS = 8
TRANSFER_THREADS = 24
SIGN_IN_THREADS = 8
SIGN_INS = re.compile(r"/(tokens|login|profile/reana)(/|$)", re.ASCII)
"""Paths whose views may query an external site: if it hangs, only logins wait."""

PROXY_HEADERS = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})

_django = ThreadedASGI(django, threads=THREADS)
_sign_ins = ThreadedASGI(django, threads=SIGN_IN_THREADS)
_transfers = WSGIMiddleware(django, workers=TRANSFER_THREADS)  # type: ignore[arg-type]  # Django has its own names for WSGI's types
_live = LiveApplication()


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Pass HTTP requests to Django, and WebSockets to the job status application."""
    match scope["type"]:
        case "http":
            scope = _trusted_scope(scope)
            if is_transfer_path(scope["path"]):
                await _transfer(scope, receive, send)
            elif SIGN_INS.match(scope["path"]):
                await _sign_ins(scope, receive, send)
            else:
                await _django(scope, receive, send)
        case "websocket":
            await _live({**scope, "headers": _headers(scope)}, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


def _trusted_scope(scope: HTTPScope) -> HTTPScope:
    """Drop forwarding headers unless a trusted proxy set them, and set the scheme that the proxy reports.

    Headers with an underscore are dropped, too: WSGI maps `X_Forwarded_For` to the same variable as `X-Forwarded-For`,
    and proxies overwrite only the latter.
    """
    # Only the proxy's bridge sets this: under any other server no header is trusted.
    from_proxy = (scope.get("state") or {}).get(FROM_PROXY, False)
    dropped = frozenset() if from_proxy else PROXY_HEADERS
    headers = _headers(scope)
    if any(b"_" in name or name in dropped for name, _ in headers):
        headers = [(name, value) for name, value in headers if b"_" not in name and name not in dropped]
    scope = {**scope, "headers": headers}
    return {**scope, "scheme": _scheme(scope)} if from_proxy else scope


def _headers(scope: HTTPScope | WebSocketScope) -> list[tuple[bytes, bytes]]:
    """Return the headers, with a host that can be compared with `Origin`."""
    return [(name, without_default_port(value) if name == b"host" else value) for name, value in scope["headers"]]


def _scheme(scope: HTTPScope) -> str:
    site, told = registry.site(), b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-proto")
    return client_scheme(
        peer=(scope["client"] or ("", 0))[0],
        own=scope["scheme"],
        forwarded_proto=told.decode("latin-1"),
        proxies=trusted(site.trusted_proxies),
        public=site.base_url.partition("://")[0],
    )


async def _transfer(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    listener = DisconnectWatcher(scope, receive)
    try:
        await _transfers(listener.scope, listener.receive, send)  # type: ignore[arg-type]  # a2wsgi has its own names for the same
    finally:
        listener.close()


async def _lifespan(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await _live.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
