"""Cost of the relay, compared with a direct connection to the session, and with nginx if installed.

Prints requests per second of a small GET at 1 and at 64 connections with the CPU time that a request takes of the
proxy's process, the speed of a download of 100 MB, and the time of a WebSocket message of 1 kB there and back:
medians of alternating rounds, so that a noisy machine affects all. Browsers use TCP, which is the baseline of the
comparison; the relay and nginx reach the session by its Unix socket. The relay runs inside uvicorn, as in
the web process, and checks every request by its signed cookie; nginx checks nothing. Loopback only, under a minute.
"""

import asyncio
import multiprocessing
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop
from relay_parties import MEGABYTE, Sizes, free_port, nginx, process_times, run_relay, run_session, session_cookie

ROUNDS = 3
SECONDS = 1.0
WARM_UP = 0.2
PATIENCE = 10.0
MESSAGE = b"\x82\xfe\x04\x00" + bytes(4) + bytes(1024)
"""A binary frame of a browser, masked with zeros; it is echoed unchanged."""


@dataclass(frozen=True)
class Target:
    """A route to the session: a Unix socket or a port, and the process whose CPU time counts."""

    name: str
    address: str | int
    pid: int


@dataclass(frozen=True)
class Round:
    """Results of one route, in requests/s, microseconds, MB/s and microseconds."""

    alone: float
    alone_cpu: float
    crowd: float
    crowd_cpu: float
    download: float
    echo: float


class Asker(asyncio.Protocol):
    """Sends a request after each response; first sends `opening`, if given."""

    def __init__(self, question: bytes, response_size: int, *, opening: bytes = b"") -> None:
        self.responses = 0
        self.lost = False
        self._question, self._size, self._opening = question, response_size, opening
        self._came = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._opening or self._question)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._opening:
            if data.endswith(b"\r\n\r\n"):
                self._opening = b""
                self._transport.write(self._question)
            return
        self._came += len(data)
        if self._came >= self._size:
            self._came -= self._size
            self.responses += 1
            self._transport.write(self._question)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the border of asyncio
        """See `asyncio.Protocol`."""
        self.lost = True


async def connect(target: Target, make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
    """Open a connection; retries while the other end is starting."""
    loop = asyncio.get_running_loop()
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            if isinstance(target.address, str):
                transport, _ = await loop.create_unix_connection(make, target.address)
            else:
                transport, _ = await loop.create_connection(make, "127.0.0.1", target.address)
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.05)
        else:
            return transport


