"""A real server with the relay in it, and real sessions behind it."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from websockets.asyncio.server import unix_serve

from proxy.addresses import BASE, EPOCH, HTTP_JOB, OWNER, SECRET, WS_BASE, WS_JOB, verify_cookie
from proxy.browser import Client
from proxy.django_app import app
from proxy.session import Session, web_socket
from proxy.waiting import PATIENCE
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.relay.protocol import relay_protocol
from user_workspaces.proxy.relay.state import ProxyLimits, ProxyState
from user_workspaces.proxy.routing.ports import SessionPortListeners
from user_workspaces.proxy.routing.routes import Route, RouteTable, SessionOrigins

T = TypeVar("T")
LIMITS = ProxyLimits(head=30.0, connect=30.0, idle=30.0, linger=1.0, upstream_idle=30.0, upstreams_per_job=4)


@dataclass
class RunningProxy:
    """The running server, as a test uses it."""

    loop: asyncio.AbstractEventLoop
    port: int
    state: ProxyState
    session: Session
    routes: list[Route]
    server: uvicorn.Server
    thread: threading.Thread
    clients: list[Client] = field(default_factory=list)
    listeners: SessionPortListeners | None = None

    def client(self) -> Client:
        self.clients.append(Client(self.port))
        return self.clients[-1]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(PATIENCE)

    def do(self, action: Callable[[], T]) -> T:
        """Call a function in the event loop."""

        async def call() -> T:
            return action()

        return self.run(call())

    def serve_ports(self, ports: range, *, kept_after: float = 0.0) -> None:
        """Give sessions these ports; called in the event loop."""
        own_hosts = (b"s12.localhost", b"s13.localhost")
        is_portal = lambda host: host.partition(b":")[0] not in own_hosts  # noqa: E731
        self.state.origins = replace(self.state.origins, ports=ports, is_portal=is_portal)
        protocol = partial(
            relay_protocol(self.state),
            config=self.server.config,
            server_state=self.server.server_state,
            app_state={},
        )
        self.listeners = SessionPortListeners(
            host="127.0.0.1",
            ports=ports,
            table=self.state.table,
            protocol=protocol,
            loop=self.loop,
            kept_after=kept_after,
        )

    def replace(self, *routes: Route) -> None:
        self.do(lambda: self.state.table.replace(routes))

    def change(self, *, owner_id: int = OWNER, epoch: int = EPOCH, endpoint: Endpoint | None = None) -> None:
        """Change the route of the HTTP session."""
        endpoint = endpoint or self.routes[0].endpoint
        self.replace(replace(self.routes[0], owner_id=owner_id, epoch=epoch, endpoint=endpoint), self.routes[1])

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the server did not end"


def _route(job_id: int, base: str, endpoint: Endpoint) -> Route:
    """Return the route of a session that is served on its own host and also by path."""
    return Route(job_id, OWNER, EPOCH, f"{base}/", endpoint, host=f"s{job_id}.localhost".encode(), by_path=True)


async def live(proxy: "Future[RunningProxy]", directory: Path, limits: ProxyLimits) -> None:
    session = Session(str(directory / "http.sock"))
    web_socket_path = str(directory / "ws.sock")
    table = RouteTable()
    state = ProxyState(
        table=table,
        verify_cookie=verify_cookie,
        origins=SessionOrigins(domains=("localhost",)),
        trusted_proxies=frozenset(),
        limits=limits,
    )
    uid = os.geteuid()
    routes = [
        _route(HTTP_JOB, BASE, Endpoint(session.socket_path, uid, authorization=SECRET)),
        _route(WS_JOB, WS_BASE, Endpoint(web_socket_path, uid, authorization=SECRET)),
    ]
    table.replace(routes)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=relay_protocol(state),
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    backend = await asyncio.start_unix_server(session.serve, session.socket_path)
    async with backend, unix_serve(web_socket, web_socket_path, subprotocols=["a.kernel", "b"], max_size=1 << 24):
        port = listener.getsockname()[1]
        loop = asyncio.get_running_loop()
        proxy.set_result(RunningProxy(loop, port, state, session, routes, server, threading.current_thread()))
        await server.serve(sockets=[listener])
        state.close()
        session.go_on.set()
        for writer in list(session.writers):
            writer.close()
