"""`/metrics`: access by token, and metrics from the database."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from user_workspaces.jobs import metrics as job_metrics
from user_workspaces.observability import metrics

KEPT_FOR = 15.0
"""Seconds for which metrics of the database are cached: it may hold millions of jobs."""
READY_WITHIN = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)

READY_SECONDS = Histogram(
    "uws_job_ready_seconds",
    "Time from a launch until the session responded, since the start of this process.",
    ["job_type", "resource"],
    buckets=READY_WITHIN,
)
Family = GaugeMetricFamily | CounterMetricFamily


def show(request: HttpRequest) -> HttpResponse:
    """Respond with all metrics to requests with the token, and with 404 to others."""
    if not metrics.is_the_token(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        raise Http404
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


class JobMetrics(Collector):
    """Queries the database at most once in `KEPT_FOR` seconds."""

    def __init__(self, *, now: datetime) -> None:
        self._lock = threading.Lock()
        self._families: list[Family] = []
        self._asked_at = float("-inf")
        self._began = self._looked_at = now
        self._counted = set[int]()

    def collect(self) -> Iterator[Family]:
        """See `Collector`."""
        # The lock is held during the queries, so that readers at the same time wait for one result.
        with self._lock:
            if time.monotonic() - self._asked_at > KEPT_FOR:
                self._families = self._query(timezone.now())
                self._asked_at = time.monotonic()
            yield from self._families

    def describe(self) -> list[Family]:
        """Return no names, so that the database is not asked at start."""
        return []

    def _query(self, now: datetime) -> list[Family]:
        up = GaugeMetricFamily("uws_database_up", "1 if the database responds, otherwise 0.")
        try:
            found = [*_job_families(), _due_family(now)]
            self._note_ready(now)
        except Error:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]

    def _note_ready(self, now: datetime) -> None:
        """Count each session once: consecutive queries overlap."""
        recent = job_metrics.became_ready(since=self._looked_at)
        for job in recent:
            if job.job_id not in self._counted and job.at >= self._began:
                READY_SECONDS.labels(job.job_type, job.resource).observe(job.seconds)
        # Of the jobs counted so far, only those of this result can appear in the next one.
        self._counted = {job.job_id for job in recent}
        self._looked_at = now


def _job_families() -> Iterator[Family]:
    labels = ["job_type", "resource"]
    jobs = GaugeMetricFamily("uws_jobs", "Jobs on record.", labels=["status", *labels])
    launches = CounterMetricFamily("uws_launches", "Launches ever.", labels=labels)
    sums: dict[tuple[str, str], int] = {}
    for group in job_metrics.groups():
        jobs.add_metric([group.status, group.job_type, group.resource], group.count)
        kind = group.job_type, group.resource
        sums[kind] = sums.get(kind, 0) + group.count
    for kind, count in sums.items():
        launches.add_metric(kind, count)
    yield from (jobs, launches)


def _due_family(now: datetime) -> Family:
    text = "For how long the longest due job has been waiting for a controller."
    return GaugeMetricFamily("uws_controller_due_lag_seconds", text, value=job_metrics.due_lag(now=now))


def watch_database() -> None:
    """Add the metrics of the database to those of this process."""
    REGISTRY.register(JobMetrics(now=timezone.now()))
