"""The thread that polls the jobs: several times a second, in one query, and only while there are subscribers."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

import orjson
from django.db import close_old_connections, connections
from django.db.utils import Error
from django.utils import timezone

from user_workspaces.jobs.describe import current_details
from user_workspaces.jobs.progress import JobProgress
from user_workspaces.websocket.state_cache import Diff, StateCache
from user_workspaces.websocket.subscribers import BROKEN, GONE, JobUpdate, Subscribers, TopicSubscriber, WatchedTopics
from user_workspaces.websocket.subscriptions import Topic, revoked

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.25
SHORTEST_PAUSE = 0.02
"""Minimum seconds between two polls, also with new subscribers."""
RIGHTS_EVERY = 2.0
MOST_HEARD = 100
"""Messages of a client in that time: it has nothing to say, but some say "ping"."""
END_SECONDS = 5


class Poller:
    """Polls for the subscribers of this process. Starts with the first one, and sleeps without any."""

    def __init__(self, watchers: Subscribers, run_in_loop: Callable[[Callable[[], None]], object]) -> None:
        self._watchers = watchers
        self._run_in_loop = run_in_loop
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_blind = False

    def wake(self) -> None:
        """Poll now for a new subscriber. Call it in the event loop only, so that the thread is started once."""
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="live", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        """Run the thread. After an unexpected error all subscribers are closed: they reconnect and restart it."""
        try:
            self._follow()
        finally:
            connections.close_all()
            # This runs in the event loop, as `wake` does, so that there are never two threads.
            self._run_in_loop(self._ended)

    def _ended(self) -> None:
        self._thread = None
        self._watchers.close_all(BROKEN)

    def _follow(self) -> None:
        board, check_at = StateCache(), 0.0
        while not self._stopping.is_set():
            # The event is cleared before the snapshot: a subscriber that arrives during a poll starts the next one.
            self._wanted.clear()
            watched = self._watchers.watched()
            if not watched.topics:
                # The states would be outdated when the next subscriber arrives.
                board = StateCache()
            else:
                self._try(partial(self._poll, board, watched))
                if time.monotonic() >= check_at:
                    check_at = time.monotonic() + RIGHTS_EVERY
                    self._try(partial(self._check, watched))
            self._wanted.wait(POLL_INTERVAL if watched.topics else None)
            # Subscribers that arrive in a burst share one poll.
            self._stopping.wait(SHORTEST_PAUSE)

    def _try(self, work: Callable[[], None]) -> None:
        """Run a step; while the database is unavailable, skip it. The next poll reports what changed meanwhile."""
        try:
            work()
        except Error:
            if not self._is_blind:
                logger.exception("the jobs cannot be read; subscribers wait")
            self._is_blind = True
            close_old_connections()
        else:
            if self._is_blind:
                logger.info("the jobs can be read again")
            self._is_blind = False

    def _poll(self, board: StateCache, watched: WatchedTopics) -> None:
        now = timezone.now()
        read = board.read(topics=watched.topics, new=watched.new_topics, now=now)
        self._run_in_loop(partial(self._publish, _Updates(read, now), watched.new))

    def _check(self, watched: WatchedTopics) -> None:
        gone = revoked(watched.grants, now=timezone.now())
        self._run_in_loop(partial(self._watchers.close_revoked, gone, most_heard=MOST_HEARD))

    def _publish(self, told: "_Updates", new: Iterable[TopicSubscriber]) -> None:
        """In the event loop."""
        # New subscribers get no changes, because their complete state includes them.
        self._watchers.publish(told.changed)
        for watcher in new:
            watcher.is_new = False
            watcher.publish(told.current.get(watcher.topic, ()))
        self._watchers.close_topics(told.gone, GONE)


class _Updates:
    """A look, in the words that are sent; made in the thread, so that the event loop does not wait for it."""

    def __init__(self, read: Diff, now: datetime) -> None:
        self.current = _serialize(read.current, now)
        self.changed = _serialize(read.changed, now)
        self.gone = read.gone


def _serialize(rows: Mapping[Topic, list[JobProgress]], now: datetime) -> dict[Topic, list[JobUpdate]]:
    return {topic: [_update_of(row, topic, now) for row in found] for topic, found in rows.items()}


def _update_of(row: JobProgress, topic: Topic, now: datetime) -> JobUpdate:
    which = {"id": row.job_id} if topic.job_id is None else {}
    texts = (
        orjson.dumps({**which, "status": row.status, "current_job_details": details}).decode()
        for details in (current_details(row, now=now), current_details(row, now=now, may_open=False))
    )
    return JobUpdate(row.job_id, *texts)
