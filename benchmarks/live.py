"""Delay and memory of live updates with a thousand WebSocket clients.

Five hundred clients watch one job (its owner and four administrators, a hundred WebSockets each), five hundred the
lists of five users. A hundred changes are committed one by one, each when all clients have the last one. Prints
the seconds from the commit to the receipt (median, 95 %, the longest) and the memory of the web process.
"""

import asyncio
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import django
from websockets.asyncio.client import ClientConnection, connect

from support.live_server import LiveServer, live_server_process

SOCKETS_EACH = 100
USERS = 5
CHANGES = 100
TIMEOUT_S = 30.0
FILES = 8192


@dataclass
class Audience:
    """The clients that watch one job."""

    job_id: int
    tokens: list[str]
    path: str
    sockets: list[ClientConnection] = field(default_factory=list)


async def receive(socket: ClientConnection, marker: str) -> float:
    """Return the time when the message with this marker arrives."""
    while True:
        message = json.loads(await socket.recv())
        if message["current_job_details"]["message"] == marker:
            return time.perf_counter()


async def change(audience: Audience, marker: str, write: Callable[[int, str], None]) -> list[float]:
    """Commit one change; return the seconds until each client received it."""
    waiting = [asyncio.create_task(receive(socket, marker)) for socket in audience.sockets]
    await asyncio.to_thread(write, audience.job_id, marker)
    committed = time.perf_counter()
    async with asyncio.timeout(TIMEOUT_S):
        return [at - committed for at in await asyncio.gather(*waiting)]


async def open_all(server: LiveServer, audience: Audience) -> None:
    """Open the WebSockets of an audience, and wait until each received the first state."""
    for token in audience.tokens:
        fields = {"UWS-Authorization": f"Token {token}"}
        uri = f"ws://127.0.0.1:{server.port}{audience.path}"
        opening = (connect(uri, additional_headers=fields, compression=None, proxy=None) for _ in range(SOCKETS_EACH))
        audience.sockets += await asyncio.gather(*opening)
    await asyncio.gather(*(receive(socket, "Waiting for the resource.") for socket in audience.sockets))


def prepare() -> list[Audience]:
    """Create users and jobs; return the audiences, that of the single job first."""
    from django.utils import timezone  # noqa: PLC0415  there are no models before the settings

    from user_workspaces.accounts.actions import mint_token  # noqa: PLC0415  there are no models before the settings
    from user_workspaces.accounts.models import User  # noqa: PLC0415  there are no models before the settings
    from user_workspaces.jobs.models import Job  # noqa: PLC0415  there are no models before the settings

    now = timezone.now()

    def make_user(name: str, *, is_superuser: bool = False) -> tuple[int, str]:
        user = User.objects.create(username=name, is_superuser=is_superuser)
        shared = {"workspace_id": 1, "job_type": "jupyter_lab", "resource": "local", "datetime_created": now}
        job = Job.objects.create(owner=user, message="Waiting for the resource.", **shared)
        return job.pk, mint_token(user=user, name="benchmark", now=now)

    job_id, token = make_user("owner")
    others = [make_user(f"administrator{number}", is_superuser=True)[1] for number in range(USERS - 1)]
    lists = [make_user(f"user{number}") for number in range(USERS)]
    return [Audience(job_id, [token, *others], f"/jobs/{job_id}/")] + [
        Audience(own, [own_token], "/jobs/") for own, own_token in lists
    ]


def write(job_id: int, marker: str) -> None:
    """Commit a change."""
    from user_workspaces.jobs.models import Job  # noqa: PLC0415  there are no models before the settings

    Job.objects.filter(pk=job_id).update(message=marker)


def memory(server: LiveServer) -> float:
    """Return the current memory of the web process, in MiB."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_it = b"runserver" in (process / "cmdline").read_bytes().split(b"\0")
            if is_it and f"UWS_PORT={server.port}\0".encode() in (process / "environ").read_bytes():
                lines = (process / "status").read_text().splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
        except OSError:
            continue
    raise ProcessLookupError("the web process is gone")


def report(name: str, seconds: list[float]) -> None:
    """Print one line."""
    ordered = sorted(seconds)
    late = ordered[int(len(ordered) * 0.95)]
    print(f"  {name:24} median {statistics.median(ordered):.3f} s   95 % {late:.3f} s   longest {ordered[-1]:.3f} s")


async def measure(server: LiveServer, audiences: list[Audience]) -> None:
    """Open all WebSockets, commit the changes, and print the results."""
    alone = memory(server)
    begin = time.perf_counter()
    for audience in audiences:
        await open_all(server, audience)
    number = sum(len(audience.sockets) for audience in audiences)
    print(f"{number} WebSockets opened and synchronized in {time.perf_counter() - begin:.1f} s")
    one, lists, in_memory = list[float](), list[float](), [memory(server)]
    for count in range(CHANGES):
        audience = audiences[0] if count % 2 == 0 else audiences[1 + count // 2 % USERS]
        (one if count % 2 == 0 else lists).extend(await change(audience, f"Step {count}.", write))
        in_memory.append(memory(server))
        await asyncio.sleep(random.uniform(0, 0.25))  # noqa: S311  no synchronization with the server's polling
    print(f"{CHANGES} changes, {len(one) + len(lists)} messages: from the commit to the receipt")
    report("one job, 500 clients", one)
    report("lists, 100 clients each", lists)
    after = f"{in_memory[0]:.1f} with them, {in_memory[-1]:.1f} after the changes (most {max(in_memory):.1f})"
    print(f"memory of the web process in MiB: {alone:.1f} alone, {after}")
    await asyncio.gather(*(socket.close() for audience in audiences for socket in audience.sockets))


def main() -> None:
    """Run it on a separate server."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    with live_server_process(controller=False) as server:
        os.environ.update(server.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "user_workspaces.config.settings"
        django.setup()
        audiences = prepare()
        asyncio.run(measure(server, audiences))


if __name__ == "__main__":
    main()
