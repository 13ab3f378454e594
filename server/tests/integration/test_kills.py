"""Fifty kills during uploads, copies and deletions: each operation completes or can be repeated."""

import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration import chaos
from integration.chaos import ChaosClient, ChaosLog
from support.budget import budget
from support.cluster import Fleet, directories, fleet, hidden_files
from support.server_process import Caller, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.soak]

KILLS, STOCK = budget(8, full=50), budget(10, full=30)
LONGEST_LIFE = 1.0
"""Seconds that a process runs before it is killed."""
SETTLED_WITHIN = 400.0
"""Seconds; leases have to expire first, and the machine may be slow."""
PAST = 2 * 24 * 3600

ROWS = """
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.sharing.models import Share
from user_workspaces.workspaces.models import Workspace
found = {
    "workspaces": list(Workspace.objects.values_list("id", "status")),
    "shares": list(Share.objects.values_list("copy_id", "state")),
    "held": DiskReservation.objects.count(),
    "due": list(Workspace.objects.exclude(next_check_at=None).values_list("id", flat=True)),
}
"""
TWO_DAYS_PASS = f"""
from datetime import timedelta
from django.db.models import F
from django.utils import timezone
from user_workspaces.controller.housekeeping import check_disk_use
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.workspaces.models import Workspace
Workspace.objects.update(next_check_at=F("next_check_at") - timedelta(seconds={PAST}))
DiskReservation.objects.update(expires_at=F("expires_at") - timedelta(seconds={PAST}))
found = check_disk_use(now=timezone.now())
"""


@dataclass
class World:
    """The installation, two users, and their records."""

    fleet: Fleet
    ada: Caller
    grace: Caller
    memory: ChaosLog
    uploads: int
    """The workspace that files are uploaded to."""

    def shares(self) -> dict[int, str]:
        """Return the state of each share, by ID."""
        listed = self.ada.call("GET", "/shared_workspaces/")["original_workspaces"]
        return {one["shared_workspace_id"]["id"]: one["copy_details"]["state"] for one in listed}

    def statuses(self) -> dict[int, str]:
        """Return the status of each workspace of both users."""
        listed = [one for who in (self.ada, self.grace) for one in who.call("GET", "/workspaces/")["workspaces"]]
        return {one["id"]: one["status"] for one in listed}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    def change(config: dict[str, Any]) -> None:
        config["quotas"] = {"disk_gb": 100}  # so that space is held for what is being written

    with ExitStack() as stack:
        made = stack.enter_context(fleet(change=change))
        made.start_web("web")
        made.start_controller("controller")
        ada, grace = (made.sign_in(name) for name in made.users)
        for caller in (ada, grace):
            stack.enter_context(caller.http)
        yield World(made, ada, grace, ChaosLog(), ada.make_workspace("uploads"))


def test_kills_leave_everything_completed_or_repeatable(world: World) -> None:
    seed = int(os.environ.get("UWS_TEST_SEED") or random.SystemRandom().getrandbits(32))
    say(f"UWS_TEST_SEED={seed}")
    with busy_users(world, seed):
        kill_repeatedly(world.fleet, seed)
    say(str(world.memory))
    assert world.memory.surprises == []
    assert world.memory.broken >= budget(0, full=1)  # a few kills may hit no request
    assert world.memory.offered
    assert world.memory.deleted
    every_copy_is_complete(world)
    every_deletion_is_done(world)
    every_upload_is_complete_or_absent(world)
    no_orphans_remain(world)