def request(what: str, *, cookie: str, more: str = "") -> bytes:
    """Return a request like that of a browser to a session."""
    lines = [
        f"GET /passthrough/local/12/{what} HTTP/1.1",
        "Host: s12.localhost:8000",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Accept: */*",
        "Accept-Language: en-US,en;q=0.5",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Referer: http://s12.localhost:8000/passthrough/local/12/lab",
        "X-XSRFToken: 2|0a1b2c3d|0123456789abcdef0123456789abcdef|1760000000",
        "Sec-Fetch-Dest: empty",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Site: same-origin",
        more or "Connection: keep-alive",
        f"Cookie: _xsrf=2|0a1b2c3d|0123456789abcdef0123456789abcdef|1760000000; {cookie}",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def response_size(target: Target, question: bytes) -> int:
    """Return the size of the response, which is constant."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class First(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            if not answered.done():
                answered.set_result(data)

    transport = await connect(target, First)
    transport.write(question)
    response = await asyncio.wait_for(answered, PATIENCE)
    transport.abort()
    if not response.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"{target.name} responded {response[:100]!r}")
    return len(response)


async def ask(target: Target, askers: list[Asker]) -> tuple[float, float]:
    """Send requests for a while; return responses per second and CPU microseconds per response."""
    transports = [await connect(target, lambda asker=asker: asker) for asker in askers]  # type: ignore[misc]  # bound early
    await asyncio.sleep(WARM_UP)
    before, cpu, begin = sum(asker.responses for asker in askers), process_times(target.pid), time.perf_counter()
    await asyncio.sleep(SECONDS)
    responses, took = sum(asker.responses for asker in askers) - before, time.perf_counter() - begin
    cpu = process_times(target.pid) - cpu
    if not responses or any(asker.lost for asker in askers):
        raise RuntimeError(f"{target.name} lost a connection")
    for transport in transports:
        transport.abort()
    return responses / took, cpu / responses * 1e6


async def download(target: Target, question: bytes) -> float:
    """Download the large file once; return MB/s."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left: int = Sizes.LARGE * MEGABYTE

    class Count(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            nonlocal left
            left -= len(data)
            if left <= 0 and not done.done():
                done.set_result(None)

    transport = await connect(target, Count)
    begin = time.perf_counter()
    transport.write(question)
    await asyncio.wait_for(done, 3 * PATIENCE)
    transport.abort()
    return Sizes.LARGE / (time.perf_counter() - begin)


async def measure(target: Target, cookie: str) -> Round:
    """Measure one route once."""
    small, handshake = request("small", cookie=cookie), "Connection: Upgrade\r\nUpgrade: websocket"
    size = await response_size(target, small)
    alone = await ask(target, [Asker(small, size)])
    crowd = await ask(target, [Asker(small, size) for _ in range(Sizes.CROWD)])
    speed = await download(target, request("large", cookie=cookie))
    opening = request("echo", cookie=cookie, more=handshake)
    echoes, _ = await ask(target, [Asker(MESSAGE, len(MESSAGE), opening=opening)])
    return Round(*alone, *crowd, speed, 1e6 / echoes)


def report(targets: list[Target], rounds: dict[str, list[Round]]) -> None:
    """Print a line for each metric: medians, and their ratios to the first route."""
    metrics = [
        ("requests/s, 1 connection", "alone", "{:,.0f}"),
        (f"requests/s, {Sizes.CROWD} connections", "crowd", "{:,.0f}"),
        ("CPU us/request, 1 connection", "alone_cpu", "{:.1f}"),
        (f"CPU us/request, {Sizes.CROWD} connections", "crowd_cpu", "{:.1f}"),
        (f"download of {Sizes.LARGE} MB, MB/s", "download", "{:,.0f}"),
        ("WebSocket 1 kB and back, us", "echo", "{:.0f}"),
    ]
    print(f"{'':34}" + "".join(f"{target.name:>20}" for target in targets))
    for title, name, form in metrics:
        medians = [statistics.median(getattr(one, name) for one in rounds[target.name]) for target in targets]
        cells = [form.format(median) + f" ({median / medians[0]:5.2f})" for median in medians]
        print(f"{title:34}" + "".join(f"{cell:>20}" for cell in cells))


def main() -> None:
    """Start the processes, measure in alternating rounds, and print the table."""
    start = multiprocessing.get_context("spawn").Process
    key, (port, relay_port, nginx_port) = secrets.token_urlsafe(50), (free_port(), free_port(), free_port())
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uws-")))
        path = str(directory / "session.sock")
        session = start(target=run_session, args=(path, port), daemon=True)
        relay = start(target=run_relay, args=(path, relay_port, key), daemon=True)
        for process in (session, relay):
            process.start()
            stack.callback(process.join)
            stack.callback(process.terminate)
        targets = [
            Target("direct, TCP", port, session.pid or 0),
            Target("direct, Unix", path, session.pid or 0),
            Target("relay", relay_port, relay.pid or 0),
        ]
        if (pid := stack.enter_context(nginx(directory, path, nginx_port))) is not None:
            targets.append(Target("nginx, unchecked", nginx_port, pid))
        else:
            print("nginx is not installed: skipped")
        print(f"{ROUNDS} rounds of {SECONDS:g} s each, alternating, {os.cpu_count()} CPUs; (ratio to the first)")
        rounds: dict[str, list[Round]] = {target.name: [] for target in targets}
        for _ in range(ROUNDS):
            for target in targets:
                rounds[target.name].append(uvloop.run(measure(target, session_cookie(key))))
    report(targets, rounds)


if __name__ == "__main__":
    main()
