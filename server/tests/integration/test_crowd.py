"""Three web processes and two controllers on one PostgreSQL: no action is repeated, and all clients get events."""

import email
import json
import os
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller as MailServer
from aiosmtpd.smtp import SMTP, Envelope, Session
from websockets.sync.client import connect

from integration.counted_plugins import install, journal_of
from support.cluster import Fleet, directories, fleet, own_database
from support.server_process import Caller, free_port, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.data, pytest.mark.postgresql, pytest.mark.soak]

JOBS, WORKSPACES, OFFERED, DELETED = 102, 17, 10, 10
SETTLED_WITHIN = 500.0
"""Seconds; leases have to expire first, and the machine may be slow."""
LATE = 60.0
"""Seconds on a slow machine; usually a fraction of one."""
WEBS = ("web-a", "web-b", "web-c")
MAILS = """
from user_workspaces.sharing.models import Mail
found = list(Mail.objects.values_list("share_id", "attempts", "sent_at"))
found = [[share, attempts, bool(sent)] for share, attempts, sent in found]
"""
LEASES_OF_MAIL_END = """
from django.utils import timezone
from user_workspaces.sharing.models import Mail
found = Mail.objects.exclude(next_try_at=None).update(next_try_at=timezone.now())
"""


class RecordingSmtpHandler:
    """Records all mails."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as it is called
        assert isinstance(envelope.content, bytes)
        self.ids.append(str(email.message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@dataclass
class Crowd:
    """The installation, and clients at each web process."""

    fleet: Fleet
    postbox: RecordingSmtpHandler
    ada: list[Caller]
    grace: Caller


@dataclass
class Watcher:
    """A client that watches all jobs over a WebSocket at one web process."""

    crowd: Crowd
    web: str
    heard: dict[int, dict[str, datetime]] = field(default_factory=dict)
    """Arrival time of each status of each job."""

    def run(self) -> None:
        """Listen until the end of every job has arrived."""
        token = {"UWS-Authorization": str(self.crowd.ada[0].http.headers["UWS-Authorization"])}
        uri = f"ws://localhost:{self.crowd.fleet.ports[self.web]}/jobs/"
        with connect(uri, additional_headers=token, proxy=None, open_timeout=60, max_queue=None) as socket:
            while len(self.of("complete")) < JOBS:
                message = json.loads(socket.recv(timeout=SETTLED_WITHIN))
                self.heard.setdefault(message["id"], {}).setdefault(message["status"], datetime.now(UTC))

    def of(self, status: str) -> dict[int, datetime]:
        """Return the jobs that had a status, with the time of its arrival."""
        return {job: told[status] for job, told in self.heard.items() if status in told}


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    server = os.environ.get("UWS_TEST_DATABASE", "")
    if not server.startswith("postgres"):
        pytest.skip("NOT RUN on SQLite: this is about PostgreSQL; scripts/with_postgres.py runs it")
    with ExitStack() as stack:
        postbox = RecordingSmtpHandler()
        mail = MailServer(postbox, hostname="127.0.0.1", port=free_port())
        mail.start()
        stack.callback(mail.stop)
        plugins = stack.enter_context(tempfile.TemporaryDirectory(prefix="uws-plugins-"))
        install(Path(plugins))

        def change(config: dict[str, Any]) -> None:
            config["available_resources"]["local"]["resource_type"] = "CountedResource"
            config["available_storage"]["local"]["storage_type"] = "CountedStorage"
            config["mail"] = {"host": "127.0.0.1", "port": mail.port, "from_address": "hub@example.org", "tls": "none"}

        further = {"DATABASE_URL": stack.enter_context(own_database(server)), "PYTHONPATH": plugins}
        running = stack.enter_context(fleet(change=change, further=further))
        with ThreadPoolExecutor(2) as starting:
            list(starting.map(running.start_web, WEBS))
            list(starting.map(running.start_controller, ["one", "two"]))
        ada = [running.sign_in(running.users[0], web) for web in WEBS]
        grace = running.sign_in(running.users[1], "web-b")
        for caller in (*ada, grace):
            stack.enter_context(caller.http)
        yield Crowd(running, postbox, ada, grace)


def test_every_action_happens_once_and_is_announced_to_all(crowd: Crowd) -> None:
    first = crowd.ada[0]
    locations = [first.make_workspace(f"launched {number}") for number in range(WORKSPACES)]
    offered = [full_workspace(first, f"offered {number}") for number in range(OFFERED)]
    short_lived = [full_workspace(first, f"deleted {number}") for number in range(DELETED)]
    watchers = [Watcher(crowd, web) for web in (WEBS[0], WEBS[2])]
    with ThreadPoolExecutor(8) as pool, submissions_seen(crowd.fleet) as ran:
        listening = [pool.submit(watcher.run) for watcher in watchers]
        dying = pool.submit(kill_submitting_controller, crowd.fleet)
        launched = [
            pool.submit(crowd.ada[one % 2].launch, locations[one % WORKSPACES], "local_test") for one in range(JOBS)
        ]
        shares = [pool.submit(offer, crowd, workspace) for workspace in offered]
        deletions = [pool.submit(crowd.ada[2].call, "DELETE", f"/workspaces/{one}/") for one in short_lived]
        jobs, copies = (
            [one.result() for one in launched],
            {one.result(): location for one, location in zip(shares, offered, strict=True)},
        )
        dead = dying.result()
        for deletion in deletions:
            deletion.result()
        for listener in listening:
            listener.result()
    each_job_ran_once(crowd, jobs, ran, dead)
    each_copy_was_made_once(crowd, copies, dead)
    each_mail_came_once(crowd, copies)
    wait_for(lambda: not directories(crowd.fleet).keys() & set(short_lived), within=SETTLED_WITHIN, what="deletions")
    wait_for(lambda: not rows_of(crowd.ada[1]) & set(short_lived), within=SETTLED_WITHIN, what="the end of the rows")
    for watcher in watchers:
        all_events_were_announced(crowd, watcher, jobs)


def full_workspace(caller: Caller, name: str) -> int:
    files = [{"name": f"{number}.txt", "content": f"{name} {number} " * 2000} for number in range(40)]
    body = {"name": name, "description": "", "workspace_details": {"files": files}}
    number: int = caller.call("POST", "/workspaces/", json=body)["id"]
    return number


def offer(crowd: Crowd, workspace: int) -> int:
    """Share it with Grace; return the ID of the copy."""
    (receiver,) = crowd.ada[1].call("GET", "/users/", params={"search": crowd.fleet.users[1]})["users"]
    body = {"original_workspace_id": workspace, "shared_user_ids": [receiver["id"]]}
    (share,) = crowd.ada[1].call("POST", "/shared_workspaces/", json=body)["shared_workspaces"]
    number: int = share["shared_workspace_id"]["id"]
    return number


def rows_of(caller: Caller) -> set[int]:
    return {one["id"] for one in caller.call("GET", "/workspaces/")["workspaces"]}


def kill_submitting_controller(running: Fleet) -> int:
    """Kill the controller that submitted last during the launches, and start another; return its PID."""
    names = {pid: name for name, pid in running.pids().items()}
    seen = wait_for(lambda: enough(journal_of(running.folder, "resource")), within=SETTLED_WITHIN, what="submissions")
    pid = list(seen.values())[-1][-1]
    running.kill(names[pid])
    running.start_controller("three")
    return pid


def enough(journal: dict[int, list[int]]) -> dict[int, list[int]] | None:
    return journal if len(journal) >= JOBS // 4 else None


class submissions_seen:  # noqa: N801  reads as what it is
    """Poll the resource's records during a block: which process ran which job."""

    def __init__(self, running: Fleet) -> None:
        self._folder = running.folder / "resource" / "local"
        self._over = threading.Event()
        self._ran: dict[int, set[int]] = {}
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> dict[int, set[int]]:
        self._thread.start()
        return self._ran

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for path in self._folder.glob("*/running.json"):
                try:
                    child, _ = json.loads(path.read_text())["child"], path.stat()
                    number = int(json.loads((path.parent / "spec.json").read_text())["environment"]["UWS_JOB_ID"])
                except (FileNotFoundError, NotADirectoryError):  # forgotten in this moment
                    continue
                self._ran.setdefault(number, set()).add(int(child[0]))


