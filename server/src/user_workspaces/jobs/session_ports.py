"""Ports of sessions: each session that is opened where names have no subdomains gets one, and with it an own origin."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from user_workspaces import registry
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE

OpenPort = Callable[[int], bool]
"""Listen on a port, and return whether that works; a port that is open already stays open."""


@dataclass(slots=True)
class _Process:
    """What opens ports in this process; None: it has no proxy."""

    open_port: OpenPort | None = None


_process = _Process()


def install(open_port: OpenPort | None) -> None:
    """Have this function open the ports of the process."""
    _process.open_port = open_port


def port_of(job: Job) -> int:
    """Return the port of a live session, opened; raises `ResourceUnavailable` when none is free.

    A port belongs to one live session: of two requests at once the database lets one have it.
    """
    while True:
        known = Job.objects.filter(pk=job.pk, status__in=LIVE).values_list("session_port", flat=True).first()
        if known is not None and _open(known):
            return known
        if not _assign(job, instead_of=known):
            raise ResourceUnavailable(
                "No port is free to open this session on. Stop a session, or ask your administrator for more "
                "(UWS_SESSION_PORTS)."
            )


def _open(port: int) -> bool:
    return _process.open_port is not None and _process.open_port(port)


def _assign(job: Job, *, instead_of: int | None) -> bool:
    """Have the session get a port, the first that is free; False: there is none, or the session has ended."""
    ports = registry.site().session_ports.numbers
    live = Job.objects.filter(status__in=LIVE)
    taken = set(live.filter(session_port__isnull=False).values_list("session_port", flat=True))
    # A browser may keep pages of the last session of a port: start elsewhere for each.
    for port in (ports[(job.pk + step) % len(ports)] for step in range(len(ports))):
        if port in taken or not _open(port):
            continue
        try:
            with transaction.atomic():
                if live.filter(pk=job.pk, session_port=instead_of).update(session_port=port):
                    return True
        except IntegrityError:  # another session has it by now
            continue
        break  # another request has given this session a port, or it has ended
    return live.filter(pk=job.pk, session_port__isnull=False).exclude(session_port=instead_of).exists()
