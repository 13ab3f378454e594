"""Ports of sessions: one each, also for concurrent requests."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.jobs import session_ports
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import job_of_port
from user_workspaces.jobs.session_ports import port_of
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
PORTS = range(8100, 8104)


@pytest.fixture
def new_job(
    site: Registry, make_user: Callable[[str], User], workspace_of: Callable[..., Workspace]
) -> Iterator[Callable[..., Job]]:
    """Create sessions on a site with four ports, all of which can be opened."""
    registry.install(site, replace(registry.site(), session_ports=SessionPorts(PORTS)))
    session_ports.install(lambda _port: True)
    workspace = workspace_of(make_user("ada"))

    def make(status: str = "running") -> Job:
        now = timezone.now()
        return Job.objects.create(
            owner=workspace.owner, workspace=workspace, resource="local", status=status, datetime_created=now
        )

    yield make
    session_ports.install(None)


def test_sessions_keep_different_ports(new_job: Callable[..., Job]) -> None:
    jobs = [new_job() for _ in PORTS]
    ports = [port_of(job) for job in jobs]
    assert sorted(ports) == list(PORTS)
    assert [port_of(job) for job in jobs] == ports
    assert [job_of_port(port) for port in ports] == [job.pk for job in jobs]


def test_error_without_free_port_names_setting(new_job: Callable[..., Job]) -> None:
    for _ in PORTS:
        port_of(new_job())
    with pytest.raises(ResourceUnavailable, match="UWS_SESSION_PORTS"):
        port_of(new_job())


def test_port_of_ended_session_is_reused(new_job: Callable[..., Job]) -> None:
    jobs = [new_job() for _ in PORTS]
    ports = [port_of(job) for job in jobs]
    Job.objects.filter(pk=jobs[2].pk).update(status="complete")
    assert job_of_port(ports[2]) == jobs[2].pk  # it says that it has ended
    new = new_job()
    assert port_of(new) == ports[2]
    assert job_of_port(ports[2]) == new.pk
    with pytest.raises(ResourceUnavailable):
        port_of(jobs[2])


def test_port_of_another_program_is_skipped(new_job: Callable[..., Job]) -> None:
    job = new_job()
    first = port_of(job)
    session_ports.install(lambda port: port != first)
    second = port_of(job)
    assert second != first
    assert port_of(job) == second


def test_process_without_proxy_assigns_no_port(new_job: Callable[..., Job]) -> None:
    session_ports.install(None)
    with pytest.raises(ResourceUnavailable):
        port_of(new_job())


def test_concurrent_sessions_get_different_ports(new_job: Callable[..., Job]) -> None:
    jobs = [new_job() for _ in PORTS]

    def ask(job: Job) -> int:
        try:
            return port_of(job)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as threads:
        ports = list(threads.map(ask, jobs * 3))
    assert ports[:4] == ports[4:8] == ports[8:]
    assert sorted(ports[:4]) == list(PORTS)
