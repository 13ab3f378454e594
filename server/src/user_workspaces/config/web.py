"""The web process: uvicorn with the relay as its HTTP protocol, and Django behind it."""

import asyncio
import socket

import uvicorn
import uvloop
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.config.asgi import application
from user_workspaces.errors import ConfigurationError
from user_workspaces.jobs.tickets import Purpose, verify
from user_workspaces.live import protocol as live
from user_workspaces.proxy import feed
from user_workspaces.proxy.origins import session_domains
from user_workspaces.proxy.passthrough import Passthrough
from user_workspaces.proxy.protocol import relay_protocol
from user_workspaces.proxy.routes import RouteTable, SessionClaim

BACKLOG = 2048
SHUTDOWN_SECONDS = 5


def bind(*, host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `ConfigurationError` for a port that is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Set UWS_HOST and UWS_PORT to a free address."
        ) from None
    listener.set_inheritable(True)
    return listener


def serve(listener: socket.socket) -> None:
    """Run until INT or TERM; open requests are finished, sessions go on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listener))


async def _serve(listener: socket.socket) -> None:
    table = RouteTable()
    table.replace(await asyncio.to_thread(feed.read_routes))
    passthrough = Passthrough(
        table=table,
        verify_cookie=_verify_cookie,
        session_domains=session_domains(),
        trusted_proxies=frozenset(registry.site().trusted_proxies),
    )
    config = uvicorn.Config(
        application,
        http=relay_protocol(passthrough),
        loop="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        **live.OPTIONS,
    )
    follower = feed.Feed(table, asyncio.get_running_loop().call_soon_threadsafe)
    follower.start()
    feed.install(follower)
    try:
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        feed.install(None)
        await asyncio.to_thread(follower.stop)
        passthrough.close()


def _verify_cookie(text: str, job_id: int) -> SessionClaim | None:
    claim = verify(text, Purpose.COOKIE, job_id=job_id, now=timezone.now())
    return SessionClaim(claim.job_id, claim.user_id, claim.epoch, claim.expires_at) if claim else None
