"""The application that the web process runs.

Django's views are synchronous and run on a small fixed pool of threads, each with its own lasting database
connection: several times faster than Django's own ASGI handler, which opens a connection for each request.
"""

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from user_workspaces.config.wsgi import application as django
from user_workspaces.live.application import LiveApplication

THREADS = 8

_django = WSGIMiddleware(django, workers=THREADS)  # type: ignore[arg-type]  # Django has its own names for WSGI's types
_live = LiveApplication()


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Hand HTTP to Django; WebSockets that are no session's watch jobs."""
    match scope["type"]:
        case "http":
            await _django(scope, receive, send)  # type: ignore[arg-type]  # a2wsgi has its own names for the same
        case "websocket":
            await _live(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _lifespan(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await _live.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