class busy_users:  # noqa: N801  reads as what it is
    """Run all actions during a block, and wait for their end."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._seed = world, seed
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._callers: list[Caller] = []
        maker = ChaosClient(world.ada, world.memory, random.Random(seed), self._over)  # noqa: S311  no secret
        world.memory.stock += [chaos.make(maker, "in stock") for _ in range(STOCK)]

    def __enter__(self) -> None:
        world, workspace = self._world, self._world.uploads
        (receiver,) = world.ada.call("GET", "/users/", params={"search": world.fleet.users[1]})["users"]
        acts: list[Callable[[ChaosClient], None]] = [
            lambda who: chaos.put_files(who, workspace),
            lambda who: chaos.send_forms(who, workspace),
            lambda who: chaos.send_by_tus(who, workspace),
            chaos.create_and_delete,
            lambda who: chaos.offer_copies(who, receiver["id"]),
        ]
        for number, act in enumerate(acts):
            self._begin(act, random.Random(f"{self._seed}-{number}"))  # noqa: S311  no secret

    def _begin(self, act: Callable[[ChaosClient], None], chance: random.Random) -> None:
        world = self._world
        who = ChaosClient(world.fleet.sign_in(world.fleet.users[0]), world.memory, chance, self._over)
        self._callers.append(who.caller)
        self._threads.append(threading.Thread(target=who.repeat, args=(lambda: act(who),), daemon=True))
        self._threads[-1].start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(SETTLED_WITHIN)
        for caller in self._callers:
            caller.http.close()
        assert not any(thread.is_alive() for thread in self._threads)


def kill_repeatedly(running: Fleet, seed: int) -> None:
    """Kill both processes independently, each after a random time."""
    surprises: list[BaseException] = []

    def reap(name: str, start: Callable[[], None], chance: random.Random) -> None:
        try:
            for _ in range(KILLS // 2):
                time.sleep(chance.random() * LONGEST_LIFE)  # not to wait for something: the moment of death
                running.kill(name)
                start()
        except BaseException as surprise:  # noqa: BLE001  told by the assertion below
            surprises.append(surprise)

    reapers = [
        threading.Thread(target=reap, args=("web", running.start_web, random.Random(seed))),  # noqa: S311  no secret
        threading.Thread(target=reap, args=("controller", running.start_controller, random.Random(seed + 1))),  # noqa: S311  moments of death, no secrets
    ]
    for reaper in reapers:
        reaper.start()
    for reaper in reapers:
        reaper.join()
    assert surprises == []


def every_copy_is_complete(world: World) -> None:
    """Wait until every copy is ready, retrying failed ones, and compare them with their originals."""

    def settled() -> bool:
        states = world.shares()
        for number in [number for number, state in states.items() if state == "failed"]:
            world.ada.call("PUT", f"/shared_workspaces/{number}/retry/")
        return set(states.values()) <= {"ready"}

    wait_for(settled, within=SETTLED_WITHIN, what="the copies")
    assert world.memory.offered.keys() - set(world.memory.deleted) <= world.shares().keys()
    where = directories(world.fleet)
    listed = world.ada.call("GET", "/shared_workspaces/")["original_workspaces"]
    for share in listed:
        original, copy = share["original_workspace_id"]["id"], share["shared_workspace_id"]["id"]
        assert contents(where[copy]) == contents(where[original]) != {}


def every_deletion_is_done(world: World) -> None:
    """Repeat requests that may be lost, and wait until rows and directories are gone."""
    deleted = set(world.memory.deleted)
    for number in deleted & world.statuses().keys():
        world.ada.call("DELETE", f"/workspaces/{number}/")
    for number in deleted & world.shares().keys():
        world.ada.call("DELETE", f"/shared_workspaces/{number}/")

    def gone() -> bool:
        return not deleted & (world.statuses().keys() | world.shares().keys() | directories(world.fleet).keys())

    wait_for(gone, within=SETTLED_WITHIN, what="the deletions")


def every_upload_is_complete_or_absent(world: World) -> None:
    there = contents(directories(world.fleet)[world.uploads])
    assert [sent for sent in world.memory.sent if sent.acknowledged and there.get(sent.name) != sent.digest] == []
    known = {sent.name: sent.digest for sent in world.memory.sent}
    assert {name: digest for name, digest in there.items() if known.get(name) != digest}.keys() == {"notes.txt"}


def no_orphans_remain(world: World) -> None:
    """After two days only user data remains: no partial files, no rows, no reservations."""
    for path in hidden_files(world.fleet):
        os.utime(path, (time.time() - PAST, time.time() - PAST))
    world.fleet.ask(TWO_DAYS_PASS)

    def clean() -> bool:
        rows = world.fleet.ask(ROWS)
        return not rows["due"] and not rows["held"]

    wait_for(clean, within=SETTLED_WITHIN, what="the end of all work")
    rows = world.fleet.ask(ROWS)
    assert {status for _, status in rows["workspaces"]} == {"idle"}
    assert {state for _, state in rows["shares"]} == {"ready"}
    assert {number for number, _ in rows["workspaces"]} == directories(world.fleet).keys()
    assert hidden_files(world.fleet) == []
    assert list((world.fleet.folder / "tmp").rglob("*")) == []
    (shown,) = world.ada.call("GET", f"/workspaces/{world.uploads}/")["workspaces"]
    names = {file["name"].lstrip("/") for file in shown["workspace_details"]["current_workspace_details"]["files"]}
    assert names == contents(directories(world.fleet)[world.uploads]).keys()


def say(text: str) -> None:
    """Print text for pytest's report of a failed test."""
    sys.stdout.write(f"{text}\n")


def contents(folder: Path) -> dict[str, str]:
    """Return the digests of all files of a workspace, without hidden files of the storage."""
    files: Sequence[Path] = [path for path in folder.rglob("*") if path.is_file() and ".uws-part-" not in str(path)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
