"""Five hundred simultaneous launches and uploads over HTTP, by all routes, never exceed a quota."""

import base64
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from django.db import connections
from django.utils import timezone

from api.conftest import Caller
from api.multipart import CONTENT_TYPE, form, part
from api.raw import Raw, send
from support.fake_copies import offer
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.jobs.quota_check import overview_of
from user_workspaces.quotas.models import DiskReservation, Quota
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.values import BLOCK_BYTES, Overview
from user_workspaces.sharing.actions import accept
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.postgresql, pytest.mark.soak]
CROWD, THREADS = 500, 16
DISK = 400 * BLOCK_BYTES
SESSIONS, CORE_HOURS = 23, Decimal("10.3")
COPIES = 8
JSON = "application/json"
Work = Callable[["Guest", int], Raw]


@dataclass
class Guest:
    """A user with workspaces and their folder on disk."""

    caller: Caller
    workspaces: list[Workspace]
    folder: Path

    @property
    def pk(self) -> int:
        assert self.caller.user is not None
        return self.caller.user.pk

    def path(self, number: int) -> str:
        return f"/workspaces/{self.workspaces[number // 7 % len(self.workspaces)].pk}"

    def usage(self) -> Overview:
        return overview_of(self.pk, allowance=allowance_of(self.pk), now=timezone.now())

    def bytes_on_disk(self) -> int:
        """Count the files in the workspaces, each once, even if it is renamed while counting."""
        found = dict[int, int]()
        for top, _, names in (seen for location in self.folder.iterdir() for seen in os.walk(location)):
            for path in (Path(top), *(Path(top, name) for name in names)):
                try:
                    status = path.lstat()
                except FileNotFoundError:
                    continue
                found[status.st_ino] = status.st_blocks * 512
        return sum(found.values())