def each_job_ran_once(crowd: Crowd, jobs: list[int], ran: dict[int, set[int]], dead: int) -> None:
    rows = [crowd.ada[2].job(job) for job in jobs]
    messages = Counter((row["status"], row["job_details"]["current_job_details"]["message"]) for row in rows)
    assert messages == {("complete", "Finished."): JOBS}
    assert {row["id"]: {row["resource_job_id"]} for row in rows} == ran
    journal = journal_of(crowd.fleet.folder, "resource")
    assert journal.keys() == set(jobs)
    again = {job: pids for job, pids in journal.items() if len(pids) > 1}
    assert len(again) <= 1  # what the dead one was at: asked again, and found to run already
    assert all(dead in pids for pids in again.values())
    assert len({pid for pids in journal.values() for pid in pids}) > 1  # they shared the work
    where = directories(crowd.fleet)
    outputs = {path.name for row in rows for path in where[row["workspace_id"]].glob("LocalTest_*")}
    assert outputs == {f"LocalTest_{job}_output.log" for job in jobs}


def each_copy_was_made_once(crowd: Crowd, copies: dict[int, int], dead: int) -> None:
    def ready() -> bool:
        listed = crowd.ada[0].call("GET", "/shared_workspaces/")["original_workspaces"]
        states = {one["shared_workspace_id"]["id"]: one["copy_details"]["state"] for one in listed}
        return states == dict.fromkeys(copies, "ready")

    wait_for(ready, within=SETTLED_WITHIN, what="the copies")
    journal = journal_of(crowd.fleet.folder, "storage")
    assert journal.keys() == copies.keys()
    assert all(pids[:-1] in ([], [dead]) for pids in journal.values())  # the work of the dead controller was restarted
    where = directories(crowd.fleet)
    for copy, original in copies.items():
        names = sorted(path.name for path in where[original].iterdir() if not path.name.startswith("."))
        assert len(names) == 40
        assert [(where[copy] / name).read_bytes() == (where[original] / name).read_bytes() for name in names] == [
            True
        ] * 40


