"""The description of jobs for clients."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from user_workspaces.jobs.describe import current_details
from user_workspaces.jobs.progress import JobProgress
from user_workspaces.jobs.session_urls import is_session_host
from user_workspaces.jobs.tickets import Purpose, TicketClaims, verify
from user_workspaces.registry import Registry

NOW = timezone.now()
READY = JobProgress(
    job_id=12,
    owner_id=7,
    epoch=3,
    resource="local",
    job_type="jupyter_lab",
    requested={},
    status="running",
    serves=True,
    message="Webserver ready.",
    time_limit_seconds=3600,
    datetime_start=NOW - timedelta(seconds=100),
    datetime_ready=NOW,
    datetime_end=None,
)


def test_ready_session_has_ticket_for_owner(site: Registry) -> None:
    details = current_details(READY, now=NOW)
    assert (details["message"], details["time_left"]) == ("Webserver ready.", 3500)
    assert details["proxy_details"] == {"hostname": "local", "port": 8000, "path": "/passthrough/local/12/"}
    connection = details["connection_details"]
    assert isinstance(connection, dict)
    assert connection["url_domain"] == "http://s12.localhost:8000"
    address = urlsplit(connection["url_path"])
    assert address.path == "/passthrough/local/12/lab"
    [ticket] = parse_qs(address.query)["ticket"]
    assert verify(ticket, Purpose.TICKET, job_id=12, now=NOW) == TicketClaims(job_id=12, user_id=7, epoch=3)


def test_other_users_get_no_address(site: Registry) -> None:
    assert current_details(READY, now=NOW, may_open=False) == {"message": "Webserver ready.", "time_left": 3500}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"serves": False}, {"message", "time_left"}),
        ({"datetime_ready": None}, {"message", "time_left"}),
        ({"datetime_ready": None, "datetime_start": None}, {"message"}),
        ({"serves": False, "time_limit_seconds": None}, {"message"}),
        ({"status": "pending"}, {"message"}),
        ({"status": "stopping"}, {"message"}),
        ({"status": "complete"}, {"message"}),
        ({"status": "failed"}, {"message"}),
    ],
)
def test_details_of_other_states_have_no_address(
    site: Registry, changed: dict[str, object], expected: set[str]
) -> None:
    assert set(current_details(replace(READY, **changed), now=NOW)) == expected  # type: ignore[arg-type]  # any field


def test_removed_resource_causes_no_error(site: Registry) -> None:
    details = current_details(replace(READY, resource="gone"), now=NOW)
    assert details["connection_details"]["url_domain"] == "http://localhost:8000"  # type: ignore[index]  # a dict


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s12.localhost", True),
        ("S12.LocalHost.", True),
        ("a.s12.localhost", True),
        ("localhost", False),
        ("portal.localhost", False),
        ("sx.localhost", False),
        ("s12.example.org", False),
        ("s12", False),
        ("", False),
    ],
)
def test_session_hosts_are_recognized(site: Registry, name: str, expected: bool) -> None:  # noqa: FBT001  parametrized
    assert is_session_host(name) is expected
