"""Caches the last state of watched jobs, and computes differences to the current one."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from user_workspaces.jobs.progress import JobProgress, newest_job_id, progress_of_many, progress_of_user
from user_workspaces.websocket.subscriptions import Topic

FLOOR_MOVES_EVERY = timedelta(seconds=10)
# At the start there is no earlier id to compare with, so the watermark begins so many ids below the newest.
FIRST_FLOOR_IS_BELOW = 100


@dataclass(slots=True)
class Diff:
    """The result of one poll."""

    current: dict[Topic, list[JobProgress]] = field(default_factory=dict)
    """The complete state for new subscribers."""
    changed: dict[Topic, list[JobProgress]] = field(default_factory=dict)
    """Jobs that have changed."""
    gone: list[Topic] = field(default_factory=list)
    """Topics of deleted jobs."""


class IdWatermark:
    """An id below which no new job appears any more.

    Ids are given out before the rows can be seen, so it is always some seconds behind the newest one.
    """

    def __init__(self) -> None:
        self._moves_at: datetime | None = None
        self._value = self._next = 0

    def at(self, now: datetime) -> int:
        """Return the id; asks the database once in a while."""
        if self._moves_at is None:
            self._next = newest_job_id()
            self._value = max(0, self._next - FIRST_FLOOR_IS_BELOW)
        elif now >= self._moves_at:
            self._value, self._next = self._next, newest_job_id()
        else:
            return self._value
        self._moves_at = now + FLOOR_MOVES_EVERY
        return self._value


class StateCache:
    """The rows of each topic, as they were read last. What has ended is not read again, except by its own topic."""

    def __init__(self) -> None:
        self._rows: dict[Topic, dict[int, JobProgress]] = {}
        self._floor = IdWatermark()

    def read(self, *, topics: Collection[Topic], new: Collection[Topic], now: datetime) -> Diff:
        """Read what is watched, `new` of it from the beginning."""
        floor = self._floor.at(now)
        self._rows = {topic: self._rows.get(topic, {}) for topic in topics}
        found = Diff()
        for topic in new:
            if topic.job_id is None:
                rows = progress_of_user(topic.owner_id, now=now)
                found.current[topic] = rows
                # A topic with subscribers keeps its states, so that `_compare` finds the changes for them.
                self._rows[topic] = self._rows[topic] or {row.job_id: row for row in rows}
        seen = self._compare(found, floor, now)
        found.gone = [topic for topic in topics if topic.job_id is not None and topic.job_id not in seen]
        for topic in topics:
            self._settle(topic, floor, found, is_new=topic in new)
        return found

    def _compare(self, found: Diff, floor: int, now: datetime) -> set[int]:
        """Return which jobs there are of those that were asked for."""
        owners = {topic.owner_id for topic in self._rows if topic.job_id is None}
        ids = {topic.job_id for topic in self._rows if topic.job_id is not None}
        ids |= {row.job_id for rows in self._rows.values() for row in rows.values() if not row.has_ended}
        rows = progress_of_many(job_ids=ids, owner_ids=owners, after_id=floor, now=now)
        for row in rows:
            for topic in (Topic(row.owner_id), Topic(row.owner_id, row.job_id)):
                known = self._rows.get(topic)
                if known is not None and known.get(row.job_id) != row:
                    known[row.job_id] = row
                    found.changed.setdefault(topic, []).append(row)
        return {row.job_id for row in rows}

    def _settle(self, topic: Topic, floor: int, found: Diff, *, is_new: bool) -> None:
        rows = self._rows[topic]
        if topic.job_id is None:
            if is_new:
                # Two queries read the states: of a job that changed between them, the row of the later query counts.
                merged = {row.job_id: row for row in [*found.current[topic], *found.changed.get(topic, ())]}
                found.current[topic] = list(merged.values())
            # Each poll reads the jobs above the watermark again: without its old state, an ended job would look new.
            for job_id in [row.job_id for row in rows.values() if row.has_ended and row.job_id <= floor]:
                del rows[job_id]
        elif is_new:
            found.current[topic] = list(rows.values())