def each_mail_came_once(crowd: Crowd, copies: dict[int, int]) -> None:
    def settled() -> list[list[Any]] | None:
        mails: list[list[Any]] = crowd.fleet.ask(MAILS)
        return mails if all(sent for _, _, sent in mails) else None

    wait_for(lambda: sum(sent for _, _, sent in crowd.fleet.ask(MAILS)) >= len(copies) - 1, within=SETTLED_WITHIN)
    if settled() is None:  # one was in the hands of who died
        crowd.fleet.ask(LEASES_OF_MAIL_END)
    mails = wait_for(settled, within=SETTLED_WITHIN, what="the mail")
    assert {share for share, _, _ in mails} == copies.keys()
    came = Counter(crowd.postbox.ids)
    assert len(came) == len(copies)
    assert sum(attempts - 1 for _, attempts, _ in mails) <= 1
    assert sum(came.values()) <= sum(attempts for _, attempts, _ in mails)


def all_events_were_announced(crowd: Crowd, watcher: Watcher, jobs: list[int]) -> None:
    """A client at an otherwise idle web process gets all events in time."""
    assert watcher.of("complete").keys() == set(jobs)
    rows = {job: crowd.ada[0].job(job) for job in jobs}
    for status, moment in (("pending", "datetime_created"), ("complete", "datetime_end")):
        told = watcher.of(status)
        late = [(told[job] - datetime.fromisoformat(rows[job][moment])).total_seconds() for job in told]
        middle = statistics.median(late)
        # Changes of jobs of the dead controller are late: its leases have to expire first.
        sys.stdout.write(f"{watcher.web}: {len(told)} {status} told after {middle:.2f} s, at most {max(late):.2f} s\n")
        assert middle < LATE
