"""The web process: uvicorn with the relay as its HTTP protocol, and Django behind it."""

import asyncio
import gc
import socket
from functools import lru_cache, partial

import uvicorn
import uvloop
from django.conf import settings
from django.db import connections as database
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.config.asgi import application
from user_workspaces.config.database import limit_waits
from user_workspaces.config.memory import limit_heaps
from user_workspaces.config.metrics import watch_database
from user_workspaces.descriptors import most_connections, raise_limit
from user_workspaces.errors import ConfigurationError
from user_workspaces.jobs import clock, session_ports
from user_workspaces.jobs.session_urls import is_portal_host, session_domains, split_host
from user_workspaces.jobs.tickets import Purpose, verify
from user_workspaces.observability import connections, metrics
from user_workspaces.proxy.relay.connection_limits import ConnectionLimits
from user_workspaces.proxy.relay.protocol import RelayProtocol, relay_protocol
from user_workspaces.proxy.relay.state import ProxyState
from user_workspaces.proxy.routing import route_watcher
from user_workspaces.proxy.routing.ports import SessionPortListeners
from user_workspaces.proxy.routing.routes import CookieClaims, RouteTable, SessionOrigins
from user_workspaces.websocket import protocol as live

BACKLOG = 2048
SHUTDOWN_SECONDS = 5
GARBAGE = (50_000, 20, 50)
"""New objects between two searches for garbage: with Python's own 700, a long list is searched again and again."""


def bind(*, host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `ConfigurationError` for a port that is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # Connections in TIME_WAIT would block the port after a restart.
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
    limit_heaps()
    limit_waits()
    clock.install(clock.monotonic)
    gc.collect()
    gc.freeze()  # what is there by now stays until the end
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listener))


async def _serve(listener: socket.socket) -> None:
    table, loop, site = RouteTable(), asyncio.get_running_loop(), registry.site()
    # The watcher's first round may come later than the first request, which has to find its session.
    table.replace(await asyncio.to_thread(route_watcher.read_routes))
    state = ProxyState(
        table=table,
        verify_cookie=_verify_cookie,
        origins=_origins(),
        trusted_proxies=site.trusted_proxies,
        public_scheme=site.base_url.partition("://")[0],
        connections=ConnectionLimits(most=most_connections(raise_limit()), per_address=site.connections_per_address),
    )
    protocol = relay_protocol(state)
    server = uvicorn.Server(_configuration(protocol))
    ports = SessionPortListeners(
        host=listener.getsockname()[0],
        ports=site.session_ports.numbers,
        table=table,
        protocol=partial(protocol, config=server.config, server_state=server.server_state, app_state={}),
        loop=loop,
    )
    observe(state)
    follower = route_watcher.RouteWatcher(table, loop.call_soon_threadsafe)
    follower.start()
    route_watcher.install(follower)
    session_ports.install(ports.open)
    try:
        await server.serve(sockets=[listener])
    finally:
        # From now on, other threads must not call into the event loop, which is about to end.
        session_ports.install(None)
        route_watcher.install(None)
        # `stop` waits for its thread, which would block the event loop.
        await asyncio.to_thread(follower.stop)
        ports.close()
        state.close()


def _configuration(protocol: type[RelayProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=protocol,
        loop="none",  # `asyncio.Runner` creates it
        backlog=BACKLOG,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # uvicorn would trust headers of any process on loopback
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        **live.OPTIONS,
    )


# The configuration does not change at run time; the size bounds what clients can add with names of their own.
@lru_cache(maxsize=1024)
def _is_portal(host: bytes) -> bool:
    return is_portal_host(split_host(host.decode("latin-1"))[0])


def _origins() -> SessionOrigins:
    return SessionOrigins(
        domains=session_domains(),
        ports=registry.site().session_ports.numbers,
        cookie=f"{settings.OWN_COOKIE_PREFIX}session-%d".encode("ascii"),
        is_portal=_is_portal,
    )


def observe(state: ProxyState) -> None:
    """Have this process tell how it is doing, on an address of its own where the operator wants that."""
    metrics.RELAYS.set_function(state.count_open)
    metrics.CONNECTIONS.set_function(lambda: state.connections.counts().open)
    metrics.CONNECTIONS_LIMIT.set(state.connections.counts().limit)
    connections.install(state.connections.counts)
    watch_database()
    if settings.METRICS_ADDRESS is not None:
        metrics.serve(settings.METRICS_ADDRESS, finish=database.close_all)


def _verify_cookie(text: str, job_id: int) -> CookieClaims | None:
    claim = verify(text, Purpose.COOKIE, job_id=job_id, now=timezone.now())
    return CookieClaims(claim.job_id, claim.user_id, claim.epoch, claim.expires_at) if claim else None
