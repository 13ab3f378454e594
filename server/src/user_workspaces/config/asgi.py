"""The application that the web process runs.

Django's views are synchronous and run on a small fixed pool of threads, each with its own lasting database
connection: several times faster than Django's own ASGI handler, which opens a connection for each request.
Requests that carry files have a pool of their own: people with slow lines keep nobody else waiting. So have sign-ins.
"""

import re

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from user_workspaces import registry
from user_workspaces.client_address import client_scheme, trusted
from user_workspaces.config.listening import TRANSFERS, Listener
from user_workspaces.config.threads import ThreadedDjango
from user_workspaces.config.wsgi import application as django
from user_workspaces.live.application import LiveApplication

THREADS = 8
TRANSFER_THREADS = 24
SIGN_IN_THREADS = 8
SIGN_INS = re.compile(r"/(tokens|login|profile/reana)(/|$)", re.ASCII)
"""Where another site may be asked: one that hangs keeps people from signing in, and from nothing else."""

_django = ThreadedDjango(django, threads=THREADS)
_sign_ins = ThreadedDjango(django, threads=SIGN_IN_THREADS)
_transfers = WSGIMiddleware(django, workers=TRANSFER_THREADS)  # type: ignore[arg-type]  # Django has its own names for WSGI's types
_live = LiveApplication()


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Hand HTTP to Django; WebSockets that are no session's watch jobs."""
    match scope["type"]:
        case "http":
            scope = _with_scheme_of_client(_without_doubles(scope))
            if TRANSFERS.match(scope["path"]):
                await _transfer(scope, receive, send)
            elif SIGN_INS.match(scope["path"]):
                await _sign_ins(scope, receive, send)
            else:
                await _django(scope, receive, send)
        case "websocket":
            await _live(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


def _without_doubles(scope: HTTPScope) -> HTTPScope:
    """Leave out fields with a low line in their name: WSGI would take `X_Forwarded_For` for `X-Forwarded-For`.

    Proxies that look after the one let the other through.
    """
    if not any(b"_" in name for name, _ in scope["headers"]):
        return scope
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if b"_" not in name]}


def _with_scheme_of_client(scope: HTTPScope) -> HTTPScope:
    """Have Django know that a request came to the web server in front of this one by TLS."""
    site, peer = registry.site(), scope.get("client")
    if peer is None or not site.trusted_proxies:
        return scope
    told = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-proto")
    scheme = client_scheme(
        peer=peer[0],
        own=scope["scheme"],
        forwarded_proto=told.decode("latin-1"),
        proxies=trusted(site.trusted_proxies),
        public=site.base_url.partition("://")[0],
    )
    return {**scope, "scheme": scheme}


async def _transfer(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    listener = Listener(scope, receive)
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
