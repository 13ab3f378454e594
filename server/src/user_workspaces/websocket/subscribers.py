"""The subscribers of this process, with the newest unsent state of each job."""

import asyncio
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from user_workspaces.websocket.errors import HandshakeRejected
from user_workspaces.websocket.subscriptions import Subscriber, Subscription, Topic

MAX_PER_USER = 100
MOST = 10_000

GOING_AWAY = 1001
TOO_MUCH_SAID = 1008
BROKEN = 1011
NO_LONGER_ALLOWED = 4401
GONE = 4404


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """The newest state of a job, as it is sent: with the way in, and to those who may only look."""

    job_id: int
    with_way_in: str
    without_way_in: str


class TopicSubscriber:
    """One open WebSocket. Belongs to the thread of the event loop."""

    __slots__ = ("_pending", "_wanted", "closing", "grant", "heard", "is_new", "topic")

    def __init__(self, admission: Subscriber) -> None:
        self.topic = admission.topic
        self.grant = admission.grant
        self.is_new = True
        """True until the first poll for it."""
        self.heard = 0
        """Messages from the client since its rights were looked at last."""
        self.closing: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The code to close with, once it is known."""
        self._pending: dict[int, str] = {}
        self._wanted = asyncio.Event()

    def publish(self, news: Iterable[JobUpdate]) -> None:
        """Queue updates. An unsent update of the same job is replaced: only the newest one is sent."""
        for one in news:
            # A replaced update keeps its place in the dictionary, so a job that changes often does not lose its turn.
            self._pending[one.job_id] = one.with_way_in if self.grant.may_open else one.without_way_in
            self._wanted.set()

    def close(self, code: int) -> None:
        """Request the close; the first code counts."""
        if not self.closing.done():
            self.closing.set_result(code)

    async def next_message(self) -> str:
        """Wait for the next update, and remove it from the queue."""
        await self._wanted.wait()
        message = self._pending.pop(next(iter(self._pending)))
        if not self._pending:
            self._wanted.clear()
        return message


@dataclass(frozen=True, slots=True)
class WatchedTopics:
    """A snapshot of all subscriptions."""

    topics: frozenset[Topic]
    grants: frozenset[Subscription]
    new: tuple[TopicSubscriber, ...]

    @property
    def new_topics(self) -> frozenset[Topic]:
        """Topics whose current state has to be sent, changed or not."""
        return frozenset(watcher.topic for watcher in self.new)


class Subscribers:
    """All subscribers of the process. Changed in the event loop, read by the poller's thread under a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_topic: dict[Topic, set[TopicSubscriber]] = {}
        self._of_person: dict[int, int] = {}
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def add(self, watcher: TopicSubscriber) -> None:
        """Add a subscriber; raises `HandshakeRejected` if there are too many."""
        if self._number >= MOST:
            raise HandshakeRejected(503, "Too many WebSockets are open on this server. Try again later.")
        user = watcher.grant.user_id
        if self._of_person.get(user, 0) >= MAX_PER_USER:
            raise HandshakeRejected(429, f"More than {MAX_PER_USER} WebSockets of one person. Close some first.")
        # The poller's thread reads `_of_topic` only; the counters belong to the event loop.
        with self._lock:
            self._of_topic.setdefault(watcher.topic, set()).add(watcher)
        self._of_person[user] = self._of_person.get(user, 0) + 1
        self._number += 1

    def remove(self, watcher: TopicSubscriber) -> None:
        """Remove a subscriber."""
        user = watcher.grant.user_id
        with self._lock:
            others = self._of_topic[watcher.topic]
            others.remove(watcher)
            if not others:
                del self._of_topic[watcher.topic]
        self._of_person[user] -= 1
        if not self._of_person[user]:
            del self._of_person[user]
        self._number -= 1

    def watched(self) -> WatchedTopics:
        """Return a snapshot of the subscriptions."""
        with self._lock:
            every = [watcher for watchers in self._of_topic.values() for watcher in watchers]
            topics = frozenset(self._of_topic)
        grants = frozenset(watcher.grant for watcher in every)
        return WatchedTopics(topics, grants, tuple(watcher for watcher in every if watcher.is_new))

    def publish(self, news: Mapping[Topic, list[JobUpdate]]) -> None:
        """Send changes to all subscribers that have got the first state."""
        for topic, changed in news.items():
            for watcher in self._of_topic.get(topic, ()):
                if not watcher.is_new:
                    watcher.publish(changed)

    def close_topics(self, topics: Iterable[Topic], code: int) -> None:
        """Close the subscribers of these topics."""
        for topic in topics:
            for watcher in self._of_topic.get(topic, ()):
                watcher.close(code)

    def close_revoked(self, lost: set[Subscription], *, most_heard: int) -> None:
        """Close subscribers without permission and those that send too many messages."""
        for watchers in self._of_topic.values():
            for watcher in watchers:
                if watcher.grant in lost:
                    watcher.close(NO_LONGER_ALLOWED)
                elif watcher.heard > most_heard:
                    watcher.close(TOO_MUCH_SAID)
                watcher.heard = 0

    def close_all(self, code: int) -> None:
        """Close everything."""
        self.close_topics(list(self._of_topic), code)
