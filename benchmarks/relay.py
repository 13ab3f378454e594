"""What the way through the relay costs, against going to the session directly, and against nginx where it is there.

Prints requests per second of a small GET at 1 and at 64 connections with the CPU time that a request takes of the
proxy's process, the speed of a download of 100 MB, and the time of a WebSocket message of 1 kB there and back:
medians of rounds that take turns, so that a noisy machine is noisy for all. Browsers speak TCP, so that is what the
rest is compared with; the relay and nginx reach the session by its Unix socket. The relay runs inside uvicorn, as in
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
"""A binary frame as a browser sends it, masked with zeros; it is sent back as it is."""


@dataclass(frozen=True)
class Way:
    """A way to the session: a Unix socket or a port of this machine, and the process whose CPU time counts."""

    name: str
    address: str | int
    pid: int


@dataclass(frozen=True)
class Round:
    """What one way was measured at, in requests/s, microseconds, MB/s and microseconds."""

    alone: float
    alone_cpu: float
    crowd: float
    crowd_cpu: float
    download: float
    echo: float


class Asker(asyncio.Protocol):
    """Asks again as soon as it was answered; after `opening`, if there is one, was answered."""

    def __init__(self, question: bytes, answer_size: int, *, opening: bytes = b"") -> None:
        self.responses = 0
        self.lost = False
        self._question, self._size, self._opening = question, answer_size, opening
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


async def connect(way: Way, make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
    """Open a connection; tries again while the other end is not up yet."""
    loop = asyncio.get_running_loop()
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            if isinstance(way.address, str):
                transport, _ = await loop.create_unix_connection(make, way.address)
            else:
                transport, _ = await loop.create_connection(make, "127.0.0.1", way.address)
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.05)
        else:
            return transport


def request(what: str, *, cookie: str, more: str = "") -> bytes:
    """Return a request as a browser sends it to a session."""
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


async def answer_size(way: Way, question: bytes) -> int:
    """Return how many bytes answer a question; the same for every time it is asked."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class First(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            if not answered.done():
                answered.set_result(data)

    transport = await connect(way, First)
    transport.write(question)
    response = await asyncio.wait_for(answered, PATIENCE)
    transport.abort()
    if not response.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"{way.name} answers {response[:100]!r}")
    return len(response)


async def ask(way: Way, askers: list[Asker]) -> tuple[float, float]:
    """Let all ask for a while; return the answers per second, and the CPU microseconds of the way for each."""
    transports = [await connect(way, lambda asker=asker: asker) for asker in askers]  # type: ignore[misc]  # bound early
    await asyncio.sleep(WARM_UP)
    before, cpu, begin = sum(asker.responses for asker in askers), process_times(way.pid), time.perf_counter()
    await asyncio.sleep(SECONDS)
    responses, took = sum(asker.responses for asker in askers) - before, time.perf_counter() - begin
    cpu = process_times(way.pid) - cpu
    if not responses or any(asker.lost for asker in askers):
        raise RuntimeError(f"{way.name} lost a connection")
    for transport in transports:
        transport.abort()
    return responses / took, cpu / responses * 1e6


async def download(way: Way, question: bytes) -> float:
    """Fetch the large file once; return MB/s."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left: int = Sizes.LARGE * MEGABYTE

    class Count(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            nonlocal left
            left -= len(data)
            if left <= 0 and not done.done():
                done.set_result(None)

    transport = await connect(way, Count)
    begin = time.perf_counter()
    transport.write(question)
    await asyncio.wait_for(done, 3 * PATIENCE)
    transport.abort()
    return Sizes.LARGE / (time.perf_counter() - begin)


async def measure(way: Way, cookie: str) -> Round:
    """Measure one way once."""
    small, handshake = request("small", cookie=cookie), "Connection: Upgrade\r\nUpgrade: websocket"
    size = await answer_size(way, small)
    alone = await ask(way, [Asker(small, size)])
    crowd = await ask(way, [Asker(small, size) for _ in range(Sizes.CROWD)])
    speed = await download(way, request("large", cookie=cookie))
    opening = request("echo", cookie=cookie, more=handshake)
    echoes, _ = await ask(way, [Asker(MESSAGE, len(MESSAGE), opening=opening)])
    return Round(*alone, *crowd, speed, 1e6 / echoes)


def report(ways: list[Way], rounds: dict[str, list[Round]]) -> None:
    """Print a line for each figure: the medians, and each as a multiple of the first way's."""
    figures = [
        ("requests/s, 1 connection", "alone", "{:,.0f}"),
        (f"requests/s, {Sizes.CROWD} connections", "crowd", "{:,.0f}"),
        ("CPU us/request, 1 connection", "alone_cpu", "{:.1f}"),
        (f"CPU us/request, {Sizes.CROWD} connections", "crowd_cpu", "{:.1f}"),
        (f"download of {Sizes.LARGE} MB, MB/s", "download", "{:,.0f}"),
        ("WebSocket 1 kB and back, us", "echo", "{:.0f}"),
    ]
    print(f"{'':34}" + "".join(f"{way.name:>20}" for way in ways))
    for title, name, form in figures:
        medians = [statistics.median(getattr(one, name) for one in rounds[way.name]) for way in ways]
        cells = [form.format(median) + f" ({median / medians[0]:5.2f})" for median in medians]
        print(f"{title:34}" + "".join(f"{cell:>20}" for cell in cells))


def main() -> None:
    """Start the parties, let them take turns, print the table."""
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
        ways = [
            Way("direct, TCP", port, session.pid or 0),
            Way("direct, Unix", path, session.pid or 0),
            Way("relay", relay_port, relay.pid or 0),
        ]
        if (pid := stack.enter_context(nginx(directory, path, nginx_port))) is not None:
            ways.append(Way("nginx, unchecked", nginx_port, pid))
        else:
            print("nginx is not installed: left out")
        print(f"{ROUNDS} rounds of {SECONDS:g} s each, taking turns, {os.cpu_count()} CPUs; in brackets: to the first")
        rounds: dict[str, list[Round]] = {way.name: [] for way in ways}
        for _ in range(ROUNDS):
            for way in ways:
                rounds[way.name].append(uvloop.run(measure(way, session_cookie(key))))
    report(ways, rounds)


if __name__ == "__main__":
    main()