@pytest.fixture
def guests(
    call: Callable[[str], Caller], workspace_of: Callable[..., Workspace], blocks: Callable[[int], None]
) -> dict[str, Guest]:
    """Ada with few core hours and Grace with few sessions; both have the same disk quota."""
    blocks(DISK // BLOCK_BYTES)
    made = {}
    for name, limited in (("ada", {"core_hours": CORE_HOURS}), ("grace", {"running_sessions": SESSIONS})):
        caller = call(name)
        workspaces = [workspace_of(caller.user, f"w{number}") for number in range(4)]
        home = home_of(workspaces[0])
        made[name] = Guest(caller, workspaces, home.storage.locate(home.location).parent)
        Quota.objects.create(user=caller.user, **limited)
    return made


def launch(guest: Guest, number: int) -> Raw:
    """Launch, and retry while the disk seems exceeded: bytes that are measured during a write count twice."""
    body = orjson.dumps({"job_type": "local_test", "resource_options": {"num_cpus": 1, "time_limit_min": 30}})

    def response() -> Raw | None:
        heard = send(guest.caller, "PUT", f"{guest.path(number)}/start/", body, Content_Type=JSON)
        return None if b"of disk, and" in heard.content else heard

    return eventually(response, limit_seconds=300)


def upload(guest: Guest, number: int) -> Raw:
    body = form(part(f"m/{number}", b"x" * (BLOCK_BYTES + number)), part(f"m/{number}-2", b"y"))
    return send(guest.caller, "PUT", f"{guest.path(number)}/upload/", body, Content_Type=CONTENT_TYPE)


def put(guest: Guest, number: int) -> Raw:
    return send(guest.caller, "PUT", f"{guest.path(number)}/files/p/{number}", b"x" * (2 * BLOCK_BYTES + number))


def tus(guest: Guest, number: int) -> Raw:
    """Upload in three requests, until one is refused for the quota."""
    content, version = b"x" * (3 * BLOCK_BYTES + number), {"Tus_Resumable": "1.0.0"}
    named = {"Upload_Metadata": f"filename {base64.b64encode(f't/{number}'.encode()).decode()}"}
    started = {"Upload_Length": str(len(content)), **named, **version}
    response = send(guest.caller, "POST", f"{guest.path(number)}/tus/", b"", **started)
    if response.status != 201:
        return response
    address = response.headers["Location"]
    for offset in range(0, len(content), 2 * BLOCK_BYTES):
        sent = {"Upload_Offset": str(offset), "Content_Type": "application/offset+octet-stream", **version}
        piece = content[offset : offset + 2 * BLOCK_BYTES]
        response = patient(lambda piece=piece, sent=sent: send(guest.caller, "PATCH", address, piece, **sent))  # type: ignore[misc]  # bound now
        if response.status != 204:
            at = send(guest.caller, "HEAD", address, b"", **version).headers["Upload-Offset"]
            assert (response.status, at) == (403, str(offset)), response.content
            break
    return response


def create(guest: Guest, number: int) -> Raw:
    files = [{"name": "c", "content": "x" * BLOCK_BYTES}, {"name": "d/e", "content": "y"}]
    body = {"name": str(number), "description": "", "workspace_details": {"files": files}}
    return send(guest.caller, "POST", "/workspaces/", orjson.dumps(body), Content_Type=JSON)


WAYS: list[Work] = [launch, upload, put, tus, create]


def patient(work: Callable[[], Raw]) -> Raw:
    """Retry after a response that too many transfers are running."""

    def response() -> Raw | None:
        heard = work()
        return None if heard.status == 429 else heard

    return eventually(response, limit_seconds=300)


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Repeat work in a thread beside the requests, and raise its errors here."""
    ended, errors = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            while not ended.is_set():
                work()
                ended.wait(0.02)
        except BaseException as error:  # noqa: BLE001  told below
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(300)
    assert errors == []


def crowd(guests: list[Guest]) -> Counter[tuple[str, str, int]]:
    """Send all requests simultaneously by all routes; count the responses by user, route and status."""
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> tuple[str, str, int]:
        if number < THREADS:
            barrier.wait(timeout=300)
        guest, way = guests[number % 2], WAYS[number % len(WAYS)]
        try:
            return guest.folder.name, way.__name__, patient(lambda: way(guest, number)).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(CROWD)))


def watch(guest: Guest) -> None:
    """Check that no quota is exceeded at the moment."""
    assert guest.bytes_on_disk() <= DISK
    now = guest.usage()
    assert now.core_hours.left is None or now.core_hours.taken <= CORE_HOURS
    assert now.running_sessions.left is None or now.running_sessions.taken <= SESSIONS


def test_quotas_are_never_exceeded(guests: dict[str, Guest], workspace_of: Callable[..., Workspace]) -> None:
    ada, grace = guests["ada"], guests["grace"]
    copies = CopyPool()
    for number in range(COPIES):  # offered to each other and accepted, so that they count; made while the others write
        for sender, receiver in ((ada, grace), (grace, ada)):
            files = Details(files=(NewFile("s", bytes(number)),))
            share = offer(workspace_of(sender.caller.user, f"s{number}", files), receiver.caller.user)
            accept(user=share.receiver, share_id=share.pk, now=timezone.now())
    with (
        beside(lambda: watch(ada)),
        beside(lambda: watch(grace)),
        beside(lambda: copies.process_due(now=timezone.now())),
        beside(lambda: process_due_workspaces(now=timezone.now())),
    ):
        counts = crowd([ada, grace])
    assert copies.wait(300)
    assert {status for _, _, status in counts} <= {200, 201, 204, 403}
    assert sum(counts.values()) == CROWD
    assert counts["ada", "launch", 200] == int(CORE_HOURS * 2)
    assert counts["grace", "launch", 200] == SESSIONS
    for guest in (ada, grace):
        fill_up(guest)
        assert guest.bytes_on_disk() <= DISK


def fill_up(guest: Guest) -> None:
    """After all measurements the usage equals the disk, and the rest of the quota can be used completely."""
    while process_due_workspaces(now=timezone.now()):
        pass
    assert not DiskReservation.objects.filter(user=guest.pk, committed_change=None).exists()
    for number in range(CROWD, CROWD + DISK // BLOCK_BYTES):
        if send(guest.caller, "PUT", f"{guest.path(0)}/files/{number}", b"x" * BLOCK_BYTES).status == 403:
            break
    left = guest.usage().disk.left
    assert left is not None
    assert left < BLOCK_BYTES
