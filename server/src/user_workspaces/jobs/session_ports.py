"""Assign ports to sessions: without subdomains, an own port gives a session its own origin."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from user_workspaces import registry
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE

OpenPort = Callable[[int], bool]
"""Listens on a port if it does not yet, and returns True on success."""


@dataclass(slots=True)
class _Process:
    """The function that opens ports in this process; None without a proxy."""

    open_port: OpenPort | None = None


_process = _Process()


def install(open_port: OpenPort | None) -> None:
    """Set the function that opens ports in this process."""
    _process.open_port = open_port


def port_of(job: Job) -> int:
    """Return the open port of a live session; raises `ResourceUnavailable` if no port is free.

    A unique constraint keeps concurrent requests from assigning a port to two live sessions.
    """
    while True:
        known = Job.objects.filter(pk=job.pk, status__in=LIVE).values_list("session_port", flat=True).first()
        if known is not None and _open(known):
            return known
        if not _assign(job, instead_of=known):
            raise ResourceUnavailable(
                "No port is free for this session. Stop a session, or ask your administrator for more ports "
                "(UWS_SESSION_PORTS)."
            )


def _open(port: int) -> bool:
    return _process.open_port is not None and _process.open_port(port)


def _assign(job: Job, *, instead_of: int | None) -> bool:
    """Assign a free port to the session; False if none is free or the session has ended."""
    ports = registry.site().session_ports.numbers
    live = Job.objects.filter(status__in=LIVE)
    taken = set(live.filter(session_port__isnull=False).values_list("session_port", flat=True))
    # A browser may cache pages of the last session on a port: start the search at another port for each session.
    for port in (ports[(job.pk + step) % len(ports)] for step in range(len(ports))):
        # Opened first: a port that another program uses must not be written to the row.
        if port in taken or not _open(port):
            continue
        try:
            # A savepoint inside another transaction, which an IntegrityError would otherwise make unusable.
            with transaction.atomic():
                if live.filter(pk=job.pk, session_port=instead_of).update(session_port=port):
                    return True
        except IntegrityError:  # another session got it first
            continue
        break  # another request has given this session a port, or it has ended
    return live.filter(pk=job.pk, session_port__isnull=False).exclude(session_port=instead_of).exists()
